/** Search and autocompletion, by scoped statements over fields that the contact may read. */
import { presentModule } from '../corebos/presentation.ts'
import { GatewayError } from '../model/errors.ts'
import { mapLimited } from '../model/map-limited.ts'
import { ask, type Answer } from '../read/run.ts'
import { limits } from '../model/limits.ts'
import { escapedPattern } from '../query/pattern.ts'
import * as tree from '../query/tree.ts'
import type { Condition } from '../query/tree.ts'
import { valueKind, type FieldShape } from '../model/module.ts'
import type { Row } from '../scope/verify.ts'
import type { ModuleView } from '../scope/view.ts'
import { search } from '../records/search.ts'
import { unread, type Input, type WebserviceContext } from './call.ts'
import { result, type Result } from './envelope.ts'
import { labelOf, labelsOf, readableLabelFields } from './labels.ts'
import { namesOf, termOf } from './lists.ts'
import { isObject, type Parameter } from './php.ts'
import { serialize } from './serialize.ts'

/** Rows of an autocompletion that names no limit. */
const defaultHits = 30
/** Hits of a search per module. */
const mostHits = 100

type Test = (path: tree.FieldPath, term: string) => Condition

const filters: Readonly<Record<string, Test>> = {
  eq: (path, term) => tree.compare(path, '=', tree.text(term)),
  neq: (path, term) => tree.compare(path, '!=', tree.text(term)),
  startswith: (path, term) => tree.like(path, `${escapedPattern(term)}%`),
  endswith: (path, term) => tree.like(path, `%${escapedPattern(term)}`),
  contains: (path, term) => tree.like(path, `%${escapedPattern(term)}%`),
}

/** @returns undefined if no filter is named. @throws GatewayError `BAD_REQUEST` for one that is unknown */
function filterOf(input: Input): Test | undefined {
  const name = input.text('filter')
  const test = own(filters, name)
  if (test === undefined && name !== '')
    throw unread('filter', `to be one of ${Object.keys(filters).join(', ')}`, name)
  return test
}

function limitOf(text: string, otherwise: number): number {
  if (text === '' || text === '0') return otherwise
  if (!/^[0-9]{1,5}$/.test(text)) throw new GatewayError('INVALID_VALUE', "'limit' is a whole number")
  return Math.min(Number(text), limits.rows)
}

/** The open ones of the named modules, without duplicates; all open modules if none is named. */
function viewsOf(wanted: readonly string[], { context }: WebserviceContext): ModuleView[] {
  const found = (wanted.length === 0 ? context.visible.names : wanted).map((name) =>
    context.visible.find(name),
  )
  return [...new Set(found)].filter((view) => view !== undefined)
}

/** A condition on one field; on a reference by the name of the referenced record, each under its own rule. */
function conditionsOn(field: FieldShape, test: Test, term: string, client: WebserviceContext): Condition[] {
  if (field.type !== 'reference') {
    return valueKind(field) === 'id' ? [] : [test(tree.field(field.name), term)]
  }
  return field.refersTo.flatMap((module) => {
    const other = client.context.visible.find(module)
    if (other === undefined) return []
    return readableLabelFields(other, client).map((name) =>
      test(tree.field(name, tree.nowhere, module, field.name), term),
    )
  })
}

async function find(
  view: ModuleView,
  fields: readonly string[],
  where: Condition,
  count: number,
  { context }: WebserviceContext,
): Promise<Answer> {
  return ask(
    tree.select(view.module.name, [...fields, 'id'], where, { limit: { offset: 0, count } }),
    context,
  )
}

export async function getFieldAutocomplete(input: Input, client: WebserviceContext): Promise<Result> {
  const test = filterOf(input)
  const view = client.context.visible.find(input.text('searchinmodule'))
  if (view === undefined || test === undefined) return result([])
  const searched = namesOf(input, 'fields').filter((name) => view.readable.has(name))
  const returned = namesOf(input, 'returnfields').filter((name) => view.readable.has(name))
  const shown = returned.length === 0 ? searched : returned
  const term = termOf(input, 'term')
  const conditions = searched.flatMap((name) => {
    const field = view.readable.get(name)
    return field === undefined ? [] : conditionsOn(field, test, term, client)
  })
  if (conditions.length === 0) return result([])
  const { records } = await find(
    view,
    shown,
    tree.anyOf(conditions),
    limitOf(input.text('limit'), defaultHits),
    client,
  )
  return result(
    records.map((row) => ({
      crmid: row['id'] ?? '',
      crmfields: Object.fromEntries(shown.map((name) => [name, row[name] ?? ''])),
    })),
  )
}

export async function getReferenceAutocomplete(input: Input, client: WebserviceContext): Promise<Result> {
  const test = filterOf(input)
  if (test === undefined) return result([])
  const term = termOf(input, 'term')
  const count = limitOf(input.text('limit'), defaultHits)
  const named = namesOf(input, 'searchinmodules')
  const views = viewsOf(named, client)
  const several = named.length !== 1
  const found = await mapLimited(views, async (view) => {
    const fields = readableLabelFields(view, client)
    if (fields.length === 0) return []
    const where = tree.anyOf(fields.map((name) => test(tree.field(name), term)))
    const { records } = await find(view, fields, where, count, client)
    return records.map((row) => ({
      crmid: row['id'] ?? '',
      crmname: `${labelOf(row, fields)}${several ? ` :: ${view.module.label}` : ''}`,
      crmmodule: view.module.name,
    }))
  })
  return result(found.flat().slice(0, count))
}

interface Hits {
  readonly module: string
  readonly rows: { readonly [label: string]: string }[]
  /** Undefined if coreBOS miscounts the statement, and too many rows match for the gateway to count. */
  readonly total: number | undefined
}

/**
 * Columns of the module's list by their labels, with names in place of references. `restrictionids` is ignored: the
 * scope follows from the log-in.
 */
async function searched(input: Input, client: WebserviceContext): Promise<Hits[]> {
  const term = termOf(input, 'query').trim()
  const restriction = input.json('restrictionids') ?? {}
  if (!isObject(restriction)) throw new GatewayError('BAD_REQUEST', "'restrictionids' is an object")
  const wanted = restriction['limit'] ?? ''
  if (typeof wanted === 'object') throw new GatewayError('BAD_REQUEST', "'limit' is a text")
  const count = Math.min(limitOf(String(wanted), mostHits), mostHits)
  if (term === '') return []
  const views = viewsOf(namesOf(input, 'search_onlyin'), client)
  const modules = views.map(({ module }) => module.name).sort()
  const found = await search({ text: term, modules, limit: count }, client.context)
  const byModule = new Map(found.map((each) => [each.module, each]))
  return mapLimited(modules, async (module) => {
    const { records, total } = byModule.get(module) ?? { records: [], total: 0 }
    return { module, rows: await listed(client.context.visible.require(module), records, client), total }
  })
}

async function listed(
  view: ModuleView,
  records: readonly Row[],
  client: WebserviceContext,
): Promise<Hits['rows']> {
  if (records.length === 0) return []
  const { columns } = await presentModule(client.caller, view.module.name)
  const shown = columns.fields
    .map((name) => view.readable.get(name))
    .filter((field) => field !== undefined)
    .filter(({ type }) => type !== 'owner')
  const references = shown.filter(({ type }) => type === 'reference')
  const labels = await labelsOf(
    records.flatMap((row) => references.map(({ name }) => row[name] ?? '')),
    client,
  )
  const cell = ({ name, type }: FieldShape, value: string): string =>
    type === 'reference' && name !== 'id' ? (labels.get(value)?.label ?? '') : value
  return records.map((row) => ({
    ...Object.fromEntries(shown.map((field) => [field.label, cell(field, row[field.name] ?? '')])),
    id: row['id'] ?? '',
    search_module_name: view.module.name,
  }))
}

export async function getSearchResultsArray(input: Input, client: WebserviceContext): Promise<Result> {
  return result((await searched(input, client)).flatMap(({ rows }) => rows))
}

/** The search with parameters in PHP's own notation. */
export async function getSearchResults(input: Input, client: WebserviceContext): Promise<Result> {
  return result(serialize((await searched(input, client)).flatMap(({ rows }) => rows)))
}

export async function getSearchResultsArrayWithTotals(
  input: Input,
  client: WebserviceContext,
): Promise<Result> {
  const found = await searched(input, client)
  const known = found.flatMap(({ module, total }) => (total === undefined ? [] : [[module, total] as const]))
  const totals: Parameter = known.length === 0 ? [] : Object.fromEntries(known)
  return result({ records: found.flatMap(({ rows }) => rows), totals })
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}
