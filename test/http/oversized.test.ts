/** Headers and URLs that are too long, and encoded bodies: each is told so, at `/webservice.php` in the envelope. */
import { once } from 'node:events'
import { maxHeaderSize } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { startGateway, type Started } from '../support/start.ts'

let gateway: Started
t.before(async () => {
  gateway = await startGateway(t)
})

/** What the gateway answers to bytes, until it closes the connection. */
async function answerTo(bytes: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(bytes)
  const answer = await text(socket)
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), body: JSON.parse(body) }
}

const long = 'x'.repeat(maxHeaderSize + 1000)
const end = 'host: a\r\nconnection: close\r\n'

t.test('long headers are 431', async (t) => {
  const headers = `x-long: ${long}\r\n${end}\r\n`
  t.match(await answerTo(`GET /modules HTTP/1.1\r\n${headers}`), {
    status: 431,
    body: { code: 'HEADERS_TOO_LARGE', detail: `URL and headers may have ${maxHeaderSize} bytes at most` },
  })
  t.match(await answerTo(`GET /webservice.php?operation=x HTTP/1.1\r\n${headers}`), {
    status: 431,
    body: { success: false, error: { code: 'HEADERS_TOO_LARGE' } },
  })
})

t.test('a long URL is 414', async (t) => {
  t.match(await answerTo(`GET /modules?where=${long} HTTP/1.1\r\n${end}\r\n`), {
    status: 414,
    body: {
      code: 'URL_TOO_LONG',
      detail: `URL and headers may have ${maxHeaderSize} bytes at most; send fewer filters, one '[in]' for many values, or the statement as a body to POST /query`,
    },
  })
  t.match(await answerTo(`GET /webservice.php?query=${long} HTTP/1.1\r\n${end}\r\n`), {
    status: 414,
    body: {
      success: false,
      error: { code: 'URL_TOO_LONG', message: `URL and headers may have ${maxHeaderSize} bytes at most` },
    },
  })
})

t.test('an encoded body is 415', async (t) => {
  const post = (path: string, type: string) =>
    `POST ${path} HTTP/1.1\r\n${end}content-type: ${type}\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}`
  t.match(await answerTo(post('/auth/login', 'application/json')), {
    status: 415,
    body: { code: 'UNSUPPORTED_MEDIA_TYPE', detail: /Content-Encoding: gzip/ },
  })
  t.match(await answerTo(post('/webservice.php', 'application/x-www-form-urlencoded')), {
    status: 200,
    body: { success: false, error: { message: /Content-Encoding: gzip/ } },
  })
})
