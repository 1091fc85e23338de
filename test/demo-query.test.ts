import fc from 'fast-check'
import t from 'tap'
import type { Caller } from '../src/demo/database.ts'
import { CorebosError, Crash } from '../src/demo/errors.ts'
import { chooseDialect, normalize } from '../src/demo/query/choose.ts'
import { evaluateQuery } from '../src/demo/query/evaluate.ts'
import type { QueryResult } from '../src/demo/query/evaluate.ts'
import { startingState } from '../src/demo/states.ts'

const database = startingState('recorded-helpdesk')
const user = database.row('Users', 5)
if (user === undefined) throw new Error('the data set lacks its service user')
const service: Caller = { user, isAdmin: false }
const alice: Caller = { user, isAdmin: false, contact: { entity: 'Contacts', number: 8549, account: 8546 } }

const ask = (caller: Caller, statement: string): QueryResult =>
  evaluateQuery(database, caller, statement, { url: 'http://crm', now: () => Date.UTC(2026, 10, 24) })

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
