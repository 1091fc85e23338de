/** Unit tests of relations: which records may be related, in which order they are sent, and what a new one is related to. */
import t from 'tap'
import { GatewayError } from '../../src/model/errors.ts'
import { LostWrite } from '../../src/model/corebos-errors.ts'
import { relating, relationsOf, setRelation } from '../../src/write/relations.ts'
import { policyWith } from '../support/policy.ts'
import { rejectionOf } from '../support/rejection.ts'
import { Writing } from '../support/writing.ts'

const records = [
  { id: '11x1', accountname: 'Acme' },
  { id: '12x1', lastname: 'a', account_id: '11x1' },
  { id: '12x2', lastname: 'b', account_id: '11x1' },
  { id: '12x9', lastname: 'c', account_id: '11x9' },
  { id: '17x1', ticket_title: 'mine', parent_id: '12x1' },
  { id: '17x3', ticket_title: "the account's", parent_id: '11x1' },
  { id: '17x4', ticket_title: 'foreign', parent_id: '12x9' },
  { id: '15x1', notes_title: 'mine' },
  { id: '15x3', notes_title: "the account's" },
  { id: '33x3', projectname: "the account's", linktoaccountscontacts: '11x1' },
  { id: '14x1', productname: 'p', discontinued: '1' },
]
const related = { '12x1 → Documents': ['15x1'], '11x1 → Documents': ['15x3'] }

/** The built-in policy, under which products may be related to documents. */
const withProducts = policyWith({ Documents: { relate: ['HelpDesk', 'Project', 'Products'] } })

t.test('either of two rules may let records be related', (t) => {
  const writing = new Writing({ policy: policyWith({ HelpDesk: { relate: ['Project'] } }) })
  const named = (one: string, other: string) => relating(writing.view(one), writing.view(other))
  t.equal(named('HelpDesk', 'Project'), 'HelpDesk')
  t.equal(named('Project', 'HelpDesk'), 'HelpDesk')
  t.equal(named('HelpDesk', 'Documents'), 'Documents')
  t.equal(named('Documents', 'HelpDesk'), 'Documents')
  t.equal(named('Project', 'Products'), undefined)
  t.end()
})

/** Two records, and what relating them sends or is answered. */
const pairs = [
  ['17x1', '15x1', 'contact: relate 17x1 15x1'],
  ['15x1', '17x1', 'contact: relate 17x1 15x1'],
  ['15x1', '17x3', 'contact: relate 17x3 15x1'],
  ['17x1', '15x3', 'contact: relate 17x1 15x3'],
  ['17x3', '15x3', /^NOT_WRITABLE neither record is this contact's own/],
  ['17x1', '33x3', /^NOT_WRITABLE the policy does not let/],
  ['17x1', '14x1', /^NOT_WRITABLE the policy does not let/],
  ['17x4', '15x1', /^NOT_FOUND/],
  ['17x1', '15x9', /^NOT_FOUND/],
  ['17x9', '15x9', /^NOT_FOUND/],
] as const

t.test('two visible records are related if one of them is the own one', async (t) => {
  for (const [one, other, answer] of pairs) {
    const writing = new Writing({ records, related })
    const outcome = await rejectionOf(setRelation('relate', one, other, writing.author))
    if (typeof answer === 'string') {
      t.strictSame([outcome, writing.sent], ['accepted', [answer]], `${one} ${other}`)
      t.strictSame(writing.outdated, [['HelpDesk', 'Documents']])
    } else {
      t.match(outcome, answer, `${one} ${other}`)
      t.strictSame([writing.sent, writing.outdated], [[], []])
    }
    t.match(writing.audited, [{ operation: 'relate', ids: [one, other] }])
  }
})

t.test('the audit line names the rule, and the module of the first record', async (t) => {
  const writing = new Writing({ records, related })
  await setRelation('unrelate', '15x1', '17x1', writing.author)
  t.strictSame(writing.sent, ['contact: unrelate 17x1 15x1'])
  t.strictSame(writing.audited, [
    { operation: 'unrelate', module: 'Documents', ids: ['15x1', '17x1'], rule: 'Documents', outcome: 'ok' },
  ])
  const refused = new Writing({ records, related })
  await rejectionOf(setRelation('relate', '17x1', '33x3', refused.author))
  t.match(refused.audited, [{ module: 'HelpDesk', rule: undefined, outcome: 'NOT_WRITABLE' }])
})

t.test('a relation whose answer is lost outdates what is cached', async (t) => {
  const writing = new Writing({ records, related })
  writing.failure = new LostWrite('gone')
  t.match(await rejectionOf(setRelation('relate', '17x1', '15x1', writing.author)), /^OUTCOME_UNKNOWN/)
  t.strictSame(writing.outdated, ['all'])
})

/** What a new document is to be related to, and the result. */
const targets = [
  [[], ['12x1']],
  [['17x1'], ['12x1', '17x1']],
  [
    ['17x1', '17x1', '33x3'],
    ['12x1', '17x1', '33x3'],
  ],
  [['12x1'], ['12x1']],
  [['11x1'], ['12x1', '11x1']],
  [['12x2'], /'12x2' is not a record that this one may be related to/],
  [['12x9'], /'12x9' is not a record/],
  [['17x4'], /'17x4' is not a record/],
  [['17x9'], /'17x9' is not a record/],
  [['x'], /'x' is not a record/],
  [['17x1', '17x4'], /'17x4' is not a record/],
  [
    ['14x1'],
    /'14x1' is shared with other contacts, and the policy does not let Documents be related to Products/,
  ],
] as const

t.test('a new document is related to the contact and to what it sees', async (t) => {
  for (const [named, answer] of targets) {
    const { author, view } = standing(new Writing({ records, related }))
    const result = relationsOf(named, view, author)
    if (answer instanceof RegExp) {
      t.match(await rejectionOf(result), answer, named.join())
      await t.rejects(relationsOf(named, view, author), {
        code: 'REFERENCE_OUT_OF_SCOPE',
        errors: [{ field: 'relatedTo', message: answer }],
      })
    } else {
      t.strictSame(
        (await result).map(({ text }) => text),
        answer,
      )
    }
  }
})

function standing(writing: Writing) {
  return { author: writing.author, view: writing.view('Documents') }
}

t.test('it is related to what all contacts see only where the policy says so', async (t) => {
  const { author, view } = standing(new Writing({ records, related, policy: withProducts }))
  t.strictSame(
    (await relationsOf(['14x1'], view, author)).map(({ text }) => text),
    ['12x1', '14x1'],
  )
})

t.test('another account is no target, even if all accounts are visible', async (t) => {
  const policy = policyWith({
    Accounts: { ties: undefined, open: true },
    Documents: { relate: ['HelpDesk', 'Project', 'Accounts'] },
  })
  const accounts = [...records, { id: '11x9', accountname: 'Other' }]
  const { author, view } = standing(new Writing({ records: accounts, related, policy }))
  t.match(await rejectionOf(relationsOf(['11x9'], view, author)), /'11x9' is not a record that this one/)
  t.equal((await relationsOf(['11x1'], view, author)).length, 2)
})

t.test('a contact of the level is no other contact', async (t) => {
  const policy = policyWith({ Documents: { level: 'account' } })
  const { author, view } = standing(new Writing({ records, related, policy }))
  t.match(await rejectionOf(relationsOf(['12x2'], view, author)), /^REFERENCE_OUT_OF_SCOPE/)
  const own = new Writing({ records, related })
  const ownerIds = { contacts: ['12x1', '12x2'], accounts: ['11x1'] }
  const wide = { ...own.author, ownerIds: async () => ownerIds }
  t.strictSame(
    (await relationsOf(['12x2'], own.view('Documents'), wide)).map(({ text }) => text),
    ['12x1', '12x2'],
  )
})

t.test('without a tie to contacts a new document is related to nothing by itself', async (t) => {
  for (const rule of [{ ties: { relation: ['HelpDesk'] } }, { ties: undefined, open: true }]) {
    const policy = policyWith({ Documents: rule })
    const { author, view } = standing(new Writing({ records, related, policy }))
    t.strictSame(await relationsOf([], view, author), [])
  }
})

t.test('other records are related to nothing when they are created', async (t) => {
  const writing = new Writing({ records, related })
  t.strictSame(await relationsOf([], writing.view('HelpDesk'), writing.author), [])
  const rejected = relationsOf(['17x1'], writing.view('HelpDesk'), writing.author)
  t.match(await rejectionOf(rejected), /^NOT_WRITABLE HelpDesk cannot be related/)
})

t.test('a failure of coreBOS is not taken for a record that is not there', async (t) => {
  const { author, view } = standing(new Writing({ records, related }))
  const reader = { ...author.reader, query: async () => Promise.reject(new GatewayError('COREBOS_FAILED')) }
  t.match(await rejectionOf(relationsOf(['17x1'], view, { ...author, reader })), /^COREBOS_FAILED/)
})
