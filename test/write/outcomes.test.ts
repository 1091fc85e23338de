/** Unit tests of what a write is answered: rejections of coreBOS, values stored otherwise, the session, and the audit line. */
import t from 'tap'
import type { AuditLine } from '../../src/access/context.ts'
import { CorebosRejection } from '../../src/model/corebos-errors.ts'
import { GatewayError } from '../../src/model/errors.ts'
import type { Row } from '../../src/scope/verify.ts'
import { audited, changePassword } from '../../src/write/audited.ts'
import { translated } from '../../src/write/rejection.ts'
import { rightsOf } from '../../src/write/rights.ts'
import { changedBy, outdate, perform, writtenBy } from '../../src/write/send.ts'
import { requireStored } from '../../src/write/stored.ts'
import { policyWith } from '../support/policy.ts'
import { rejectionOf } from '../support/rejection.ts'
import { standardModules, Writing } from '../support/writing.ts'

t.test('who reads a module writes it, but changes what coreBOS hides by the service user', (t) => {
  const cases = [
    ['contact', 'contact', 'contact'],
    ['service', 'service', 'service'],
    ['service-preferred', 'contact', 'service'],
  ] as const
  for (const [readBy, creates, changes] of cases) {
    const view = new Writing({ policy: policyWith({ HelpDesk: { readBy } }) }).view('HelpDesk')
    t.strictSame([writtenBy(view), changedBy(view)], [creates, changes], readBy)
  }
  t.end()
})

t.test('a failure to invalidate is no failure of the write', async (t) => {
  const { author } = new Writing()
  const failing = (error: Error) => ({ ...author, changed: async () => Promise.reject(error) })
  t.equal(await rejectionOf(outdate(failing(new GatewayError('COREBOS_FAILED')))), 'accepted')
  await t.rejects(outdate(failing(new TypeError('a mistake'))), TypeError)
})

t.test('only a lost answer invalidates, and only rejections are translated', async (t) => {
  const writing = new Writing()
  const view = writing.view('HelpDesk')
  const gone = new GatewayError('COREBOS_UNAVAILABLE')
  await t.rejects(
    perform(view, writing.author, async () => Promise.reject(gone)),
    gone,
  )
  t.strictSame(writing.outdated, [])
  t.equal(await perform(view, writing.author, async () => 'done'), 'done')
})

/** Tickets whose title and state are mandatory. */
const mandatory = standardModules.map((module) =>
  module.name === 'HelpDesk'
    ? {
        ...module,
        fields: new Map(
          [...module.fields].map(([name, field]) => [
            name,
            {
              ...field,
              label: `The ${name}`,
              mandatory: ['ticket_title', 'ticketstatus', 'parent_id'].includes(name),
              editable: name !== 'parent_id',
            },
          ]),
        ),
      }
    : module,
)

/** Reasons and messages of coreBOS, and what the caller reads. */
const rejections: readonly (readonly [string, string, Row, object])[] = [
  ['ACCESS_DENIED', 'no', {}, { code: 'NOT_WRITABLE', errors: [] }],
  ['INTERNAL_ERROR', 'no', {}, { code: 'COREBOS_REFUSED', errors: [] }],
  [
    'MANDATORY_FIELDS_MISSING',
    'Mandatory fields (ticket_title) does not have a value',
    {},
    {
      code: 'VALUES_REFUSED',
      errors: [
        { field: 'ticket_title', message: 'Mandatory fields (ticket_title) does not have a value' },
        { field: 'ticketstatus', message: 'The ticketstatus is required' },
      ],
    },
  ],
  [
    'MANDATORY_FIELDS_MISSING',
    '(ticket_title) does not have a value',
    { ticketstatus: 'Open' },
    { errors: [{ field: 'ticket_title' }] },
  ],
  ['MANDATORY_FIELDS_MISSING', '(secret) does not have a value', {}, { code: 'VALUES_REFUSED', errors: [] }],
  ['MANDATORY_FIELDS_MISSING', '(ticket_title) does not have a value.', {}, { errors: [] }],
  [
    'REFERENCE_INVALID',
    'Invalid reference specified for product_id',
    {},
    { code: 'VALUES_REFUSED', errors: [{ field: 'product_id' }] },
  ],
  ['REFERENCE_INVALID', 'Invalid reference specified for product_id here', {}, { errors: [] }],
  ['REFERENCE_INVALID', 'An Invalid reference specified for product_id', {}, { errors: [] }],
]

t.test('a rejection of coreBOS names the fields that the contact can read', (t) => {
  const view = new Writing({ modules: mandatory }).view('HelpDesk')
  for (const [reason, message, row, expected] of rejections) {
    const cause = new CorebosRejection('create', reason, message)
    const error = translated(cause, view, row)
    t.match({ code: error.code, errors: error.errors ?? [] }, expected, `${reason} ${message}`)
    const wanted = 'errors' in expected && Array.isArray(expected.errors) ? expected.errors.length : 0
    t.equal(error.errors?.length ?? 0, wanted)
    t.ok(error === cause || error.cause === cause, 'the cause is kept for the log')
  }
  t.match(
    translated(
      new CorebosRejection('create', 'MANDATORY_FIELDS_MISSING', '(ticketstatus) does not have a value'),
      view,
    ),
    {
      errors: [{ field: 'ticketstatus' }, { field: 'ticket_title' }],
    },
  )
  t.end()
})

/** What was sent and stored, of which values are forced, and what the caller reads. */
const stored = [
  [{ ticket_title: 'a' }, { ticket_title: 'a' }, [], [], undefined],
  [{ ticket_title: 'a' }, { ticket_title: 'b' }, [], ['ticket_title'], /^coreBOS stored another value/],
  [{ ticket_title: 'a' }, {}, [], ['ticket_title'], /another value/],
  [{ ticket_title: 'a' }, { ticket_title: 'b' }, ['ticket_title'], ['ticket_title'], undefined],
  [
    { ticket_title: 'abc' },
    { ticket_title: 'ab' },
    [],
    ['ticket_title'],
    /has 3 characters; coreBOS stored the first 2/,
  ],
  [{ ticket_title: 'abc' }, { ticket_title: 'xb' }, [], ['ticket_title'], /another value/],
  [{ nothing: 'a' }, {}, [], [], undefined],
] as const

t.test('what coreBOS stores otherwise is noted, and said unless it was forced', (t) => {
  const view = new Writing().view('HelpDesk')
  for (const [values, row, forced, noted, message] of stored) {
    const { author, learnt } = new Writing()
    const notes: Partial<AuditLine>[] = []
    const proposal = { view, values, references: [], forced: new Set<string>(forced), row: {} }
    const check = () => requireStored('changed', '17x1', row, proposal, author, (facts) => notes.push(facts))
    const what = JSON.stringify([values, row])
    if (message === undefined) t.doesNotThrow(check, what)
    else t.throws(check, { code: 'STORED_OTHERWISE', record: '17x1', errors: [{ message }] }, what)
    t.strictSame(notes, noted.length === 0 ? [] : [{ storedOtherwise: noted }], what)
    t.equal(learnt.size, what.includes('"ab"') ? 1 : 0)
  }
  t.doesNotThrow(() => {
    const proposal = {
      view,
      values: { ticket_title: 'a' },
      references: [],
      forced: new Set<string>(),
      row: {},
    }
    requireStored('changed', '17x1', undefined, proposal, new Writing().author, () => t.fail('noted'))
  }, 'a record that cannot be read is not compared')
  t.end()
})

t.test('the length at which a text was cut is learnt, also of forced values', (t) => {
  const { author, learnt } = new Writing()
  const view = new Writing().view('HelpDesk')
  const values = { ticket_title: 'abc def', description: 'same  ' }
  const proposal = { view, values, references: [], forced: new Set(Object.keys(values)), row: {} }
  requireStored(
    'changed',
    '17x1',
    { ticket_title: 'abc', description: 'same' },
    proposal,
    author,
    () => undefined,
  )
  t.strictSame([...learnt], [['HelpDesk.ticket_title', 3]], 'blanks at the end are not a cut')
  t.end()
})

t.test('each write has one audit line, with what became known before it failed', async (t) => {
  const lines: AuditLine[] = []
  const auditor = { audit: (line: AuditLine) => lines.push(line) }
  t.equal(await audited('update', auditor, async () => 'result'), 'result')
  await t.rejects(
    audited('update', auditor, async (note) => {
      note({ ids: ['17x1'] })
      note({ module: 'HelpDesk' })
      throw new GatewayError('NOT_FOUND')
    }),
    { code: 'NOT_FOUND' },
  )
  await t.rejects(
    audited('update', auditor, async () => Promise.reject(new TypeError('a mistake'))),
    TypeError,
  )
  await changePassword('12x1', auditor, async () => undefined)
  const nothing = { module: undefined, ids: [], rule: undefined }
  t.strictSame(lines, [
    { operation: 'update', ...nothing, outcome: 'ok' },
    { operation: 'update', module: 'HelpDesk', ids: ['17x1'], rule: undefined, outcome: 'NOT_FOUND' },
    { operation: 'update', ...nothing, outcome: 'INTERNAL' },
    { operation: 'password', module: 'Contacts', ids: ['12x1'], rule: undefined, outcome: 'ok' },
  ])
})

t.test('the rights of a module are those of its rule', (t) => {
  const writing = new Writing({ policy: policyWith({ HelpDesk: { actions: ['call_back'], delete: {} } }) })
  const rights = (module: string) => rightsOf(writing.view(module), writing.author.visible)
  t.strictSame(rights('HelpDesk'), {
    create: true,
    update: true,
    delete: true,
    comment: true,
    relate: ['Documents'],
    actions: ['call_back'],
  })
  const closed = { create: false, update: false, delete: false, comment: false, relate: [], actions: [] }
  t.strictSame(rights('Products'), closed)
  t.strictSame(rights('Documents'), {
    ...closed,
    create: true,
    update: true,
    relate: ['HelpDesk', 'Project'],
  })
  t.end()
})
