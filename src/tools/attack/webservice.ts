/** coreBOS's own protocol, as much of it as the attack needs: towards coreBOS as administrator, towards either as a contact. */
import { isObject } from '../../model/is-object.ts'
import { createHash } from 'node:crypto'
import type { Pool } from 'undici'

/** An answer as it came. */
export interface Answer {
  readonly status: number
  readonly headers: string
  readonly text: string
  /** Seconds; where the server says when to come again. */
  readonly retryAfter: number | undefined
}

export interface Envelope extends Answer {
  readonly success: boolean
  readonly result: unknown
  /** Of coreBOS's error; empty where there is none. */
  readonly code: string
}

export type Parameters = Readonly<Record<string, string>>

export { isObject }

export function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** One request, whose answer is read to its end. */
export async function exchange(
  pool: Pool,
  request: {
    method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
    path: string
    headers: Record<string, string>
    body?: string
  },
): Promise<Answer> {
  const { statusCode, headers, body } = await pool.request(request)
  const retryAfter = Number(headers['retry-after'])
  return {
    status: statusCode,
    headers: JSON.stringify(headers),
    text: await body.text(),
    retryAfter: Number.isFinite(retryAfter) ? retryAfter : undefined,
  }
}

export class Webservice {
  readonly #pool: Pool
  readonly #path: string
  #session = ''

  constructor(pool: Pool, path: string) {
    this.#pool = pool
    this.#path = path
  }

  get session(): string {
    return this.#session
  }

  async call(parameters: Parameters): Promise<Envelope> {
    const session: Parameters = this.#session === '' ? {} : { sessionName: this.#session }
    const answer = await exchange(this.#pool, {
      method: 'POST',
      path: this.#path,
      // A session of coreBOS dies when its calls change their User-Agent.
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'attack' },
      body: new URLSearchParams({ ...parameters, ...session }).toString(),
    })
    return envelope(answer)
  }

  /** @throws Error where the call is rejected */
  async result(parameters: Parameters): Promise<unknown> {
    const { success, result, text, status } = await this.call(parameters)
    if (!success)
      throw new Error(`coreBOS rejected ${String(parameters['operation'])}: ${status} ${text.slice(0, 300)}`)
    return result
  }

  /** Log-in of a CRM user by its access key. @throws Error where it is rejected */
  async loginUser(username: string, accessKey: string): Promise<void> {
    const token = await this.#challenge(username)
    const login = await this.result({
      operation: 'login',
      username,
      accessKey: hash('md5', token + accessKey),
    })
    this.#session = textOf(login, 'sessionName')
  }

  /**
   * Log-in of a contact.
   *
   * @param type the contact's password type; another one counts as a wrong password
   * @returns the contact's webservice id
   * @throws Error where it is rejected
   */
  async loginContact(username: string, password: string, type: string): Promise<string> {
    const token = await this.#challenge(username)
    const login = await this.result({
      operation: 'loginPortal',
      username,
      password: hash(type, token + password),
      entity: 'Contacts',
    })
    this.#session = textOf(login, 'sessionName')
    return textOf(isObject(login) ? login['user'] : undefined, 'contactid')
  }

  async #challenge(username: string): Promise<string> {
    return textOf(await this.result({ operation: 'getchallenge', username }), 'token')
  }
}

function hash(type: string, text: string): string {
  return ['md5', 'sha256', 'sha512'].includes(type) ? createHash(type).update(text).digest('hex') : text
}

export function envelope(answer: Answer): Envelope {
  const body = parse(answer.text)
  const error = isObject(body) ? body['error'] : undefined
  return {
    ...answer,
    success: isObject(body) && body['success'] === true,
    result: isObject(body) ? body['result'] : undefined,
    code: isObject(error) && typeof error['code'] === 'string' ? error['code'] : '',
  }
}

function textOf(value: unknown, key: string): string {
  const text = isObject(value) ? value[key] : undefined
  if (typeof text !== 'string') throw new Error(`coreBOS named no ${key}`)
  return text
}
