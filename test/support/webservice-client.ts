/** Speaks coreBOS's protocol, to the gateway or to a coreBOS: what a portal written against coreBOS would send. */
import { createHash } from 'node:crypto'
import { request } from 'undici'

export type PasswordType = 'md5' | 'sha256' | 'sha512' | 'plaintext'

/** How coreBOS keeps the passwords of the data set's contacts. */
export const passwordTypes: Readonly<Record<string, PasswordType>> = {
  alice: 'md5',
  bob: 'sha256',
  carol: 'sha512',
  dave: 'plaintext',
  erin: 'md5',
  frank: 'md5',
  grace: 'md5',
  emil: 'sha256',
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The envelope; empty where the answer is none. */
  readonly success: boolean | undefined
  readonly result: unknown
  /** The code of an error. */
  readonly code: string | undefined
  readonly message: string | undefined
  readonly moreinfo: unknown
}

export interface Sent {
  readonly method?: 'GET' | 'POST'
  /** Behind the `?`, as it stands. */
  readonly query?: string
  readonly body?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

export type Params = Readonly<Record<string, unknown>>

export class WebserviceClient {
  readonly url: string
  session = ''
  userId = ''

  /** @param base of a gateway or a coreBOS */
  constructor(base: string) {
    this.url = `${base}/webservice.php`
  }

  async send({ method = 'POST', query = '', body, headers = {} }: Sent): Promise<Answer> {
    const response = await request(`${this.url}${query === '' ? '' : `?${query}`}`, {
      method,
      headers: { 'user-agent': 'a portal', ...headers },
      ...(body !== undefined && { body }),
    })
    const text = await response.body.text()
    const { statusCode: status, headers: answered } = response
    const envelope = parsed(text)
    const success = at(envelope, 'success')
    return {
      status,
      headers: answered,
      text,
      success: typeof success === 'boolean' ? success : undefined,
      result: at(envelope, 'result'),
      code: success === false ? textAt(envelope, 'error', 'code') : undefined,
      message: success === false ? textAt(envelope, 'error', 'message') : undefined,
      moreinfo: at(envelope, 'moreinfo'),
    }
  }

  /** Texts as they are, everything else as JSON text, like all clients send it. */
  async call(operation: string, params: Params = {}): Promise<Answer> {
    const form = new URLSearchParams({ operation })
    for (const [name, value] of Object.entries(params)) {
      form.set(name, typeof value === 'string' ? value : JSON.stringify(value))
    }
    return this.send({
      body: form.toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(this.session !== '' && { 'corebos-authorization': this.session }),
      },
    })
  }

  async token(username: string): Promise<string> {
    const { result } = await this.call('getchallenge', { username })
    return textAt(result, 'token')
  }

  async tryPortal(
    username: string,
    password: string,
    type: PasswordType,
    entity = 'Contacts',
  ): Promise<Answer> {
    const token = await this.token(username)
    const answer = await this.call('loginPortal', { username, password: hash(type, token, password), entity })
    if (answer.success === true) {
      this.session = textAt(answer.result, 'sessionName')
      this.userId = textAt(answer.result, 'user', 'id')
    }
    return answer
  }

  async tryUser(username: string, accessKey: string, type: PasswordType = 'md5'): Promise<Answer> {
    const token = await this.token(username)
    const answer = await this.call('login', { username, accessKey: hash(type, token, accessKey) })
    if (answer.success === true) {
      this.session = textAt(answer.result, 'sessionName')
      this.userId = textAt(answer.result, 'userId')
    }
    return answer
  }
}

/** A crash of coreBOS has no body, and a stream has several texts of JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What stands at a path; undefined where there is no such place. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let here = value
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined
    here = new Map<string, unknown>(Object.entries(here)).get(String(step))
  }
  return here
}

/** The same where a text is expected; empty where there is none. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path)
  return typeof found === 'string' ? found : ''
}

/** A list of texts; anything else has none. */
export function textsAt(value: unknown, ...path: readonly (string | number)[]): readonly string[] {
  const found = at(value, ...path)
  const texts: readonly unknown[] = Array.isArray(found) ? found : []
  return texts.filter((each) => typeof each === 'string')
}

/** A list of rows; anything else has none. */
export function rowsAt(
  value: unknown,
  ...path: readonly (string | number)[]
): readonly Readonly<Record<string, unknown>>[] {
  const found = at(value, ...path)
  const rows: readonly unknown[] = Array.isArray(found) ? found : []
  return rows.map((row) => (typeof row === 'object' && row !== null ? { ...row } : {}))
}

export function hash(type: PasswordType, token: string, password: string): string {
  return type === 'plaintext'
    ? token + password
    : createHash(type)
        .update(token + password)
        .digest('hex')
}

/** A contact of the data set, logged in. */
export async function contactAt(base: string, name: string): Promise<WebserviceClient> {
  const client = new WebserviceClient(base)
  const entity = name === 'emil' ? 'Employee' : 'Contacts'
  const { success, text } = await client.tryPortal(
    `${name}@example.com`,
    `${name}-pw`,
    passwordTypes[name] ?? 'md5',
    entity,
  )
  if (success !== true) throw new Error(`${name} cannot log in: ${text}`)
  return client
}

/** The administrator of a coreBOS, or another CRM user. */
export async function userAt(base: string, name = 'admin'): Promise<WebserviceClient> {
  const client = new WebserviceClient(base)
  const { success, text } = await client.tryUser(name, `${name}-access-key`)
  if (success !== true) throw new Error(`${name} cannot log in: ${text}`)
  return client
}
