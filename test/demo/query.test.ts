/** The query dialects of the demo coreBOS. */
import fc from 'fast-check'
import t from 'tap'
import { emptyValue } from '../../src/demo/database.ts'
import type { Caller, CrmRecord, Database, Value } from '../../src/demo/database.ts'
import { CorebosError, Crash } from '../../src/demo/errors.ts'
import { chooseDialect, normalize } from '../../src/demo/query/choose.ts'
import { evaluateQuery } from '../../src/demo/query/evaluate.ts'
import type { QueryResult } from '../../src/demo/query/evaluate.ts'
import { startingState } from '../../src/demo/states.ts'

const database = startingState('recorded-helpdesk')
const user = database.row('Users', 5)
if (user === undefined) throw new Error('the data set lacks its service user')
const service: Caller = { user, isAdmin: false }
const alice: Caller = { user, isAdmin: false, contact: { entity: 'Contacts', number: 8549, account: 8546 } }

const CONTEXT = { url: 'http://crm', today: () => Date.UTC(2026, 10, 24) }

const ask = (caller: Caller, statement: string): QueryResult =>
  evaluateQuery(database, caller, statement, CONTEXT)

const titles = (caller: Caller, statement: string): (string | undefined)[] =>
  ask(caller, statement).rows.map((row) => row.get('ticket_title'))

const failure = (caller: Caller, statement: string): string => {
  try {
    return `found ${ask(caller, statement).rows.length}`
  } catch (error) {
    if (error instanceof Crash) return 'crash'
    return error instanceof CorebosError ? `${error.code}: ${error.message}` : `unexpected ${String(error)}`
  }
}

t.test('the text alone chooses the dialect, values included in part', async (t) => {
  const basic = "select ticket_title from HelpDesk where parent_id in ('12x8549') and ticket_title="
  const dialects: Readonly<Record<string, string>> = {
    [`${basic}'a.b (c)'`]: 'basic',
    [`${basic}'say is null'`]: 'basic',
    [`${basic}'it''s a.b (c)'`]: 'basic',
    [`${basic}'x in (y'`]: 'basic',
    [`${basic}'x not in (y)'`]: 'extended',
    [`${basic}'''a.b'`]: 'extended',
    [`${basic}1.5`]: 'extended',
    [`${basic}'a where [b]'`]: 'workflow',
    [`${basic}'SELECT\t[x]'`]: 'workflow',
    [`${basic}''' related.Contacts=12x8551 '''`]: 'related',
    'select count(*) from HelpDesk': 'basic',
    'select id from HelpDesk where parent_id IS  NOT null': 'extended',
    'select id from HelpDesk where lower()=1': 'basic',
  }
  for (const [statement, dialect] of Object.entries(dialects)) {
    t.equal(chooseDialect(normalize(statement)), dialect, statement)
  }
})

t.test('what coreBOS leaves open is as open here', async (t) => {
  const leak = ask(alice, 'select ticket_title,Users.accesskey from HelpDesk where (id!=1) limit 1').rows
  t.equal(leak[0]?.get('accesskey'), 'portal-access-key', 'access keys through a select list')

  const oracle = (guess: string): (string | undefined)[] =>
    titles(
      alice,
      `select ticket_title from HelpDesk where (id!=1) order by (if((select left(accesskey,1) from vtiger_users where id=1)='${guess}',1,-1)*ticketid) limit 1`,
    )
  t.not(oracle('a')[0], oracle('b')[0], 'secrets of the administrator through an order')

  const injected = "select id from HelpDesk where ticket_title='\\' and description=') or 1=1 -- '"
  t.equal(
    ask(alice, injected).totalrows,
    String(database.allRecords('HelpDesk').length),
    'SQL behind a backslash',
  )
  t.equal(ask(alice, 'select count(*) from ProjectMilestone').totalrows, '10', 'counts over rows of others')
  t.equal(ask(alice, 'select id from ProjectMilestone').rows.length, 0, 'though the rows are withheld')

  const related =
    "select ticket_title from HelpDesk where related.Contacts='12x8549' or ticketstatus = 'Closed'"
  t.ok(titles(alice, related).includes('carol ticket 3'), 'an or leaves the relation and the restriction')

  const unreadable = 'select ticket_title from HelpDesk where [oops]'
  t.equal(ask(service, unreadable).totalrows, '33', 'an unreadable list finds everything')
  const unbalanced = "select id from HelpDesk where (ticketstatus='Open' and (Contacts.id='12x8549') limit 1"
  t.equal(ask(service, unbalanced).rows.length, 33, 'a parenthesis that is not closed finds everything')
  const negated = (not: string): string => `select id from HelpDesk where ${not} (ticketstatus='Open')`
  t.same(ask(service, negated('not')), ask(service, negated('')), 'a not in front of a group is lost')
})

/** Titles that the recorded tickets do not have. */
const ODD_TITLES = [
  "it's",
  'a,b',
  'a.b (c)',
  '100%',
  'back\\slash',
  "end'",
  'a=b',
  'null',
  'ünï',
  'ABC',
  'abc',
  'a%c',
  '  lead',
  'a where [b]',
  'x not in (y)',
]

/** With tickets of these titles, all of alice, Open and High, 1.5 hours. */
const withTickets = (titles: readonly string[]): Database => {
  const odd = startingState('recorded-helpdesk')
  const module = odd.module('HelpDesk')
  for (const title of titles) {
    const values: Record<string, string> = {
      ticket_title: title,
      parent_id: '8549',
      assigned_user_id: '6',
      ticketstatus: 'Open',
      ticketpriorities: 'High',
      hours: '1.500000',
    }
    const row = (module?.fields ?? []).map((field): [string, Value] => [
      field.name,
      values[field.name] ?? emptyValue('HelpDesk', field),
    ])
    odd.insert({
      number: odd.nextNumber(),
      module: 'HelpDesk',
      values: new Map(row),
      cbuuid: '',
      deleted: false,
    })
  }
  return odd
}

/** A ticket of the data set as the rules of the dialects look at it. */
class Ticket {
  readonly title: string
  readonly status: string
  readonly priority: string
  readonly hours: number
  /** The number of its contact or account. */
  readonly parent: string
  /** The number of the user to whom it is assigned. */
  readonly user: string
  /** The name of its contact or account. */
  readonly name: string
  readonly isOfContact: boolean
  /** Of its contact. */
  readonly lastName: string

  constructor(database: Database, { values }: CrmRecord) {
    const of = (name: string): string => values.get(name) ?? ''
    this.title = of('ticket_title')
    this.status = of('ticketstatus')
    this.priority = of('ticketpriorities')
    this.hours = Number(of('hours'))
    this.parent = of('parent_id')
    this.user = of('assigned_user_id')
    const target = database.entity(Number(this.parent))
    this.name = target === undefined ? '' : database.displayName(target)
    this.isOfContact = target?.module === 'Contacts'
    this.lastName = this.isOfContact ? (target?.values.get('lastname') ?? '') : ''
  }

  get lower(): string {
    return this.title.toLowerCase()
  }
}

/** Which tickets meet the condition of a statement. */
type Rules = Readonly<Record<string, (ticket: Ticket) => boolean>>

const all = (): boolean => true
const none = (): boolean => false

/** SQL's own meaning; the number of an id counts, nothing else. */
const basicRules: Rules = {
  "ticket_title='it''s'": ({ title }) => title === "it's",
  "ticket_title='back\\\\slash'": ({ title }) => title === 'back\\slash',
  "ticket_title='AbC'": ({ lower }) => lower === 'abc',
  "ticket_title='null'": ({ title }) => title === 'null',
  "ticket_title like 'a%c'": ({ lower }) => /^a.*c$/s.test(lower),
  "ticket_title like 'a\\%c'": ({ title }) => title === 'a%c',
  "ticket_title like '_bc'": ({ lower }) => lower.length === 3 && lower.endsWith('bc'),
  "ticket_title in ('it''s', 'a,b' ,'a.b (c)')": ({ title }) => ["it's", 'a,b', 'a.b (c)'].includes(title),
  "hours>'1.4'": ({ hours }) => hours > 1.4,
  'hours>=1 and hours<2': ({ hours }) => hours >= 1 && hours < 2,
  "parent_id='17x8549'": ({ parent }) => parent === '8549',
  "parent_id in ('12x8551','11x8547')": ({ parent }) => ['8551', '8547'].includes(parent),
  "parent_id='11x0'": ({ parent }) => ['0', ''].includes(parent),
  "assigned_user_id='19x6'": ({ user }) => user === '6',
  "ticketstatus!='Open'": ({ status }) => status !== 'Open',
  "ticketstatus='Closed' or ticketstatus='Open' and ticket_title='abc'": ({ status, lower }) =>
    status === 'Closed' || (status === 'Open' && lower === 'abc'),
  // A value that switches the dialect: to the extended one nothing is found, to the workflow one all is.
  "parent_id in ('12x8549') and ticket_title='x not in (y)'": none,
  "parent_id in ('12x8549') and ticket_title='a where [b]'": all,
}

/** Names instead of ids, groups that nest, and what the dialect loses. */
const extendedRules: Rules = {
  "(ticket_title='a,b')": ({ title }) => title === 'a,b',
  "(ticket_title='it\\'s')": ({ title }) => title === "it's",
  "(ticket_title='it''s')": none,
  "(ticket_title='back\\slash')": ({ title }) => title === 'back\\slash',
  "(ticket_title like 'alice%1')": none,
  "(ticket_title like 'abc')": ({ lower }) => lower.startsWith('abc'),
  "(ticket_title like 'a=b')": none,
  "(ticket_title like 'a,x')": ({ lower }) => /^[ax]/.test(lower),
  "(ticket_title not like 'a%')": ({ lower }) => !lower.includes('a'),
  "(ticket_title in ('abc','it'))": ({ lower }) => ['abc', 'it'].includes(lower),
  "(ticket_title='  lead')": none,
  "(ticket_title='null')": none,
  "(parent_id='12x8549')": none,
  "(parent_id='alice Aliceson')": ({ name }) => name === 'alice Aliceson',
  "(parent_id='')": ({ name }) => name === '',
  'parent_id is null': all,
  'parent_id is not null': ({ name }) => name !== '',
  "(Contacts.id='12x8549' or Accounts.id='11x8546') and (ticketstatus='Closed')": ({ parent, status }) =>
    ['8549', '8546'].includes(parent) && status === 'Closed',
  "(Contacts.lastname='carolson')": ({ lastName }) => lastName === 'Carolson',
  'Contacts.id is null': ({ isOfContact }) => !isOfContact,
  "(Users.user_name='portal2')": ({ user }) => user === '6',
  '(hours>=1.5)': ({ hours }) => hours >= 1.5,
  "(ticketstatus='Closed' and (ticketpriorities='High' or (ticket_title like '%3')))": (ticket) =>
    ticket.status === 'Closed' && (ticket.priority === 'High' || ticket.title.endsWith('3')),
  "not (ticketstatus='Closed')": ({ status }) => status === 'Closed',
  "(ticketstatus<>'Open')": none,
  "(ticketstatus='Closed'": all,
}

/** A condition of the workflow dialect. */
const conditionOf = (fieldname: string, operation: string, value: string): string =>
  `[${JSON.stringify({ fieldname, operation, value, valuetype: 'raw', joincondition: '', groupid: '0' })}]`

/** A wildcard in a value, and all where the list cannot be read. */
const workflowRules: Rules = {
  [conditionOf('ticket_title', 'is', 'a,b')]: ({ title }) => title === 'a,b',
  [conditionOf('ticket_title', 'containsnc', 'a%c')]: ({ lower }) => /a.*c/s.test(lower),
  [conditionOf('$(parent_id : (Contacts) id)', 'is', '8551')]: ({ parent }) => parent === '8551',
  [conditionOf('$(parent_id : (Contacts) id)', 'is', '12x8551')]: none,
  '[]': all,
  "[{'fieldname':'ticket_title'}]": all,
}

t.test('the rules of the dialects hold for statements that were never recorded', async (t) => {
  const odd = withTickets(ODD_TITLES)
  const tickets = odd.records('HelpDesk').map((record) => [record, new Ticket(odd, record)] as const)
  const rules = Object.entries({ ...basicRules, ...extendedRules, ...workflowRules })
  for (const [condition, holds] of rules) {
    const statement = `select ticket_title from HelpDesk where ${condition} limit 500`
    for (const [name, caller] of Object.entries({ service, alice })) {
      const { rows } = evaluateQuery(odd, caller, statement, CONTEXT)
      const expected = tickets.filter(
        ([, ticket]) =>
          (caller.contact === undefined || ['8549', '8546'].includes(ticket.parent)) && holds(ticket),
      )
      t.strictSame(
        rows.map((row) => row.get('id')).sort(),
        expected.map(([record]) => odd.webserviceId(record)).sort(),
        `${name}: ${condition}`,
      )
    }
  }
  t.ok(rules.length >= 40)
})

t.test(
  'blanks within values are put together where coreBOS says so, and totals are cut at its words',
  async (t) => {
    const titles = ['zz two', 'zz  two', 'zz   two', 'a order by b', 'x limit 1']
    const database = withTickets(titles)
    const found = (caller: Caller, where: string, module = 'HelpDesk', field = 'ticket_title') => {
      const statement = `select ${field} from ${module} where ${where};`
      const { rows, totalrows } = evaluateQuery(database, caller, statement, CONTEXT)
      return [rows.map((row) => row.get(field)), totalrows]
    }
    const condition = (value: string) => conditionOf('ticket_title', 'is', value)
    for (const dialect of [
      (value: string) => `ticket_title='${value}'`,
      (value: string) => `(ticket_title='${value}')`,
      condition,
    ]) {
      t.strictSame(found(service, dialect('zz  two')), [['zz  two'], '1'])
      t.strictSame(found(alice, dialect('zz  two')), [['zz two'], '1'])
      t.strictSame(found(alice, dialect('zz   two')), [['zz two'], '1'])
      t.strictSame(found(service, dialect('a order by b')), [['a order by b'], 0])
      t.strictSame(found(alice, dialect('a order by b')), [['a order by b'], 0])
      t.strictSame(found(service, `${dialect('a order by b')} order by ticket_title limit 9`), [
        ['a order by b'],
        '1',
      ])
    }
    t.strictSame(found(service, "ticket_title='x limit 1'"), [['x limit 1'], '1'], 'a limit follows always')
    t.strictSame(found(service, "(ticket_title='x limit 1')"), [['x limit 1'], 0])
    t.strictSame(found(service, "(ticket_title='x limit 1') limit 2"), [['x limit 1'], '1'])
    database.records('Products')[0]?.values.set('productname', 'two  blanks')
    t.strictSame(
      found(alice, "productname='two  blanks'", 'Products', 'productname'),
      [['two  blanks'], '0'],
      'a module that coreBOS does not restrict keeps the blanks of its rows',
    )
  },
)

t.test('what is wrong fails with the words of coreBOS', async (t) => {
  const errors: Readonly<Record<string, string>> = {
    'select nosuch from HelpDesk': "ACCESS_DENIED: Permission to access '.nosuch.' attribute denied.",
    'select id from Nowhere': 'ACCESS_DENIED: Permission to perform the operation is denied for Nowhere',
    'drop HelpDesk': 'ACCESS_DENIED: Permission to perform the operation is denied for query',
    "select id from HelpDesk where not id='17x1'":
      "QUERY_SYNTAX_ERROR: Syntax Error on line 1: token 'id' Unexpected VALUE(id), expected one of: EQ,LT,GT,LTE,GTE,NE,IN,LIKE",
    "select id from HelpDesk where ticket_title=''":
      'INTERNAL_SERVER_ERROR: Unknown Error while processing request',
    "select id from HelpDesk where parent_id='8549'": 'INVALID_ID_ATTRIBUTE: Id specified is incorrect',
    'select id from HelpDesk limit x':
      'DATABASE_QUERY_ERROR: Database error while performing requested operation',
    "select id from HelpDesk where (Contacts.id in ('12x8549'))": 'crash',
    'select id from Faq': 'DATABASE_QUERY_ERROR: Database error while performing requested operation',
  }
  for (const [statement, message] of Object.entries(errors)) {
    t.equal(failure(alice, statement), message, statement)
  }
})

t.test('a list of ten thousand ids finds the same as a short one', async (t) => {
  const ids = Array.from({ length: 10_000 }, (_, index) => `'17x${index}'`).join(',')
  const all = ask(service, 'select ticket_title from HelpDesk limit 500')
  t.same(ask(service, `select ticket_title from HelpDesk where id in (${ids}) limit 500`), all)
  t.equal(
    failure(service, `select id from HelpDesk where ${'('.repeat(20_000)}${')'.repeat(20_000)}`),
    'crash',
  )
})

t.test('a pattern as long as a statement may be is looked for like a short one', async (t) => {
  const long = `%${'alice.'.repeat(12_000)}%`
  t.strictSame(ask(service, `select id from HelpDesk where ticket_title like '${long}'`).rows, [])
})

t.test('no statement, however broken, brings up anything but an answer, an error or a crash', async (t) => {
  const pieces = [
    ...'select,from,where,and,or,not,in,like,is null,order by,limit,count(*),HelpDesk,Contacts.id,parent_id,ticketstatus,related.'.split(
      ',',
    ),
    ...[
      "'",
      "'12x8549'",
      "''",
      '\\',
      '(',
      ')',
      '[',
      ']',
      ',',
      ';',
      '--',
      '/*',
      '*',
      '=',
      '<',
      '1.5',
      'x',
      '%',
      'ü',
      '\n',
    ],
    '[{"fieldname":"ticket_title","operation":"is","value":"x"}]',
  ]
  const statement = fc
    .array(fc.constantFrom(...pieces), { maxLength: 25 })
    .map((words) => `select ticket_title from HelpDesk where ${words.join(' ')}`)
  const broken = fc.property(statement, (text) => !failure(alice, text).startsWith('unexpected'))
  const { failed, counterexample } = fc.check(broken, { numRuns: 3000, seed: 20261124 })
  t.notOk(failed, String(counterexample))
})
