/** Search over all text of a record. */
import { randomBytes } from 'node:crypto'
import { isObject, jsonParameter, textParameter } from '../parameters.ts'
import type { Handler, UserCall } from '../call.ts'
import { fold } from '../collation.ts'
import type { Caller, CrmRecord, Database } from '../database.ts'
import { numberOf } from '../dataset.ts'
import { LIST_COLUMNS } from '../list-columns.ts'
import type { Field, Module } from '../metadata.ts'
import { blanksTogether } from '../php-text.ts'
import { inSqlRestriction, isRestrictedInSql } from '../restriction.ts'
import { serialize } from '../serialize.ts'
import type { Serializable } from '../serialize.ts'

/** What is searched where no modules are named, in the order of results. */
const SEARCHED =
  'Accounts Assets AutoNumberPrefix Campaigns cbCalendar cbCompany cbCredentials cbPulse cbQuestion cbSurvey cbSurveyAnswer cbSurveyDone cbSurveyQuestion cbTermConditions CobroPago Contacts DocumentFolders Documents Emails Faq HelpDesk InventoryDetails Invoice Leads Messages ModComments MsgTemplate Potentials pricebookproductrel PriceBooks ProductComponent Products Project ProjectMilestone ProjectTask PurchaseOrder Quotes SalesOrder ServiceContracts Services Vendors'.split(
    ' ',
  )

/** The SQL of these fails, and nothing is found. */
const FAILING = new Set(['Invoice', 'Quotes', 'SalesOrder', 'PurchaseOrder', 'Faq'])

interface Search {
  readonly text: string
  readonly modules: readonly string[]
  /** Whose rows: the session's own contact, or the one that a user names. */
  readonly as: Caller
  readonly limit: number
}

const idNumber = (value: unknown, prefix: string): number | undefined => {
  if (typeof value !== 'string' || !value.startsWith(`${prefix}x`)) return undefined
  return numberOf(value)
}

/** Restriction ids that are not those of the session's user, or not web service ids, find nothing. */
const readSearch = (call: UserCall): Search | undefined => {
  const text = textParameter(call, 'query')
  const given = jsonParameter(call, 'restrictionids')
  const ids = isObject(given) ? given : {}
  const account = idNumber(ids['accountId'], '11')
  const contact = idNumber(ids['contactId'], '12')
  if (text === '' || account === undefined || contact === undefined) return undefined
  if (idNumber(ids['userId'], '19') !== call.caller.user.number) return undefined
  const only = textParameter(call, 'search_onlyin')
  const wanted = only.split(',').map((name) => name.trim())
  const modules = only === '' ? SEARCHED : SEARCHED.filter((name) => wanted.includes(name))
  const asContact = { ...call.caller, contact: { entity: 'Contacts' as const, number: contact, account } }
  const isFree = contact === 0 && account === 0
  const as = call.caller.contact === undefined && !isFree ? asContact : call.caller
  return { text, modules, as, limit: Number(ids['limit'] ?? 0) || 0 }
}

const isSearched = ({ type }: Field): boolean => !['reference', 'owner', 'boolean'].includes(type.name)

const contains = (database: Database, module: Module, record: CrmRecord, text: string): boolean => {
  const columns = module.fields.filter(isSearched).map(({ name }) => record.values.get(name) ?? '')
  if (module.name === 'Contacts') {
    const account = database.entity(Number(record.values.get('account_id') ?? '0'))
    columns.push(account?.values.get('accountname') ?? '')
  }
  return columns.some((column) => fold(column).includes(text))
}

const linkTo = (database: Database, target: CrmRecord): string => {
  const { module, number } = target
  const label = database.module(module)?.label ?? module
  const field = database.module(module)?.labelFields[0] ?? ''
  return (
    `<img src="themes/images/${module}.gif" alt="${label}" title="${label}" border=0 align=center>` +
    `<a href='index.php?module=${module}&action=DetailView&record=${number}'>${database.displayName(target)}</a>` +
    `<span type='vtlib_metainfo' vtrecordid='${number}' vtfieldname='${field}' vtmodule='${module}' style='display:none;'></span>`
  )
}

const MONEY = new Set(['unit_price'])
const TWO_PLACES = new Set(['targetbudget', 'projecttaskhours'])

/** A value as the lists of coreBOS's own pages show it. */
const listed = (database: Database, record: CrmRecord, name: string): string => {
  const field = database.module(record.module)?.field(name)
  const value = record.values.get(name) ?? ''
  if (record.module === 'Documents' && name === 'filename') return '--'
  if (name === 'isdefault') return value === '1' ? 'yes' : 'no'
  if (name === 'formodule') return database.module(value)?.label ?? value
  if (MONEY.has(name)) return `&euro;${Number(value).toFixed(2)}`
  if (TWO_PLACES.has(name)) return Number(value).toFixed(2)
  if (field === undefined || (field.type.name !== 'reference' && field.type.name !== 'owner')) return value
  const target = database.target(field, value)
  if (target === undefined) return ''
  return record.module === 'HelpDesk' && name === 'parent_id'
    ? linkTo(database, target)
    : database.displayName(target)
}

const row = (database: Database, record: CrmRecord): Map<string, Serializable> => {
  const columns = LIST_COLUMNS[record.module] ?? []
  return new Map<string, Serializable>([
    ...columns.map(([heading, field]): [string, Serializable] => [heading, listed(database, record, field)]),
    ['id', database.webserviceId(record)],
    ['search_module_name', record.module],
  ])
}

/** Which rows a limit leaves is a matter of chance. */
const shuffled = <T>(list: readonly T[]): T[] =>
  list
    .map((held) => ({ held, place: randomBytes(4).readUInt32BE() }))
    .sort((left, right) => left.place - right.place)
    .map(({ held }) => held)

interface Found {
  readonly rows: Map<string, Serializable>[]
  readonly totals: Record<string, number>
}

const find = (call: UserCall): Found => {
  const search = readSearch(call)
  if (search === undefined) return { rows: [], totals: {} }
  const { database } = call
  const found: CrmRecord[] = []
  const totals: Record<string, number> = {}
  for (const name of search.modules) {
    const module = database.module(name)
    const records = module === undefined || FAILING.has(name) ? [] : database.records(name)
    const isRestricted = module !== undefined && isRestrictedInSql(search.as, module)
    const text = fold(isRestricted ? blanksTogether(search.text) : search.text)
    const matching = records.filter(
      (record) =>
        module !== undefined &&
        inSqlRestriction(database, search.as, record) &&
        contains(database, module, record, text),
    )
    totals[name] = matching.length
    found.push(...matching)
  }
  const isLimited = search.limit > 0 && search.limit < found.length
  const limited = isLimited ? shuffled(found).slice(0, search.limit) : found
  return { rows: limited.map((record) => row(database, record)), totals }
}

export const getSearchResults: Handler = (call) => serialize(find(call).rows)

export const getSearchResultsArray: Handler = (call) => find(call).rows

export const getSearchResultsArrayWithTotals: Handler = (call) => {
  const { rows, totals } = find(call)
  return { records: rows, totals: Object.keys(totals).length === 0 ? [] : totals }
}
