/** Unit tests of comments: on which records, by whom, in which form and in whose session. */
import t from 'tap'
import type { PolicySource } from '../../src/policy/schema.ts'
import { readSignature } from '../../src/scope/signature.ts'
import { comment, isCommentable } from '../../src/write/comments.ts'
import { policyWith } from '../support/policy.ts'
import { rejectionOf } from '../support/rejection.ts'
import { person } from '../support/shapes.ts'
import { Writing, type WritingParts } from '../support/writing.ts'

const records = [
  { id: '17x1', ticket_title: 'mine', parent_id: '12x1' },
  { id: '17x4', ticket_title: 'foreign', parent_id: '12x9' },
  { id: '33x1', projectname: 'mine', linktoaccountscontacts: '12x1' },
  { id: '3x1', question: '?', faqstatus: 'Published' },
  { id: '14x1', productname: 'p', discontinued: '1' },
]

/** The built-in policy, under which comments may be written on FAQs. */
const withFaq = policyWith({
  ModComments: {
    ties: { through: ['HelpDesk', 'Project', 'Faq'].map((module) => ({ field: 'related_to', module })) },
  },
})

/** A rule under which the text of a comment cannot be read. */
const unreadable = {
  only: ['related_to'],
  create: { fields: ['related_to'] },
  sign: undefined,
}

const employees = {
  HelpDesk: {},
  Project: {},
  Faq: {},
  ModComments: { sign: 'commentcontent', create: { fields: ['commentcontent'] } },
}
const employee = person('account', 'Employee')

t.test('comments are written where the policy has a way to them, and opens `create`', (t) => {
  const cases: readonly (readonly [WritingParts, string, boolean])[] = [
    [{}, 'HelpDesk', true],
    [{}, 'Project', true],
    [{}, 'Faq', false],
    [{}, 'Products', false],
    [{ policy: withFaq }, 'Faq', true],
    [{ policy: policyWith({ ModComments: { create: undefined, sign: undefined } }) }, 'HelpDesk', false],
    [{ policy: policyWith({ ModComments: unreadable }) }, 'HelpDesk', false],
  ]
  for (const [parts, module, expected] of cases)
    t.equal(isCommentable(module, new Writing(parts).author.visible), expected, module)
  t.end()
})

t.test('employees comment on what their comments can belong to', (t) => {
  const { visible } = new Writing({ contact: employee, policy: policyWith({}, { employees }) }).author
  for (const [module, expected] of [
    ['HelpDesk', true],
    ['Faq', true],
    ['Project', true],
    ['Products', false],
    ['Contacts', false],
  ] as const)
    t.equal(isCommentable(module, visible), expected, module)
  const closedTo: readonly (readonly [NonNullable<PolicySource['employees']>, string])[] = [
    [{ HelpDesk: {} }, 'HelpDesk'],
    [{ ...employees, ModComments: { ...employees.ModComments, only: ['commentcontent'] } }, 'Project'],
  ]
  for (const [rules, module] of closedTo) {
    const closed = new Writing({ contact: employee, policy: policyWith({}, { employees: rules }) })
    t.equal(isCommentable(module, closed.author.visible), false)
  }
  t.end()
})

t.test('a comment on a ticket is kept with the ticket, in the name of the contact', async (t) => {
  const writing = new Writing({ records })
  t.strictSame(await comment('17x1', 'hello', writing.author), { time: '2026-01-01 00:00:00' })
  t.strictSame(writing.sent, ['contact: addComment 17x1 by 12x1: hello'])
  t.strictSame(writing.outdated, [['ModComments', 'HelpDesk']])
  t.strictSame(writing.audited, [
    { operation: 'comment', module: 'HelpDesk', ids: ['17x1'], rule: 'ModComments', outcome: 'ok' },
  ])
})

t.test('a comment on a FAQ has no author in coreBOS, so it is signed', async (t) => {
  const writing = new Writing({ records, policy: withFaq })
  await comment('3x1', 'hello', writing.author)
  const [sent = ''] = writing.sent
  t.match(sent, /^service: addComment 3x1 by 12x1: hello/)
  t.strictSame(readSignature(sent.slice(sent.indexOf('hello'))), { text: 'hello', contact: '12x1' })
  const unsigned = new Writing({
    records,
    policy: policyWith({ ModComments: { ...withFaq.modules['ModComments'], sign: undefined } }),
  })
  await comment('3x1', 'hello', unsigned.author)
  t.strictSame(unsigned.sent, ['service: addComment 3x1 by 12x1: hello'])
})

t.test('a comment on another record is a record of its own', async (t) => {
  const writing = new Writing({ records })
  const written = await comment('33x1', 'hello', writing.author)
  t.match(written, { id: '28x99' })
  const [sent = ''] = writing.sent
  t.match(sent, /^contact: create ModComments \{"commentcontent":"hello\\n\\n\(contact 12x1, /)
  t.match(sent, /"related_to":"33x1","assigned_user_id":"19x5"\}$/)
  t.match(writing.audited, [
    {
      operation: 'comment',
      module: 'ModComments',
      ids: ['33x1', '28x99'],
      rule: 'ModComments',
      outcome: 'ok',
    },
  ])
})

t.test('a comment of an employee is not signed, and names no contact', async (t) => {
  const writing = new Writing({ contact: employee, policy: policyWith({}, { employees }), records })
  await comment('17x1', 'hello', writing.author)
  await comment('3x1', 'hello', writing.author)
  t.strictSame(writing.sent, [
    'service: addComment 17x1 by nobody: hello',
    'service: addComment 3x1 by nobody: hello',
  ])
})

t.test('what cannot be a comment is rejected before anything is sent', async (t) => {
  const long = 'x'.repeat(65_536)
  for (const [id, text, error] of [
    ['17x1', '', /^INVALID_VALUE a comment must be a non-empty text/],
    ['17x1', ' \n\t', /^INVALID_VALUE a comment must be/],
    ['17x1', long, /^INVALID_VALUE/],
    ['17x4', 'hello', /^NOT_FOUND/],
    ['17x9', 'hello', /^NOT_FOUND/],
    ['14x1', 'hello', /^NOT_WRITABLE comments cannot be written on Products/],
    ['3x1', 'hello', /^NOT_WRITABLE comments cannot be written on Faq/],
  ] as const) {
    const writing = new Writing({ records })
    t.match(await rejectionOf(comment(id, text, writing.author)), error, `${id} ${text.slice(0, 9)}`)
    t.strictSame(writing.sent, [])
    t.match(writing.audited, [{ operation: 'comment', ids: [id] }])
  }
  await t.rejects(comment('17x1', long, new Writing({ records }).author), { errors: [{ field: 'text' }] })
})

t.test('the signature of a comment counts to its length', async (t) => {
  const text = 'x'.repeat(65_530)
  const ticket = new Writing({ records, policy: withFaq })
  await comment('17x1', text, ticket.author)
  t.equal(ticket.sent.length, 1)
  const faq = new Writing({ records, policy: withFaq })
  t.match(await rejectionOf(comment('3x1', text, faq.author)), /^INVALID_VALUE/)
})

t.test('a rule without `create`, or without the text, lets nobody comment', async (t) => {
  for (const change of [{ create: undefined, sign: undefined }, unreadable]) {
    const writing = new Writing({ records, policy: policyWith({ ModComments: change }) })
    t.match(await rejectionOf(comment('17x1', 'hello', writing.author)), /^NOT_WRITABLE/)
    t.strictSame(writing.sent, [])
  }
})
