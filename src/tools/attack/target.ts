/** What is attacked, a gateway or a coreBOS, and the contacts that are logged in there. */
import { setTimeout } from 'node:timers/promises'
import { Pool } from 'undici'
import type { Attempt } from './attempt.ts'
import { exchange, isObject, parse, Webservice, type Answer } from './webservice.ts'
import type { World } from './world.ts'

export interface Credentials {
  /** A contact's e-mail address, or a CRM user's name where the gateway logs in those. */
  readonly username: string
  readonly password: string
}

/** Longest wait for a limit to pass. Seconds. */
const longestWait = 120
/** How often a request is put again while coreBOS is busy. */
const mostPatience = 5

export class Target {
  readonly #pool: Pool
  readonly #base: string
  /** A coreBOS has nothing but its own protocol. */
  readonly isGateway: boolean

  private constructor(pool: Pool, base: string, isGateway: boolean) {
    this.#pool = pool
    this.#base = base
    this.isGateway = isGateway
  }

  /** @throws Error where the target does not answer */
  static async at(url: string, connections: number): Promise<Target> {
    const { origin, pathname } = new URL(url)
    const pool = new Pool(origin, { connections })
    const base = pathname.replace(/\/+$/, '').replace(/\/webservice\.php$/, '')
    const live = await exchange(pool, { method: 'GET', path: `${base}/health/live`, headers: {} })
    return new Target(pool, base, live.status === 200 && parse(live.text) !== undefined)
  }

  get webservicePath(): string {
    return `${this.#base}/webservice.php`
  }

  webservice(): Webservice {
    return new Webservice(this.#pool, this.webservicePath)
  }

  /** One request, again where a limit was reached. */
  async send(
    attempt: Pick<Attempt, 'method' | 'path' | 'headers' | 'body'>,
    token?: string,
  ): Promise<Answer> {
    const { method, path, headers, body } = attempt
    for (let patience = mostPatience; ; patience--) {
      const answer = await exchange(this.#pool, {
        method,
        path: path.startsWith(this.webservicePath) ? path : this.#base + path,
        headers: { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
        ...(body !== undefined && { body }),
      })
      const isBusy = answer.status === 503 && answer.retryAfter !== undefined && patience > 0
      if (answer.status !== 429 && !isBusy) return answer
      await setTimeout(Math.min(answer.retryAfter ?? 1, longestWait) * 1000)
    }
  }

  /** Whether there is such a route. */
  async has(probe: string, token: string): Promise<boolean> {
    const { text } = await this.send({ method: 'GET', path: probe, headers: {}, body: undefined }, token)
    const body = parse(text)
    return !(isObject(body) && body['code'] === 'ROUTE_NOT_FOUND')
  }

  async close(): Promise<void> {
    await this.#pool.close()
  }
}

/** A contact that is logged in at the target. */
export class WebserviceContext {
  readonly #target: Target
  readonly #credentials: Credentials
  #token: string | undefined
  #session: Webservice | undefined
  #renewal: Promise<void> | undefined
  #contact = ''
  #user = ''

  constructor(target: Target, credentials: Credentials) {
    this.#target = target
    this.#credentials = credentials
  }

  get name(): string {
    return this.#credentials.username
  }

  /** Webservice id of the CRM user that works for it; empty in coreBOS's own protocol. */
  get user(): string {
    return this.#user
  }

  /** Webservice id. */
  get contact(): string {
    return this.#contact
  }

  get token(): string {
    return this.#token ?? ''
  }

  /** The name of its session in coreBOS's own protocol; empty where there is none. */
  get session(): string {
    return this.#session?.session ?? ''
  }

  /** @throws Error where it is rejected */
  async login(): Promise<void> {
    const answer = await this.#target.send({
      method: 'POST',
      path: '/auth/login',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(this.#credentials),
    })
    const body = parse(answer.text)
    const contact = isObject(body) ? body['contact'] : undefined
    if (!isObject(body) || typeof body['accessToken'] !== 'string' || !isObject(contact)) {
      throw new Error(
        `the log-in of ${this.name} was rejected: ${answer.status} ${answer.text.slice(0, 300)}`,
      )
    }
    this.#token = body['accessToken']
    this.#contact = String(contact['id'])
    this.#user = isObject(contact['user']) ? String(contact['user']['id']) : ''
  }

  /** The same in coreBOS's own protocol. @throws Error where it is rejected */
  async loginWebservice(world: World): Promise<void> {
    const { username, password } = this.#credentials
    const webservice = this.#target.webservice()
    const contact = (world.byModule.get('Contacts') ?? []).find(
      ({ values }) => values.get('email')?.toLowerCase() === username.toLowerCase(),
    )
    if (contact === undefined) await webservice.loginUser(username, password)
    else {
      const type = contact.values.get('portalpasswordtype') ?? ''
      this.#contact = await webservice.loginContact(username, password, type)
    }
    this.#session = webservice
  }

  /** Sends a request as this contact; once more where the access token has run out meanwhile. */
  async send(attempt: Attempt): Promise<Answer> {
    if (attempt.answerKind === 'webservice') return this.#target.send(attempt)
    const token = this.#token
    const answer = await this.#target.send(attempt, token)
    if (answer.status !== 401) return answer
    if (token === this.#token) await this.#renew()
    return this.#target.send(attempt, this.#token)
  }

  async #renew(): Promise<void> {
    this.#renewal ??= this.login().finally(() => (this.#renewal = undefined))
    return this.#renewal
  }
}
