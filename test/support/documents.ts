/** A portal whose contacts upload and read files as browsers do. */
import type { Test } from 'tap'
import { ownerIdsOf, Oracle } from './oracle.ts'
import { json } from './posted.ts'
import { startPortal, type Portal, type PortalOptions } from './portal.ts'

/** Own company, colleague in it, another company, and one without any. */
export const people = { alice: 8549, bob: 8550, carol: 8551, dave: 8552 } as const

export type Person = keyof typeof people

export const names = ['alice', 'bob', 'carol', 'dave'] as const satisfies readonly Person[]

export interface DocumentPortal extends Portal {
  /** The same as a browser would send it. */
  fetch(name: Person | undefined, path: string, init?: RequestInit): Promise<Response>
  oracle(name: Person): Oracle
  upload(name: Person | undefined, form: FormData): Promise<Response>
}

export async function startDocumentPortal(t: Test, options: PortalOptions = {}): Promise<DocumentPortal> {
  const portal = await startPortal(t, options)
  const { database } = portal.corebos
  async function fetchAs(name: Person | undefined, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (name !== undefined) headers.set('authorization', `Bearer ${await portal.tokenOf(name)}`)
    return fetch(path.startsWith('http') ? path : `${portal.url}${path}`, { ...init, headers })
  }

  return {
    ...portal,
    fetch: fetchAs,
    upload: (name, body) => fetchAs(name, '/documents', { method: 'POST', body }),
    oracle: (name) => new Oracle(database, ownerIdsOf(database, people[name], 'account')),
  }
}

export function form(
  content: Blob | string,
  { name = 'note.txt', type = 'text/plain', ...fields }: Readonly<Record<string, string | string[]>> = {},
): FormData {
  const data = new FormData()
  for (const [field, value] of Object.entries(fields))
    for (const each of Array.isArray(value) ? value : [value]) data.append(field, each)
  data.append('file', new Blob([content], { type: String(type) }), String(name))
  return data
}

/** What a rejection says, but for the id of the request. */
export async function rejection(response: Response): Promise<unknown> {
  return { ...(await json(response)), requestId: undefined }
}
