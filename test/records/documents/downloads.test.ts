/** Downloads under way: their size, memory and disk, parts of a file, and headers of the answer. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { readFileAnswer } from '../../../src/corebos/file-answer.ts'
import { SpoolLimit } from '../../../src/corebos/spool.ts'
import { answerFor } from '../../../src/http/file-answer.ts'
import type { Portal } from '../../support/portal.ts'
import { scratch, until } from '../../support/redis-server.ts'
import { times } from '../../support/thorough.ts'
import { contactAt as contactOf } from '../../support/webservice-client.ts'
import { startDocumentPortal, form, type DocumentPortal } from '../../support/documents.ts'
import { json } from '../../support/posted.ts'

async function pathOfUpload(t: Test, portal: DocumentPortal, bytes: Buffer): Promise<string> {
  const file = form(new Blob([bytes]), { name: 'a.zip', type: 'application/zip' })
  const created = await portal.upload('alice', file)
  t.equal(created.status, 201)
  return `/documents/${String((await json(created))['id'])}/content`
}

t.test('what may be uploaded can be downloaded, also where it is more than an answer may hold', async (t) => {
  const portal = await startDocumentPortal(t, {
    env: { COREBOS_MAX_BYTES: '1 MiB', UPLOAD_MAX_BYTES: '3 MiB' },
  })
  const bytes = randomBytes(3 * 2 ** 20)
  const path = await pathOfUpload(t, portal, bytes)
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

t.test('a slow download holds no memory, and no file after its client has gone', async (t) => {
  const portal = await startDocumentPortal(t)
  const bytes = randomBytes(4 * 2 ** 20)
  const path = await pathOfUpload(t, portal, bytes)
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
  const portal = await startDocumentPortal(t, {
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
  t.match(await attachment(), { success: false, code: 'DOWNLOADS_BUSY' }, 'nor at the other interface')

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
  t.equal(again.status, 200, 'a client that leaves before the answer gives its place back')
  await again.arrayBuffer()
  await until('no download is under way', async () => (await onTheirWay(portal)) === 0)
})

t.test('a disk that fails is not taken for coreBOS, and small files need none', async (t) => {
  const portal = await startDocumentPortal(t)
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
  const portal = await startDocumentPortal(t)
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
  const portal = await startDocumentPortal(t)
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
