/** The client of one gateway: log-in, sessions, records, comments, documents, search. */
import { Records, recordPath } from './records.ts'
import { queryString } from './query-string.ts'
import { Requests, type GatewayRequest } from './requests.ts'
import type { TokenAnswer } from './session.ts'
import { sharedStore, memoryStore, type SessionStore } from './session-store.ts'
import { platform } from './platform.ts'
import type {
  AnyModules,
  Comment,
  CreateOptions,
  Login,
  ModuleTypes,
  RequestOptions,
  SearchOptions,
  SearchResult,
  SessionContact,
  SessionInfo,
  UploadOptions,
} from './types.ts'

export interface GatewayOptions {
  /** Where the gateway is, with its path prefix if it has one. Default: the origin of the page. */
  readonly url?: string
  /** `cookie` for browsers: no script can read the tokens. `token` for servers and other programs. */
  readonly session?: 'token' | 'cookie'
  /** Default: memory for tokens, a database that tabs share for cookies, without a secret in it. */
  readonly store?: SessionStore
  readonly fetch?: typeof fetch
  /** Milliseconds since 1970. */
  readonly now?: () => number
  readonly wait?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>
}

interface LoginAnswer extends TokenAnswer {
  readonly contact: SessionContact
  readonly deviceToken?: string
}

/** The session has ended: by a log-out, in another tab, by an operator or by its age. Log in again. */
export const sessionEnded = 'sessionended'

/**
 * `M` holds the modules of an installation, as `npm run types` writes them.
 * @example
 * const gateway = new Gateway<Modules>({ url: 'https://portal.example.com', session: 'cookie' })
 * await gateway.login({ username: 'alice@example.com', password: 'alice-pw' })
 * const { records } = await gateway.records('HelpDesk').list({ filter: { ticketstatus: 'Open' } })
 */
export class Gateway<M extends { readonly [K in keyof M]: ModuleTypes } = AnyModules> extends EventTarget {
  readonly #requests: Requests
  readonly #kind: 'token' | 'cookie'
  #deviceToken: string | undefined

  constructor({
    url = platform.location?.origin ?? '',
    session = 'token',
    store = session === 'cookie' ? sharedStore() : memoryStore(),
    fetch: fetch_ = (...request) => fetch(...request),
    now = Date.now,
    wait = delay,
  }: GatewayOptions = {}) {
    super()
    this.#kind = session
    this.#requests = new Requests({
      url: withoutSlashes(url),
      store,
      usesCookies: session === 'cookie',
      fetch: fetch_,
      now,
      wait,
      ended: () => this.dispatchEvent(new Event(sessionEnded)),
    })
  }

  /** False is certain; true may be found wrong by the next request. */
  async isLoggedIn(): Promise<boolean> {
    return (await this.#requests.session.state()) !== undefined
  }

  /** @throws GatewayError `INVALID_CREDENTIALS`, or `RATE_LIMITED` where waiting takes more than a minute */
  async login(
    { username, password, entity }: Login,
    { signal }: RequestOptions = {},
  ): Promise<SessionContact> {
    const deviceToken = this.#deviceToken
    const answer = await this.#requests.json<LoginAnswer>({
      method: 'POST',
      path: '/auth/login',
      body: {
        username,
        password,
        ...(entity !== undefined && { entity }),
        ...(this.#kind === 'cookie' ? { session: 'cookie' } : deviceToken !== undefined && { deviceToken }),
      },
      signal,
      isPublic: true,
    })
    this.#deviceToken = answer.deviceToken ?? deviceToken
    await this.#requests.session.begin(answer)
    return answer.contact
  }

  /** Ends this session at the gateway and here. */
  async logout(): Promise<void> {
    await this.#end({ method: 'POST', path: '/auth/logout' })
  }

  /** Ends all sessions of the contact, on all devices. */
  async logoutAll(): Promise<void> {
    await this.#end({ method: 'POST', path: '/auth/logout-all' })
  }

  async #end(request: GatewayRequest): Promise<void> {
    try {
      if (await this.isLoggedIn()) await this.send(request)
    } finally {
      await this.#requests.session.end()
    }
  }

  async changePassword(passwords: {
    readonly currentPassword: string
    readonly newPassword: string
  }): Promise<void> {
    await this.send({ method: 'PUT', path: '/auth/password', body: passwords })
  }

  /** Lets the CRM mail a forgotten password. The answer is the same for every name. */
  async recoverPassword(username: string): Promise<void> {
    await this.send({ method: 'POST', path: '/auth/password-recovery', body: { username }, isPublic: true })
  }

  /** The sessions of the contact, newest first. */
  async sessions({ signal }: RequestOptions = {}): Promise<readonly SessionInfo[]> {
    const { sessions } = await this.json<{ sessions: readonly SessionInfo[] }>({
      path: '/auth/sessions',
      signal,
    })
    return sessions
  }

  async endSession(id: string): Promise<void> {
    await this.send({ method: 'DELETE', path: `/auth/sessions/${encodeURIComponent(id)}` })
  }

  records<N extends Extract<keyof M, string>>(module: N): Records<M[N]> {
    return new Records<M[N]>(this.#requests, module)
  }

  async comments(id: string, { signal }: RequestOptions = {}): Promise<readonly Comment[]> {
    const { comments } = await this.json<{ comments: readonly Comment[] }>({
      path: `${recordPath(id)}/comments`,
      signal,
    })
    return comments
  }

  async comment(
    id: string,
    text: string,
    { idempotencyKey = crypto.randomUUID(), signal }: CreateOptions = {},
  ): Promise<Comment> {
    return this.json({
      method: 'POST',
      path: `${recordPath(id)}/comments`,
      body: { text },
      headers: { 'idempotency-key': idempotencyKey },
      signal,
    })
  }

  async search(q: string, { signal, ...options }: SearchOptions = {}): Promise<readonly SearchResult[]> {
    const { results } = await this.json<{ results: readonly SearchResult[] }>({
      path: `/search${queryString({ ...options, q })}`,
      signal,
    })
    return results
  }

  /** Uploads a file as a document. */
  async upload(
    file: Blob,
    {
      name,
      fields = {},
      relatedTo = [],
      onProgress,
      idempotencyKey = crypto.randomUUID(),
      signal,
    }: UploadOptions = {},
  ): Promise<{ readonly id: string } & Readonly<Record<string, unknown>>> {
    const form = new FormData()
    for (const [field, value] of Object.entries(fields)) form.append(field, value)
    if (relatedTo.length > 0) form.append('relatedTo', relatedTo.join(','))
    form.append('file', file, name ?? (file instanceof File ? file.name : 'file'))
    return this.json({
      method: 'POST',
      path: '/documents',
      form,
      headers: { 'idempotency-key': idempotencyKey },
      signal,
      onProgress,
    })
  }

  /** The file of a document. */
  async download(id: string, { signal }: RequestOptions = {}): Promise<Blob> {
    return (await this.send({ path: `/documents/${encodeURIComponent(id)}/content`, signal })).blob()
  }

  /** A link to the file that works once, without a session, for `<a>` and `<img>`. */
  async link(id: string): Promise<string> {
    const { url } = await this.json<{ url: string }>({
      method: 'POST',
      path: `/documents/${encodeURIComponent(id)}/link`,
    })
    return url
  }

  /** The PDF of a record. */
  async pdf(id: string, { signal }: RequestOptions = {}): Promise<Blob> {
    return (await this.send({ path: `${recordPath(id)}/pdf`, signal })).blob()
  }

  /** Any other route. `T` is the type of its answer. */
  async json<T>(request: GatewayRequest): Promise<T> {
    return this.#requests.json<T>(request)
  }

  /** Any other route, with its response as it is. */
  async send(request: GatewayRequest): Promise<Response> {
    return this.#requests.send(request)
  }
}

async function delay(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, milliseconds)
    if (signal?.aborted === true) abort()
    else signal?.addEventListener('abort', abort, { once: true })
  })
}

/** Without slashes at the end. */
function withoutSlashes(url: string): string {
  let end = url.length
  while (url.charAt(end - 1) === '/') end--
  return url.slice(0, end)
}
