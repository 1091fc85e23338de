/** Malformed requests: each is rejected with a problem document, on every kind of input. */
import t from 'tap'
import { startPortal } from '../support/portal.ts'
import { post, json, alice, exchange } from '../support/posted.ts'

/** With the settings that every installation needs, and no others. */
const plain = await startPortal(t)

/** A token that its own header says needs no signature. */
const unsigned = [{ alg: 'none', typ: 'at+jwt' }, { sub: '12x8549', exp: 4_102_444_800 }, '']
  .map((part) => (part === '' ? '' : Buffer.from(JSON.stringify(part)).toString('base64url')))
  .join('.')

interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Changes the access token, which is alice's; `undefined` for none. */
  readonly token?: (token: string) => string | undefined
}

/** What is sent to which path, and the status and code of the answer. A GET with a token if nothing else is said. */
type BadRequest = readonly [what: string, path: string, answer: string, sent?: Sent]

const anonymous: Sent = { token: () => undefined }

const sent = (body: string, type = 'application/json'): Sent => ({
  method: 'POST',
  headers: { 'content-type': type },
  body,
})

const asked = (body: unknown): Sent => sent(JSON.stringify(body))

const badPaths: readonly BadRequest[] = [
  ['an unknown path', '/nope', '404 ROUTE_NOT_FOUND', anonymous],
  ['another method', '/health/live', '404 ROUTE_NOT_FOUND', { ...anonymous, method: 'DELETE' }],
  ['a method that is rare', '/health/live', '404 ROUTE_NOT_FOUND', { ...anonymous, method: 'PROPFIND' }],
  ['a path with an escape that is none', '/records/%zz', '400 BAD_REQUEST', anonymous],
  ['a path that is no UTF-8', '/records/%ff%fe', '400 BAD_REQUEST', anonymous],
  ['a path with NUL', '/nope%00', '404 ROUTE_NOT_FOUND', anonymous],
  ['a path that climbs', '/docs/static/..%2f..%2fpackage.json', '404 ROUTE_NOT_FOUND', anonymous],
  ['a path without end', `/records/${'a'.repeat(4000)}`, '400 BAD_REQUEST', anonymous],
]

const badLogins: readonly BadRequest[] = [
  ['no JSON', '/auth/login', '400 BAD_REQUEST', sent('{"username":')],
  ['nothing', '/auth/login', '400 BAD_REQUEST', sent('')],
  ['null', '/auth/login', '400 VALIDATION_FAILED', sent('null')],
  ['a list', '/auth/login', '400 VALIDATION_FAILED', sent('[]')],
  ['a number', '/auth/login', '400 VALIDATION_FAILED', asked({ ...alice, password: 5 })],
  ['more than is asked', '/auth/login', '400 VALIDATION_FAILED', asked({ ...alice, admin: true })],
  ['a prototype', '/auth/login', '400 BAD_REQUEST', sent('{"__proto__":{"x":1}}')],
  ['NUL', '/auth/login', '401 INVALID_CREDENTIALS', asked({ ...alice, username: 'a\0b' })],
  ['half a character', '/auth/login', '400 BAD_REQUEST', asked({ ...alice, password: '\ud800' })],
  [
    'a form',
    '/auth/login',
    '415 UNSUPPORTED_MEDIA_TYPE',
    sent('username=a', 'application/x-www-form-urlencoded'),
  ],
  ['text', '/auth/login', '415 UNSUPPORTED_MEDIA_TYPE', sent('{}', 'text/plain')],
  ['an unknown type', '/auth/login', '415 UNSUPPORTED_MEDIA_TYPE', sent('{}', '%%%')],
  ['2 MiB', '/auth/login', '413 BODY_TOO_LARGE', asked({ ...alice, password: 'x'.repeat(2 ** 21) })],
  ['no refresh token', '/auth/refresh', '401 INVALID_REFRESH_TOKEN', asked({ refreshToken: 'x' })],
]

const badTokens: readonly BadRequest[] = [
  ['no token', '/query?q=select', '401 AUTHENTICATION_REQUIRED', anonymous],
  ['an empty token', '/query?q=select', '401 AUTHENTICATION_REQUIRED', { token: () => '' }],
  ['no signature', '/modules', '401 AUTHENTICATION_REQUIRED', { token: () => unsigned }],
  ['another signature', '/modules', '401 AUTHENTICATION_REQUIRED', { token: (token) => `${token}x` }],
]

const open = "ticketstatus = 'Open'"

const manyTerms = Array.from({ length: 10_000 }, () => open).join(' or ')

const titled = (title: string) => asked({ query: `select id from HelpDesk where ticket_title = '${title}'` })

const where = (condition: string) => asked({ query: `select id from HelpDesk where ${condition}` })

const badQueries: readonly BadRequest[] = [
  ['nothing', '/query', '400 VALIDATION_FAILED', asked({ query: '' })],
  ['a number', '/query', '400 VALIDATION_FAILED', asked({ query: 1 })],
  ['two queries', '/query?q=a&q=b', '400 VALIDATION_FAILED'],
  ['no query', '/query', '400 QUERY_SYNTAX', asked({ query: 'hello' })],
  ['NUL', '/query', '400 QUERY_SYNTAX', titled('\0')],
  ['half a character', '/query', '400 BAD_REQUEST', titled('\udc00')],
  ['1 MB', '/query', '400 VALIDATION_FAILED', where(`${open}${' '.repeat(1_000_000)}`)],
  ['10,000 terms', '/query', '400 VALIDATION_FAILED', where(manyTerms)],
]

const records = '/modules/HelpDesk/records'

const badParameters: readonly BadRequest[] = [
  ['a module that is not there', '/modules/Nowhere/records', '404 UNKNOWN_MODULE'],
  ['a module that is closed', '/modules/CobroPago/records', '404 UNKNOWN_MODULE'],
  ['a field that is not there', `${records}?fields=nothing`, '400 UNKNOWN_FIELD'],
  ['a limit that is no number', `${records}?limit=ten`, '400 VALIDATION_FAILED'],
  ['a limit that begins as a number', `${records}?limit=1e2`, '400 VALIDATION_FAILED'],
  ['a limit between two numbers', `${records}?limit=2.5`, '400 VALIDATION_FAILED'],
  ['a limit of nothing', `${records}?limit=`, '400 VALIDATION_FAILED'],
  ['a truth that is none', `${records}?count=maybe`, '400 VALIDATION_FAILED'],
  ['a limit below zero', `${records}?limit=-1`, '400 VALIDATION_FAILED'],
  ['a parameter that is not there', `${records}?filter=x`, '400 VALIDATION_FAILED'],
  ['a parameter of lists for a record', '/records/17x8625?where=id', '400 VALIDATION_FAILED'],
  ['a parameter where none is taken', '/modules?x', '400 VALIDATION_FAILED'],
  ['a parameter beside a body', '/query?q=x', '400 VALIDATION_FAILED', asked({ query: 'x' })],
  ['a parameter of a probe', '/health/live?x=1', '400 VALIDATION_FAILED'],
  ['a parameter of the description', '/openapi.json?x=1', '400 VALIDATION_FAILED'],
  ['a condition with NUL', `${records}?where=%00`, '400 QUERY_SYNTAX'],
  ['a record that is not there', '/records/17x9999999', '404 NOT_FOUND'],
  ["another customer's record", '/records/17x8585', '404 NOT_FOUND'],
  ['an id beyond all ids', `/records/17x${'9'.repeat(30)}`, '400 VALIDATION_FAILED'],
]

/** What Node's own client would not send. */
const badBytes: readonly (readonly [what: string, text: string])[] = [
  ['something that is no HTTP', 'hello\r\n\r\n'],
  ['a header without a name', 'GET / HTTP/1.1\r\nHost: x\r\n: x\r\n\r\n'],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'],
  [
    'a length and chunks',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['no host', 'GET / HTTP/1.1\r\n\r\n'],
  ['64 KiB of headers', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(65536)}\r\n\r\n`],
]

t.test('bad requests are rejected with a problem document, never with a failure', async (t) => {
  const { url } = plain
  const accessToken = String((await json(await post(`${url}/auth/login`, alice)))['accessToken'])

  const tables = { badPaths, badLogins, badTokens, badQueries, badParameters }
  for (const [name, table] of Object.entries(tables)) {
    await t.test(name, async (t) => {
      for (const [what, path, expected, { token: tokenOf = String, headers, ...init } = {}] of table) {
        const token = tokenOf(accessToken)
        const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
        const answer = await fetch(`${url}${path}`, { ...init, headers: { ...authorization, ...headers } })
        const problem = await json(answer)
        t.equal(`${answer.status} ${String(problem['code'])}`, expected, what)
        t.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8', what)
        t.equal(problem['requestId'], answer.headers.get('x-request-id'), what)
        if ([400, 413, 415].includes(answer.status)) t.match(problem['detail'], /\S/, `${what}: why`)
        t.equal(problem['type'], `urn:corebos-portal-gateway:${String(problem['code'])}`, what)
      }
    })
  }

  await t.test('what cannot be read as HTTP', async (t) => {
    for (const [what, text] of badBytes) t.match(await exchange(url, text), /^HTTP\/1\.1 4\d\d /, what)
  })
})
