/** The attacks beside which other clients are measured: each as fast as the default limits let one attacker be. */
import { connect, type Socket } from 'node:net'
import type { Pool } from 'undici'

/** What an attacker has. */
export interface Attacker {
  readonly url: string
  readonly pool: Pool
  /** An access token, and the name of a session of coreBOS's own protocol. */
  readonly token: string
  readonly session: string
  /** The name of a session that has ended. */
  readonly ended: string
  /** Connections that stay open until the end. */
  readonly sockets: Set<Socket>
}

export interface Attack {
  readonly name: string
  readonly perSecond: number
  readonly send: (attacker: Attacker, n: number) => Promise<void>
}

interface Asked {
  readonly method: 'GET' | 'POST' | 'PATCH'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

/** From the proxy that the gateway trusts, on behalf of an address: two addresses may send as much as one contact. */
const from = (n: number) => ({ 'x-forwarded-for': `198.51.100.${n % 4}` })
const json = { 'content-type': 'application/json' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const ticket = '17x8625'

const times = (count: number, text: (i: number) => string, between = ','): string =>
  Array.from({ length: count }, (_, i) => text(i)).join(between)

/** @param leavesAfter milliseconds after which the client hangs up */
function asking(request: (attacker: Attacker, n: number) => Asked, leavesAfter?: number): Attack['send'] {
  return async (attacker, n) => {
    const { method, path, headers, body } = request(attacker, n)
    const signal = leavesAfter === undefined ? null : AbortSignal.timeout(leavesAfter)
    const asked = { method, path, headers: { ...from(n), ...headers }, body: body ?? null, signal }
    const response = await attacker.pool.request(asked)
    await response.body.dump({ limit: 2 ** 24 })
  }
}

const bearer = ({ token }: Attacker) => ({ authorization: `Bearer ${token}` })

const get = (path: (n: number) => string, leavesAfter?: number) =>
  asking((attacker, n) => ({ method: 'GET', path: path(n), headers: bearer(attacker) }), leavesAfter)

/** Without a session. */
const posted = (paths: readonly string[], headers: Readonly<Record<string, string>>, body: string | Buffer) =>
  asking((_, n) => ({ method: 'POST', path: paths[n % paths.length] ?? '', headers, body }))

const query = (statement: string, path = '/query', leavesAfter?: number) => {
  const body = JSON.stringify({ query: statement })
  return asking(
    (attacker) => ({ method: 'POST', path, headers: { ...json, ...bearer(attacker) }, body }),
    leavesAfter,
  )
}

const call = (operation: string, params: Readonly<Record<string, string>>, leavesAfter?: number) => {
  const body = new URLSearchParams({ operation, ...params }).toString()
  return asking(
    ({ session }) => ({
      method: 'POST',
      path: '/webservice.php',
      headers: { ...form, 'corebos-authorization': session },
      body,
    }),
    leavesAfter,
  )
}

/** A connection that reads nothing. @param stays whether it is left open until the end */
function silent(
  request: (attacker: Attacker, n: number) => { readonly head: readonly string[]; readonly body?: string },
  stays: boolean,
): Attack['send'] {
  return async (attacker, n) => {
    const { head, body = '' } = request(attacker, n)
    const { hostname, port } = new URL(attacker.url)
    const socket = connect(Number(port), hostname).on('error', () => undefined)
    const lines = [...head, 'Host: here', `X-Forwarded-For: 198.51.100.${n % 4}`]
    socket.pause().write(`${lines.join('\r\n')}\r\n\r\n${body}`)
    attacker.sockets.add(socket)
    if (!stays) setTimeout(() => socket.destroy(), 60)
  }
}

/** 1 MiB of keys. */
const keys = `{${times(90_000, (n) => `"k${n}":1`)}}`
const file = `operation=create&elementType=Documents&element=${'x'.repeat(30 * 2 ** 20)}`
const title = (i: number) => `ticket_title='${i}'`
const tens = times(3, () => `(${times(10, title, ' or ')})`, ' and ')
const beyond = `select id from HelpDesk where ${tens} and ${times(460, title, ' and ')};`
const atBound = `select id from HelpDesk where (${times(90, title, ' or ')}) and ${times(19, title, ' and ')};`
const misread = `select id from HelpDesk where ${times(100, (i) => `ticket_title='${i} not in ('`, ' or ')};`
const long = `select id from HelpDesk where ticket_title='${' in ('.repeat(25_000)}';`
const hops = `select id from HelpDesk where ${times(100, (i) => `Contacts.lastname like '%${i}%'`, ' or ')};`
const fields = { term: 'x', filter: 'contains', searchinmodule: 'HelpDesk', fields: times(20_000, () => 'parent_id') }
const modules = times(490, (i) => ['HelpDesk', 'Contacts', 'Accounts', 'Documents', 'Faq', 'Products'][i % 6] ?? '')
const upload = [
  '--x',
  'content-disposition: form-data; name="file"; filename="a.txt"',
  'content-type: text/plain',
  '',
  'x'.repeat(60_000),
].join('\r\n')

const wrong = asking((_, n) => ({
  method: 'POST',
  path: '/auth/login',
  headers: { ...json, 'x-forwarded-for': `198.51.${100 + (Math.floor(n / 250) % 100)}.${n % 250}` },
  body: JSON.stringify({ username: 'erin@example.com', password: `guess ${n}` }),
}))

/** As many requests as `RATE_LIMIT_CONTACT` allows by default. */
const limit = 20

export const attacks: readonly Attack[] = [
  { name: 'nothing', perSecond: 0, send: async () => undefined },
  { name: '1 MiB of keys, log-in', perSecond: 4, send: posted(['/auth/login'], json, keys) },
  {
    name: '1 MiB of keys, other routes',
    perSecond: 4,
    send: posted(['/auth/refresh', '/auth/password-recovery', '/webservice.php'], json, keys),
  },
  {
    name: '30 MiB, session has ended',
    perSecond: 4,
    send: asking(({ ended }) => ({
      method: 'POST',
      path: '/webservice.php',
      headers: { ...form, 'corebos-authorization': ended },
      body: file,
    })),
  },
  { name: 'malformed log-ins', perSecond: 10, send: posted(['/auth/login'], json, '{"username":1}') },
  { name: 'wrong passwords, one name', perSecond: 10, send: wrong },
  {
    name: 'challenges, made-up names',
    perSecond: 10,
    send: asking((_, n) => ({
      method: 'GET',
      path: `/webservice.php?operation=getchallenge&username=nobody${n}@example.com`,
    })),
  },
  { name: 'a parameter 7,000 times', perSecond: 10, send: asking(() => ({ method: 'GET', path: `/?${'a&'.repeat(7000)}` })) },
  { name: 'documentation as YAML', perSecond: 10, send: asking(() => ({ method: 'GET', path: '/docs/yaml' })) },
  { name: 'unread answers', perSecond: 10, send: silent(() => ({ head: ['GET /openapi.json HTTP/1.1'] }), true) },
  { name: 'conditions beyond the bound', perSecond: limit, send: query(beyond) },
  { name: 'conditions at the bound', perSecond: limit, send: query(atBound) },
  { name: 'the same, explained', perSecond: limit, send: query(atBound, '/query/explain') },
  { name: 'misread values, explained', perSecond: limit, send: query(misread, '/query/explain') },
  { name: 'a value of 100 KB, explained', perSecond: limit, send: query(long, '/query/explain') },
  { name: '100 hops', perSecond: limit, send: query(hops) },
  { name: '100 hops, left after 60 ms', perSecond: limit, send: query(hops, '/query', 60) },
  { name: '20,000 fields to search', perSecond: limit, send: call('getFieldAutocomplete', fields) },
  { name: 'modules to search', perSecond: limit, send: call('getSearchResults', { query: 'a', search_onlyin: modules }) },
  {
    name: 'modules to search, left',
    perSecond: limit,
    send: call('getSearchResults', { query: 'a', search_onlyin: modules }, 60),
  },
  {
    name: 'a module described 300 times',
    perSecond: limit,
    send: call('describe', { elementType: times(300, () => 'HelpDesk') }),
  },
  { name: 'searches, 9 per second', perSecond: 9, send: get((n) => `/search?q=${n}`) },
  { name: 'searches, the limit', perSecond: limit, send: get((n) => `/search?q=${n}`) },
  { name: 'searches, left after 60 ms', perSecond: limit, send: get((n) => `/search?q=${n}`, 60) },
  {
    name: 'uploads, left',
    perSecond: limit,
    send: silent(
      ({ token }) => ({
        head: [
          'POST /documents HTTP/1.1',
          `Authorization: Bearer ${token}`,
          'Content-Type: multipart/form-data; boundary=x',
          'Content-Length: 9000000',
        ],
        body: upload,
      }),
      false,
    ),
  },
  {
    name: 'downloads, not read',
    perSecond: limit,
    send: silent(
      ({ token }) => ({
        head: ['GET /documents/15x8644/content HTTP/1.1', `Authorization: Bearer ${token}`],
      }),
      true,
    ),
  },
  {
    name: 'conditional writes',
    perSecond: limit,
    send: asking((attacker) => ({
      method: 'PATCH',
      path: `/records/${ticket}`,
      headers: { ...json, ...bearer(attacker), 'if-match': '"x"' },
      body: '{"description":"x"}',
    })),
  },
]
