/**
 * Says which rows a contact must get, without the gateway: statements are read by another parser, evaluated row by row
 * over the demo's store in JavaScript, and the built-in policy at level `account` is stated here once more, in plain words.
 */
import { parseFirst, type Expr, type OrderByStatement, type SelectFromStatement } from 'pgsql-ast-parser'
import type { Level } from '../../src/model/contact.ts'
import type { CrmRecord, Database } from '../../src/demo/database.ts'
import type { Field, Module } from '../../src/demo/metadata.ts'
import { isHiddenField } from '../../src/tools/attack/scope.ts'

type Truth = boolean | undefined

export interface Expected {
  /** All rows without the limit, in the order asked for, by their ids; for `count(*)` and `distinct` see the others. */
  readonly ids: readonly string[]
  /** The page, each row with what was selected. */
  readonly rows: readonly Readonly<Record<string, string>>[]
  /** Per id, what the order compares; rows that tie may come in any order. */
  readonly sortKeys: ReadonlyMap<string, string>
  readonly total: number
  /** Whether coreBOS counts what the statement says: values with several blanks it counts as with one. */
  readonly counted: boolean
  readonly kind: 'rows' | 'count' | 'distinct'
}

/** What ties a record to the caller. */
export interface OwnerIds {
  readonly contacts: readonly number[]
  readonly accounts: readonly number[]
}

/** Whose records a contact's level reaches, read off the store. */
export function ownerIdsOf(database: Database, contact: number, level: Level): OwnerIds {
  const me = database.entity(contact)
  const account = me === undefined ? 0 : numberIn(me, 'account_id')
  if (level === 'own' || account === 0) return { contacts: [contact], accounts: [] }
  if (level === 'account') return { contacts: [contact], accounts: [account] }
  const contactsOf = (accounts: readonly number[]) =>
    database
      .records('Contacts')
      .filter((each) => accounts.includes(numberIn(each, 'account_id')))
      .map((each) => each.number)
  if (level === 'company') return { contacts: contactsOf([account]), accounts: [account] }
  const own = database.entity(account)
  const parent = own === undefined ? 0 : numberIn(own, 'account_id')
  const above = parent === 0 ? [] : [parent]
  if (level === 'parent') return { contacts: contactsOf([account]), accounts: [account, ...above] }
  const siblings = database
    .records('Accounts')
    .filter((each) => parent !== 0 && numberIn(each, 'account_id') === parent)
    .map((each) => each.number)
  const accounts = [account, ...above, ...siblings]
  return { contacts: contactsOf(accounts), accounts }
}

/** The bare number that a reference holds; 0: none. */
export function numberIn({ values }: CrmRecord, field: string): number {
  return Number(values.get(field) ?? '0')
}

const textTypes = new Set(['string', 'text', 'email', 'phone', 'url', 'picklist'])

export class Oracle {
  readonly #database: Database
  readonly #ownerIds: OwnerIds

  constructor(database: Database, ownerIds: OwnerIds) {
    this.#database = database
    this.#ownerIds = ownerIds
  }

  /** The records that the contact may see. */
  visible(module: string): CrmRecord[] {
    return this.#database.records(module).filter((record) => this.sees(record))
  }

  sees(record: CrmRecord): boolean {
    const { contacts, accounts } = this.#ownerIds
    const points = (name: string, to: readonly number[]): boolean => to.includes(numberIn(record, name))
    const mine = (name: string): boolean => points(name, contacts) || points(name, accounts)
    const through = (name: string, modules: readonly string[]): boolean => {
      const target = this.#database.entity(numberIn(record, name))
      return target !== undefined && !target.deleted && modules.includes(target.module) && this.sees(target)
    }
    switch (record.module) {
      case 'Contacts':
        return contacts.includes(record.number) || points('account_id', accounts)
      case 'Accounts':
        return accounts.includes(record.number)
      case 'HelpDesk':
        return mine('parent_id')
      case 'Potentials':
        return mine('related_to')
      case 'Project':
        return mine('linktoaccountscontacts')
      case 'ServiceContracts':
        return mine('sc_related_to')
      case 'Invoice':
      case 'Quotes':
      case 'SalesOrder':
      case 'InventoryDetails':
        return points('contact_id', contacts) || points('account_id', accounts)
      case 'Assets':
        return points('account', accounts)
      case 'ProjectTask':
      case 'ProjectMilestone':
        return through('projectid', ['Project'])
      case 'ModComments':
        return through('related_to', ['HelpDesk', 'Project'])
      case 'Documents':
        return this.#relatedToMine(this.#database.documentRelations, record.number, ['HelpDesk', 'Project'])
      case 'Emails':
        return this.#relatedToMine(this.#database.emailRelations, record.number, [])
      case 'Products':
      case 'Services':
        return record.values.get('discontinued') === '1'
      case 'Faq':
        return record.values.get('faqstatus') === 'Published'
      default:
        return false
    }
  }

  #relatedToMine(
    relations: readonly { record: number; document: number }[],
    document: number,
    modules: readonly string[],
  ): boolean {
    const { contacts, accounts } = this.#ownerIds
    return relations.some((each) => {
      if (each.document !== document) return false
      if (contacts.includes(each.record) || accounts.includes(each.record)) return true
      const parent = this.#database.entity(each.record)
      return parent !== undefined && !parent.deleted && modules.includes(parent.module) && this.sees(parent)
    })
  }

  /** Names of the fields of a module that can be read. */
  readable(module: string): string[] {
    const names = this.#module(module).fields.map(({ name }) => name)
    return names.filter((name) => !isHiddenField(module, name))
  }

  /** A record as a contact that sees it reads it. */
  shown(record: CrmRecord): Readonly<Record<string, string>> {
    const values = this.readable(record.module).map((name) => [name, this.#value(record, name)] as const)
    return { ...Object.fromEntries(values), id: this.#database.webserviceId(record) }
  }

  /** Ids of the visible records of some modules that hold a word in a text field, by module; without those that have none. */
  search(word: string, modules: readonly string[]): Map<string, readonly string[]> {
    const hits = modules.map((module) => {
      const readable = new Set(this.readable(module))
      const texts = this.#module(module).fields.filter(
        ({ name, type }) => textTypes.has(type.name) && readable.has(name),
      )
      const found = this.visible(module).filter(({ values }) =>
        texts.some(({ name }) => (values.get(name) ?? '').toLowerCase().includes(word)),
      )
      return [module, found.map((record) => this.#database.webserviceId(record)).sort()] as const
    })
    return new Map(hits.filter(([, ids]) => ids.length > 0))
  }

  /** @throws Error where the statement is not one of the other parser's */
  answer(statement: string): Expected {
    const { select, offset, count } = read(statement)
    const from = select.from?.[0]
    const module = from?.type === 'table' ? this.#moduleNamed(from.name.name) : undefined
    if (module === undefined) throw new Error('no such module')
    const { where } = select
    const found = this.visible(module).filter((record) => !where || this.#holds(where, record) === true)
    const orders = select.orderBy ?? []
    const sorted = found
      .map((record) => ({ record, keys: orders.map((order) => this.#sortable(record, order)) }))
      .sort((a, b) => {
        for (const [i, { order }] of orders.entries()) {
          const difference = compareTexts(a.keys[i] ?? '', b.keys[i] ?? '')
          if (difference !== 0) return order === 'DESC' ? -difference : difference
        }
        return a.record.number - b.record.number
      })
    const id = (record: CrmRecord) => this.#database.webserviceId(record)
    const ids = sorted.map(({ record }) => id(record))
    const sortKeys = new Map(sorted.map(({ record, keys }) => [id(record), JSON.stringify(keys.map(fold))]))
    const counted = !(statement.match(/'(?:[^']|'')*'/g) ?? []).some((value) =>
      / {2}| (?:order by|limit) /i.test(value),
    )
    const columns = (select.columns ?? []).map(({ expr }) => expr)
    if (columns[0]?.type === 'call') {
      const rows = [{ count: String(ids.length) }]
      return { ids, sortKeys, counted, kind: 'count', total: ids.length, rows }
    }
    const bare = select.distinct !== undefined
    let rows = sorted.map(({ record }) => this.#project(record, columns, bare))
    if (bare) {
      const byValue = new Map<string, Record<string, string>>()
      for (const row of rows) {
        const key = JSON.stringify(Object.values(row).map(fold))
        if (!byValue.has(key)) byValue.set(key, row)
      }
      rows = [...byValue.values()]
    }
    const page = rows.slice(offset, offset + count)
    return { ids, sortKeys, counted, kind: bare ? 'distinct' : 'rows', total: rows.length, rows: page }
  }

  #project(record: CrmRecord, columns: readonly Expr[], bare: boolean): Record<string, string> {
    const row: Record<string, string> = {}
    const wantsId = columns.some(
      (each) => each.type === 'ref' && each.name === 'id' && each.table === undefined,
    )
    for (const column of columns) {
      if (column.type !== 'ref') throw new Error(`a ${column.type} is selected`)
      const { table, name } = column
      if (name === '*') {
        for (const each of this.readable(record.module)) row[each] = this.#value(record, each)
      } else if (table !== undefined && table.name !== record.module.toLowerCase()) {
        const target = this.#hop(record, table.name)
        const exact = this.#fieldName(this.#moduleNamed(table.name) ?? '', name)
        row[`${table.name}${exact}`] = target === undefined ? '' : this.#value(target, exact)
      } else if (name !== 'id') {
        const exact = this.#fieldName(record.module, name)
        row[exact] = this.#value(record, exact)
      }
    }
    if (!bare || wantsId) row['id'] = this.#database.webserviceId(record)
    return row
  }

  #module(name: string): Module {
    const module = this.#database.module(name)
    if (module === undefined) throw new Error(`no module ${name}`)
    return module
  }

  /** The other parser makes all names lower case. */
  #moduleNamed(lower: string): string | undefined {
    return [...this.#database.modules.keys()].find((each) => each.toLowerCase() === lower.toLowerCase())
  }

  #fieldName(module: string, lower: string): string {
    if (lower === 'id') return 'id'
    const field = this.#module(module).fields.find(({ name }) => name.toLowerCase() === lower)
    if (field === undefined) throw new Error(`no field ${lower}`)
    return field.name
  }

  /** The visible record that the first reference to the module points to. */
  #hop(record: CrmRecord, lower: string): CrmRecord | undefined {
    const module = this.#moduleNamed(lower) ?? ''
    const field = this.#module(record.module).fields.find(
      ({ type }) => type.name === 'reference' && type.refersTo?.includes(module) === true,
    )
    if (field === undefined) throw new Error(`no reference to ${lower}`)
    const target = this.#database.target(field, record.values.get(field.name))
    return target?.module === module && !target.deleted && this.sees(target) ? target : undefined
  }

  #field(record: CrmRecord, name: string): Field | undefined {
    return this.#module(record.module).fields.find((field) => field.name === name)
  }

  #value(record: CrmRecord, name: string): string {
    if (name === 'id') return this.#database.webserviceId(record)
    const field = this.#field(record, name)
    const value = record.values.get(name) ?? ''
    if (field === undefined || (field.type.name !== 'reference' && field.type.name !== 'owner')) return value
    const target = this.#database.target(field, value)
    return target === undefined ? '' : this.#database.webserviceId(target)
  }

  #sortable(record: CrmRecord, { by }: OrderByStatement): string {
    if (by.type !== 'ref') throw new Error(`an order by a ${by.type}`)
    if (by.name === 'id') return String(record.number).padStart(12, '0')
    const name = this.#fieldName(record.module, by.name)
    const value = record.values.get(name) ?? ''
    const field = this.#field(record, name)
    // A column of text is sorted as text, also where the field is a number; that of line items holds numbers.
    const isText = field?.uitype === '1' && name !== 'lineitem_id'
    return isNumeric(field) && !isText ? (1e9 + Number(value)).toFixed(6).padStart(24, '0') : value
  }

  #holds(node: Expr, record: CrmRecord): Truth {
    if (node.type === 'unary') {
      if (node.op === 'NOT') return negate(this.#holds(node.operand, record))
      if (node.op === 'IS NULL' || node.op === 'IS NOT NULL') {
        const { raw } = this.#operand(node.operand, record)
        return (raw === null || raw === '') === (node.op === 'IS NULL')
      }
    }
    if (node.type === 'boolean') return node.value
    if (node.type !== 'binary') throw new Error(`a ${node.type}`)
    const { left, right, op } = node
    if (op === 'AND' || op === 'OR') {
      const [a, b] = [this.#holds(left, record), this.#holds(right, record)]
      const deciding = op === 'OR'
      return a === deciding || b === deciding
        ? deciding
        : a === undefined || b === undefined
          ? undefined
          : !deciding
    }
    if (left.type === 'ref' && left.table?.name === 'related') return this.#isRelated(record, literal(right))
    return this.#compares(left, op, right, record)
  }

  #isRelated(record: CrmRecord, id: string): boolean {
    const target = this.#database.entity(Number(id.split('x')[1]))
    if (target === undefined || target.deleted || !this.sees(target)) return false
    if (record.module === 'Potentials' && target.module === 'Contacts') {
      const parent = numberIn(record, 'related_to')
      return parent !== 0 && [target.number, numberIn(target, 'account_id')].includes(parent)
    }
    if (record.module !== 'Documents') return this.#hop(record, target.module)?.number === target.number
    return this.#database.documentRelations.some(
      (each) => each.document === record.number && each.record === target.number,
    )
  }

  /** A reference is compared as the id that it shows; one that points nowhere holds nothing, but is not null. */
  #operand(node: Expr, record: CrmRecord): { raw: string | null; field: Field | undefined } {
    if (node.type !== 'ref') throw new Error(`a ${node.type} is compared`)
    const prefix = node.table?.name ?? record.module.toLowerCase()
    const own = prefix === record.module.toLowerCase()
    const module = own ? record.module : (this.#moduleNamed(prefix) ?? '')
    const name = this.#fieldName(module, node.name)
    const field = this.#module(module).fields.find((each) => each.name === name)
    const of = own ? record : this.#hop(record, prefix)
    if (of === undefined) return { raw: null, field }
    if (name === 'id') return { raw: this.#database.webserviceId(of), field }
    const reference = field?.type.name === 'reference' || field?.type.name === 'owner'
    const stored = of.values.get(name) ?? null
    return { raw: reference && stored !== null ? this.#value(of, name) : stored, field }
  }

  #compares(left: Expr, op: string, right: Expr, record: CrmRecord): Truth {
    const { raw, field } = this.#operand(left, record)
    if (right.type === 'null') return undefined
    const empty = raw === null || raw === ''
    if (right.type !== 'list' && literal(right) === '' && (op === '=' || op === '!='))
      return (op === '=') === empty
    const list = right.type === 'list' ? right.expressions : [right]
    if (raw === null) return op === 'IN' && list.map(literal).includes('') ? true : undefined
    // coreBOS looks at the number of an id alone, and that is unique.
    const isId = field === undefined || field.type.name === 'reference' || field.type.name === 'owner'
    const order = (value: string) =>
      isId
        ? Number(raw.split('x')[1] ?? 0) - Number(value.split('x')[1])
        : isNumeric(field)
          ? Number(raw) - Number(value)
          : compareTexts(raw, value)
    if (op === 'IN' || op === 'NOT IN') {
      const found = list.map(literal).some((value) => (value === '' ? empty : order(value) === 0))
      return found === (op === 'IN')
    }
    const value = literal(right)
    switch (op) {
      case 'LIKE':
        if (isId) return order(value) === 0
        return likes(raw, value)
      case 'NOT LIKE':
        return !likes(raw, value)
      case '=':
        return order(value) === 0
      case '!=':
        return order(value) !== 0
      case '<':
        return order(value) < 0
      case '<=':
        return order(value) <= 0
      case '>':
        return order(value) > 0
      case '>=':
        return order(value) >= 0
      default:
        throw new Error(`the operator ${op}`)
    }
  }
}

/** Texts, as coreBOS's protocol has them, or the values of JSON. */
type Row = Readonly<Record<string, unknown>>

/** What a gateway has answered to a statement. */
export interface Answered {
  readonly records?: readonly Row[] | undefined
  readonly total?: number | undefined
}

/** What is wrong with an answer, if anything: rows, their values, their number in all, and their order but for ties. */
export function difference(
  { records = [], total }: Answered,
  expected: Omit<Expected, 'rows'> & { readonly rows: readonly Row[] },
): string | undefined {
  const isRight = total === expected.total || (total === undefined && !expected.counted)
  if (!isRight) return `total ${String(total)} instead of ${expected.total}`
  if (records.length !== expected.rows.length)
    return `${records.length} rows instead of ${expected.rows.length}`
  if (expected.kind === 'count') return same(records, expected.rows)
  if (expected.kind === 'distinct')
    return records.length === expected.total ? same(sorted(records), sorted(expected.rows)) : undefined
  const keys = (rows: readonly Row[]) => rows.map(({ id }) => expected.sortKeys.get(String(id)))
  if (records.some(({ id }) => !expected.sortKeys.has(String(id)))) return 'a row that is not to be seen'
  if (new Set(records.map(({ id }) => id)).size !== records.length) return 'a row twice'
  return (
    same(keys(records), keys(expected.rows)) ??
    (records.length === expected.total ? same(sorted(records), sorted(expected.rows)) : undefined)
  )
}

function sorted(rows: readonly Row[]): string[] {
  return rows.map((row) => JSON.stringify(Object.entries(row).sort())).sort()
}

function same(got: unknown, wanted: unknown): string | undefined {
  return JSON.stringify(got) === JSON.stringify(wanted)
    ? undefined
    : `got ${JSON.stringify(got).slice(0, 300)} instead of ${JSON.stringify(wanted).slice(0, 300)}`
}

interface Statement {
  readonly select: SelectFromStatement
  readonly offset: number
  readonly count: number
}

const statements = new Map<string, Statement>()

/** The other parser takes milliseconds, and every statement is asked by several contacts. */
function read(text: string): Statement {
  const statement = statements.get(text) ?? parse(text)
  statements.set(text, statement)
  return statement
}

/** The other parser speaks PostgreSQL: its texts take a backslash as it is, and its limits have no comma. */
function parse(statement: string): Statement {
  const plain = statement
    .replace(/[\s;]+$/, '')
    .replace(/(\\\\)|\\'/g, (pair, doubled: string | undefined) => (doubled === undefined ? "''" : pair))
  const text = withoutJson(plain).replace(/'(?:[^']|'')*'|\b(\d+x\d+)\b/g, (whole, id?: string) =>
    id === undefined ? whole : `'${id}'`,
  )
  const limit = /\slimit\s+(\d+)(?:\s*,\s*(\d+)|\s+offset\s+(\d+))?$/i.exec(text)
  const ast = parseFirst(limit === null ? text : text.slice(0, limit.index))
  if (ast.type !== 'select') throw new Error(`a ${ast.type}`)
  const [, first = '100', afterComma, afterOffset = '0'] = limit ?? []
  return afterComma === undefined
    ? { select: ast, offset: Number(afterOffset), count: Number(first) }
    : { select: ast, offset: Number(first), count: Number(afterComma) }
}

interface JsonCondition {
  readonly fieldname: string
  readonly operation: string
  readonly value?: string | number
  readonly joincondition?: string
  readonly groupid?: string | number
  readonly groupjoin?: string
}

const operations: Readonly<Record<string, (value: string) => string>> = {
  is: (value) => `= ${quoted(value)}`,
  'equal to': (value) => `= ${quoted(value)}`,
  'is not': (value) => `!= ${quoted(value)}`,
  'does not equal': (value) => `!= ${quoted(value)}`,
  'less than': (value) => `< ${quoted(value)}`,
  before: (value) => `< ${quoted(value)}`,
  'greater than': (value) => `> ${quoted(value)}`,
  after: (value) => `> ${quoted(value)}`,
  'greater than or equal to': (value) => `>= ${quoted(value)}`,
  'less than or equal to': (value) => `<= ${quoted(value)}`,
  contains: (value) => `like ${quoted(`%${escaped(value)}%`)}`,
  containsnc: (value) => `like ${quoted(`%${escaped(value)}%`)}`,
  'starts with': (value) => `like ${quoted(`${escaped(value)}%`)}`,
  'ends with': (value) => `like ${quoted(`%${escaped(value)}`)}`,
  'does not contain': (value) => `not like ${quoted(`%${escaped(value)}%`)}`,
  'is empty': () => 'is null',
  'is not empty': () => 'is not null',
}

/** The list of conditions in JSON as a condition in SQL; groups become parentheses. */
function withoutJson(statement: string): string {
  const [, head, json, tail] = /^([^']*? where\s+)(\[\s*[{\]][^]*)((?<=\])[^\]]*)$/i.exec(statement) ?? []
  if (head === undefined || json === undefined || tail === undefined) return statement
  const list = JSON.parse(json) as readonly JsonCondition[]
  let sql = ''
  for (const [i, condition] of list.entries()) {
    const { fieldname, operation, value = '', groupid = '0', groupjoin = 'and' } = condition
    const before = list[i - 1]
    const opens = before === undefined || String(before.groupid ?? '0') !== String(groupid)
    if (before !== undefined)
      sql += opens
        ? `) ${groupjoin} `
        : ` ${before.joincondition === '' ? 'and' : (before.joincondition ?? 'and')} `
    const [, reference, module, field] = /^(?:\$\()?(\w+) : \((\w+)\) (\w+)\)?$/.exec(fieldname) ?? []
    const test = operations[operation]
    if (test === undefined) throw new Error(`the operation ${operation}`)
    // The number alone stands for an id here; the module that it belongs to is not said.
    const bare = (field === 'id' || fieldname === 'id') && /^\d+$/.test(String(value))
    const path =
      module === undefined ? fieldname : module === 'Users' ? reference : `${module}.${field ?? ''}`
    sql += `${opens ? '(' : ''}${path} ${bare ? `${/\bnot\b/.test(operation) ? '!=' : '='} '0x${value}'` : test(String(value))}`
  }
  return `${head}${sql})${tail}`
}

function escaped(text: string): string {
  return text.replace(/[%_]/g, '\\$&')
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

function literal(node: Expr): string {
  if (node.type === 'string') return node.value.replaceAll('\\\\', '\\')
  if (node.type === 'integer' || node.type === 'numeric') return String(node.value)
  if (node.type === 'unary' && node.op === '-') return `-${literal(node.operand)}`
  throw new Error(`a ${node.type} as value`)
}

function isNumeric(field: Field | undefined): boolean {
  return field !== undefined && ['integer', 'double', 'currency'].includes(field.type.name)
}

function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toUpperCase().replace(/ +$/, '')
}

function compareTexts(left: string, right: string): number {
  const [a, b] = [fold(left), fold(right)]
  return a < b ? -1 : a > b ? 1 : 0
}

function likes(text: string, pattern: string): boolean {
  const plain = (part: string) => part.normalize('NFD').replace(/\p{M}/gu, '').toUpperCase()
  const source = plain(pattern).replace(
    /\\([\\%_])|%|_|[$()*+.?[\\\]^{|}]/g,
    (char, escaped: string | undefined) => {
      if (escaped !== undefined) return escaped === '\\' ? '\\\\' : escaped
      return char === '%' ? '[^]*' : char === '_' ? '[^]' : `\\${char}`
    },
  )
  return new RegExp(`^${source}$`).test(plain(text))
}

function negate(truth: Truth): Truth {
  return truth === undefined ? undefined : !truth
}
