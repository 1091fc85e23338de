import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { readFileAnswer } from '../../src/corebos/file-answer.ts'
import { SpoolLimit } from '../../src/corebos/spool.ts'
import { answerFor } from '../../src/http/file-answer.ts'
import { builtinPolicy } from '../../src/policy/builtin.ts'
import { activeNameProblem } from '../../src/records/documents/file-name.ts'
import { AcceptedTypes } from '../../src/records/documents/media-type.ts'
import { ownerIdsOf, Oracle } from '../support/oracle.ts'
import {
  contactAt,
  credentialsOf,
  modes,
  offerActions,
  policyFile,
  startPortal,
  usualModes,
  type Portal,
  type PortalOptions,
} from '../support/portal.ts'
import { installed, scratch, sharedSettings, startRedis, until } from '../support/redis-server.ts'
import { sample, times } from '../support/thorough.ts'
import { contactAt as contactOf } from '../support/webservice-client.ts'

/** Own company, colleague in it, another company, and one without any. */
const people = { alice: 8549, bob: 8550, carol: 8551, dave: 8552 } as const
type Person = keyof typeof people
const names = ['alice', 'bob', 'carol', 'dave'] as const satisfies readonly Person[]

interface DocumentPortal extends Portal {
  /** The same as a browser would send it. */
  fetch(name: Person | undefined, path: string, init?: RequestInit): Promise<Response>
  oracle(name: Person): Oracle
  upload(name: Person | undefined, form: FormData): Promise<Response>
}

async function start(t: Test, options: PortalOptions = {}): Promise<DocumentPortal> {
  const portal = await startPortal(t, options)
  const { database } = portal.corebos
  const tokens = new Map<string, Promise<string>>()

  async function login(name: string): Promise<string> {
    const { body } = await portal.as(undefined, 'POST', '/auth/login', {
      body: credentialsOf(name, options.mode),
    })
    return String(body['accessToken'])
  }

  async function fetchAs(name: Person | undefined, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (name !== undefined) {
      const token = tokens.get(name) ?? login(name)
      tokens.set(name, token)
      headers.set('authorization', `Bearer ${await token}`)
    }
    return fetch(path.startsWith('http') ? path : `${portal.url}${path}`, { ...init, headers })
  }

  return {
    ...portal,
    fetch: fetchAs,
    upload: (name, body) => fetchAs(name, '/documents', { method: 'POST', body }),
    oracle: (name) => new Oracle(database, ownerIdsOf(database, people[name], 'account')),
  }
}

function form(
  content: Blob | string,
  { name = 'note.txt', type = 'text/plain', ...fields }: Readonly<Record<string, string | string[]>> = {},
): FormData {
  const data = new FormData()
  for (const [field, value] of Object.entries(fields))
    for (const each of Array.isArray(value) ? value : [value]) data.append(field, each)
  data.append('file', new Blob([content], { type: String(type) }), String(name))
  return data
}

async function json(response: Response): Promise<Record<string, unknown>> {
  return (await response.json()) as Record<string, unknown> // the gateway answers objects
}

/** What a rejection says, but for the id of the request. */
async function rejection(response: Response): Promise<unknown> {
  return { ...(await json(response)), requestId: undefined }
}

/** A ticket of carol's and one of alice's, each with a document that is related to nothing else. */
function addTicketDocuments({ corebos: { database } }: Portal): void {
  const ticketOf = (contact: number) =>
    database.records('HelpDesk').find(({ values }) => values.get('parent_id') === String(contact))?.number ??
    0
  const documents = database.records('Documents')
  for (const [person, instead] of [
    [people.alice, 8554],
    [people.carol, 8555],
  ] as const) {
    const link = database.documentRelations.find(({ record }) => record === instead)
    if (link === undefined) throw new Error(`${documents.length} documents, and none of ${instead}`)
    link.record = ticketOf(person)
  }
}

t.test('coreBOS itself lets whoever knows how read the files of others', async (t) => {
  const { corebos } = await start(t)
  const alice = await contactAt(corebos, 'alice', 'md5')
  const [first] = (await alice.result('query', { query: 'select * from Documents;' })) as {
    _downloadurl: string
  }[] // as recorded
  const address = first?._downloadurl ?? ''
  t.equal((await fetch(address)).status, 200, 'an address in an answer opens without a session')

  const carols = '15x8684'
  t.match(await alice.call('retrieve', { id: carols }), { success: false })
  t.match(await alice.call('retrievedocattachment', { id: carols, returnfile: 'true' }), { success: false })
  await alice.result('SetRelation', { relate_this_id: '12x8549', with_these_ids: [carols] })
  t.match(await alice.result('retrievedocattachment', { id: carols, returnfile: 'true' }), {
    [carols]: { filename: 'carol.txt', attachment: Buffer.from('hello carol\n').toString('base64') },
  })
})

t.test('the documents of somebody with many tickets do not fill the line of calls', async (t) => {
  const portal = await start(t, { env: { COREBOS_QUEUE: '5' } })
  for (let i = 0; i < times(12, 60); i++) {
    const made = await portal.as('alice', 'POST', '/modules/HelpDesk/records', {
      body: { ticket_title: `one of many ${i}`, ticketstatus: 'Open' },
    })
    t.equal(made.status, 201)
  }
  t.equal((await portal.fetch('alice', '/documents/15x8644/content')).status, 200)
  t.equal((await portal.fetch('alice', '/modules/HelpDesk/records?expand=comments&limit=70')).status, 200)
})

t.test('everybody reads the files of the documents that they see, and nobody another', async (t) => {
  for (const mode of sample(modes, 2)) {
    const portal = await start(t, { mode })
    addTicketDocuments(portal)
    const { database } = portal.corebos
    const missing = await rejection(await portal.fetch('alice', '/documents/15x999999/content'))
    for (const name of sample(names, 3)) {
      const mine = new Set(portal.oracle(name).visible('Documents'))
      t.ok(mine.size > 0 || name === 'dave', `${name} has documents`)
      for (const record of database.records('Documents')) {
        const response = await portal.fetch(name, `/documents/15x${record.number}/content`)
        if (!mine.has(record)) {
          t.equal(response.status, 404)
          t.same(await rejection(response), missing, `${mode}: ${name} ${record.values.get('notes_title')}`)
          continue
        }
        t.equal(response.status, 200, `${mode}: ${name} ${record.values.get('notes_title')}`)
        const file = database.attachments.get(record.number)?.at(-1)
        t.same(Buffer.from(await response.arrayBuffer()), file?.content)
        t.match(Object.fromEntries(response.headers), {
          'content-type': 'text/plain',
          'content-disposition': `attachment; filename=${file?.name ?? ''}`,
          'x-content-type-options': 'nosniff',
          'content-security-policy': "default-src 'none'; sandbox",
          'cache-control': 'private, no-cache',
        })
      }
    }
    t.equal((await portal.fetch(undefined, '/documents/15x8644/content')).status, 401)
    const ticket = portal.oracle('alice').visible('HelpDesk')[0]?.number ?? 0
    t.equal(
      (await portal.fetch('alice', `/documents/17x${ticket}/content`)).status,
      404,
      'a ticket has no file',
    )
    t.equal((await portal.fetch('alice', '/documents/x/content')).status, 400)
  }
})

t.test('a contact without a service user behind the gateway reads its own files', async (t) => {
  const portal = await start(t, {
    env: { COREBOS_USER: '', COREBOS_ACCESS_KEY: '', COREBOS_PASSWORD_TYPE: 'md5' },
  })
  t.equal(await (await portal.fetch('alice', '/documents/15x8644/content')).text(), 'hello alice\n')
  t.equal((await portal.fetch('alice', '/documents/15x8684/content')).status, 404)
})

t.test(
  'a file is taken out of an answer of coreBOS however it arrives, and is never a part of one',
  async (t) => {
    async function* arriving(bytes: Buffer, size: number) {
      for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size)
    }
    const limits = { envelopeBytes: 1000, fileBytes: 200 }
    let held = 0
    const limit = new SpoolLimit({ maxBytes: 300, observe: (bytes) => (held = bytes) })
    const codeOf = (answer: string, name = 'attachment') =>
      readFileAnswer(arriving(Buffer.from(answer), 7), name, limits, limit).then(
        async ({ file }) => {
          await file?.discard()
          return 'read'
        },
        (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
      )
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.string({ unit: 'grapheme', maxLength: 20 }),
        fc.integer({ min: 1, max: 400 }),
        async (bytes, filename, size) => {
          const quoted = `${filename}"attachment":"`
          const answer = {
            success: true,
            result: { '15x1': { filename: quoted, attachment: '' }, more: quoted },
          }
          const base64 = Buffer.from(bytes).toString('base64').replaceAll('/', '\\/')
          const sent = JSON.stringify(answer).replace('"attachment":""', () => `"attachment":"${base64}"`)
          const { envelope, file } = await readFileAnswer(
            arriving(Buffer.from(sent), size),
            'attachment',
            limits,
            limit,
          )
          t.same(JSON.parse(envelope.toString()), answer)
          t.same(await file?.bytes(), Buffer.from(bytes))
        },
      ),
    )
    const without = arriving(Buffer.from('{"success":false}'), 5)
    t.match(await readFileAnswer(without, 'attachment', limits, limit), { file: undefined })
    for (const [text, code] of [
      ['aGVsbG8', 'COREBOS_FAILED'],
      ['aGVs*bG8=', 'COREBOS_FAILED'],
      ['aGVsbG8=aGVs', 'COREBOS_FAILED'],
      ['aGVsbG8='.repeat(2), 'COREBOS_FAILED'],
      ['AAAA'.repeat(67), 'COREBOS_TOO_LARGE'],
      ['AAAA'.repeat(66), 'read'],
    ] as const) {
      t.equal(await codeOf(`{"attachment":"${text}"}`), code, text)
    }
    t.equal(await codeOf(`{"attachment":"","more":"${'x'.repeat(1000)}"}`), 'COREBOS_TOO_LARGE')
    t.equal(await codeOf(`{"more":"${'x'.repeat(1000)}"}`), 'COREBOS_TOO_LARGE')
    t.equal(held, 0, 'what has been read, or was rejected, is no longer spooled')
  },
)

t.test('what may be uploaded can be downloaded, also where it is more than an answer may hold', async (t) => {
  const portal = await start(t, { env: { COREBOS_MAX_BYTES: '1 MiB', UPLOAD_MAX_BYTES: '3 MiB' } })
  const bytes = randomBytes(3 * 2 ** 20)
  const created = await portal.upload(
    'alice',
    form(new Blob([bytes]), { name: 'a.zip', type: 'application/zip' }),
  )
  t.equal(created.status, 201)
  const path = `/documents/${String((await json(created))['id'])}/content`
  t.ok(Buffer.from(await (await portal.fetch('alice', path)).arrayBuffer()).equals(bytes))
  const [file] = [...portal.corebos.database.attachments.values()].at(-1) ?? []
  if (file === undefined) throw new Error('the file is in coreBOS')
  Object.assign(file, { content: Buffer.concat([bytes, bytes]) })
  t.match(await json(await portal.fetch('alice', path)), { status: 502, code: 'COREBOS_TOO_LARGE' })
})

/** Bytes of downloads on their way, as operators are told. */
async function onTheirWay({ operatorUrl }: Portal): Promise<number> {
  const metrics = await (await fetch(`${operatorUrl}/metrics`)).text()
  return Number(/^portal_download_bytes (\d+)$/m.exec(metrics)?.[1])
}

t.test('whoever downloads slowly holds no memory, and no file once he is gone', async (t) => {
  const portal = await start(t)
  const bytes = randomBytes(4 * 2 ** 20)
  const made = await portal.upload(
    'alice',
    form(new Blob([bytes]), { name: 'a.zip', type: 'application/zip' }),
  )
  t.equal(made.status, 201)
  const path = `/documents/${String((await json(made))['id'])}/content`
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void // what the flag exposes
  const held = (): number => {
    collect()
    return process.memoryUsage().arrayBuffers
  }

  const before = held()
  const slow: Response[] = []
  const count = times(8, 20)
  for (let i = 0; i < count; i++) slow.push(await portal.fetch('alice', path))
  const few = (count * bytes.length) / 2
  // The last answers of coreBOS may still be on their way to their files.
  await until('what is downloaded is not in memory', async () => held() - before < few)
  t.ok((await onTheirWay(portal)) >= bytes.length, 'what does not fit between here and there is in files')
  const [first, ...others] = slow
  t.ok(Buffer.from((await first?.arrayBuffer()) ?? new ArrayBuffer()).equals(bytes))
  await Promise.all(others.map(async ({ body }) => body?.cancel()))
  await until('no download is under way', async () => (await onTheirWay(portal)) === 0)

  const tag = first?.headers.get('etag') ?? ''
  t.equal((await portal.fetch('alice', path, { headers: { 'if-none-match': tag } })).status, 304)
  const beyond = await portal.fetch('alice', path, { headers: { range: 'bytes=9999999-' } })
  t.match(await json(beyond), { status: 416, code: 'RANGE_NOT_SATISFIABLE' })
  t.equal((await portal.fetch('alice', path, { method: 'HEAD' })).status, 200)
  const part = await portal.fetch('alice', path, { headers: { range: 'bytes=300000-300099' } })
  t.ok(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(300_000, 300_100)))
  await until('no download is under way', async () => (await onTheirWay(portal)) === 0)
  t.pass('all are closed')

  let left = 0
  const observe = (bytes: number) => (left = bytes)
  const brokenOff = Readable.from([Buffer.from(`{"attachment":"${'AAAA'.repeat(100_000)}`)])
  const limit = new SpoolLimit({ maxBytes: 2 ** 20, observe })
  const limits = { envelopeBytes: 1000, fileBytes: 2 ** 20 }
  const { file } = await readFileAnswer(brokenOff, 'attachment', limits, limit)
  t.equal(file, undefined)
  t.equal(left, 0, 'nor does an answer that breaks off leave one')
})

t.test('what is on its way is bounded, by contact and for all together', async (t) => {
  const portal = await start(t, {
    env: { DOWNLOADS_MAX_BYTES: '22 MiB', UPLOAD_MAX_BYTES: '8 MiB', DOWNLOADS_PER_CONTACT: '2' },
  })
  const made = await portal.upload(
    'alice',
    form(new Blob([randomBytes(8 * 2 ** 20)]), {
      name: 'a.zip',
      type: 'application/zip',
      relatedTo: '11x8546',
    }),
  )
  t.equal(made.status, 201)
  const id = String((await json(made))['id'])
  const [large, small] = [`/documents/${id}/content`, '/documents/15x8644/content']
  const read = () => portal.relay.count('retrievedocattachment')

  const slow = [await portal.fetch('alice', large), await portal.fetch('alice', large)]
  t.strictSame(
    slow.map(({ status }) => status),
    [200, 200],
  )
  const sent = read()
  const third = await portal.fetch('alice', small)
  t.match(await json(third), { status: 429, code: 'RATE_LIMITED', detail: /^2 downloads/ })
  t.equal(third.headers.get('retry-after'), '1')
  t.equal(read(), sent, 'coreBOS was not asked')
  const bobs = await portal.fetch('bob', '/documents/15x8664/content')
  t.equal(bobs.status, 200, 'others are not kept from small files')
  await bobs.arrayBuffer()
  const crowded = await portal.fetch('bob', large)
  t.match(await json(crowded), { status: 503, code: 'DOWNLOADS_BUSY' })
  t.equal(crowded.headers.get('retry-after'), '5')
  const client = await contactOf(portal.url, 'bob')
  const attachment = () => client.call('retrievedocattachment', { id, returnfile: '1' })
  t.match(await attachment(), { success: false, code: 'DOWNLOADS_BUSY' }, 'nor at the other door')

  await Promise.all(slow.map(async ({ body }) => body?.cancel()))
  await until('no download is under way', async () => (await onTheirWay(portal)) === 0)
  t.match(await attachment(), { success: true })
  t.equal((await (await portal.fetch('bob', large)).arrayBuffer()).byteLength, 8 * 2 ** 20)

  for (let i = 0; i < 2; i++) {
    const before = read()
    const gone = new AbortController()
    const answer = portal.fetch('alice', large, { signal: gone.signal }).catch(() => undefined)
    await until('coreBOS is asked', async () => read() > before)
    gone.abort()
    await answer
  }
  let again = await portal.fetch('alice', small)
  await until('the places are free', async () => {
    if (again.status === 429) again = await portal.fetch('alice', small)
    return again.status !== 429
  })
  t.equal(again.status, 200, 'whoever leaves before the answer comes gives his place back')
  await again.arrayBuffer()
  await until('no download is under way', async () => (await onTheirWay(portal)) === 0)
})

t.test('a disk that fails is not taken for coreBOS, and small files need none', async (t) => {
  const portal = await start(t)
  const made = await portal.upload(
    'alice',
    form(new Blob([randomBytes(2 ** 20)]), { name: 'a.zip', type: 'application/zip' }),
  )
  const path = `/documents/${String((await json(made))['id'])}/content`
  const { TMPDIR } = process.env
  process.env['TMPDIR'] = join(await scratch(t), 'not-there')
  t.teardown(() => {
    if (TMPDIR === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = TMPDIR
  })
  const failed = await portal.fetch('alice', path)
  const problem = await json(failed)
  t.match(problem, { status: 503, code: 'DISK_FAILED' })
  t.equal(problem['detail'], undefined, 'where the folder is stays in the log')
  t.equal(failed.headers.get('retry-after'), '5')
  t.ok(portal.log.some((line) => line.includes('DISK_FAILED') && line.includes('ENOENT')))
  t.equal((await portal.fetch('alice', '/documents/15x8644/content')).status, 200)
  t.equal(await onTheirWay(portal), 0)

  const full = '/dev/full'
  await t.test('a full one', { skip: !existsSync(full) && `skipped: no ${full}` }, async (t) => {
    let held = 0
    const limit = new SpoolLimit({
      maxBytes: 2 ** 21,
      observe: (bytes) => (held = bytes),
      openFile: () => open(full, 'w+'),
    })
    const answer = Readable.from([Buffer.from(`{"attachment":"${'AAAA'.repeat(100_000)}"}`)])
    const limits = { envelopeBytes: 1000, fileBytes: 2 ** 20 }
    await t.rejects(readFileAnswer(answer, 'attachment', limits, limit), {
      code: 'DISK_FAILED',
      cause: { code: 'ENOSPC' },
    })
    t.equal(held, 0)
  })
})

t.test('names and types of files cannot be more than what they are', async (t) => {
  const portal = await start(t)
  const record = portal.corebos.database.entity(8644)
  for (const name of [
    'ä ö "quoted".txt',
    "it's 100% (1).txt",
    'a\\b/c.txt',
    'evil"; filename=x.html',
    'line\r\nset-cookie: x=1',
    '報告.pdf',
    '\u202Egpj.exe',
    '',
  ]) {
    record?.values.set('filename', name)
    const { status, headers } = await portal.fetch('alice', '/documents/15x8644/content')
    t.equal(status, 200, JSON.stringify(name))
    t.equal(headers.get('set-cookie'), null)
    const header = headers.get('content-disposition') ?? ''
    t.match(header, /^attachment(;|$)/)
    const [, extended] = /; filename\*=UTF-8''([^;]*)$/.exec(header) ?? []
    const [, quoted] = /; filename=("(?:[^"\\]|\\.)*"|[^";]+)/.exec(header) ?? []
    const plain = quoted?.startsWith('"') === true ? quoted.slice(1, -1).replace(/\\(.)/g, '$1') : quoted
    const shown = extended === undefined ? (plain ?? '') : decodeURIComponent(extended)
    t.equal(shown, name)
  }
  record?.values.set('filename', 'page.html')
  for (const type of ['text/html', 'image/svg+xml', 'text/javascript', 'x\r\ny: z', '']) {
    record?.values.set('filetype', type)
    const { headers } = await portal.fetch('alice', '/documents/15x8644/content')
    t.equal(headers.get('content-type'), 'application/octet-stream', type)
  }
  record?.values.set('filelocationtype', 'E')
  record?.values.set('filename', 'https://example.com/a.pdf')
  t.equal((await portal.fetch('alice', '/documents/15x8644/content')).status, 404, 'a link is no file')
})

t.test('a part of a file is what slicing gives, and the whole where that is not to be had', async (t) => {
  const end = fc.option(fc.nat({ max: 40 }), { nil: undefined })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), end, end, (bytes, from, to) => {
      const content = Buffer.from(bytes)
      const range = `bytes=${from ?? ''}-${to ?? ''}`
      const { status, headers, part: wanted } = answerFor(content.length, '"t"', { range })
      const body = wanted === undefined ? content : content.subarray(wanted.first, wanted.last + 1)
      const all = [...bytes]
      const part = from === undefined ? all.slice(-(to ?? 0)) : all.slice(from, (to ?? 40) + 1)
      if ((from === undefined && to === undefined) || (from ?? 0) > (to ?? 40)) {
        t.equal(status, 200)
      } else if (from === undefined ? to === 0 || all.length === 0 : from >= all.length) {
        t.match({ status, headers }, { status: 416, headers: { 'content-range': `bytes */${all.length}` } })
      } else {
        t.equal(status, 206)
        t.same([...body], part)
        const [, first] = /^bytes ([0-9]+)-/.exec(headers['content-range'] ?? '') ?? []
        t.equal(headers['content-range'], `bytes ${first}-${Number(first) + part.length - 1}/${all.length}`)
      }
    }),
  )
  const portal = await start(t)
  const get = (headers: Record<string, string>) =>
    portal.fetch('alice', '/documents/15x8644/content', { headers })
  const whole = await get({})
  const etag = whole.headers.get('etag') ?? ''
  t.equal(whole.headers.get('accept-ranges'), 'bytes')
  const part = await get({ range: 'bytes=6-10', 'if-range': etag })
  t.match({ status: part.status, text: await part.text() }, { status: 206, text: 'alice' })
  t.match(Object.fromEntries(part.headers), { 'content-range': 'bytes 6-10/12', 'content-length': '5' })
  for (const headers of [
    { range: 'bytes=6-10', 'if-range': '"another"' },
    { range: 'bytes=0-1,4-5' },
    { range: 'lines=1-2' },
    { range: 'bytes=-' },
  ]) {
    const answer = await get(headers)
    t.match({ status: answer.status, text: await answer.text() }, { status: 200, text: 'hello alice\n' })
  }
  const beyond = await get({ range: 'bytes=12-' })
  t.equal(beyond.headers.get('content-range'), 'bytes */12')
  t.match(await json(beyond), { status: 416, code: 'RANGE_NOT_SATISFIABLE' })
  t.equal((await get({ 'if-none-match': `"x", W/${etag}` })).status, 304)
  const head = await portal.fetch('alice', '/documents/15x8644/content', { method: 'HEAD' })
  t.match({ status: head.status, length: head.headers.get('content-length') }, { status: 200, length: '12' })
})

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
    const portal = await start(t, { mode })
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
  const portal = await start(t, {
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
    const portal = await start(t, { env: POLICY_FILE === undefined ? {} : { POLICY_FILE } })
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
  const portal = await start(t, { env: { UPLOAD_MAX_BYTES: '100 KiB' } })
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
  const portal = await start(t)
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

t.test('a file keeps the name that its sender has given it, as far as coreBOS can', async (t) => {
  const portal = await start(t)
  const { database } = portal.corebos
  const sent = (disposition: string, type = 'text/plain', content = 'x') =>
    portal.fetch('alice', '/documents', {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
      body: `--b\r\ncontent-disposition: form-data; ${disposition}\r\ncontent-type: ${type}\r\n\r\n${content}\r\n--b--\r\n`,
    })
  const nameOf = async (response: Response) => {
    t.equal(response.status, 201)
    const { id, notes_title: title } = await json(response)
    const stored = database.attachments.get(Number(String(id).slice(3)))?.at(-1)?.name
    const back = await portal.fetch('alice', `/documents/${String(id)}/content`)
    t.equal(back.status, 200)
    t.match(back.headers.get('content-disposition'), /^attachment; filename/)
    return [title, stored]
  }
  for (const name of [
    'a "quoted" one.txt',
    "it's 100%.txt",
    'a%20b%2fc.txt',
    'semi;colon.txt',
    'ä \u2014 \u263A\uFE0F.txt',
    'مي\u200Cخواهم.txt',
    '報告.txt',
    `${'x'.repeat(196)}.txt`,
  ]) {
    t.strictSame(await nameOf(await portal.upload('alice', form('x', { name }))), [
      name,
      name.replaceAll(' ', '_'),
    ])
  }
  for (const [disposition, name] of [
    ['name="file"; filename="%22a%22.txt"', '"a".txt'],
    ['name="file"; filename="\\"a\\".txt"', '"a".txt'],
    ['name="file"; filename="a%0db%0A%09.txt"', undefined],
    ['name="file"; filename="../../up.txt"', 'up.txt'],
    ['name="file"; filename="C:\\temp\\up.txt"', 'up.txt'],
    ['name="file"; filename=".."', undefined],
    ['name="file"; filename="a/.."', undefined],
    ['name="file"', undefined],
    ['name="another"; filename="b.txt"', 'b.txt'],
  ] as const) {
    const response = await sent(disposition)
    if (name === undefined)
      t.match(await json(response), { status: 400, code: 'VALIDATION_FAILED', detail: /./ })
    else t.strictSame(await nameOf(response), [name, name])
  }
  const bytes = await sent('name="file"', 'application/octet-stream')
  t.match(await json(bytes), { status: 400, detail: /^a file/ }, 'bytes without a name are no file')
  const empty = await sent('name="file"; filename="empty.txt"', 'text/plain', '')
  t.strictSame(await nameOf(empty), ['empty.txt', 'empty.txt'], 'a file may be empty')
})

const redisMissing = !installed('redis-server')

t.test('a link to a file works once, for a minute, and for no longer than its session', async (t) => {
  const link = async (portal: DocumentPortal, name: Person | undefined, id: string) =>
    portal.fetch(name, `/documents/${id}/link`, { method: 'POST' })
  const pathOf = async (response: Response) => {
    const { origin, pathname } = new URL(String((await json(response))['url']))
    t.equal(origin, 'https://portal.example')
    return pathname
  }

  for (const mode of usualModes) {
    let now = Date.now()
    const portal = await start(t, {
      mode,
      now: () => now,
      env: { ACCESS_RECHECK: '10', PUBLIC_URL: 'https://portal.example' },
    })
    const { database } = portal.corebos
    const made = await link(portal, 'alice', '15x8644')
    t.equal(made.status, 201)
    const url = `${portal.url}${await pathOf(made)}`
    t.equal((await fetch(url, { method: 'HEAD' })).status, 404, 'a look does not use it up')
    const [one, two] = await Promise.all([fetch(url), fetch(url)])
    t.same([one.status, two.status].toSorted(), [200, 404], 'of two at once one gets it')
    const answered = one.status === 200 ? one : two
    t.equal(await answered.text(), 'hello alice\n')
    t.match(Object.fromEntries(answered.headers), {
      'content-disposition': 'attachment; filename=alice.txt',
      'content-type': 'text/plain',
      'cache-control': 'private, no-store',
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
    })
    t.equal((await fetch(url)).status, 404)
    t.match(await json(await fetch(`${portal.url}/downloads/guessed`)), { code: 'NOT_FOUND' })

    for (const [name, id, status] of [
      ['bob', '15x8644', 404],
      ['carol', '15x8644', 404],
      ['alice', '15x8684', 404],
      ['alice', '15x999999', 404],
      ['alice', '17x8625', 404],
      [undefined, '15x8644', 401],
    ] as const) {
      t.equal((await link(portal, name, id)).status, status, `${mode}: ${name} ${id}`)
    }

    const late = `${portal.url}${await pathOf(await link(portal, 'alice', '15x8644'))}`
    now += 60_001
    t.equal((await fetch(late)).status, 404, 'a minute is over')

    const taken = `${portal.url}${await pathOf(await link(portal, 'alice', '15x8644'))}`
    const relation = database.documentRelations.find(({ document }) => document === 8644)
    if (relation === undefined) throw new Error('the document is related to alice')
    relation.record = people.carol
    now += 10_001
    t.equal((await fetch(taken)).status, 404, 'the document is not hers any more')
    relation.record = people.alice
    now += 10_001
    const ended = `${portal.url}${await pathOf(await link(portal, 'alice', '15x8644'))}`
    const off = `${portal.url}${await pathOf(await link(portal, 'alice', '15x8644'))}`
    t.equal((await portal.fetch('alice', '/auth/logout', { method: 'POST' })).status, 204)
    for (const each of [ended, off]) t.match(await json(await fetch(each)), { code: 'SESSION_ENDED' })

    const switched = await pathOf(await link(portal, 'bob', '15x8664'))
    database.entity(people.bob)?.values.set('portal', '0')
    now += 10_001
    t.equal((await fetch(`${portal.url}${switched}`)).status, 401, 'the contact is not let in any more')
    t.notOk(
      portal.log.some((line) => line.includes(switched)),
      'no link is in the log',
    )
  }

  await t.test('on any instance', { skip: redisMissing && 'skipped: no redis-server' }, async (t) => {
    const redis = await startRedis(t)
    const portal = await start(t, {
      env: {
        ...(await sharedSettings(t, redis)),
      },
    })
    const other = await portal.another()
    const pathname = await pathOf(await link(portal, 'alice', '15x8644'))
    const answers = await Promise.all(
      [other, portal.url, other, portal.url].map((at) => fetch(`${at}${pathname}`)),
    )
    t.same(answers.map(({ status }) => status).toSorted(), [200, 404, 404, 404])
    const next = await pathOf(await link(portal, 'alice', '15x8644'))
    t.equal(await (await fetch(`${other}${next}`)).text(), 'hello alice\n')
  })
})

t.test('the type that counts is that of the name, and both have to be accepted', async (t) => {
  const accepted = new AcceptedTypes([
    'text/csv',
    'application/pdf',
    'application/zip',
    'image/jpg',
    'application/vnd.ms-excel',
  ])
  for (const [name, declared, type] of [
    ['a.csv', 'application/vnd.ms-excel', 'text/csv'],
    ['a.CSV', 'application/octet-stream', 'text/csv'],
    ['a.zip', 'application/x-zip-compressed', 'application/zip'],
    ['a.b.JPG', 'image/jpeg', 'image/jpeg'],
    ['a.jpeg', 'image/jpg', 'image/jpeg'],
    ['a.jpg', 'IMAGE/PJPEG', 'image/jpeg'],
    ['a.jfif', 'image/jpeg; quality=1', 'image/jpeg'],
    ['a.pdf', '', 'application/pdf'],
    ['a.pdf', 'application/x-pdf', 'application/pdf'],
    ['a.pdf', 'binary/octet-stream', 'application/pdf'],
    ['a.csv', 'text/comma-separated-values', 'text/csv'],
    ['blob', 'application/pdf', 'application/pdf'],
    ['blob', 'image/x-jpg', 'image/jpeg'],
    ['a.pdf', 'text/plain', undefined],
    ['a.txt', 'application/pdf', undefined],
    ['a.svg', 'image/jpg', undefined],
    ['a.', 'application/pdf', undefined],
    ['a.toString', 'application/pdf', undefined],
    ['a', 'application/octet-stream', undefined],
    ['a', '', undefined],
  ] as const) {
    t.equal(accepted.typeOf(name, declared), type, `${name} as ${declared}`)
  }
})

t.test(
  'a name that a web server might act on is rejected, and others that resemble it are not',
  async (t) => {
    for (const name of [
      'x.php',
      'x.php7',
      'x.phtml.pdf',
      'x.phar.txt',
      'x.pht.txt',
      'x.php;.jpg',
      'x.php .jpg',
      'x.php_.jpg',
      'x.a.PHP.b.png',
      'x.cgi.png',
      'x.pl.txt',
      'x.asp;.jpg',
      'x.shtml.txt',
      'x.jsp.png',
      'web.config',
      'PHP.INI',
    ]) {
      t.type(activeNameProblem(name), 'string', name)
    }
    for (const name of [
      'php.txt',
      'my.phpnotes.txt',
      'a.plan.pdf',
      'v1.2.3.pdf',
      'a.b.c.docx',
      'x.com.pdf',
      'my web.config.txt',
    ]) {
      t.equal(activeNameProblem(name), undefined, name)
    }
  },
)

t.test(
  'photos of telephones, slides, letters and mails are accepted, and come back as they were',
  async (t) => {
    const portal = await start(t)
    for (const [name, declared, type] of [
      ['a.pptx', '', 'application/vnd.openxmlformats-officedocument.presentationml.presentation'],
      ['a.ppt', 'application/mspowerpoint', 'application/vnd.ms-powerpoint'],
      ['a.odp', '', 'application/vnd.oasis.opendocument.presentation'],
      ['a.rtf', 'text/rtf', 'application/rtf'],
      ['a.msg', '', 'application/vnd.ms-outlook'],
      ['a.eml', 'message/rfc822', 'message/rfc822'],
      ['IMG_1.HEIC', 'image/heif', 'image/heic'],
      ['a.jpg', 'image/pjpeg', 'image/jpeg'],
      ['a.zip', 'application/x-zip-compressed', 'application/zip'],
    ] as const) {
      const created = await portal.upload('alice', form('x', { name, type: declared }))
      const { id, filetype } = await json(created)
      t.match({ status: created.status, filetype }, { status: 201, filetype: type }, name)
      const back = await portal.fetch('alice', `/documents/${String(id)}/content`)
      t.match(Object.fromEntries(back.headers), {
        'content-type': type,
        'content-disposition': `attachment; filename=${name}`,
      })
    }
  },
)

t.test('everybody gets the PDF of what they see and coreBOS prints, and nobody another', async (t) => {
  for (const mode of usualModes) {
    const portal = await start(t, { mode })
    const { database } = portal.corebos
    const missing = await rejection(await portal.fetch('alice', '/records/7x999999/pdf'))
    for (const name of names) {
      for (const module of ['Invoice', 'Quotes', 'SalesOrder']) {
        const mine = new Set(portal.oracle(name).visible(module))
        for (const record of database.records(module)) {
          const id = database.webserviceId(record)
          const response = await portal.fetch(name, `/records/${id}/pdf`)
          if (mine.has(record)) {
            t.equal(response.status, 200, `${mode}: ${name} ${id}`)
            t.match(await response.text(), /^%PDF-/)
            t.match(Object.fromEntries(response.headers), {
              'content-type': 'application/pdf',
              'content-disposition': `attachment; filename="${module} ${id}.pdf"`,
              'cache-control': 'private, no-store',
            })
          } else
            t.same([response.status, await rejection(response)], [404, missing], `${mode}: ${name} ${id}`)
        }
      }
    }
    const ticket = portal.oracle('alice').visible('HelpDesk')[0]?.number ?? 0
    t.equal((await portal.fetch('alice', `/records/17x${ticket}/pdf`)).status, 404, 'tickets are not printed')
    t.equal((await portal.fetch(undefined, '/records/7x8628/pdf')).status, 401)
  }
  const portal = await start(t, {
    env: { POLICY_FILE: await policyFile(t, { Invoice: { hide: ['terms_conditions'] } }) },
  })
  const id = portal.oracle('alice').visible('Invoice')[0]?.number ?? 0
  t.equal((await portal.fetch('alice', `/records/7x${id}/pdf`)).status, 404, 'it might show what is hidden')
})

t.test('an action runs where the policy lists it, coreBOS offers it, and the record is seen', async (t) => {
  const labelled = ['Call me back', '50 % off / "now"? #1', `ä${'x'.repeat(99)}`, 'a+b&c=d;e']
  const actions = ['LBL_SHOW_CONTACT_HIERARCHY', 'Add Event', 'call_back', 'not_offered', ...labelled]
  const POLICY_FILE = await policyFile(t, { Contacts: { actions } })
  for (const mode of usualModes) {
    const portal = await start(t, { mode, env: { POLICY_FILE } })
    // The demo coreBOS has links of coreBOS's own and runs nothing; what it would offer and say is put in here.
    const offered = { linklabel: 'call_back', linkid: '4711', linkurl: 'block://mod:path?RECORDID=8549' }
    portal.relay.alter = ({ operation, params, answer }) => {
      if (operation === 'executeBusinessAction') return { success: true, result: '<p>done</p>' }
      return params.get('linktype') === 'DETAILVIEWWIDGET' && answer.success
        ? {
            ...answer,
            result: {
              DETAILVIEWWIDGET: [offered, { ...offered, linklabel: 'unlisted' }].concat(
                labelled.map((linklabel) => ({ ...offered, linklabel })),
              ),
            },
          }
        : answer
    }
    const run = (name: Person | undefined, id: string, action: string) =>
      portal.fetch(name, `/records/${id}/actions/${action}`, { method: 'POST' })
    const list = await portal.fetch('alice', '/records/12x8549/actions')
    const shown = ['Add Event', 'LBL_SHOW_CONTACT_HIERARCHY'].map((name) => ({ name, runnable: false }))
    const runs = ['call_back', ...labelled].map((name) => ({ name, runnable: true }))
    t.same(await json(list), { actions: [...shown, ...runs] })
    t.same(
      await json(await portal.fetch('alice', '/records/12x8550/actions')),
      await json(await portal.fetch('bob', '/records/12x8550/actions')),
    )
    t.equal((await portal.fetch('alice', '/records/12x8551/actions')).status, 404)
    t.equal((await portal.fetch(undefined, '/records/12x8549/actions')).status, 401)
    const [ticket] = portal.oracle('alice').visible('HelpDesk')
    t.same(await json(await portal.fetch('alice', `/records/17x${ticket?.number ?? 0}/actions`)), {
      actions: [],
    })

    t.same(await json(await run('alice', '12x8549', 'call_back')), { result: '<p>done</p>' })
    for (const [name, id, action, status] of [
      ['alice', '12x8551', 'call_back', 404],
      ['carol', '12x8549', 'call_back', 404],
      ['dave', '12x8549', 'call_back', 404],
      ['alice', '12x8549', 'unlisted', 404],
      ['alice', '12x8549', 'not_offered', 404],
      ['alice', '12x8549', 'LBL_ADD_NOTE', 404],
      ['alice', '12x8549', 'LBL_SHOW_CONTACT_HIERARCHY', 422],
      ['alice', '12x8549', 'Add%20Event', 422],
      ['alice', '12x8549', 'Add+Event', 404],
      ['alice', '12x8549', 'add%20event', 404],
      ['alice', '12x8549', 'Add%09Event', 400],
      ['alice', '12x8549', 'Add%E2', 400],
      [undefined, '12x8549', 'call_back', 401],
    ] as const) {
      t.equal((await run(name, id, action)).status, status, `${mode}: ${name} ${id} ${action}`)
    }
    const ran = portal.relay.calls.filter(({ operation }) => operation === 'executeBusinessAction')
    t.same(
      ran.map(({ params }) => [params.get('businessactionid'), params.get('context')]),
      [['4711', '{"ID":"12x8549"}']],
    )
    t.ok(
      portal.log.some(
        (line) => line.includes('"operation":"action"') && line.includes('"action":"call_back"'),
      ),
    )

    for (const label of labelled) {
      t.same(await json(await run('alice', '12x8549', encodeURIComponent(label))), { result: '<p>done</p>' })
    }

    portal.relay.lost.add('executeBusinessAction')
    t.match(await json(await run('alice', '12x8549', 'call_back')), { code: 'OUTCOME_UNKNOWN' })
    t.equal(portal.relay.count('executeBusinessAction'), labelled.length + 2, 'it was not asked for again')
  }
})

t.test(
  'search finds what an evaluator finds in the text fields, and nothing in what is hidden',
  async (t) => {
    for (const mode of usualModes) {
      const portal = await start(t, { mode })
      const modules = Object.keys(builtinPolicy.modules)
      for (const name of names) {
        for (const term of ['alice', 'a', 'open', 'md5', '100%', "it's"]) {
          const response = await portal.fetch(name, `/search?limit=100&q=${encodeURIComponent(term)}`)
          const { results } = (await response.json()) as {
            results: { module: string; total: number; records: { id: string }[] }[]
          } // as the schema says
          const wanted = portal.oracle(name).search(term, modules)
          t.same(
            new Map(results.map(({ module, records }) => [module, records.map(({ id }) => id).toSorted()])),
            wanted,
            `${mode}: ${name} ${term}`,
          )
          for (const { module, total } of results) t.equal(total, wanted.get(module)?.length, module)
        }
      }
      const some = await json(
        await portal.fetch('alice', '/search?q=ALICE&modules=helpdesk,%20Contacts&limit=1'),
      )
      const results = some['results'] as { module: string; total: number; records: unknown[] }[] // as the schema says
      t.same(
        results.map(({ module, records }) => [module, records.length]),
        [
          ['HelpDesk', 1],
          ['Contacts', 1],
        ],
      )
      t.notMatch(JSON.stringify(some), /portalloginuser|_downloadurl/)
      for (const [query, status] of [
        ['q=a&modules=Users', 404],
        ['q=a&modules=HelpDesk,Leads', 404],
        ['q=a&modules=x%20y', 400],
        ['q=', 400],
        ['q=%20', 400],
        ['', 400],
        ['q=a%5Cb', 200],
        ['q=a&limit=101', 400],
      ] as const) {
        t.equal((await portal.fetch('alice', `/search?${query}`)).status, status, query)
      }
      t.equal((await portal.fetch(undefined, '/search?q=a')).status, 401)
    }
  },
)
