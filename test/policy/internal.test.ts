/** Unit tests of the fields that are hidden from customers unless a policy names them. */
import t from 'tap'
import { builtinPolicy } from '../../src/policy/builtin.ts'
import { internalFields, internalModules, looksInternal } from '../../src/policy/internal.ts'
import { readPolicy } from '../../src/policy/policy.ts'
import { person } from '../support/shapes.ts'

/** The hidden fields of a module in a policy with this rule alone. */
function hidden(module: string, rule: object, section: 'modules' | 'employees' = 'modules'): Set<string> {
  const policy = readPolicy({ level: 'account', modules: {}, [section]: { [module]: rule } })
  const entity = section === 'modules' ? 'Contacts' : 'Employee'
  return new Set(policy.decide(person('account', entity), module)?.rule.hide)
}

t.test('every rule for contacts hides the internal fields of its module', (t) => {
  for (const module of internalModules) {
    t.ok(internalFields(module).length > 2, module)
    for (const field of internalFields(module))
      t.ok(hidden(module, { open: true }).has(field), `${module}.${field}`)
  }
  t.ok(hidden('cbCustom', { open: true }).has('convertedfromlead'), 'of an unknown module as well')
  t.strictSame([...internalFields('toString')], [...internalFields('cbCustom')])
  t.end()
})

t.test('a rule shows the internal fields that it names', (t) => {
  for (const [rule, field, isHidden] of [
    [{ show: ['cost_price'] }, 'cost_price', false],
    [{ show: ['cost_price'] }, 'qtyinstock', true],
    [{ only: ['productname', 'qtyinstock'] }, 'qtyinstock', false],
    [{ hide: ['productcode'], show: ['cost_price'] }, 'productcode', true],
  ] as const)
    t.equal(hidden('Products', { open: true, ...rule }).has(field), isHidden, JSON.stringify(rule))
  t.equal(hidden('Products', {}, 'employees').size, 0, 'employees are no customers')
  t.end()
})

t.test('a rule that contradicts itself about an internal field is rejected', (t) => {
  for (const [rule, problem] of [
    [
      { show: ['cost_price'], hide: ['cost_price'] },
      "/modules/Products/show: 'cost_price' is hidden by the same rule",
    ],
    [{ update: { fields: ['cost_price'] } }, "/modules/Products/update/fields: 'cost_price' is hidden"],
  ] as const)
    t.throws(() => hidden('Products', { open: true, ...rule }), { message: new RegExp(problem) })
  t.doesNotThrow(() =>
    hidden('Products', { open: true, show: ['cost_price'], update: { fields: ['cost_price'] } }),
  )
  t.end()
})

t.test('the built-in policy shows none of them', (t) => {
  const shown = Object.values(builtinPolicy.modules).flatMap(({ show = [], only = [] }) => [...show, ...only])
  t.strictSame(shown, [])
  t.end()
})

t.test('labels of other fields that may be internal are recognised', (t) => {
  for (const label of ['Cost Price', 'Our margin', 'Stock Level', 'Vendor Name', 'Internal note', 'BCC'])
    t.ok(looksInternal(label), label)
  for (const label of ['Title', 'Total', 'Unit Price', 'Costume', 'Stockholm office', 'International'])
    t.notOk(looksInternal(label), label)
  t.end()
})
