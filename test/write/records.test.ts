/** Unit tests of creating, changing and deleting records: what is sent, in whose session, and what the caller is told. */
import t, { type Test } from 'tap'
import { CorebosRejection, LostWrite } from '../../src/model/corebos-errors.ts'
import { GatewayError } from '../../src/model/errors.ts'
import {
  createRecord,
  deleteRecord,
  requireWritable,
  updateRecord,
  writtenBefore,
  type NewRecord,
  type Precondition,
} from '../../src/write/records.ts'
import { policyWith } from '../support/policy.ts'
import { rejectionOf } from '../support/rejection.ts'
import { textFile, Writing } from '../support/writing.ts'

const mine = {
  id: '17x1',
  ticket_title: 'a',
  description: 'b',
  ticketstatus: 'Open',
  parent_id: '12x1',
  product_id: '',
  assigned_user_id: '19x5',
}
const ofColleague = { ...mine, id: '17x2', parent_id: '12x2' }
const ofAccount = { ...mine, id: '17x3', parent_id: '11x1' }
const foreign = { ...mine, id: '17x4', parent_id: '12x9' }
const ticket = { ticket_title: 'new' }
const records = [mine, ofColleague, ofAccount, foreign]

/** The built-in policy, under which tickets may be deleted. */
const withDelete = policyWith({ HelpDesk: { delete: {} } })

t.test('a record is created with the values that the policy forces', async (t) => {
  const writing = new Writing()
  const { id, record } = await createRecord({ module: 'HelpDesk', values: ticket }, writing.author)
  t.equal(id, '17x99')
  t.strictSame(writing.sent, [
    'contact: create HelpDesk {"ticket_title":"new","parent_id":"12x1","assigned_user_id":"19x5"}',
  ])
  t.match(record, { id: '17x99', ticket_title: 'new', parent_id: '12x1', description: '' })
  t.strictSame(writing.outdated, [['HelpDesk']])
  t.strictSame(writing.audited, [
    { operation: 'create', module: 'HelpDesk', ids: ['17x99'], rule: 'HelpDesk', outcome: 'ok' },
  ])
})

t.test('the values of a request may be read for the module', async (t) => {
  const writing = new Writing()
  const values = ({ module }: { module: { name: string } }) => ({ ticket_title: module.name })
  await createRecord({ module: 'HelpDesk', values }, writing.author)
  t.match(writing.sent, [/"ticket_title":"HelpDesk"/])
})

const file = await textFile('b.txt')

/** What is not created, under which policy, and the error. */
const notCreated: readonly (readonly [
  what: string,
  wanted: Partial<NewRecord>,
  rule: Readonly<Record<string, unknown>>,
  error: RegExp,
])[] = [
  ['of a module without `create`', { module: 'Project' }, {}, /^NOT_WRITABLE Project/],
  ['of a module that is not there', { module: 'Secrets' }, {}, /^UNKNOWN_MODULE/],
  ['with a field that is not open', { values: { product_id: '14x1' } }, {}, /^FIELD_NOT_WRITABLE/],
  ['with a file, where records have none', { file }, {}, /^FIELD_NOT_WRITABLE a file/],
  [
    'related to others, where coreBOS ignores it',
    { relatedTo: ['17x1'] },
    {},
    /^NOT_WRITABLE HelpDesk cannot/,
  ],
  [
    'with a reference to a record that is not visible',
    { values: { product_id: '14x1' } },
    { fields: ['product_id'], force: { parent_id: '$contact' } },
    /^REFERENCE_OUT_OF_SCOPE/,
  ],
  ['outside of the scope', { values: ticket }, { fields: ['ticket_title'] }, /^NOT_WRITABLE/],
]

t.test('what the policy does not open is not created', async (t) => {
  for (const [what, wanted, create, error] of notCreated) {
    const isBuiltin = Object.keys(create).length === 0
    const writing = new Writing(isBuiltin ? {} : { policy: policyWith({ HelpDesk: { create } }) })
    const asked = { module: 'HelpDesk', values: ticket, ...wanted }
    t.match(await rejectionOf(createRecord(asked, writing.author)), error, what)
    t.strictSame([writing.sent, writing.outdated], [[], []], what)
    t.match(writing.audited, [{ operation: 'create', ids: [], outcome: /^[A-Z_]+$/ }])
  }
})

t.test('a reference to a visible record is written', async (t) => {
  const create = { fields: ['product_id'], force: { parent_id: '$contact' } }
  const product = { id: '14x1', productname: 'p', discontinued: '1' }
  const writing = new Writing({ policy: policyWith({ HelpDesk: { create } }), records: [product] })
  await createRecord({ module: 'HelpDesk', values: { product_id: '14x1' } }, writing.author)
  t.strictSame(writing.sent, ['contact: create HelpDesk {"product_id":"14x1","parent_id":"12x1"}'])
})

t.test('changed values are sent, equal ones are not', async (t) => {
  const writing = new Writing({ records })
  const values = { ticket_title: 'b', ticketstatus: 'Open', parent_id: '12x1' }
  const { id, record } = await updateRecord('17x1', values, writing.author)
  t.strictSame(writing.sent, ['contact: revise 17x1 {"ticket_title":"b"}'])
  t.match({ id, ...record }, { id: '17x1', ticket_title: 'b', description: 'b' })
  t.strictSame(writing.outdated, [['HelpDesk']])
  t.match(writing.audited, [{ operation: 'update', module: 'HelpDesk', ids: ['17x1'], outcome: 'ok' }])
})

t.test('nothing is sent where nothing changes', async (t) => {
  const writing = new Writing({ records })
  const { record } = await updateRecord('17x1', { ticket_title: 'a' }, writing.author)
  t.strictSame(record, mine)
  t.strictSame([writing.sent, writing.outdated], [[], []])
  t.match(writing.audited, [{ rule: 'HelpDesk', outcome: 'unchanged' }])
})

/** Records, and what a change of each is answered. */
const reach = [
  ['17x1', 'accepted'],
  ['17x2', /^NOT_FOUND/],
  ['17x3', /^NOT_WRITABLE this record is read-only/],
  ['17x4', /^NOT_FOUND/],
  ['17x5', /^NOT_FOUND/],
  ['99x1', /^NOT_FOUND/],
  ['x', /^NOT_FOUND/],
] as const

t.test('only records of the contact itself are changed and deleted', async (t) => {
  const writes = {
    update: async (id: string, { author }: Writing) => updateRecord(id, ticket, author),
    delete: async (id: string, { author }: Writing) => deleteRecord(id, author),
    'may be written': async (id: string, { author }: Writing) => requireWritable(id, author),
  }
  for (const [name, write] of Object.entries(writes)) {
    for (const [id, answer] of reach) {
      const writing = new Writing({ records, policy: withDelete })
      t.match(await rejectionOf(write(id, writing)), answer, `${name} ${id}`)
      t.equal(writing.sent.length, answer === 'accepted' && name !== 'may be written' ? 1 : 0)
    }
  }
})

t.test('a change that would take the record out of the scope is not sent', async (t) => {
  const update = { fields: ['ticket_title', 'ticketstatus'], where: "ticketstatus='Open'" }
  const policy = policyWith({ HelpDesk: { update } })
  const writing = new Writing({ records, policy })
  const answer = await rejectionOf(updateRecord('17x1', { ticketstatus: 'Closed' }, writing.author))
  t.match(answer, /^NOT_WRITABLE/)
  t.strictSame(writing.sent, [])
  t.equal(await rejectionOf(updateRecord('17x1', ticket, writing.author)), 'accepted')
})

t.test('a record is deleted, and any cached answer is outdated', async (t) => {
  const writing = new Writing({ records, policy: withDelete })
  await deleteRecord('17x1', writing.author)
  t.strictSame(writing.sent, ['contact: remove 17x1'])
  t.strictSame(writing.outdated, ['all'])
  t.match(writing.audited, [{ operation: 'delete', module: 'HelpDesk', ids: ['17x1'], rule: 'HelpDesk' }])
  const closed = new Writing({ records })
  t.match(await rejectionOf(deleteRecord('17x1', closed.author)), /^NOT_WRITABLE HelpDesk/)
})

t.test('a comment of another contact is not changed', async (t) => {
  const policy = policyWith({ ModComments: { update: { fields: ['commentcontent'] } } })
  const comment = { id: '28x1', commentcontent: 'by the staff', related_to: '17x1', assigned_user_id: '19x5' }
  const writing = new Writing({ records: [mine, comment], policy })
  const answer = await rejectionOf(updateRecord('28x1', { commentcontent: 'x' }, writing.author))
  t.match(answer, /^NOT_WRITABLE this record is read-only/)
})

/** A condition that keeps an account of when it was asked. */
function precondition(steps: string[], failing: readonly number[] = []): Precondition {
  return {
    require: ({ ticket_title: title = '' }) => {
      steps.push(`require ${title}`)
      if (failing.includes(steps.length)) throw new GatewayError('PRECONDITION_FAILED')
    },
    lock: async (work) => {
      steps.push('lock')
      const result = await work()
      steps.push('unlock')
      return result
    },
  }
}

t.test('a condition is checked before the lock and again while it is held', async (t) => {
  const change = async (writing: Writing, condition: Precondition) =>
    updateRecord('17x1', ticket, writing.author, condition)
  const remove = async (writing: Writing, condition: Precondition) =>
    deleteRecord('17x1', writing.author, condition)
  for (const write of [change, remove]) {
    const steps: string[] = []
    const writing = new Writing({ records, policy: withDelete })
    await write(writing, precondition(steps))
    t.strictSame(steps, ['require a', 'lock', 'require a', 'unlock'])
    t.equal(writing.sent.length, 1)
    for (const failing of [1, 3]) {
      const rejected = new Writing({ records, policy: withDelete })
      t.match(await rejectionOf(write(rejected, precondition([], [failing]))), /^PRECONDITION_FAILED/)
      t.strictSame(rejected.sent, [], `failing at step ${failing}`)
    }
  }
})

t.test('a write stands though its record cannot be read again', async (t) => {
  const unreadable = new Writing({ records })
  unreadable.failureAfterwards = new GatewayError('COREBOS_FAILED')
  t.strictSame(await updateRecord('17x1', ticket, unreadable.author), { id: '17x1', record: undefined })
  t.match(unreadable.audited, [{ outcome: 'ok' }])

  const broken = new Writing({ records })
  broken.failureAfterwards = new TypeError('a mistake of the gateway')
  await t.rejects(updateRecord('17x1', ticket, broken.author), TypeError)
  t.match(broken.audited, [{ outcome: 'INTERNAL' }])
})

async function failures(
  t: Test,
  failure: Error,
  error: RegExp,
  outdated: Writing['outdated'],
): Promise<void> {
  const writes = [
    async ({ author }: Writing) => createRecord({ module: 'HelpDesk', values: ticket }, author),
    async ({ author }: Writing) => updateRecord('17x1', ticket, author),
    async ({ author }: Writing) => deleteRecord('17x1', author),
  ]
  for (const write of writes) {
    const writing = new Writing({ records, policy: withDelete })
    writing.failure = failure
    t.match(await rejectionOf(write(writing)), error)
    t.strictSame(writing.outdated, outdated)
    t.match(writing.audited, [{ outcome: error.source.slice(1) }])
  }
}

t.test('a write whose answer is lost outdates what is cached', async (t) => {
  await failures(t, new LostWrite('gone'), /^OUTCOME_UNKNOWN/, ['all'])
})

t.test('what coreBOS rejects is said in the words of the gateway', async (t) => {
  await failures(t, new CorebosRejection('revise', 'ACCESS_DENIED', 'no'), /^NOT_WRITABLE/, [])
})

t.test('a value that coreBOS stores otherwise is told', async (t) => {
  const writing = new Writing({ records })
  writing.storing = (values) => ({ ...values, ticket_title: 'other' })
  await t.rejects(updateRecord('17x1', ticket, writing.author), {
    code: 'STORED_OTHERWISE',
    message: 'The record 17x1 was changed, but coreBOS stored other values in: ticket_title',
  })
  const created = new Writing()
  created.storing = writing.storing
  await t.rejects(createRecord({ module: 'HelpDesk', values: ticket }, created.author), {
    message: 'The record 17x99 was created, but coreBOS stored other values in: ticket_title',
  })
  t.match(created.audited, [{ ids: ['17x99'], storedOtherwise: ['ticket_title'] }])
})

t.test('a repeated request is answered with the record as it is now', async (t) => {
  const { author } = new Writing({ records })
  t.match(await writtenBefore('17x1', author), { id: '17x1', record: { ticket_title: 'a' } })
  t.strictSame(await writtenBefore('17x4', author), { id: '17x4', record: undefined })
  const broken = new Writing({ records })
  await broken.author.changed()
  broken.failureAfterwards = new GatewayError('COREBOS_FAILED')
  t.match(await rejectionOf(writtenBefore('17x1', broken.author)), /^COREBOS_FAILED/)
})

const document = {
  id: '15x1',
  notes_title: 'd',
  notecontent: 'n',
  filename: 'a.txt',
  filelocationtype: 'I',
  filestatus: '1',
  filesize: '1',
  filetype: 'text/plain',
  assigned_user_id: '19x5',
  created_user_id: '19x5',
}

t.test('a document keeps its file when it is changed, or gets a new one', async (t) => {
  const related = { '12x1 → Documents': ['15x1'] }
  const kept =
    '"filelocationtype":"I","filestatus":"1","filename":"a.txt","filesize":"1","filetype":"text/plain"'
  const changed = new Writing({ records: [document], related })
  await updateRecord('15x1', { notes_title: 'e' }, changed.author)
  t.match(changed.sent, [/^service: revise 15x1 /])
  t.ok(changed.sent[0]?.includes(kept) === true && changed.sent[0].includes('"notes_title":"e"'))

  const replaced = new Writing({ records: [document], related })
  await updateRecord('15x1', {}, replaced.author, undefined, file)
  t.match(replaced.sent, [/^service: replaceFile 15x1 .* b\.txt$/])
  t.match(replaced.sent, [/"assigned_user_id":"19x5"/], 'with every value')

  const same = new Writing({ records: [document], related })
  await updateRecord('15x1', { notes_title: 'd' }, same.author)
  t.strictSame(same.sent, [])

  const policy = policyWith({ Documents: { update: { fields: ['notes_title'] } } })
  const closed = new Writing({ records: [document], related, policy })
  await t.rejects(updateRecord('15x1', {}, closed.author, undefined, file), {
    code: 'FIELD_NOT_WRITABLE',
    errors: [{ field: 'file', message: 'a file cannot be written to this record' }],
  })
})

t.test('a document is created with its file, related to the contact', async (t) => {
  const writing = new Writing()
  await createRecord({ module: 'Documents', values: { notes_title: 'b' }, file }, writing.author)
  t.strictSame(writing.sent, [
    'contact: create Documents 12x1 {"notes_title":"b","assigned_user_id":"19x5"} b.txt',
  ])
  const create = { fields: ['notes_title', 'filename'], where: "notes_title like 'p%'" }
  const bounded = new Writing({ policy: policyWith({ Documents: { create } }) })
  const named = async (title: string) =>
    rejectionOf(createRecord({ module: 'Documents', values: { notes_title: title }, file }, bounded.author))
  t.match(await named('b'), /^NOT_WRITABLE/, 'its relations do not replace the conditions of the rule')
  t.equal(await named('photo'), 'accepted')
})
