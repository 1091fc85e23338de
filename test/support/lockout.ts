/** Strangers guess at one account from many addresses, and its owner logs in: the same for every mode and every way in. */
import { createHash } from 'node:crypto'
import pMap from 'p-map'
import { request } from 'undici'
import type { Test } from 'tap'
import { failuresBefore } from '../../src/auth/lockout-budget.ts'
import { startPortal, type Mode, type Portal } from './portal.ts'

/** `clear`: the password itself at `/auth/login`; `hash`: hashed with a challenge at `/webservice.php`. */
export type Way = 'clear' | 'hash'
export const ways: readonly Way[] = ['clear', 'hash']

export interface Setup {
  readonly name: string
  readonly mode: Mode
  readonly env: Readonly<Record<string, string>>
  /** Whether coreBOS can check a password at `/auth/login` without counting it. */
  readonly checkable: boolean
}

const noServiceUser = { COREBOS_USER: '', COREBOS_ACCESS_KEY: '', COREBOS_PASSWORD_TYPE: 'md5' }

export const setups: readonly Setup[] = [
  { name: 'portal mode', mode: 'portal', env: {}, checkable: true },
  { name: 'portal mode without a service user', mode: 'portal', env: noServiceUser, checkable: false },
  { name: 'service mode', mode: 'service', env: {}, checkable: true },
  { name: 'user mode', mode: 'user', env: {}, checkable: true },
]

interface From {
  readonly address: string
  readonly deviceToken?: string
}

interface LoggedIn {
  readonly status: 'in' | 'rejected' | 'limited'
  readonly deviceToken: string | undefined
  readonly accessToken?: string | undefined
}

const operatorToken = 'a token for operators'
const addresses = Array.from({ length: 20 }, (_, n) => `192.0.2.${n + 1}`)

/** More than wait in the queue of one address are answered that coreBOS is busy, and are no guesses. */
const atOnce = 40

/** A gateway behind a proxy, whose clock stands still unless it is moved. */
export class Lockout {
  readonly #setup: Setup
  readonly #portal: Portal
  readonly #pass: (ms: number) => void

  static async start(t: Test, setup: Setup): Promise<Lockout> {
    let clock = Date.now()
    const portal = await startPortal(t, {
      mode: setup.mode,
      now: () => clock,
      env: {
        ...setup.env,
        TRUST_PROXY: '127.0.0.0/8',
        LOG_LEVEL: 'silent',
        // A burst is to meet the limits of log-ins, not that of waiting calls.
        COREBOS_QUEUE: '5000',
        OPERATOR_TOKEN: operatorToken,
        RATE_LIMIT_LOGIN: '10/60',
      },
    })
    return new Lockout(setup, portal, (ms) => void (clock += ms))
  }

  private constructor(setup: Setup, portal: Portal, pass: (ms: number) => void) {
    this.#setup = setup
    this.#portal = portal
    this.#pass = pass
  }

  /** Who may log in here: those whose password type the gateway knows. */
  get people(): readonly string[] {
    const { mode, env } = this.#setup
    const type = env['COREBOS_PASSWORD_TYPE']
    const contacts = ['alice', 'bob', 'carol', 'dave', 'erin']
    const all = mode === 'portal' ? [...contacts, 'emil'] : contacts
    return all.filter((person) => type === undefined || this.#passwordType(person) === type)
  }

  /** Calls of coreBOS that say whether a password is right. */
  get guessesAtCorebos(): number {
    const { calls } = this.#portal.relay
    // The service user logs in as well.
    return calls.filter(
      ({ operation, params }) =>
        operation === 'loginPortal' ||
        operation === 'authenticateContact' ||
        (operation === 'login' && params.get('username') !== 'portal'),
    ).length
  }

  /** The failures that coreBOS counts for an account. */
  failuresOf(person: string): number {
    const { database } = this.#portal.corebos
    return database.portalAccess.find(({ userName }) => userName === `${person}@example.com`)?.failures ?? 0
  }

  /** Wrong passwords, many at once, in turn from each of 20 addresses or from one. */
  async attack(
    person: string,
    way: Way,
    guesses: number,
    from: readonly string[] = addresses,
    concurrency = atOnce,
  ): Promise<void> {
    if (way === 'hash') await this.#challenge(person, { address: '192.0.2.200' })
    const send = async (n: number) => {
      const address = from[n % from.length] ?? ''
      const { status } = await this.#try(person, way, `guess ${n}`, { address })
      if (status === 'in') throw new Error(`guess ${n} was let in`)
    }
    await pMap(Array.from({ length: guesses }).keys(), send, { concurrency })
  }

  async logIn(person: string, way: Way, from: From): Promise<LoggedIn> {
    return this.#try(person, way, this.#setup.mode === 'user' ? `${person}-access-key` : `${person}-pw`, from)
  }

  async passMinute(): Promise<void> {
    this.#pass(60_000)
  }

  /** An operator has reset the counter in the database of coreBOS. */
  async forget(person: string): Promise<void> {
    const { corebos } = this.#portal
    for (const access of corebos.database.portalAccess)
      if (access.userName === `${person}@example.com`) access.failures = 0
    await this.#asOperator('/failures/forget', {
      username: this.#username(person),
      entity: entityOf(person),
    })
  }

  /** Revokes the marks of a contact: by a log-out everywhere, by a change of password and back, by an operator. */
  async revoke(person: string, how: 'logout-all' | 'password' | 'operator', contact: string): Promise<void> {
    if (how === 'operator') return this.#asOperator('/sessions/revoke', { contact })
    const { accessToken = '' } = await this.logIn(person, 'clear', { address: '198.51.100.1' })
    const send = async (method: 'POST' | 'PUT', path: string, body: object) => {
      const { status } = await fetch(`${this.#portal.url}${path}`, {
        method,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
        body: JSON.stringify(body),
      })
      if (status !== 204) throw new Error(`${path} was answered ${status}`)
    }
    if (how === 'logout-all') return send('POST', '/auth/logout-all', {})
    const [old, fresh] = [`${person}-pw`, `${person}-new-pw`]
    await send('PUT', '/auth/password', { currentPassword: old, newPassword: fresh })
    await send('PUT', '/auth/password', { currentPassword: fresh, newPassword: old })
  }

  async #asOperator(path: string, body: object): Promise<void> {
    const response = await request(`${this.#portal.operatorUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${operatorToken}` },
      body: JSON.stringify(body),
    })
    await response.body.dump()
    if (response.statusCode !== 200) throw new Error(`${path} was answered ${response.statusCode}`)
  }

  /** Whether an owner that comes from nowhere known is let in however many strangers guess. */
  isCheckable(person: string, way: Way): boolean {
    const { mode, checkable } = this.#setup
    if (mode === 'user') return true
    const inClear = way === 'clear' || this.#passwordType(person) === 'plaintext'
    return checkable && person !== 'emil' && inClear
  }

  #passwordType(person: string): string {
    const { database } = this.#portal.corebos
    const access = database.portalAccess.find(({ userName }) => userName === `${person}@example.com`)
    return database.entity(access?.owner ?? 0)?.values.get('portalpasswordtype') ?? ''
  }

  #username(person: string): string {
    return this.#setup.mode === 'user' ? person : `${person}@example.com`
  }

  async #challenge(person: string, from: From): Promise<string> {
    const { result } = await this.#call({ operation: 'getchallenge', username: this.#username(person) }, from)
    return String(result?.['token'])
  }

  async #try(person: string, way: Way, password: string, from: From): Promise<LoggedIn> {
    return way === 'clear' ? this.#inClear(person, password, from) : this.#hashed(person, password, from)
  }

  async #inClear(person: string, password: string, { address, deviceToken }: From): Promise<LoggedIn> {
    const response = await request(`${this.#portal.url}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
      body: JSON.stringify({
        username: this.#username(person),
        password,
        entity: entityOf(person),
        ...(deviceToken !== undefined && { deviceToken }),
      }),
    })
    const body = (await response.body.json()) as Partial<LoggedIn> // as the description says
    const status = ({ 200: 'in', 401: 'rejected', 429: 'limited' } as const)[response.statusCode]
    if (status === undefined) throw new Error(`a log-in was answered ${response.statusCode}`)
    return { status, deviceToken: body.deviceToken, accessToken: body.accessToken }
  }

  async #hashed(person: string, password: string, from: From): Promise<LoggedIn> {
    const isUser = this.#setup.mode === 'user'
    // A guess need not fit a challenge: it is wrong in any case.
    const token = password.startsWith('guess') ? '' : await this.#challenge(person, from)
    const type = isUser ? 'md5' : this.#passwordType(person)
    const whole = token + password
    const secret = type === 'plaintext' ? whole : createHash(type).update(whole).digest('hex')
    const { success, result, error } = await this.#call(
      {
        ...(isUser
          ? { operation: 'login', accessKey: secret }
          : { operation: 'loginPortal', password: secret }),
        username: this.#username(person),
        entity: entityOf(person),
        deviceToken: from.deviceToken ?? '',
      },
      from,
    )
    const deviceToken = result?.['deviceToken']
    return {
      status: success ? 'in' : error?.code === 'RATE_LIMITED' ? 'limited' : 'rejected',
      deviceToken: typeof deviceToken === 'string' ? deviceToken : undefined,
    }
  }

  async #call(parameters: Readonly<Record<string, string>>, { address }: From) {
    const response = await request(`${this.#portal.url}/webservice.php`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'user-agent': 'a portal',
        'x-forwarded-for': address,
      },
      body: new URLSearchParams(parameters).toString(),
    })
    return (await response.body.json()) as {
      readonly success: boolean
      readonly result?: Readonly<Record<string, unknown>>
      readonly error?: { readonly code: string }
    } // as coreBOS answers
  }
}

function entityOf(person: string): string {
  return person === 'emil' ? 'Employee' : 'Contacts'
}

/** What strangers can do to one account by one way in, and what its owner can do all the same. */
export async function besiege(t: Test, gateway: Lockout, person: string, way: Way, guesses: number) {
  // Both ways remember where an account has logged in from.
  const network = way === 'clear' ? '198.51.100' : '203.0.113'
  const home = `${network}.1`
  // The owner has logged in before, from home.
  const { status, deviceToken = '' } = await gateway.logIn(person, way, { address: home })
  t.equal(status, 'in', 'before the attack')
  t.ok(deviceToken, 'and has a mark')
  await gateway.attack(person, way, guesses)
  t.ok(gateway.failuresOf(person) <= failuresBefore.stranger, 'few guesses are counted by coreBOS')
  t.equal((await gateway.logIn(person, way, { address: home })).status, 'in', 'from home, at once')
  await gateway.attack(person, way, guesses)
  const device = { address: `${network}.2`, deviceToken }
  t.equal((await gateway.logIn(person, way, device)).status, 'in', 'from its device elsewhere, at once')

  // The first attack may have used up what the addresses have in this window; strangers have their slots again in the next.
  await gateway.passMinute()
  await gateway.attack(person, way, guesses)
  await gateway.passMinute()
  const stranger = { address: `${network}.3` }
  const first = await gateway.logIn(person, way, stranger)
  if (gateway.isCheckable(person, way)) {
    t.equal(first.status, 'in', 'from nowhere known, within a minute')
  } else {
    t.equal(first.status, 'rejected', 'from nowhere known, where coreBOS checks nothing without counting')
    t.ok(gateway.failuresOf(person) <= failuresBefore.stranger)
    await gateway.forget(person)
    t.equal((await gateway.logIn(person, way, stranger)).status, 'in', 'after an operator has lifted it')
  }
  await gateway.passMinute()
}
