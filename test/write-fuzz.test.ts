import fc from 'fast-check'
import t from 'tap'
import { startPortal, type Answer, type Portal, type Sent } from './portal.ts'

/** What is alice's: herself, her tickets, a project and a document. */
const mine = new Set([8549, 8625, 8626, 8627, 8636, 8644])

const cases = 2_000
const atOnce = 16

const ids = [
  '12x8549',
  '12x8550',
  '12x8551',
  '11x8546',
  '11x8547',
  '17x8625',
  '17x8645',
  '17x8665',
  '7x8628',
  '33x8636',
  '15x8644',
  '15x8664',
  '14x8558',
  '3x8561',
  '19x1',
  '19x7',
  '17x99999',
  '12x0',
  '9x1',
]
const modules = [
  'HelpDesk',
  'HelpDesk',
  'HelpDesk',
  'Documents',
  'ModComments',
  'Contacts',
  'Invoice',
  'Users',
  'helpdesk',
  'Nothing',
]
const fields = [
  'ticket_title',
  'ticketstatus',
  'ticketpriorities',
  'description',
  'parent_id',
  'assigned_user_id',
  'from_portal',
  'product_id',
  'notes_title',
  'notecontent',
  'filename',
  'filelocationtype',
  'commentcontent',
  'related_to',
  'creator',
  'lastname',
  'phone',
  'email',
  'account_id',
  'portal',
  'portalloginuser',
  'support_end_date',
  'id',
  'relations',
  'constructor',
  'toString',
  'hasOwnProperty',
  '__proto__',
  '',
]

const value = fc.oneof(
  fc.constantFrom(
    ...ids,
    'Open',
    'Closed',
    'High',
    'on fire',
    '0',
    '1',
    '',
    'E',
    'I',
    '2026-02-30',
    '1e9',
    '$contact',
    '$account',
  ),
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('a\0b', '\ud800', 'x'.repeat(70_000), "'; drop table x; --", '%', '\\', '<script>'),
)
const ticketFields = [
  'ticket_title',
  'ticketstatus',
  'ticketpriorities',
  'parent_id',
  'assigned_user_id',
  'product_id',
]
const element = fc.oneof(
  { weight: 6, arbitrary: fc.dictionary(fc.constantFrom(...ticketFields), value, { maxKeys: 3 }) },
  { weight: 6, arbitrary: fc.dictionary(fc.constantFrom(...fields), value, { maxKeys: 5 }) },
  {
    weight: 9,
    arbitrary: fc.record(
      { ticket_title: value, ticketstatus: fc.constantFrom('Open', 'Closed'), description: value },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: fc.dictionary(fc.string({ maxLength: 10 }), fc.jsonValue(), { maxKeys: 3 }) },
  { weight: 1, arbitrary: fc.jsonValue() },
)
const comment = fc.oneof(
  fc.record({ text: value }),
  fc.record({ text: value, author: value }),
  fc.jsonValue(),
)
const id = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...ids) },
  {
    weight: 1,
    arbitrary: fc
      .string({ minLength: 1, maxLength: 10 })
      .map((text) => encodeURIComponent(text.toWellFormed())),
  },
)
const header = fc.oneof(
  { weight: 3, arbitrary: fc.uuid() },
  {
    weight: 1,
    arbitrary: fc.string({ unit: fc.constantFrom('a', '"', '*', ',', 'W/', '-', '~', ' '), maxLength: 9 }),
  },
)

interface Case extends Sent {
  readonly method: string
  readonly path: string
}

const request: fc.Arbitrary<Case> = fc.oneof(
  fc.record({
    method: fc.constant('POST'),
    path: fc.constantFrom(...modules).map((module) => `/records/${module}`),
    body: element,
    headers: fc.record({ 'idempotency-key': header }, { requiredKeys: [] }),
  }),
  fc.record({
    method: fc.constant('PATCH'),
    path: id.map((each) => `/records/${each}`),
    body: element,
    headers: fc.record({ 'if-match': header, 'if-none-match': header }, { requiredKeys: [] }),
  }),
  fc.record({
    method: fc.constant('POST'),
    path: id.map((each) => `/records/${each}/comments`),
    body: comment,
    headers: fc.record({ 'idempotency-key': header }, { requiredKeys: [] }),
  }),
  fc.record({
    method: fc.constantFrom('PUT', 'DELETE'),
    path: fc.tuple(id, id).map(([one, other]) => `/records/${one}/related/${other}`),
  }),
  fc.record({ method: fc.constant('DELETE'), path: id.map((each) => `/records/${each}`) }),
)

/** What there was before, without what is alice's to change. */
function others({ corebos: { database } }: Portal, last: number): string {
  return JSON.stringify([
    [...database.modules.keys()].map((name) =>
      database
        .allRecords(name)
        .filter(({ number }) => number <= last && !mine.has(number))
        .map(({ number, values, deleted }) => [number, [...values], deleted]),
    ),
    database.portalAccess,
    [...database.settings],
  ])
}

t.test(`${cases} writes of any kind: no failure, and nothing of others is touched`, async (t) => {
  const portal = await startPortal(t, { env: { LOG_LEVEL: 'silent' } })
  const { database } = portal.corebos
  const last = database.lastNumber
  const before = others(portal, last)
  const outcomes = new Map<string, number>()
  const failed: string[] = []
  const seed = Date.now()
  t.comment(`seed ${seed}`)

  async function put(each: Case): Promise<Answer> {
    const { method, path, body, headers } = each
    return portal.as('alice', method, path, {
      ...(body !== undefined && { body }),
      ...(headers !== undefined && { headers }),
    })
  }
  const waiting = fc.sample(request, { numRuns: cases, seed })
  await portal.as('alice', 'GET', '/modules')
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let each = waiting.pop(); each !== undefined; each = waiting.pop()) {
        const { status, body } = await put(each)
        const outcome = `${status} ${body.code ?? ''}`
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
        if (status >= 500 || (status >= 400 && body.code === undefined))
          failed.push(`${outcome}: ${JSON.stringify(each).slice(0, 500)}`)
      }
    }),
  )
  t.comment([...outcomes].map(([outcome, times]) => `${outcome}: ${times}`).join(', '))
  t.same(failed.slice(0, 5), [])
  t.ok(others(portal, last) === before, 'nothing of others is touched')

  const made = [...database.modules.keys()].flatMap((name) =>
    database.allRecords(name).filter(({ number }) => number > last),
  )
  t.ok(made.length > 10, `${made.length} records were made`)
  for (const { module, values } of made) {
    if (module === 'HelpDesk') t.equal(values.get('parent_id'), '8549')
    if (module === 'ModComments') t.equal(values.get('related_to'), '8636')
    t.ok(['HelpDesk', 'Documents', 'ModComments'].includes(module))
  }
})
