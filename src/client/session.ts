/** The session of a client: log-in state, and one refresh for all requests and all tabs. */
import { platform } from './platform.ts'
import { GatewayError, problemOf } from './problem.ts'
import type { SessionState, SessionStore } from './session-store.ts'

/** The tokens of a log-in or a refresh; with cookies the gateway leaves the tokens out. */
export interface TokenAnswer {
  /** Seconds. */
  readonly expiresIn: number
  readonly accessToken?: string
  readonly refreshToken?: string
}

interface SessionOptions {
  readonly store: SessionStore
  /** Distinguishes the locks of several gateways of one origin. */
  readonly name: string
  readonly now: () => number
  /** Sends `POST /auth/refresh` and repeats it when the connection is lost. */
  readonly requestRefresh: (refreshToken: string | undefined) => Promise<Response>
  /** Called when a session that there was has ended, here or in another tab. */
  readonly ended: () => void
}

/** Refreshes that early, so that a token does not expire on its way. Milliseconds. */
const margin = 10_000

export class Session {
  readonly #options: SessionOptions
  #refreshing: Promise<boolean> | undefined
  /** Whether a session was seen here whose end has not been reported yet. */
  #isActive = false

  constructor(options: SessionOptions) {
    this.#options = options
    options.store.subscribe?.(() => void this.#follow())
  }

  async state(): Promise<SessionState | undefined> {
    const state = await this.#options.store.read()
    this.#isActive ||= state !== undefined
    return state
  }

  async begin(answer: TokenAnswer): Promise<void> {
    const { expiresIn, accessToken, refreshToken } = answer
    const before = await this.state()
    this.#isActive = true
    await this.#options.store.write({
      generation: (before?.generation ?? 0) + 1,
      expiresAt: this.#options.now() + expiresIn * 1000,
      ...(accessToken !== undefined && { accessToken }),
      ...(refreshToken !== undefined && { refreshToken }),
    })
  }

  /** Forgets the session and, where there was one, reports its end. */
  async end(): Promise<void> {
    const wasActive = this.#isActive
    this.#isActive = false
    await this.#options.store.write(undefined)
    if (wasActive) this.#options.ended()
  }

  /** Another tab may have logged in, refreshed or logged out. */
  async #follow(): Promise<void> {
    const wasActive = this.#isActive
    if ((await this.state()) !== undefined || !wasActive || !this.#isActive) return
    this.#isActive = false
    this.#options.ended()
  }

  /** The state for the next request, refreshed where its token is about to expire. */
  async current(): Promise<SessionState | undefined> {
    const state = await this.state()
    if (state === undefined || state.expiresAt - margin > this.#options.now()) return state
    await this.refresh(state)
    return this.state()
  }

  /**
   * Gets a new pair of tokens, once for all requests and tabs that ask after the same state.
   * @returns false where the session has ended
   * @throws GatewayError of the refresh, other than the end of the session
   */
  async refresh(after: SessionState | undefined): Promise<boolean> {
    this.#refreshing ??= this.#locked(async () => this.#refreshOnce(after)).finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  async #locked<T>(run: () => Promise<T>): Promise<T> {
    const locks = platform.navigator?.locks
    return locks === undefined ? run() : locks.request(`corebos-portal-gateway ${this.#options.name}`, run)
  }

  async #refreshOnce(after: SessionState | undefined): Promise<boolean> {
    const state = await this.state()
    // Another tab was faster, or has logged out.
    if (state?.generation !== after?.generation) return state !== undefined
    const response = await this.#options.requestRefresh(state?.refreshToken)
    if (!response.ok) {
      const problem = await problemOf(response)
      if (response.status !== 401) throw new GatewayError(problem)
      await this.end()
      return false
    }
    // The schema of the route.
    await this.begin((await response.json()) as TokenAnswer)
    return true
  }
}
