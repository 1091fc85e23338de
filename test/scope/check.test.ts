/** Unit tests of the check of conditions: what becomes of each kind of comparison, and what is rejected. */
import t, { type Test } from 'tap'
import type { ModuleShape } from '../../src/model/module.ts'
import { builtinPolicy } from '../../src/policy/builtin.ts'
import { Policy } from '../../src/policy/policy.ts'
import { printCondition } from '../../src/query/canonical.ts'
import { parseQuery } from '../../src/query/parse.ts'
import { checkCondition, checkPath } from '../../src/scope/check.ts'
import { VisibleModules } from '../../src/scope/view.ts'
import * as tree from '../../src/query/tree.ts'
import type { Condition, Query } from '../../src/query/tree.ts'
import { rejection } from '../support/rejection.ts'
import { field, moduleOf, modulesOf, person } from '../support/shapes.ts'

/** The same with `total`, whose column holds numbers and no texts. */
function withColumnOfNumbers(module: ModuleShape): ModuleShape {
  const [name, total] = field('total:integer')
  return { ...module, fields: new Map([...module.fields, [name, { ...total, uitype: '7' }]]) }
}

const modules = modulesOf([
  moduleOf('Accounts', '11', 'accountname'),
  moduleOf('Contacts', '12', 'lastname', 'account_id:>Accounts'),
  moduleOf('Potentials', '13', 'potentialname', 'related_to:>Contacts,Accounts'),
  moduleOf('Documents', '15', 'notes_title'),
  moduleOf('Users', '19', 'user_name'),
  moduleOf('Groups', '20', 'groupname'),
  withColumnOfNumbers(
    moduleOf(
      'HelpDesk',
      '17',
      'ticket_title',
      'parent_id:>Contacts,Accounts',
      'assigned_user_id:owner',
      'hours:double',
      'days:integer',
      'createdtime:datetime',
      'duedate:date',
      'starttime:time',
      'cf_done:boolean',
    ),
  ),
])

function visible(hasServiceUser = true): VisibleModules {
  const contact = person('account', 'Contacts', '11x1')
  return new VisibleModules(contact, new Policy(builtinPolicy), modules, hasServiceUser)
}

/** The look-ups of a condition, each with what it asks for. */
function lookUps(condition: Condition): readonly string[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.terms.flatMap(lookUps)
    case 'lookup':
      return [`${condition.negated ? 'not ' : ''}${asked(condition.query)}`]
    case 'relation':
      return [`${condition.module} of ${'module' in condition.parents ? asked(condition.parents) : ''}`]
    default:
      return []
  }
}

function asked({ module, where }: Query): string {
  return `${module}: ${where === undefined ? 'all' : printCondition(where)}`
}

/** @returns the condition as it is sent and its look-ups, or the error */
function checked(where: string, module = 'HelpDesk', hasServiceUser = true): string {
  const seen = visible(hasServiceUser)
  const { where: condition } = parseQuery(`select id from ${module} where ${where};`)
  if (condition === undefined) throw new Error('a condition is expected')
  let parts: readonly string[] = []
  const error = rejection(() => {
    const result = checkCondition(condition, seen.require(module), seen)
    parts = [printCondition(result), ...lookUps(result)]
  })
  return error === 'accepted' ? parts.join('; ') : error
}

function table(cases: Readonly<Record<string, string | RegExp>>, module?: string, hasServiceUser?: boolean) {
  return (t: Test): void => {
    for (const [where, expected] of Object.entries(cases)) {
      const found = checked(where, module, hasServiceUser)
      if (typeof expected === 'string') t.equal(found, expected, where)
      else t.match(found, expected, where)
    }
    t.end()
  }
}

t.test(
  'texts are compared as texts, and an empty text is no value',
  table({
    "ticket_title='a'": "ticket_title = 'a'",
    'ticket_title=5': "ticket_title = '5'",
    "ticket_title=''": 'ticket_title is null',
    "ticket_title!=''": 'ticket_title is not null',
    "ticket_title<''": "ticket_title < ''",
    "ticket_title like 'a%'": "ticket_title like 'a%'",
    'ticket_title in (1,2)': "ticket_title in ('1', '2')",
    "ticket_title in ('a','')": "ticket_title in ('a') or ticket_title is null",
    "ticket_title not in ('a','')": "ticket_title not in ('a') and ticket_title is not null",
    "not (ticket_title='a' and hours=1)": "ticket_title != 'a' or hours != 1",
    "nothing='a'": /^UNKNOWN_FIELD .* HelpDesk has no field 'nothing'/,
  }),
)

t.test(
  'numbers are compared as numbers, in lists without quotes one by one',
  table({
    'hours=1': 'hours = 1',
    "hours='1.5'": 'hours = 1.5',
    "hours='x'": /^INVALID_VALUE .*'hours' is compared with a number/,
    "hours=''": 'hours is null',
    "hours!=''": 'hours is not null',
    "hours<''": /^INVALID_VALUE .* cannot be compared with an empty value by '<'/,
    'days in (0,1)': 'days = 0 or days = 1',
    "days not in ('0','1')": 'days not in (0, 1)',
    "hours in (1,'')": 'hours = 1 or hours is null',
    "hours in ('')": 'hours is null',
    "hours not in ('')": 'hours is not null',
    'total in (0,1)': 'total in (0, 1)',
    'total is null': /^QUERY_NOT_EXPRESSIBLE .*'total': coreBOS does not distinguish an empty value from 0/,
    "total=''": /^QUERY_NOT_EXPRESSIBLE/,
  }),
)

t.test(
  'dates, times and checkboxes have one form',
  table({
    "createdtime>'2026-01-02'": "createdtime > '2026-01-02'",
    "createdtime>'2026-01-02 03:04'": "createdtime > '2026-01-02 03:04'",
    "createdtime>'2026-01-02 25:00'": /^INVALID_VALUE .* is compared with a time \(YYYY/,
    "createdtime='2026-13-01'": /^INVALID_VALUE/,
    "duedate='2026-01-02'": "duedate = '2026-01-02'",
    "duedate='2026-01-32'": /^INVALID_VALUE .* is compared with a date/,
    "starttime='03:04'": "starttime = '03:04'",
    "starttime='3'": /^INVALID_VALUE .* is compared with a time of day/,
    "cf_done='1'": "cf_done = '1'",
    'cf_done=0': "cf_done = '0'",
    "cf_done='2'": /^INVALID_VALUE .* is compared with '0' or '1'/,
    'cf_done is null': /^QUERY_NOT_EXPRESSIBLE/,
  }),
)

t.test(
  'ids are those of the module, and have no order and no pattern',
  table({
    "id='17x1'": "id = '17x1'",
    'id=1': "id = '17x1'",
    "id='17x1234567890'": "id = '17x1234567890'",
    "id='12x1'": /^INVALID_VALUE .* the ids of HelpDesk begin with '17x'/,
    "id='1'": /^INVALID_VALUE .* is compared with a webservice id/,
    "id='017x1'": /^INVALID_VALUE .* is compared with a webservice id/,
    "id='17x0'": /^INVALID_VALUE/,
    "id='17x1 '": /^INVALID_VALUE .* is compared with a webservice id/,
    "id='17x1a'": /^INVALID_VALUE/,
    "id>'17x1'": /^INVALID_VALUE .* have no order/,
    "id!='17x1'": "id != '17x1'",
    "id in ('17x1','17x2')": "id in ('17x1', '17x2')",
    "id like '17x1'": "id = '17x1'",
    "id not like '17x1'": "id != '17x1'",
    "id like '17x%'": /^INVALID_VALUE .* 'like' does not search/,
    "id like 'a17x1'": /^INVALID_VALUE .* 'like' does not search/,
  }),
)

t.test(
  'references are compared with ids of the modules that they point to',
  table({
    "parent_id='12x1'": "parent_id = '12x1'",
    "parent_id='11x1'": "parent_id = '11x1'",
    "parent_id='15x1'": /^INVALID_VALUE .* does not point to a record whose id begins with '15x'/,
    "parent_id='99x1'": "parent_id = '99x1'",
    'parent_id=12': /^INVALID_VALUE .* is compared with a webservice id/,
    "parent_id=''": 'parent_id is null',
    "assigned_user_id='19x5'": "assigned_user_id = '19x5'",
    "assigned_user_id='20x5'": "assigned_user_id = '20x5'",
    "assigned_user_id='12x1'": /^INVALID_VALUE .* does not point to/,
  }),
)

t.test(
  'a condition on a referenced record is a look-up, but for the contact and its account',
  table({
    "Contacts.lastname='a'": "parent_id in ($Contacts); Contacts: lastname = 'a'",
    "Contacts.id='12x1'": "parent_id = '12x1'",
    "Accounts.id='11x1'": "parent_id = '11x1'",
    "Contacts.id='12x2'": "parent_id in ($Contacts); Contacts: id = '12x2'",
    'Contacts.id=1': "parent_id = '12x1'",
    "Contacts.id!='12x1'": "parent_id in ($Contacts); Contacts: id != '12x1'",
    "Contacts.id in ('12x1','12x2')": "parent_id in ($Contacts); Contacts: id in ('12x1', '12x2')",
    "Contacts.lastname!=''": "parent_id in ($Contacts); Contacts: lastname != ''",
    'Contacts.lastname is null':
      'parent_id is null or parent_id in ($Contacts); not Contacts: lastname is not null',
    'Contacts.id is null': 'parent_id is null or parent_id in ($Contacts); not Contacts: all',
    'Contacts.lastname is not null': 'parent_id in ($Contacts); Contacts: lastname is not null',
    "HelpDesk.ticket_title='a'": "ticket_title = 'a'",
    "Contacts.nothing='a'": /^UNKNOWN_FIELD .* Contacts has no field 'nothing'/,
    "Documents.notes_title='a'": /^UNKNOWN_FIELD .* no field of HelpDesk points to Documents/,
    "Secrets.x='a'": /^UNKNOWN_MODULE .* unknown module 'Secrets'/,
    "Users.user_name='a'": /^UNKNOWN_MODULE .* unknown module 'Users'/,
  }),
)

t.test(
  'related records are found by the reference that points to them',
  table({
    "related.Contacts='12x1'": "parent_id = '12x1'",
    "related.Accounts='11x1'": "parent_id = '11x1'",
    "related.Contacts='17x1'": /^INVALID_VALUE/,
    "related.Documents='15x1'": /^QUERY_NOT_EXPRESSIBLE .* no field of HelpDesk points to Documents/,
    "related.Users='19x1'": /^UNKNOWN_MODULE/,
  }),
)

t.test(
  'potentials of a contact are those of its list, which has those of its account',
  table(
    {
      "related.Contacts='12x1'": "id in ($related.Contacts); Potentials of Contacts: id = '12x1'",
      "related.Accounts='11x1'": "related_to = '11x1'",
    },
    'Potentials',
  ),
)

t.test(
  'what is tied by relations is found by them',
  table(
    {
      "related.Contacts='12x1'": "id in ($related.Contacts); Documents of Contacts: id = '12x1'",
      "related.HelpDesk='17x1'": "id in ($related.HelpDesk); Documents of HelpDesk: id = '17x1'",
      "related.Potentials='13x1'": /^QUERY_NOT_EXPRESSIBLE .* no field of Documents points to Potentials/,
    },
    'Documents',
  ),
)

t.test(
  "without a service user, several blanks in a row cannot be compared: a contact's session joins them",
  table(
    {
      "ticket_title='a b'": "ticket_title = 'a b'",
      "ticket_title='a  b'": /^QUERY_NOT_EXPRESSIBLE .*'ticket_title': coreBOS replaces several blanks/,
      "ticket_title in ('a','a  b')": /^QUERY_NOT_EXPRESSIBLE/,
      "ticket_title like 'a  b%'": /^QUERY_NOT_EXPRESSIBLE/,
      'ticket_title is null': 'ticket_title is null',
    },
    'HelpDesk',
    false,
  ),
)

t.test('with one they are compared as they are', table({ "ticket_title='a  b'": "ticket_title = 'a  b'" }))

t.test('a path to another record is no field of this one', (t) => {
  const view = visible().require('HelpDesk')
  t.equal(checkPath(tree.field('ticket_title'), view).name, 'ticket_title')
  t.match(
    rejection(() => checkPath(tree.field('lastname', tree.nowhere, 'Contacts'), view)),
    /^QUERY_NOT_EXPRESSIBLE .*a field of a referenced record is not accepted here/,
  )
  t.match(
    rejection(() => checkPath(tree.field('nothing'), view)),
    /^UNKNOWN_FIELD/,
  )
  t.end()
})
