/** Unit tests of conditions whose look-ups have found their ids, and of what a contact may know of look-ups. */
import t from 'tap'
import { limits } from '../../src/model/limits.ts'
import { printCondition } from '../../src/query/canonical.ts'
import * as tree from '../../src/query/tree.ts'
import type { Lookup, Relation } from '../../src/query/tree.ts'
import { resolveCondition, unresolvedIn } from '../../src/scope/resolve.ts'
import { isShown, ruleLabel, scopeLabel } from '../../src/scope/rule-condition.ts'
import { Policy } from '../../src/policy/policy.ts'
import { VisibleModules } from '../../src/scope/view.ts'
import { moduleOf, modulesOf, person } from '../support/shapes.ts'

const query = tree.select('Accounts', ['id'], undefined, { limit: { offset: 0, count: 10 } })
const lookup = tree.lookup({ field: 'parent_id', query, label: scopeLabel })
const negated = tree.lookup({ field: 'parent_id', query, label: ruleLabel, negated: true })
const relation = tree.relation({
  parentModule: 'Accounts',
  parents: ['11x1'],
  module: 'HelpDesk',
  label: scopeLabel,
})

function resolved(condition: Lookup | Relation, ids: readonly string[]) {
  return resolveCondition(condition, new Map([[condition, ids]]))
}

t.test('a look-up becomes the ids that it has found', (t) => {
  t.match(resolved(lookup, ['11x1', '11x2']), { kind: 'tie', field: 'parent_id', ids: ['11x1', '11x2'] })
  t.match(resolved(relation, ['17x1']), { kind: 'tie', field: 'id', ids: ['17x1'] })
  t.end()
})

t.test('a look-up that finds nothing holds for no record', (t) => {
  t.match(resolved(lookup, []), { kind: 'constant', holds: false })
  t.match(resolved(relation, []), { kind: 'constant', holds: false })
  t.end()
})

t.test('a negated look-up excludes each id, and an empty reference', (t) => {
  t.equal(printCondition(resolved(negated, ['11x1', '11x2'])), "parent_id not in ('11x1', '11x2')")
  t.equal(printCondition(resolved(negated, [])), 'parent_id is not null')
  t.end()
})

t.test('no more ids are excluded than a statement may have conditions', (t) => {
  const ids = (count: number) => Array.from({ length: count }, (_, n) => `11x${n}`)
  t.doesNotThrow(() => resolved(negated, ids(limits.conditions)))
  t.throws(() => resolved(negated, ids(limits.conditions + 1)), { code: 'QUERY_TOO_LARGE' })
  t.end()
})

t.test('a look-up without a result is an error, and each is looked up once', (t) => {
  t.throws(() => resolveCondition(lookup, new Map()), /not resolved/)
  const twice = tree.and(tree.or(lookup, relation), tree.or(lookup, negated))
  t.same(new Set(unresolvedIn(twice)), new Set([lookup, relation, negated]))
  t.equal(unresolvedIn(twice).length, 3)
  t.end()
})

t.test('a contact knows of a look-up by a field that it can read, unless the policy made it', (t) => {
  const shape = moduleOf('HelpDesk', '17', 'title', 'parent_id:>Accounts', 'secret:>Accounts')
  const policy = new Policy({
    level: 'account',
    modules: { HelpDesk: { ties: { account: ['parent_id'] }, hide: ['secret'] } },
  })
  const view = new VisibleModules(
    person('account', 'Contacts', '11x2'),
    policy,
    modulesOf([shape]),
    true,
  ).require('HelpDesk')
  for (const [field, label, expected] of [
    ['parent_id', scopeLabel, true],
    ['secret', scopeLabel, false],
    ['parent_id', ruleLabel, false],
    ['secret', 'asked', true],
  ] as const)
    t.equal(isShown(tree.lookup({ field, query, label }), view), expected, `${field} by ${label}`)
  t.equal(isShown(relation, view), true, 'by the id')
  t.end()
})
