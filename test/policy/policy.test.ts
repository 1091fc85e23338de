/** Unit tests of the compiled policy: whose rule decides, with which ids, and what no rule may open. */
import t from 'tap'
import type { Contact } from '../../src/model/contact.ts'
import { fillIn, Policy, readPolicy } from '../../src/policy/policy.ts'
import type { PolicySource } from '../../src/policy/schema.ts'
import { printCondition } from '../../src/query/canonical.ts'
import { parseCondition } from '../../src/query/parse.ts'
import { person } from '../support/shapes.ts'

const contact = person('account', 'Contacts', '11x1')
const employee: Contact = { ...person('own', 'Employee'), id: '40x1' }

const ticket = { ties: { contact: ['parent_id'] } }
const source: PolicySource = {
  level: 'account',
  modules: {
    HelpDesk: { ...ticket, level: 'own', where: "assigned_user_id = '$user'" },
    Faq: { open: true, readBy: 'service' },
  },
  employees: { HelpDesk: { where: "owner in ('$self', '$user')" }, Assets: {} },
}

t.test('contacts and employees have rules of their own', (t) => {
  const policy = new Policy(source)
  t.strictSame(policy.modulesFor(contact), ['HelpDesk', 'Faq'])
  t.strictSame(policy.modulesFor(employee), ['HelpDesk', 'Assets'])
  t.strictSame(policy.modulesToDescribe(contact), ['HelpDesk', 'Faq', 'Contacts', 'Accounts'])
  t.strictSame(policy.modulesToDescribe(employee), ['HelpDesk', 'Assets'])
  t.strictSame(policy.namedModules, ['HelpDesk', 'Faq', 'Contacts', 'Accounts', 'Assets'])
  t.strictSame(
    policy.rules.map(({ name }) => name),
    ['HelpDesk', 'Faq', 'employees.HelpDesk', 'employees.Assets'],
  )
  t.equal(policy.decide(contact, 'Assets'), undefined)
  t.equal(policy.decide(employee, 'Faq'), undefined)
  const { rule } = policy.decide(employee, 'HelpDesk') ?? {}
  t.equal(rule?.ties, undefined)
  t.equal(rule?.readBy, 'service', 'employees have no session of their own')
  t.end()
})

t.test('a decision holds the ids of the reader and the nearest level', (t) => {
  const policy = new Policy(source)
  const decided = (who: Contact, module: string) => {
    const { level, where } = policy.decide(who, module) ?? {}
    return [level, where && printCondition(where)]
  }
  t.strictSame(decided(contact, 'HelpDesk'), ['own', "assigned_user_id = '19x5'"])
  t.strictSame(decided(contact, 'Faq'), ['account', undefined])
  t.strictSame(decided({ ...contact, level: 'company' }, 'Faq'), ['company', undefined])
  t.strictSame(decided(employee, 'HelpDesk'), ['own', "owner in ('40x1', '19x5')"])
  t.end()
})

t.test('ids stand in the place of their names wherever a condition has a value', (t) => {
  for (const [text, expected] of [
    ["a = '$self'", "a = '12x1'"],
    ["a != '$user'", "a != '19x5'"],
    ["a not in ('$self', 'x', '$user')", "a not in ('12x1', 'x', '19x5')"],
    ["not (a = '$self' or (b = '$user' and c = 1))", "not (a = '12x1' or (b = '19x5' and c = 1))"],
    ["a = '$self' and b like '$self'", "a = '12x1' and b like '$self'"],
    ["a = '$selfish' or b = 'x$self' or c is null", "a = '$selfish' or b = 'x$self' or c is null"],
  ] as const)
    t.equal(printCondition(fillIn(parseCondition(text), contact)), expected, text)
  t.end()
})

t.test('a problem is named by its place, in the section of contacts or of employees', (t) => {
  const rule = { where: 'a =' }
  for (const [section, change] of [
    ['modules', { modules: { HelpDesk: { ...ticket, ...rule } } }],
    ['employees', { employees: { HelpDesk: rule } }],
  ] as const)
    t.throws(() => readPolicy({ level: 'own', modules: {}, ...change }), {
      message: new RegExp(`^/${section}/HelpDesk/where: line 1, column 4`),
    })
  t.equal(new Policy(source).matchUsersBy, 'portalloginuser')
  t.equal(new Policy({ ...source, matchUsersBy: 'email' }).matchUsersBy, 'email')
  t.end()
})

t.test('a rule can be closed, for contacts and employees alone', (t) => {
  const policy = new Policy(source)
  t.equal(policy.without(new Set()), policy)
  const closed = policy.without(new Set(['HelpDesk', 'employees.Assets']))
  t.strictSame(closed.modulesFor(contact), ['Faq'])
  t.strictSame(closed.modulesFor(employee), ['HelpDesk'])
  t.equal(closed.decide(contact, 'HelpDesk'), undefined)
  t.end()
})

t.test('a policy reaches beyond the account where any level of it does', (t) => {
  const rule = (change: object) => ({ modules: { HelpDesk: { ...ticket, ...change } } })
  for (const [change, expected] of [
    [{}, false],
    [{ level: 'own' }, false],
    [{ level: 'company' }, true],
    [{ levelField: 'cf_1' }, true],
    [rule({ level: 'own' }), false],
    [rule({ level: 'company' }), true],
    [rule({ update: { fields: ['a'], level: 'company' } }), true],
    [rule({ create: { fields: ['a'], level: 'company' } }), true],
    [rule({ create: { fields: ['a'], level: 'own' } }), false],
    [rule({ delete: { level: 'company' } }), true],
    [rule({ delete: true }), false],
    [{ modules: { Faq: { open: true }, HelpDesk: { ...ticket, level: 'company' } } }, true],
  ] as const) {
    const policy = readPolicy({ level: 'account', modules: { HelpDesk: ticket }, ...change })
    t.equal(policy.reachesBeyondAccount, expected, JSON.stringify(change))
  }
  t.end()
})

t.test('a rule is what its source says, and nothing where the source is silent', (t) => {
  const compiled = (rule: object) => {
    const policy = readPolicy({ level: 'own', modules: { HelpDesk: { ...ticket, ...rule } } })
    const { rule: found } = policy.decide(contact, 'HelpDesk') ?? {}
    if (found === undefined) throw new Error('the rule is open')
    return found
  }
  const silent = compiled({})
  t.strictSame(silent.ties, { contact: ['parent_id'], account: [], through: [], relation: [] })
  for (const name of [
    'level',
    'where',
    'readBy',
    'only',
    'create',
    'update',
    'delete',
    'actor',
    'sign',
  ] as const)
    t.equal(silent[name], undefined, name)
  t.strictSame([silent.relate.size, silent.actions.size, silent.isPrintable], [0, 0, true])
  t.ok(Object.isFrozen(silent))
  t.equal(compiled({ hide: ['a'] }).isPrintable, false, 'a PDF could show what is hidden')
  t.equal(compiled({ only: ['a'] }).isPrintable, false)
  t.strictSame([...(compiled({ only: ['a'] }).only ?? [])], ['a'])
  t.equal(compiled({ delete: false }).delete, undefined)
  t.strictSame(compiled({ delete: true }).delete, { level: undefined, where: undefined })
  const { create } = compiled({
    create: { fields: ['a'], force: { b: 'c' }, level: 'own', where: "a = '$self'" },
  })
  t.strictSame([create?.level, [...(create?.fields ?? [])], create?.force], ['own', ['a'], { b: 'c' }])
  t.equal(create?.where && printCondition(create.where), "a = '$self'")
  t.end()
})

t.test('no rule opens a field that says who a contact is or who wrote a record', (t) => {
  const rejected = (module: string, rule: object, more: object = {}) => {
    try {
      readPolicy({ level: 'account', modules: { [module]: { open: true, ...rule } }, ...more })
      return 'accepted'
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  const everywhere = [
    ...['id', 'assigned_user_id', 'created_user_id', 'creator', 'modifiedby', 'createdtime', 'modifiedtime'],
    ...['isconvertedfromlead', 'convertedfromlead', 'from_portal', 'from_mailscanner', 'update_log'],
    'commentadded',
  ]
  const access = ['portal', 'support_start_date', 'support_end_date', 'portalpasswordtype', 'portalloginuser']
  for (const [module, fields] of [
    ['HelpDesk', everywhere],
    ['Contacts', [...everywhere, ...access, 'email', 'account_id']],
    ['Accounts', ['account_id']],
    ['cbEmployee', [...access, 'work_email']],
  ] as const)
    for (const field of fields)
      for (const writing of ['create', 'update'])
        t.equal(
          rejected(module, { show: [field], [writing]: { fields: ['a', field] } }),
          `/modules/${module}/${writing}/fields: '${field}' cannot be opened; use 'force' to set it`,
        )
  for (const [module, rule, more, problem] of [
    ['HelpDesk', { update: { fields: ['email', 'account_id', 'portal'] } }, {}, /^accepted$/],
    ['Contacts', { update: { fields: ['cf_1'] } }, { levelField: 'cf_1' }, /'cf_1' cannot be opened/],
    ['Contacts', { update: { fields: ['cf_1'] } }, {}, /^accepted$/],
    ['HelpDesk', { update: { fields: ['cf_1'] } }, { levelField: 'cf_1' }, /^accepted$/],
    ['HelpDesk', { actor: 'a', create: { fields: ['a'] } }, {}, /'a' cannot be opened/],
    ['HelpDesk', { actor: 'a', create: { fields: ['b'] } }, {}, /^accepted$/],
    ['HelpDesk', { hide: ['a'], create: { fields: ['a'] } }, {}, /'a' is hidden, so it cannot be written/],
    ['HelpDesk', { sign: 'a', create: { fields: ['b'] } }, {}, /\/sign: 'a' is not one of the fields/],
    ['HelpDesk', { sign: 'a', update: { fields: ['a'] } }, {}, /^accepted$/],
    ['HelpDesk', { open: false }, {}, /./],
    ['HelpDesk', ticket, {}, /either 'ties' or 'open'/],
    ['HelpDesk', { where: "a = '$slef'" }, {}, /\/where: unknown name '\$slef'/],
    ['HelpDesk', { where: "not (b = 1 or a in ('x', '$slef'))" }, {}, /unknown name '\$slef'/],
    ['HelpDesk', { delete: { where: 'a =' } }, {}, /\/delete\/where: line 1, column 4/],
    ['HelpDesk', { where: "a = '$1' and b = '$'" }, {}, /^accepted$/],
    ['HelpDesk', { where: "a = 'x$slef' and b = '$slef 2'" }, {}, /^accepted$/],
  ] as const)
    t.match(rejected(module, rule, more), problem, JSON.stringify({ [module]: rule }))
  for (const field of ['filelocationtype', 'filesize', 'filetype', 'filedownloadcount']) {
    const lost = new RegExp(`/update: '${field}' cannot be written, coreBOS would lose the file`)
    t.match(rejected('Documents', { show: [field], update: { fields: [field] } }), lost)
    t.match(rejected('Documents', { update: { fields: ['a'], force: { [field]: '1' } } }), lost)
    t.equal(rejected('HelpDesk', { update: { fields: [field] } }), 'accepted')
    t.equal(rejected('Documents', { create: { fields: ['a'], force: { [field]: '1' } } }), 'accepted')
  }
  t.end()
})
