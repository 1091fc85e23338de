/** Unit tests of business actions: those that the policy lists and coreBOS offers, and how one is run. */
import t from 'tap'
import { LostWrite } from '../../src/model/corebos-errors.ts'
import { actionsOn, runAction, runnable } from '../../src/write/actions.ts'
import { policyWith } from '../support/policy.ts'
import { rejectionOf } from '../support/rejection.ts'
import { Writing, type WritingParts } from '../support/writing.ts'

const records = [
  { id: '17x1', ticket_title: 'mine', parent_id: '12x1' },
  { id: '17x4', ticket_title: 'foreign', parent_id: '12x9' },
  { id: '3x1', question: '?', faqstatus: 'Published' },
]
const block = { name: 'call_back', properties: { linkid: '7', linkurl: 'block://CallBack' } }
const link = { name: 'open_page', properties: { linkid: '8', linkurl: 'index.php?action=x' } }
const hidden = { name: 'hidden', properties: { linkid: '9', linkurl: 'block://Hidden' } }
const listed = { actions: ['call_back', 'open_page', 'not_there'] }
const parts: WritingParts = {
  records,
  actions: [block, link, hidden],
  policy: policyWith({ HelpDesk: listed, Faq: listed }),
}

t.test('an action is offered if the policy lists it and coreBOS shows it', async (t) => {
  t.strictSame(await actionsOn('17x1', new Writing(parts).author), [block, link])
  t.strictSame(await actionsOn('17x1', new Writing({ ...parts, actions: [] }).author), [])
  const { author } = new Writing({ records, actions: [block] })
  const reader = { ...author.reader, actions: async () => Promise.reject(new Error('not asked')) }
  t.strictSame(await actionsOn('17x1', { ...author, reader }), [], 'coreBOS is not asked in vain')
  t.match(await rejectionOf(actionsOn('17x4', new Writing(parts).author)), /^NOT_FOUND/)
})

t.test('coreBOS runs blocks alone without its own pages', (t) => {
  const cases: readonly (readonly [Readonly<Record<string, string | boolean>>, string | undefined])[] = [
    [block.properties, '7'],
    [link.properties, undefined],
    [{ linkid: '7', linkurl: 'xblock://CallBack' }, undefined],
    [{ linkid: '7', linkurl: true }, undefined],
    [{ linkid: '7' }, undefined],
    [{ linkid: false, linkurl: 'block://CallBack' }, undefined],
    [{ linkurl: 'block://CallBack' }, undefined],
  ]
  for (const [properties, number] of cases)
    t.equal(runnable({ name: 'x', properties }), number, JSON.stringify(properties))
  t.end()
})

t.test('an action is run on the record, and any cached answer is outdated', async (t) => {
  const writing = new Writing(parts)
  t.equal(await runAction('17x1', 'call_back', writing.author), 'done')
  t.strictSame(writing.sent, ['contact: act 7 17x1'])
  t.strictSame(writing.outdated, ['all'])
  t.strictSame(writing.audited, [
    {
      operation: 'action',
      module: 'HelpDesk',
      ids: ['17x1'],
      rule: 'HelpDesk',
      outcome: 'ok',
      action: 'call_back',
    },
  ])
  const faq = new Writing(parts)
  await runAction('3x1', 'call_back', faq.author)
  t.strictSame(faq.sent, ['service: act 7 3x1'], 'in the session that may read the record')
})

t.test('what is not offered, or not visible, is not there', async (t) => {
  for (const [id, name, error] of [
    ['17x1', 'hidden', /^NOT_FOUND/],
    ['17x1', 'not_there', /^NOT_FOUND/],
    ['17x1', 'open_page', /^ACTION_NOT_RUNNABLE/],
    ['17x4', 'call_back', /^NOT_FOUND/],
    ['17x9', 'call_back', /^NOT_FOUND/],
  ] as const) {
    const writing = new Writing(parts)
    t.match(await rejectionOf(runAction(id, name, writing.author)), error, `${id} ${name}`)
    t.strictSame([writing.sent, writing.outdated], [[], []])
    t.match(writing.audited, [{ operation: 'action', action: name, ids: [id] }])
  }
})

t.test('an action whose answer is lost outdates what is cached', async (t) => {
  const writing = new Writing(parts)
  writing.failure = new LostWrite('gone')
  t.match(await rejectionOf(runAction('17x1', 'call_back', writing.author)), /^OUTCOME_UNKNOWN/)
  t.strictSame(writing.outdated, ['all'])
})
