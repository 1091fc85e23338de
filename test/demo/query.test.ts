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

t.test('the rules of the dialects hold for statements that were never recorded', async (t) => {
  const odd = withTickets(ODD_TITLES)
  const of =
    (name: string) =>
    (record: CrmRecord): string =>
      record.values.get(name) ?? ''
  const [title, status, parent] = [of('ticket_title'), of('ticketstatus'), of('parent_id')]
  const hours = (record: CrmRecord): number => Number(of('hours')(record))
  const nameOf = (record: CrmRecord): string => {
    const target = odd.entity(Number(parent(record)))
    return target === undefined ? '' : odd.displayName(target)
  }
  const isContact = (record: CrmRecord): boolean => odd.entity(Number(parent(record)))?.module === 'Contacts'
  const lastName = (record: CrmRecord): string =>
    isContact(record) ? (odd.entity(Number(parent(record)))?.values.get('lastname') ?? '') : ''
  const all = (): boolean => true
  const none = (): boolean => false
  const small = (record: CrmRecord): string => title(record).toLowerCase()
  const condition = (fields: Record<string, string>): string =>
    `[${JSON.stringify({ valuetype: 'raw', joincondition: '', groupid: '0', ...fields })}]`

  const rules: Readonly<Record<string, (record: CrmRecord) => boolean>> = {
    // Basic: SQL's own meaning, the number of an id counts, nothing else.
    "ticket_title='it''s'": (record) => title(record) === "it's",
    "ticket_title='back\\\\slash'": (record) => title(record) === 'back\\slash',
    "ticket_title='AbC'": (record) => small(record) === 'abc',
    "ticket_title='null'": (record) => title(record) === 'null',
    "ticket_title like 'a%c'": (record) => /^a.*c$/s.test(small(record)),
    "ticket_title like 'a\\%c'": (record) => title(record) === 'a%c',
    "ticket_title like '_bc'": (record) => small(record).length === 3 && small(record).endsWith('bc'),
    "ticket_title in ('it''s', 'a,b' ,'a.b (c)')": (record) =>
      ["it's", 'a,b', 'a.b (c)'].includes(title(record)),
    "hours>'1.4'": (record) => hours(record) > 1.4,
    'hours>=1 and hours<2': (record) => hours(record) >= 1 && hours(record) < 2,
    "parent_id='17x8549'": (record) => parent(record) === '8549',
    "parent_id in ('12x8551','11x8547')": (record) => ['8551', '8547'].includes(parent(record)),
    "parent_id='11x0'": (record) => ['0', ''].includes(parent(record)),
    "assigned_user_id='19x6'": (record) => of('assigned_user_id')(record) === '6',
    "ticketstatus!='Open'": (record) => status(record) !== 'Open',
    "ticketstatus='Closed' or ticketstatus='Open' and ticket_title='abc'": (record) =>
      status(record) === 'Closed' || (status(record) === 'Open' && small(record) === 'abc'),
    // A value that switches the dialect: to the extended one nothing is found, to the workflow one all is.
    "parent_id in ('12x8549') and ticket_title='x not in (y)'": none,
    "parent_id in ('12x8549') and ticket_title='a where [b]'": all,
    // Extended: names instead of ids, groups that nest, and what it loses.
    "(ticket_title='a,b')": (record) => title(record) === 'a,b',
    "(ticket_title='it\\'s')": (record) => title(record) === "it's",
    "(ticket_title='it''s')": none,
    "(ticket_title='back\\slash')": (record) => title(record) === 'back\\slash',
    "(ticket_title like 'alice%1')": none,
    "(ticket_title like 'abc')": (record) => small(record).startsWith('abc'),
    "(ticket_title like 'a=b')": none,
    "(ticket_title like 'a,x')": (record) => /^[ax]/.test(small(record)),
    "(ticket_title not like 'a%')": (record) => !small(record).includes('a'),
    "(ticket_title in ('abc','it'))": (record) => ['abc', 'it'].includes(small(record)),
    "(ticket_title='  lead')": none,
    "(ticket_title='null')": none,
    "(parent_id='12x8549')": none,
    "(parent_id='alice Aliceson')": (record) => nameOf(record) === 'alice Aliceson',
    "(parent_id='')": (record) => nameOf(record) === '',
    'parent_id is null': all,
    'parent_id is not null': (record) => nameOf(record) !== '',
    "(Contacts.id='12x8549' or Accounts.id='11x8546') and (ticketstatus='Closed')": (record) =>
      ['8549', '8546'].includes(parent(record)) && status(record) === 'Closed',
    "(Contacts.lastname='carolson')": (record) => lastName(record) === 'Carolson',
    'Contacts.id is null': (record) => !isContact(record),
    "(Users.user_name='portal2')": (record) => of('assigned_user_id')(record) === '6',
    '(hours>=1.5)': (record) => hours(record) >= 1.5,
    "(ticketstatus='Closed' and (ticketpriorities='High' or (ticket_title like '%3')))": (record) =>
      status(record) === 'Closed' &&
      (of('ticketpriorities')(record) === 'High' || title(record).endsWith('3')),
    "not (ticketstatus='Closed')": (record) => status(record) === 'Closed',
    "(ticketstatus<>'Open')": none,
    "(ticketstatus='Closed'": all,
    // Workflow: a wildcard in a value, and all where the list cannot be read.
    [condition({ fieldname: 'ticket_title', operation: 'is', value: 'a,b' })]: (record) =>
      title(record) === 'a,b',
    [condition({ fieldname: 'ticket_title', operation: 'containsnc', value: 'a%c' })]: (record) =>
      /a.*c/s.test(small(record)),
    [condition({ fieldname: '$(parent_id : (Contacts) id)', operation: 'is', value: '8551' })]: (record) =>
      parent(record) === '8551',
    [condition({ fieldname: '$(parent_id : (Contacts) id)', operation: 'is', value: '12x8551' })]: none,
    '[]': all,
    "[{'fieldname':'ticket_title'}]": all,
  }
  const callers = { service, alice }
  for (const [rule, holds] of Object.entries(rules)) {
    for (const [name, caller] of Object.entries(callers)) {
      const found = evaluateQuery(
        odd,
        caller,
        `select ticket_title from HelpDesk where ${rule} limit 500`,
        CONTEXT,
      )
      const expected = odd
        .records('HelpDesk')
        .filter((record) => caller.contact === undefined || ['8549', '8546'].includes(parent(record)))
        .filter(holds)
      t.strictSame(
        found.rows.map((row) => row.get('id')).sort(),
        expected.map((record) => odd.webserviceId(record)).sort(),
        `${name}: ${rule}`,
      )
    }
  }
  t.ok(Object.keys(rules).length >= 40)
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
    const condition = (value: string) =>
      `[${JSON.stringify({ fieldname: 'ticket_title', operation: 'is', value, valuetype: 'raw', joincondition: '', groupid: '0' })}]`
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
