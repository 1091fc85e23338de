/** Who reads which file of a document, and what an answer of coreBOS must be to give one. */
import fc from 'fast-check'
import t from 'tap'
import { readFileAnswer } from '../../../src/corebos/file-answer.ts'
import { SpoolLimit } from '../../../src/corebos/spool.ts'
import { contactAt, modes, type Portal } from '../../support/portal.ts'
import { sample, times } from '../../support/thorough.ts'
import { people, names, startDocumentPortal, rejection } from '../../support/documents.ts'

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

t.test('coreBOS itself lets a contact read the files of others', async (t) => {
  const { corebos } = await startDocumentPortal(t)
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

t.test('the documents of a contact with many tickets do not fill the queue of calls', async (t) => {
  const portal = await startDocumentPortal(t, { env: { COREBOS_QUEUE: '5' } })
  for (let i = 0; i < times(12, 60); i++) {
    const made = await portal.as('alice', 'POST', '/modules/HelpDesk/records', {
      body: { ticket_title: `one of many ${i}`, ticketstatus: 'Open' },
    })
    t.equal(made.status, 201)
  }
  t.equal((await portal.fetch('alice', '/documents/15x8644/content')).status, 200)
  t.equal((await portal.fetch('alice', '/modules/HelpDesk/records?expand=comments&limit=70')).status, 200)
})

t.test('a contact reads the files of the documents that it sees, and no others', async (t) => {
  for (const mode of sample(modes, 2)) {
    const portal = await startDocumentPortal(t, { mode })
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
  const portal = await startDocumentPortal(t, {
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
