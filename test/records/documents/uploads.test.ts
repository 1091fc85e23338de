/** Uploads: what a document is attached to, how often it is made, and which forms are rejected. */
import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { offerActions, policyFile, usualModes } from '../../support/portal.ts'
import { contactAt as contactOf } from '../../support/webservice-client.ts'
import {
  people,
  type Person,
  names,
  type DocumentPortal,
  startDocumentPortal,
  form,
} from '../../support/documents.ts'
import { json } from '../../support/posted.ts'

function visibleIds(portal: DocumentPortal, name: Person, module: string): readonly string[] {
  const { database } = portal.corebos
  return portal
    .oracle(name)
    .visible(module)
    .map((record) => database.webserviceId(record))
}

/** Records of other contacts, and what is not a record that documents are related to. */
function forbiddenTargets(portal: DocumentPortal): readonly string[] {
  const [product = ''] = visibleIds(portal, 'alice', 'Products')
  const [faq = ''] = visibleIds(portal, 'alice', 'Faq')
  const own = visibleIds(portal, 'alice', 'HelpDesk')
  const foreign = visibleIds(portal, 'carol', 'HelpDesk').find((each) => !own.includes(each))
  return [foreign ?? '', product, faq, '12x8551', '12x8550', '11x8547', '17x999999', 'x', '']
}

for (const mode of usualModes) {
  t.test(`${mode} mode: a document is uploaded to oneself and to what one sees`, async (t) => {
    const portal = await startDocumentPortal(t, { mode })
    const { database } = portal.corebos
    const targets = ['HelpDesk', 'Project', 'Invoice'].map(
      (module) => visibleIds(portal, 'alice', module)[0] ?? '',
    )
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) % 251))
    const sent = form(new Blob([bytes]), {
      name: 'ö report (1).pdf',
      type: 'application/pdf',
      notes_title: 'A report',
      notecontent: '<b>bold</b> & more',
      relatedTo: targets,
    })
    const response = await portal.upload('alice', sent)
    const created = await json(response)
    const id = String(created['id'])
    const number = Number(id.slice(3))

    await t.test('the answer shows the document and where it is', async (t) => {
      t.match({ status: response.status, created }, { status: 201, created: { notes_title: 'A report' } })
      t.equal(response.headers.get('location'), `/records/${id}`)
      t.notMatch(JSON.stringify(created), /_download|storage/i)
    })

    await t.test('it is related to its contact and to each record that was named', async (t) => {
      const relations = database.documentRelations.filter(({ document }) => document === number)
      t.same(
        new Set(relations.map(({ record }) => record)),
        new Set([people.alice, ...targets.map((each) => Number(each.split('x')[1]))]),
      )
      t.match(database.entity(number)?.values.get('assigned_user_id'), mode === 'user' ? '7' : /^[57]$/)
    })

    await t.test('it keeps its file when its title is changed', async (t) => {
      const change = { body: { notes_title: 'another' } }
      t.match(await portal.as('alice', 'PATCH', `/records/${id}`, change), {
        status: 200,
        body: { notes_title: 'another', filename: 'ö_report_(1).pdf' },
      })
    })

    for (const name of names) {
      await t.test(`${name} gets its bytes if it sees the document`, async (t) => {
        const back = await portal.fetch(name, `/documents/${id}/content`)
        const sees = visibleIds(portal, name, 'Documents').includes(id)
        t.equal(back.status, sees ? 200 : 404)
        if (!sees) return
        t.ok(Buffer.from(await back.arrayBuffer()).equals(bytes))
        t.equal(back.headers.get('content-type'), 'application/pdf')
      })
    }

    await t.test(
      'nothing is uploaded to other records, with other fields or without a session',
      async (t) => {
        const before = database.records('Documents').length
        for (const target of forbiddenTargets(portal)) {
          const rejected = await portal.upload('alice', form('x', { relatedTo: target }))
          t.match(
            { status: rejected.status, ...(await json(rejected)) },
            { status: 422, code: 'REFERENCE_OUT_OF_SCOPE' },
            target,
          )
        }
        for (const field of [
          'assigned_user_id',
          'filelocationtype',
          'folderid',
          'created_user_id',
          'relations',
        ]) {
          const rejected = await portal.upload('alice', form('x', { [field]: '19x1' }))
          t.ok([400, 403].includes(rejected.status), field)
        }
        t.equal((await portal.upload(undefined, form('x'))).status, 401)
        t.equal(database.records('Documents').length, before, 'nothing was written')
      },
    )
  })
}

t.test('under one key an upload is made once, and an action run once', async (t) => {
  const portal = await startDocumentPortal(t, {
    env: { POLICY_FILE: await policyFile(t, { Contacts: { actions: ['call_back'] } }) },
  })
  const send = async (content: string, name: Person = 'alice') => {
    const headers = { 'idempotency-key': 'k1' }
    return portal.fetch(name, '/documents', { method: 'POST', body: form(content), headers })
  }
  const documents = () => portal.corebos.database.records('Documents').length
  const before = documents()
  const [one, two] = [await send('a'), await send('a')]
  t.same([one.status, two.status], [201, 201])
  t.same(await json(two), await json(one))
  t.match(await json(await send('b')), { code: 'IDEMPOTENCY_KEY_REUSED' })
  t.equal(documents(), before + 1)
  t.equal((await send('a', 'bob')).status, 201, 'keys are counted by contact')
  const bad = { 'idempotency-key': 'with a blank' }
  const rejected = await portal.fetch('alice', '/documents', {
    method: 'POST',
    body: form('a'),
    headers: bad,
  })
  t.match(await json(rejected), { code: 'VALIDATION_FAILED' })

  offerActions(portal, 'call_back')
  for (let i = 0; i < 2; i++) {
    const headers = { 'idempotency-key': 'k2' }
    const ran = await portal.fetch('alice', '/records/12x8549/actions/call_back', {
      method: 'POST',
      headers,
    })
    t.same(await json(ran), { result: 'done' })
  }
  t.equal(portal.relay.count('executeBusinessAction'), 1)
})

t.test('a document is attached to what all contacts see only where the policy says so', async (t) => {
  const service = '15x8644'
  /** What happens to a new document, and to the relation of one that is there. */
  const outcomes = async (POLICY_FILE: string | undefined, target: string) => {
    const portal = await startDocumentPortal(t, { env: POLICY_FILE === undefined ? {} : { POLICY_FILE } })
    const upload = await portal.upload('alice', form('x', { relatedTo: target }))
    const related = await portal.as('alice', 'PUT', `/records/${target}/related/${service}`)
    const client = await contactOf(portal.url, 'alice')
    const filename = { name: 'x.txt', size: 1, type: 'text/plain', content: 'eA==' }
    const element = { notes_title: 'x', filename, relations: [target] }
    const created = await client.call('create', { elementType: 'Documents', element })
    const mass = await client.call('MassCreate', { elements: [{ elementType: 'Documents', element }] })
    const set = await client.call('SetRelation', { relate_this_id: target, with_these_ids: [service] })
    const number = Number(target.split('x')[1])
    const links = portal.corebos.database.documentRelations.filter(({ record }) => record === number)
    return [
      upload.status,
      related.status,
      ...[created, mass, set].map(({ success }) => success),
      links.length,
    ] as const
  }
  const [product, offered, faq] = ['14x8556', '26x8560', '3x8562']
  const open = await policyFile(t, { Documents: { relate: ['HelpDesk', 'Project', 'Products'] } })
  const opened = await policyFile(t, { Products: { open: true, relate: ['Documents'] } })
  const closed = [422, 403, false, false, false, 0] as const
  const writable = [201, 204, true, true, true, 4] as const
  t.strictSame(await outcomes(undefined, product), closed, 'a product')
  t.strictSame(await outcomes(undefined, faq), closed, 'a published FAQ')
  t.strictSame(await outcomes(open, product), writable, 'named by the rule of documents')
  t.strictSame(await outcomes(opened, product), writable, 'named by the rule of products')
  t.strictSame(await outcomes(open, offered), closed, 'a service is none of them')
  const through = { ties: { contact: ['parent_id'], through: [{ field: 'product_id', module: 'Products' }] } }
  const borrowed = await policyFile(t, { HelpDesk: through, Documents: { relate: [] } })
  t.equal((await outcomes(borrowed, '17x8625'))[0], 422, 'a ticket that is seen because its product is')
})

/** Files that a web server or a browser might run, or whose type the name does not have. */
const activeFiles = [
  ['page.html', 'text/html'],
  ['page.html', 'text/plain'],
  ['image.svg', 'image/png'],
  ['code.php', 'text/plain'],
  ['code.phtml', 'text/plain'],
  ['note.txt', 'text/html'],
  ['tool.exe', 'application/octet-stream'],
  ['blob', 'application/octet-stream'],
] as const

/** Names of files, and why each is rejected. */
const rejectedNames = [
  ['', /^a file with a name/],
  ['. ..', /^a file with a name/],
  ['tab\t.txt', /contains an invisible character: U\+0009$/],
  ['line\r\n.txt', /contains an invisible character: U\+000D$/],
  ['\u202Egpj.txt', /contains an invisible character: U\+202E$/],
  ['null\0.txt', /contains an invisible character: U\+0000$/],
  [`${'x'.repeat(296)}.txt`, /longer than 200 bytes/],
  [`${'報'.repeat(66)}.txt`, /longer than 200 bytes/],
  ['.htaccess', /'\.htaccess', begins with a dot/],
  ['.user.ini', /'\.user\.ini', begins with a dot/],
  ['\u200d.user.ini', /begins with a dot/],
  ['\u0301 .htaccess', /begins with a dot/],
  ['..png', /begins with a dot/],
  ['x.php.png', /'x\.php\.png', contains '\.php', which a web server may run/],
  ['X.PhTmL.txt', /contains '\.PhTmL'/],
  ['php.ini', /'php\.ini', is that of a settings file/],
  ['smile \u{1F600}.txt', /'smile \u{1F600}\.txt'.* coreBOS cannot store: U\+1F600$/u],
] as const

t.test('a form that is too much, or none, is rejected, and its sender reads why', async (t) => {
  const portal = await startDocumentPortal(t, { env: { UPLOAD_MAX_BYTES: '100 KiB' } })
  const { database } = portal.corebos
  const before = database.records('Documents').length
  const rejected = async (body: FormData, status: number, code: string, what: string, detail = /./) => {
    const response = await portal.upload('alice', body)
    t.match({ status: response.status, ...(await json(response)) }, { status, code, detail }, what)
  }
  const exact = await portal.upload('alice', form('x'.repeat(102_400)))
  t.equal(exact.status, 201, 'the limit itself is within it')
  await rejected(form('x'.repeat(102_401)), 413, 'BODY_TOO_LARGE', 'one byte more')
  await rejected(form('x'.repeat(30_000_000)), 413, 'BODY_TOO_LARGE', 'much more')
  await rejected(form('x', { notecontent: 'y'.repeat(70_000) }), 413, 'BODY_TOO_LARGE', 'a long field')
  await rejected(
    form('x', { relatedTo: Array.from({ length: 60 }, () => '12x8549') }),
    413,
    'BODY_TOO_LARGE',
    'fields',
  )
  const two = form('x')
  two.append('file', new Blob(['y'], { type: 'text/plain' }), 'b.txt')
  await rejected(two, 400, 'VALIDATION_FAILED', 'two files', /^one file/)
  const none = new FormData()
  none.append('notes_title', 'no file')
  await rejected(none, 400, 'VALIDATION_FAILED', 'no file', /^a file/)
  none.append('file', 'a text')
  await rejected(none, 400, 'VALIDATION_FAILED', 'a field in the place of a file', /^a file/)
  await rejected(form('x', { notecontent: ['a', 'b'] }), 400, 'VALIDATION_FAILED', 'a field twice')
  for (const [name, type] of activeFiles) {
    const accepted = /accepted types: application\/pdf \(\.pdf\), .*image\/heic \(\.heic\)/
    await rejected(form('x', { name, type }), 415, 'UNSUPPORTED_MEDIA_TYPE', `${name} as ${type}`, accepted)
  }
  for (const [name, detail] of rejectedNames) {
    await rejected(form('x', { name }), 400, 'VALIDATION_FAILED', JSON.stringify(name), detail)
  }
  const send = async (contentType: string, body: string) =>
    portal.fetch('alice', '/documents', {
      method: 'POST',
      body,
      headers: { 'content-type': contentType },
    })
  t.match(await json(await send('application/json', '{}')), { code: 'UNSUPPORTED_MEDIA_TYPE' })
  t.match(await json(await send('multipart/form-data', 'x')), { code: 'BAD_REQUEST' })
  t.match(
    await json(
      await send(
        'multipart/form-data; boundary=b',
        '--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\ncontent-type: text/plain\r\n\r\nhalf',
      ),
    ),
    { code: 'BAD_REQUEST' },
  )
  t.equal(database.records('Documents').length, before + 1)
})

t.test('few files are taken in at once', async (t) => {
  const portal = await startDocumentPortal(t)
  const token = String(
    (
      await portal.as(undefined, 'POST', '/auth/login', {
        body: { username: 'alice@example.com', password: 'alice-pw' },
      })
    ).body['accessToken'],
  )
  const begun =
    '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nx'
  const sockets = Array.from({ length: 5 }, () => {
    const socket = connect(Number(new URL(portal.url).port), '127.0.0.1')
    socket.write(
      `POST /documents HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer ${token}\r\nContent-Length: 1000\r\n` +
        `Content-Type: multipart/form-data; boundary=b\r\n\r\n${begun}`,
    )
    return socket
  })
  const answered = await Promise.race(
    sockets.map(async (socket) => String(((await once(socket, 'data')) as [Buffer])[0])), // no encoding is set
  )
  t.match(answered, /^HTTP\/1.1 503 [^]*retry-after: 1\r\n[^]*"code":"GATEWAY_BUSY"/i)
  t.match(await json(await portal.upload('alice', form('x'))), { code: 'GATEWAY_BUSY' })
  t.equal((await portal.upload('bob', form('x'))).status, 201, 'of each contact')
  for (const socket of sockets) socket.destroy()
  for (;;) {
    const { status } = await portal.upload('alice', form('x'))
    if (status === 503) continue
    t.equal(status, 201, 'and again when they are gone')
    break
  }
})
