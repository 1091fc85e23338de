/** Text arrives as it was sent, or is rejected before anything is written, searched, counted or compared. */
import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { FormText } from '../src/http/form-text.ts'
import { parametersOf, unreadable } from '../src/http/utf8.ts'
import { contents, startPortal, type Answer, type Portal } from './support/portal.ts'
import { contactAt } from './support/webservice-client.ts'

const own = '17x8625'
const boundary = 'xxBOUNDARYxx'

type Part = readonly [headers: string, content: string]

/** Texts with `\xHH` for a byte. */
const bytes = (text: string): Buffer =>
  Buffer.from(
    text.replace(/\\x([0-9a-f]{2})/g, (_, byte: string) => String.fromCharCode(parseInt(byte, 16))),
    'latin1',
  )

/** A form of these parts, each with its headers. */
function form(...parts: readonly Part[]): Buffer {
  const text = parts.map(([headers, content]) => `--${boundary}\r\n${headers}\r\n\r\n${content}\r\n`).join('')
  return bytes(`${text}--${boundary}--\r\n`)
}

const part = (name: string, more = ''): string => `Content-Disposition: form-data; name="${name}"${more}`
const multipart = { 'content-type': `multipart/form-data; boundary=${boundary}` }
const json = { 'content-type': 'application/json' }
const pdf = [`${part('file', '; filename="a.txt"')}\r\nContent-Type: text/plain`, 'content'] as const

/** Sends each request, and looks that coreBOS holds what it held. */
async function rejected(
  t: Test,
  portal: Portal,
  requests: readonly (readonly [what: string, send: () => Promise<Answer>, status: number, code: string])[],
): Promise<void> {
  const before = contents(portal.corebos.database)
  for (const [what, send, status, code] of requests) {
    const answer = await send()
    t.match(answer, { status, body: { code } }, what)
  }
  t.equal(contents(portal.corebos.database), before, 'nothing was written')
}

t.test('bytes of a body that are not UTF-8 are rejected before anything is done', async (t) => {
  const portal = await startPortal(t)
  const send = (method: string, path: string, text: string) => () =>
    portal.as('alice', method, path, { body: bytes(text), headers: json })
  const upload =
    (...parts: readonly Part[]) =>
    () =>
      portal.as('alice', 'POST', '/documents', { body: form(...parts), headers: multipart })
  const bad = [400, 'BAD_REQUEST'] as const
  await portal.as('alice', 'GET', '/auth/session')
  portal.relay.calls.length = 0
  await rejected(t, portal, [
    [
      'a title',
      send('POST', '/modules/HelpDesk/records', '{"ticket_title":"caf\\xe9","ticketstatus":"Open"}'),
      ...bad,
    ],
    ['half a character', send('POST', '/modules/HelpDesk/records', '{"ticket_title":"caf\\xc3"}'), ...bad],
    [
      'a surrogate in UTF-8',
      send('POST', '/modules/HelpDesk/records', '{"ticket_title":"\\xed\\xa0\\x80"}'),
      ...bad,
    ],
    ['half an escape', send('POST', '/modules/HelpDesk/records', '{"ticket_title":"\\ud83d"}'), ...bad],
    ['a name', send('PATCH', `/records/${own}`, '{"ticket_titl\\xe9":"x"}'), ...bad],
    ['a comment', send('POST', `/records/${own}/comments`, '{"text":"caf\\xe9"}'), ...bad],
    [
      'a password',
      send('PUT', '/auth/password', '{"currentPassword":"alice-pw","newPassword":"stra\\xdfe-1234"}'),
      ...bad,
    ],
    [
      'a password in escapes',
      send('PUT', '/auth/password', '{"currentPassword":"alice-pw","newPassword":"stra\\ud800e-1234"}'),
      ...bad,
    ],
    [
      'a query',
      send('POST', '/query', '{"query":"select id from HelpDesk where ticket_title=\'\\xe9\'"}'),
      ...bad,
    ],
    ['a log-in', send('POST', '/auth/login', '{"username":"alice\\xe9@example.com","password":"x"}'), ...bad],
    ['a recovery', send('POST', '/auth/password-recovery', '{"username":"alice\\xe9@example.com"}'), ...bad],
    ['a field of a form', upload(pdf, [part('notes_title'), 'caf\\xe9']), ...bad],
    ['a field in front of the file', upload([part('notes_title'), 'caf\\xe9'], pdf), ...bad],
    ['a file name', upload([part('file', '; filename="caf\\xe9.txt"'), 'content']), ...bad],
    ['an extended file name', upload([part('file', "; filename*=utf-8''caf%e9.txt"), 'content']), ...bad],
    ['a language of one', upload([part('file', "; filename*=utf-8'%e9'caf.txt"), 'content']), ...bad],
    ['one that ends early', upload([part('file', "; filename*=utf-8'%e9.txt"), 'content']), ...bad],
    [
      'the second of two',
      upload([part('file', "; filename*=utf-8''a.txt; filename*=utf-8''caf%e9.txt"), 'content']),
      ...bad,
    ],
    ['a name of a field', upload(pdf, [part('not\\xe9s'), 'x']), ...bad],
  ])
  const asked = new Set(portal.relay.calls.map(({ operation }) => operation))
  t.strictSame(
    [...asked].toSorted(),
    ['describe', 'listtypes'],
    'coreBOS was asked for nothing but its modules',
  )
})

t.test('another charset and an encoded body are not supported', async (t) => {
  const portal = await startPortal(t)
  const ticket = '{"ticket_title":"plain","ticketstatus":"Open"}'
  const send =
    (headers: Readonly<Record<string, string>>, body: Buffer = bytes(ticket)) =>
    () =>
      portal.as('alice', 'POST', '/modules/HelpDesk/records', { body, headers: { ...json, ...headers } })
  const typed = (type: string) => send({ 'content-type': type })
  const upload = (...parts: readonly Part[]) =>
    portal.as('alice', 'POST', '/documents', { body: form(...parts), headers: multipart })
  const unsupported = [415, 'UNSUPPORTED_MEDIA_TYPE'] as const
  await rejected(t, portal, [
    ['Latin-1', typed('application/json; charset=iso-8859-1'), ...unsupported],
    ['in quotes', typed('application/json;CHARSET="windows-1252"'), ...unsupported],
    ['UTF-16', typed('application/json; charset=utf-16'), ...unsupported],
    ['gzip', send({ 'content-encoding': 'gzip' }), ...unsupported],
    ['several encodings', send({ 'content-encoding': 'identity, br' }), ...unsupported],
    [
      'a part in Latin-1',
      () => upload(pdf, [`${part('notes_title')}\r\nContent-Type: text/plain; charset=latin1`, 'caf\\xe9']),
      ...unsupported,
    ],
    [
      'a part in base64',
      () => upload(pdf, [`${part('notes_title')}\r\nContent-Transfer-Encoding: base64`, 'Y2Fm']),
      ...unsupported,
    ],
    [
      'a file name in Latin-1',
      () => upload([part('file', "; filename*=iso-8859-1''caf%e9.txt"), 'x']),
      ...unsupported,
    ],
  ])
  const encoded = await send({ 'content-encoding': 'gzip' })()
  t.equal(encoded.headers['accept-encoding'], 'identity', 'what is accepted is said')
  for (const type of [
    'application/json; charset=UTF-8',
    'application/json;charset="utf-8"',
    'application/json; charset=utf8',
  ]) {
    t.match(await typed(type)(), { status: 201 }, type)
  }
  t.match(await send({ 'content-encoding': 'identity' })(), { status: 201 })
  t.match(await send({}, bytes('{"ticket_title":"\\xef\\xbf\\xbd caf\\xc3\\xa9","ticketstatus":"Open"}'))(), {
    status: 201,
    body: { ticket_title: '\ufffd café' },
  })
  const kept = await upload(
    [
      `${part('file', '; filename="caf\\xc3\\xa9.txt"')}\r\nContent-Type: text/plain; charset=iso-8859-1`,
      'caf\\xe9',
    ],
    [`${part('notes_title')}\r\nContent-Type: text/plain; charset=utf-8`, '\\xef\\xbf\\xbd caf\\xc3\\xa9'],
  )
  t.match(kept, { status: 201, body: { notes_title: '\ufffd café' } }, 'the bytes of a file are its own')
})

/** An answer to a request line that no client library writes. */
async function raw(portal: Portal, target: string, headers = ''): Promise<string> {
  const socket = connect(Number(new URL(portal.url).port), '127.0.0.1')
  socket.write(bytes(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`))
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8')
  })
  await once(socket, 'close')
  return text
}

t.test('bytes of a URL that are not UTF-8 are rejected, and all others mean what they say', async (t) => {
  const portal = await startPortal(t)
  const made = await portal.as('alice', 'POST', '/modules/HelpDesk/records', {
    body: { ticket_title: 'café 100% %zz', ticketstatus: 'Open' },
  })
  t.equal(made.status, 201)
  const { body } = await portal.as(undefined, 'POST', '/auth/login', {
    body: { username: 'alice@example.com', password: 'alice-pw' },
  })
  const token = `Authorization: Bearer ${String(body['accessToken'])}\r\n`
  for (const [target, expected] of [
    ['/search?q=caf%e9&modules=HelpDesk', '400'],
    ['/search?q=caf\\xe9&modules=HelpDesk', '400'],
    ['/search?q=caf%c3&modules=HelpDesk', '400'],
    ['/search?%e9=x', '400'],
    ["/modules/HelpDesk/records?where=ticket_title%20like%20'caf%e9%25'&count=true", '400'],
    ['/records/%e9', '400'],
    ['/modules/caf\\xe9', '400'],
    ['/search?q=caf%C3%A9&modules=HelpDesk', 'café 100%'],
    ['/search?q=caf%C3%A9+100%25+%25zz&modules=HelpDesk', 'café 100%'],
    ['/search?q=caf%C3%A9+100%+%25zz&modules=HelpDesk', '400'],
  ] as const) {
    const answer = await raw(portal, target, token)
    t.ok(answer.includes(expected === '400' ? 'HTTP/1.1 400' : expected), `${target}: ${answer.slice(0, 15)}`)
    if (expected === '400') t.match(answer, '"code":"BAD_REQUEST"')
  }
})

t.test('/webservice.php says so in its own envelope', async (t) => {
  const portal = await startPortal(t)
  const client = await contactAt(portal.url, 'alice')
  const before = contents(portal.corebos.database)
  const session = { 'corebos-authorization': client.session }
  const element = (title: string) => `{"ticket_title":"${title}","ticketstatus":"Open"}`
  const typed = (type: string, body: Buffer, more = {}) =>
    client.send({ body, headers: { ...session, 'content-type': type, ...more } })
  const urlencoded = 'application/x-www-form-urlencoded'
  const create = 'operation=create&elementType=HelpDesk&element='
  const parts = (...more: readonly Part[]) =>
    form([part('operation'), 'create'], [part('elementType'), 'HelpDesk'], ...more)
  const asJson = (title: string) =>
    bytes(`{"operation":"create","elementType":"HelpDesk","element":${element(title)}}`)
  for (const [what, answer, code] of [
    ['a form', typed(urlencoded, bytes(create + element('caf\\xe9'))), 'BAD_REQUEST'],
    ['escapes', typed(urlencoded, bytes(create + element('caf%e9'))), 'BAD_REQUEST'],
    ['JSON', typed('application/json', asJson('caf\\xe9')), 'BAD_REQUEST'],
    ['parts', typed(multipart['content-type'], parts([part('element'), element('caf\\xe9')])), 'BAD_REQUEST'],
    ['a name of a part', typed(multipart['content-type'], parts([part('caf\\xe9'), 'x'])), 'BAD_REQUEST'],
    [
      'another charset',
      typed(`${urlencoded}; charset=iso-8859-1`, bytes(create + element('x'))),
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['JSON in it', typed('application/json; charset=utf-16', asJson('x')), 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'a part in it',
      typed(
        multipart['content-type'],
        parts([`${part('element')}\r\nContent-Type: text/plain; charset=latin1`, element('x')]),
      ),
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'an encoding',
      typed(urlencoded, bytes(create + element('x')), { 'content-encoding': 'deflate' }),
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'the query string',
      client.send({ method: 'GET', query: 'operation=query&query=%e9', headers: session }),
      'BAD_REQUEST',
    ],
  ] as const) {
    t.match(await answer, { status: 200, success: false, code }, what)
  }
  t.equal(contents(portal.corebos.database), before, 'nothing was written')
  t.match(
    await typed(
      multipart['content-type'],
      parts([part('element'), element('\\xef\\xbf\\xbd caf\\xc3\\xa9')]),
    ),
    {
      success: true,
      result: { ticket_title: '\ufffd café' },
    },
  )
})

t.test('a form is looked at in whatever pieces it arrives', async (t) => {
  const whole = form(pdf, [part('notes_title'), 'caf\\xc3\\xa9'], [part('notecontent'), ''])
  const broken = form(
    [part('file', '; filename="a"'), '\\xff\\r\\n--xx'],
    [part('notes_title'), 'caf\\xc3'],
    pdf,
  )
  for (const size of [1, 2, 3, 7, 64, 4096]) {
    const looked = (body: Buffer): FormText => {
      const text = new FormText(multipart['content-type'])
      for (let at = 0; at < body.length; at += size) text.push(body.subarray(at, at + size))
      return text
    }
    t.doesNotThrow(() => looked(whole).require(), `${size}`)
    t.throws(() => looked(broken).require(), { code: 'BAD_REQUEST' }, `${size}`)
  }
})

t.test('a query string is read as browsers write it', async (t) => {
  for (const [query, expected] of [
    ['', {}],
    ['a=1&b=2&a=3&a=4', { a: ['1', '3', '4'], b: '2' }],
    ['a=x%20y+z%2B&b', { a: 'x y z+', b: '' }],
    ['&a=100%&b=%zz%41&=c', { a: '100%', b: '%zzA', '': 'c' }],
    ['a=1=2&__proto__=x', { a: '1=2', ['__proto__']: 'x' }],
  ] as const) {
    t.strictSame(Object.entries(parametersOf(query)), Object.entries(expected), query)
  }
  t.equal(unreadable('/a?b=%C3%A9%20%25&?'), undefined)
  for (const value of ['%C3%41', 'é', '%', '%4', '%zz'])
    t.match(unreadable(`/a?c=1&b=${value}`), { errors: [{ parameter: 'b' }] }, value)
})
