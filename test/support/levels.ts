/** Contacts of the demo data and what the oracle says that they see. */
import { request } from 'undici'
import { builtinPolicy } from '../../src/policy/builtin.ts'
import { credentialsOf, type Mode } from './portal.ts'
import type { Started } from './start.ts'
import { rowsAt, textAt } from './webservice-client.ts'

export const people = { alice: 8549, bob: 8550, carol: 8551, dave: 8552, erin: 8553 } as const

export type Name = keyof typeof people

export const names: readonly Name[] = ['alice', 'bob', 'carol', 'dave', 'erin']

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  readonly body: unknown
}

/** A contact that has logged in at a gateway. */
export class ContactPortal {
  readonly #url: string
  readonly #token: string

  private constructor(url: string, token: string) {
    this.#url = url
    this.#token = token
  }

  static async of({ url }: Started, name: string, mode: Mode = 'portal'): Promise<ContactPortal> {
    const { body, text } = await new ContactPortal(url, '').send(
      'POST',
      '/auth/login',
      credentialsOf(name, mode),
    )
    const token = textAt(body, 'accessToken')
    if (token === '') throw new Error(`${name} cannot log in: ${text}`)
    return new ContactPortal(url, token)
  }

  async send(method: 'GET' | 'POST', path: string, content?: unknown): Promise<Reply> {
    const response = await request(`${this.#url}${path}`, {
      method,
      headers: {
        ...(this.#token !== '' && { authorization: `Bearer ${this.#token}` }),
        ...(content !== undefined && { 'content-type': 'application/json' }),
      },
      ...(content !== undefined && { body: JSON.stringify(content) }),
    })
    const text = await response.body.text()
    return { status: response.statusCode, headers: response.headers, text, body: JSON.parse(text) as unknown }
  }

  async get(path: string): Promise<Reply> {
    return this.send('GET', path)
  }

  async query(query: string): Promise<Reply> {
    return this.send('POST', '/query', { query })
  }

  /** The ids of the rows, in their order. */
  async ids(query: string): Promise<string[]> {
    const { status, text, body } = await this.query(query)
    if (status !== 200) throw new Error(`${query}: ${text}`)
    return rowsAt(body, 'records').map((row) => textAt(row, 'id'))
  }

  async explain(query: string): Promise<unknown> {
    return (await this.send('POST', '/query/explain', { query })).body
  }
}

export const openModules = Object.keys(builtinPolicy.modules)
