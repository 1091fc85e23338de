/** Under the path of `/webservice.php` every rejection is an envelope, also of requests that no operation sees. */
import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { startGateway } from '../support/start.ts'
import { contactAt, textAt, WebserviceClient } from '../support/webservice-client.ts'

/** Sends bytes as they are. @returns status, type and body of the answer */
async function sendRaw(url: string, bytes: string) {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write(bytes, 'latin1')
  let raw = ''
  for await (const chunk of socket) raw += String(chunk)
  const [head = '', body = ''] = raw.split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), type: /content-type: (.*)/i.exec(head)?.[1] ?? '', body }
}

const get = (target: string, ...headers: readonly string[]) =>
  [`GET ${target} HTTP/1.1`, 'Host: here', 'Connection: close', ...headers, '', ''].join('\r\n')

function isEnvelope(t: Test, body: string, code: string, what: string): void {
  t.match(JSON.parse(body), { success: false, error: { code, message: String }, moreinfo: null }, what)
}

t.test('a base URL may end in a slash', async (t) => {
  const { url } = await startGateway(t)
  for (const base of [`${url}/`, `${url}//`]) {
    const client = await contactAt(base, 'alice')
    t.match(await client.call('query', { query: 'select count(*) from HelpDesk;' }), {
      status: 200,
      success: true,
      result: [{ count: '6' }],
    })
    t.equal((await client.send({ method: 'GET', query: 'operation=nope' })).code, 'UNKNOWN_OPERATION')
  }
  const elsewhere = await request(`${url}//modules`)
  t.equal(elsewhere.statusCode, 404, 'no other path')
  await elsewhere.body.dump()
})

t.test('a request that no operation takes is rejected in the envelope', async (t) => {
  const { url } = await startGateway(t)
  for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const)
    for (const path of ['/webservice.php', '//webservice.php?operation=listtypes']) {
      const { statusCode, headers, body } = await request(`${url}${path}`, { method })
      t.equal(statusCode, 200)
      t.match(headers['content-type'], /^application\/json/)
      const text = await body.text()
      isEnvelope(t, text, 'ROUTE_NOT_FOUND', `${method} ${path}`)
      t.match(text, `${method} was received`)
    }
  for (const path of ['/webservice.php/', '/webservice.php/x', '//webservice.php/x?operation=listtypes']) {
    const { body } = await request(`${url}${path}`, { method: 'POST', body: 'a=b' })
    isEnvelope(t, await body.text(), 'ROUTE_NOT_FOUND', path)
  }
  for (const type of ['nonsense', 'text/plain', 'application/x-www-form-urlencoded; charset=utf-16']) {
    const { body } = await request(`${url}/webservice.php`, {
      method: 'POST',
      body: 'operation=nope',
      headers: { 'content-type': type },
    })
    t.equal(textAt(JSON.parse(await body.text()), 'error', 'code') === '', false, type)
  }
  const { statusCode, headers, body } = await request(`${url}/webservice.phpx`)
  await body.dump()
  t.equal(statusCode, 404, 'another path has problem documents')
  t.match(headers['content-type'], /^application\/problem\+json/)
})

t.test('so is a request that cannot be read', async (t) => {
  const { url } = await startGateway(t)
  const long = 'a'.repeat(20_000)
  const rejected = [
    ['a URL that cannot be decoded', get('/webservice.php/%zz'), 'BAD_REQUEST', 200],
    ['a URL with a broken escape', get('//webservice.php%'), 'BAD_REQUEST', 200],
    ['a URL that is too long', get(`/webservice.php?query=${long}`), 'URL_TOO_LONG', 414],
    ['headers that are too large', get('//webservice.php', `Cookie: ${long}`), 'HEADERS_TOO_LARGE', 431],
    ['a header that is malformed', get('/webservice.php', 'a b: c'), 'BAD_REQUEST', 400],
  ] as const
  for (const [what, bytes, code, expected] of rejected) {
    const { status, type, body } = await sendRaw(url, bytes)
    t.equal(status, expected, what)
    t.match(type, /^application\/json/, what)
    isEnvelope(t, body, code, what)
  }
  for (const [bytes, code, expected] of [
    [get('/modules/%zz'), 'BAD_REQUEST', 400],
    [get(`/modules?x=${long}`), 'URL_TOO_LONG', 414],
    [get('/modules', 'a b: c'), 'BAD_REQUEST', 400],
  ] as const) {
    const { status, type, body } = await sendRaw(url, bytes)
    t.equal(status, expected)
    t.match(type, /^application\/problem\+json/)
    t.match(JSON.parse(body), { code, status: expected })
  }
})

t.test('limits count in the envelope as well', async (t) => {
  const { url } = await startGateway(t, { env: { RATE_LIMIT_IP: '2/60' } })
  const outside = new WebserviceClient(url)
  for (let i = 0; i < 2; i++) await outside.call('listtypes')
  const { statusCode, headers, body } = await request(`${url}/webservice.php/x`)
  t.equal(statusCode, 200)
  t.match(headers['retry-after'], /^[1-9]/)
  isEnvelope(t, await body.text(), 'RATE_LIMITED', 'of a path that does not exist')
})
