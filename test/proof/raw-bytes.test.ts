/**
 * Requests from the OpenAPI description with hostile parts, and raw bytes: smuggling shapes, floods of headers, cut-off and
 * garbled requests. Each is answered or its connection ends, never with a 5xx, and the gateway goes on.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { request } from 'undici'
import { startPortal } from '../support/portal.ts'
import { times } from '../support/thorough.ts'

const crlf = '\r\n'
const host = `host: a${crlf}`

/** Requests in which servers and proxies could see different ends. */
const shapes: Readonly<Record<string, string>> = {
  'length and chunks': `POST /query HTTP/1.1${crlf}${host}content-length: 4${crlf}transfer-encoding: chunked${crlf}${crlf}0${crlf}${crlf}GET /modules HTTP/1.1${crlf}${host}${crlf}`,
  'two lengths': `POST /query HTTP/1.1${crlf}${host}content-length: 0${crlf}content-length: 40${crlf}${crlf}GET /modules HTTP/1.1${crlf}${host}${crlf}`,
  'a signed length': `POST /query HTTP/1.1${crlf}${host}content-length: +5${crlf}${crlf}hello`,
  'a length in two parts': `POST /query HTTP/1.1${crlf}${host}content-length: 1 2${crlf}${crlf}a`,
  'an obfuscated coding': `POST /query HTTP/1.1${crlf}${host}transfer-encoding: xchunked${crlf}${crlf}0${crlf}${crlf}`,
  'a coding twice': `POST /query HTTP/1.1${crlf}${host}transfer-encoding: chunked${crlf}transfer-encoding: identity${crlf}${crlf}0${crlf}${crlf}`,
  'a blank before the colon': `GET /modules HTTP/1.1${crlf}${host}content-length : 4${crlf}${crlf}abcd`,
  'a folded header': `GET /modules HTTP/1.1${crlf}${host}x: a${crlf} b${crlf}${crlf}`,
  'bare line feeds': 'GET /modules HTTP/1.1\nhost: a\n\n',
  'a bare carriage return': `GET /modules HTTP/1.1${crlf}${host}x: a\rb${crlf}${crlf}`,
  'a wrong chunk size': `POST /query HTTP/1.1${crlf}${host}transfer-encoding: chunked${crlf}${crlf}zz${crlf}${crlf}`,
  'a huge chunk size': `POST /query HTTP/1.1${crlf}${host}transfer-encoding: chunked${crlf}${crlf}fffffffffffffffff${crlf}a`,
  'no host': `GET /modules HTTP/1.1${crlf}${crlf}`,
  'two hosts': `GET /modules HTTP/1.1${crlf}${host}host: b${crlf}${crlf}`,
  'an absolute URL': `GET http://evil.example/modules HTTP/1.1${crlf}${host}${crlf}`,
  'an authority': `CONNECT evil.example:443 HTTP/1.1${crlf}${host}${crlf}`,
  'an upgrade': `GET /modules HTTP/1.1${crlf}${host}connection: upgrade, http2-settings${crlf}upgrade: h2c${crlf}http2-settings: AAMAAABkAAQAAP__${crlf}${crlf}`,
  'HTTP/2': `PRI * HTTP/2.0${crlf}${crlf}SM${crlf}${crlf}`,
  'HTTP/0.9': `GET /modules${crlf}`,
  'a null byte': `GET /modules\0 HTTP/1.1${crlf}${host}${crlf}`,
  TLS: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'many headers': `GET /modules HTTP/1.1${crlf}${host}${Array.from({ length: 3000 }, (_, i) => `x${i}: 1${crlf}`).join('')}${crlf}`,
  'an unknown method': `BREW /modules HTTP/1.1${crlf}${host}${crlf}`,
  'a long method': `${'A'.repeat(5000)} / HTTP/1.1${crlf}${host}${crlf}`,
  'an escape that ends early': `GET /modules/%E0%A4%A HTTP/1.1${crlf}${host}${crlf}`,
  'a path of dots': `GET /../../../etc/passwd HTTP/1.1${crlf}${host}${crlf}`,
}

/** Statuses of all answers on a connection that the client closes behind its bytes. */
async function statusesOf(url: string, bytes: Buffer): Promise<number[]> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let answer = ''
  socket.on('data', (piece: Buffer) => (answer += piece.toString('latin1')))
  socket.on('error', () => undefined)
  socket.setTimeout(10_000, () => socket.destroy(new Error('no end')))
  socket.end(bytes)
  await once(socket, 'close').catch(() => undefined)
  return [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
}

t.test('raw bytes', async (t) => {
  const { url } = await startPortal(t)
  for (const [name, bytes] of Object.entries(shapes)) {
    const statuses = await statusesOf(url, Buffer.from(bytes, 'latin1'))
    t.ok(
      statuses.every((status) => status >= 200 && status < 500),
      `${name}: ${statuses.join()}`,
    )
    if (/length|coding|chunk/.test(name)) t.ok(statuses.length <= 1, `${name}: one request, not two`)
  }
  const whole = Buffer.from(
    `POST /auth/login HTTP/1.1${crlf}${host}content-type: application/json${crlf}content-length: 2${crlf}${crlf}{}`,
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 }),
      fc.nat(whole.length),
      async (changes, length) => {
        const bytes = Buffer.from(whole)
        for (const [at, value] of changes) bytes[at] = value
        const statuses = await statusesOf(url, bytes.subarray(0, length))
        if (statuses.some((status) => status >= 500)) throw new Error(`answered ${statuses.join()}`)
      },
    ),
    { numRuns: times(300, 3000) },
  )
  t.equal((await request(`${url}/health/live`)).statusCode, 200)
})

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: unknown
}

t.test('every route of the description with hostile values', async (t) => {
  const portal = await startPortal(t)
  const { body } = await portal.as(undefined, 'GET', '/openapi.json')
  const paths = body['paths'] as Readonly<Record<string, Readonly<Record<string, Operation>>>> // OpenAPI
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => !(method === 'put' && path.includes('password')))
      .map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '',
      '0',
      '-1',
      '1e999',
      'null',
      '[]',
      '%00',
      "' or 1=1 --",
      '../..',
      '12x8549',
      '17x1',
      'HelpDesk',
      'x'.repeat(3000),
    ),
  )
  const value = fc.oneof(hostile, fc.jsonValue({ maxDepth: 3 }))
  const failed: string[] = []
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...routes),
      fc.array(hostile, { minLength: 4, maxLength: 4 }),
      fc.dictionary(
        fc.constantFrom('query', 'fields', 'values', 'username', 'contact', 'ticket_title', '__proto__'),
        value,
        { maxKeys: 3 },
      ),
      async ({ path, method, operation: { parameters = [], requestBody } }, values, sent) => {
        let next = 0
        const escaped = () => encodeURIComponent(String(values[next++ % values.length]).toWellFormed())
        const at = path.replace(/\{\w+\}/g, escaped)
        const search = parameters
          .filter((each) => each.in === 'query')
          .slice(0, 3)
          .map(({ name }) => `${encodeURIComponent(name)}=${escaped()}`)
          .join('&')
        const isEnd = /logout|sessions/.test(path)
        const answer = await portal.as(
          isEnd ? undefined : 'alice',
          method,
          `${at}${search === '' ? '' : `?${search}`}`,
          {
            ...(requestBody !== undefined && { body: sent }),
          },
        )
        if (answer.status >= 500)
          failed.push(`${method} ${at}?${search}: ${answer.status} ${answer.text.slice(0, 300)}`)
      },
    ),
    { numRuns: times(300, 5000) },
  )
  t.strictSame(failed, [])
})
