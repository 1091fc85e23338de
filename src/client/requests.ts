/** Sends requests: adds the session, refreshes it, waits where the gateway says so, repeats what is safe to repeat. */
import { ConnectionError, GatewayError, problemOf } from './problem.ts'
import { Session } from './session.ts'
import type { SessionState, SessionStore } from './session-store.ts'
import { sendForm } from './upload.ts'

export interface RequestSettings {
  readonly url: string
  readonly store: SessionStore
  readonly usesCookies: boolean
  readonly fetch: typeof fetch
  readonly now: () => number
  /** Resolves after the milliseconds, or rejects when the signal aborts. */
  readonly wait: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>
  readonly ended: () => void
}

export interface GatewayRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  readonly form?: FormData
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((sent: number, total: number) => void) | undefined
  /** Sent without a session, such as a log-in. */
  readonly isPublic?: boolean
}

/** Attempts of one request that is safe to repeat. */
const mostAttempts = 4
/** Milliseconds: a longer `Retry-After` is left to the caller. */
const longestWait = 60_000

export class Requests {
  readonly session: Session
  readonly #settings: RequestSettings

  constructor(settings: RequestSettings) {
    this.#settings = settings
    this.session = new Session({
      store: settings.store,
      name: settings.url,
      now: settings.now,
      ended: settings.ended,
      requestRefresh: async (refreshToken) =>
        this.#attempts(
          { method: 'POST', path: '/auth/refresh', body: refreshToken === undefined ? {} : { refreshToken } },
          undefined,
          // A refresh token that was used is answered again for a while.
          true,
        ),
    })
  }

  /**
   * @throws GatewayError where the gateway answers with an error; after `SESSION_ENDED` the session is forgotten
   * @throws ConnectionError where no answer arrives
   */
  async send(request: GatewayRequest): Promise<Response> {
    const isRepeatable = isSafe(request)
    if (request.isPublic === true) return succeeded(await this.#attempts(request, undefined, isRepeatable))
    const state = await this.session.current()
    const response = await this.#attempts(request, state, isRepeatable)
    if (response.status !== 401) return succeeded(response)
    const problem = await problemOf(response)
    if (problem.code !== 'SESSION_ENDED' && (await this.session.refresh(state)))
      return succeeded(await this.#attempts(request, await this.session.state(), isRepeatable))
    await this.session.end()
    throw new GatewayError(problem)
  }

  async json<T>(request: GatewayRequest): Promise<T> {
    // The schema of the route, which the caller names.
    return (await (await this.send(request)).json()) as T
  }

  async #attempts(
    request: GatewayRequest,
    state: SessionState | undefined,
    isRepeatable: boolean,
  ): Promise<Response> {
    for (let attempt = 1; ; attempt += 1) {
      const isLast = attempt === mostAttempts
      try {
        const response = await this.#once(request, state)
        const wait = isLast ? undefined : waitOf(response, isRepeatable)
        if (wait === undefined) return response
        await response.body?.cancel()
        await this.#settings.wait(wait, request.signal)
      } catch (error) {
        if (request.signal?.aborted === true) throw error
        if (isLast || !isRepeatable) throw new ConnectionError('no answer arrived', { cause: error })
        await this.#settings.wait(250 * 2 ** attempt, request.signal)
      }
    }
  }

  async #once(request: GatewayRequest, state: SessionState | undefined): Promise<Response> {
    const { url, usesCookies, fetch } = this.#settings
    const { method = 'GET', path, body, form, signal } = request
    const headers: Record<string, string> = { accept: 'application/json', ...request.headers }
    if (state?.accessToken !== undefined) headers['authorization'] = `Bearer ${state.accessToken}`
    if (body !== undefined) headers['content-type'] = 'application/json'
    const credentials = usesCookies ? 'include' : 'omit'
    if (form !== undefined)
      return sendForm(`${url}${path}`, { ...request, form, headers, credentials }, fetch)
    return fetch(`${url}${path}`, {
      method,
      headers,
      credentials,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    })
  }
}

/** Whether the request can be sent again although the first one may have been carried out. */
function isSafe({ method = 'GET', headers = {} }: GatewayRequest): boolean {
  return method === 'GET' || method === 'HEAD' || 'idempotency-key' in headers
}

/** Milliseconds until the request is sent again; undefined if the response is the last word. */
function waitOf(response: Response, isRepeatable: boolean): number | undefined {
  // A request over the limit was not carried out. A 503 may follow on the first half of a write.
  if (response.status !== 429 && !(response.status === 503 && isRepeatable)) return undefined
  const seconds = Number(response.headers.get('retry-after') ?? NaN)
  return seconds * 1000 <= longestWait ? seconds * 1000 : undefined
}

async function succeeded(response: Response): Promise<Response> {
  if (response.ok || response.status === 304) return response
  throw new GatewayError(await problemOf(response))
}
