/** The statements that the gateway's answers are compared for, and the records that give each of them something to find. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isReference, type CrmRecord, type Database } from '../../src/demo/database.ts'
import type { Field } from '../../src/demo/metadata.ts'
import { internalFields } from '../../src/policy/internal.ts'

interface Entry {
  readonly name: string
  readonly session: string
  readonly request: { readonly params: Readonly<Record<string, unknown>> }
  readonly response: { readonly body: { readonly success?: boolean } }
}

function recorded(file: string): readonly Entry[] {
  // The recordings' own shape; what is used of it is looked at below.
  return JSON.parse(
    readFileSync(new URL(`../fixtures/recordings/${file}.json`, import.meta.url), 'utf8'),
  ) as readonly Entry[]
}

/**
 * Has a demo coreBOS create the records of the recordings' set-up: every combination of parent, status and priority,
 * and odd titles.
 */
export async function plant(url: string): Promise<void> {
  const call = async (
    operation: string,
    params: Readonly<Record<string, string>>,
  ): Promise<Record<string, unknown>> => {
    const body = new URLSearchParams({ operation, ...params })
    const response = await fetch(`${url}/webservice.php`, {
      method: 'POST',
      body,
      headers: { 'user-agent': 'plant' },
    })
    const { success, result } = (await response.json()) as {
      success: boolean
      result: Record<string, unknown>
    }
    if (!success) throw new Error(`${operation} was rejected`)
    return result
  }
  const { token } = await call('getchallenge', { username: 'portal' })
  const accessKey = createHash('md5')
    .update(`${String(token)}portal-access-key`)
    .digest('hex')
  const { sessionName } = await call('login', { username: 'portal', accessKey })
  for (const { request } of recorded('dialects')) {
    const { operation, elementType, element, elements } = request.params
    const session = { sessionName: String(sessionName) }
    const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
    if (operation === 'create') {
      await call('create', { ...session, elementType: text(elementType), element: text(element) })
    } else if (operation === 'MassCreate') await call('MassCreate', { ...session, elements: text(elements) })
  }
  await call('logout', { sessionName: String(sessionName) })
}

/** Every recorded statement that succeeds for alice, and how other clients write ids. */
export function recordedStatements(): string[] {
  const written = /^query: (?:ids|react-admin): /
  const entries = [
    ...['query', 'dialects'].flatMap(recorded),
    ...recorded('clients').filter(({ name }) => written.test(name)),
  ]
  const statements = entries
    .filter(({ session, response }) => session === 'portal:alice' && response.body.success === true)
    .map(({ request }) => request.params)
    .filter(({ operation, query }) => operation === 'query' && typeof query === 'string')
    .map(({ query }) => String(query))
  return [...new Set(statements)]
}

/** Statements that compare titles with texts that look like a part of a statement, as far as there are such titles. */
export function titleStatements(database: Database): string[] {
  const titles = database
    .records('HelpDesk')
    .map(({ values }) => values.get('ticket_title') ?? '')
    .filter((title) => /['"\\()[\]{}%_;,=]| {2}| (?:in|where|and|order|limit) /i.test(title))
    .filter((title) => !/[\n\r\t]/.test(title))
  const quoted = (text: string) => `'${text.replace(/['\\]/g, '$&$&')}'`
  const asPattern = (text: string) => quoted(text.replace(/[\\%_]/g, '\\$&'))
  const select = 'select ticket_title,ticketstatus from HelpDesk where '
  return [...new Set(titles)].flatMap((title, i) => [
    `${select}ticket_title=${quoted(title)} limit 500`,
    `${select}ticket_title like ${asPattern(title)} limit 500`,
    `${select}ticket_title!=${quoted(title)} and ticketstatus='Open' limit 500`,
    `${select}ticket_title in ('a.b',${quoted(title)},${quoted(titles[i - 1] ?? 'x')}) order by ticket_title limit 3`,
  ])
}

/** A small generator of numbers that gives the same ones each time. */
export function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const modules = [
  'HelpDesk',
  'HelpDesk',
  'Contacts',
  'Invoice',
  'Quotes',
  'SalesOrder',
  'Potentials',
  'Project',
  'ProjectTask',
  'ProjectMilestone',
  'ServiceContracts',
  'Assets',
  'InventoryDetails',
  'Documents',
  'Products',
  'Faq',
]

const hops: Readonly<Record<string, readonly string[]>> = {
  HelpDesk: ['Contacts.lastname', 'Accounts.accountname', 'Contacts.firstname'],
  Invoice: ['Contacts.lastname', 'Accounts.accountname'],
  Potentials: ['Contacts.firstname', 'Accounts.accountname'],
  ProjectTask: ['Project.projectname'],
  InventoryDetails: ['Products.productname', 'Invoice.subject'],
}

type Pick = <T>(list: readonly T[]) => T

/** What the conditions on one module are made of. */
interface Source {
  readonly database: Database
  readonly below: (below: number) => number
  readonly pick: Pick
  readonly name: string
  readonly rows: readonly CrmRecord[]
  /** Fields with more than one value. */
  readonly fields: readonly Field[]
}

function sourceOf(database: Database, below: (below: number) => number, pick: Pick): Source {
  const name = pick(modules)
  const module = database.module(name)
  if (module === undefined) throw new Error(`no module ${name}`)
  const rows = database.records(name)
  const fields = module.fields.filter(
    (field) =>
      new Set(rows.map(({ values }) => values.get(field.name))).size > 1 &&
      !/portal|support/.test(field.name) &&
      !internalFields(name).includes(field.name),
  )
  return { database, below, pick, name, rows, fields }
}

/** A condition on a field of a record that is pointed to. */
function hopCondition({ database, pick }: Source, paths: readonly string[]): string {
  const path = pick(paths)
  const [of = '', field = ''] = path.split('.')
  const value = pick(database.records(of)).values.get(field) ?? ''
  return pick([
    `${path}='${value}'`,
    `${path} like '${value.slice(0, 2)}%'`,
    `${path}!='${value}'`,
    `${path} is not null`,
  ])
}

function referenceCondition({ database, pick }: Source, field: Field, value: string): string {
  const target = database.target(field, value)
  const id = target === undefined ? '' : database.webserviceId(target)
  return pick([`${field.name}='${id}'`, `${field.name}!='${id}'`, `${field.name} in ('${id}')`])
}

function textCondition({ below, pick }: Source, { name }: Field, value: string, other: string): string {
  const quoted = (text: string) => `'${text.replace(/['\\]/g, '$&$&').replace(/[\n\r\t]/g, ' ')}'`
  const text = value
    .slice(0, 1 + below(8))
    .replace(/[%_\\]/g, '\\$&')
    .replace(/[\n\r\t]/g, ' ')
    .replaceAll("'", "''")
  return pick([
    `${name}=${quoted(value)}`,
    `${name}!=${quoted(value)}`,
    `${name} in (${quoted(value)}, ${quoted(other)})`,
    `${name} not in (${quoted(value)}, ${quoted(other)})`,
    text === '' ? `${name} is null` : `${name} like '%${text}%'`,
    text === '' ? `${name} is not null` : `${name} like '${text}%'`,
    `${name}>${quoted(value)}`,
  ])
}

/** A condition with one comparison. */
function comparison(source: Source): string {
  const { below, pick, name, rows, fields } = source
  const paths = hops[name]
  if (paths !== undefined && below(6) === 0) return hopCondition(source, paths)
  const field = pick(fields)
  const value = pick(rows).values.get(field.name) ?? ''
  const other = pick(rows).values.get(field.name) ?? ''
  if (isReference(field)) return referenceCondition(source, field, value)
  switch (field.type.name) {
    case 'integer':
    case 'double':
    case 'currency':
      return `${field.name}${pick(['=', '!=', '<', '>=', '>'])}${String(Math.trunc(Number(value)))}`
    case 'boolean':
      return `${field.name}='${value === '1' ? '1' : '0'}'`
    case 'date':
    case 'datetime':
      return value === '' ? `${field.name} is null` : `${field.name}${pick(['<', '>', '<=', '='])}'${value}'`
    default:
      return textCondition(source, field, value, other)
  }
}

/** Comparisons, joined and negated in groups. */
function condition(source: Source, depth: number): string {
  const { below, pick } = source
  if (depth === 0 || below(3) === 0) return comparison(source)
  const terms = Array.from({ length: 2 + below(2) }, () => condition(source, depth - 1))
  const joined = `(${terms.join(pick([' and ', ' or ']))})`
  return below(6) === 0 ? `not ${joined}` : joined
}

function generatedStatement(source: Source): string {
  const { below, pick, name } = source
  const fieldNames = source.fields.map((field) => field.name)
  const selected = pick([
    '*',
    'id',
    'count(*)',
    `distinct ${pick(fieldNames)}`,
    `${pick(fieldNames)},${pick(fieldNames)}`,
    pick(fieldNames),
  ])
  const where = below(12) === 0 ? '' : ` where ${condition(source, below(3))}`
  const order =
    below(3) === 0 && !selected.startsWith('distinct')
      ? ` order by ${pick(fieldNames)}${pick(['', ' desc', ''])}`
      : ''
  const limit = pick(['', ' limit 500', ' limit 3', ' limit 2,4'])
  return `select ${selected} from ${name}${where}${order}${limit}`
}

/** Statements of every shape over every module, with values that the data holds and the contacts may read. */
export function generatedStatements(database: Database, count: number): string[] {
  const below = seeded(20261124)
  const pick: Pick = (list) => {
    const picked = list[below(list.length)]
    if (picked === undefined) throw new Error('nothing to pick from')
    return picked
  }
  const statements = new Set<string>()
  while (statements.size < count) statements.add(generatedStatement(sourceOf(database, below, pick)))
  return [...statements]
}
