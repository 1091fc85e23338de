/**
 * coreBOS's generator of conditions, behind the extended and the workflow dialect: names, operators and
 * values become SQL text.
 */
import { lower, trim } from '../php-text.ts'
import type { Field } from '../metadata.ts'
import type { Schema, Schemas } from './schema.ts'
import { NAME_COLUMN, aliasOf } from './joins.ts'

export type ConditionValue = string | readonly string[]
/** Whether any record of the main module fulfils a condition. */
export type Exists = (where: string) => boolean

const NUMBERS = new Set(['currency', 'percentage', 'double', 'integer', 'number'])
const UNQUOTED = new Set(['integer', 'double', 'currency'])
const TEXTS = new Set(['string', 'text', 'email', 'reference', 'phone'])
const NEGATIVE = new Set(['n', 'k', 'dnsw', 'dnew'])
const UNSPLIT = new Set(['e', 'cnc', 'y', 'ny', 'exists', 'monthday'])

const COMPARISONS: Readonly<Record<string, string>> = {
  e: '=',
  n: '<>',
  l: '<',
  g: '>',
  m: '<=',
  h: '>=',
  a: '>',
  b: '<',
}
const PATTERNS: Readonly<Record<string, (value: string) => string>> = {
  s: (value) => `LIKE '${value}%'`,
  ew: (value) => `LIKE '%${value}'`,
  c: (value) => `LIKE '%${value}%'`,
  cnc: (value) => `LIKE '%${value}%'`,
  k: (value) => `NOT LIKE '%${value}%'`,
  dnsw: (value) => `NOT LIKE '${value}%'`,
  dnew: (value) => `NOT LIKE '%${value}'`,
}

const ESCAPES: readonly (readonly [string, string])[] = [
  ['\\', '\\\\'],
  ["'", "\\'"],
  ['"', '\\"'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\0', '\\0'],
  ['\u001a', '\\Z'],
]

const escapeSql = (text: string): string =>
  ESCAPES.reduce((escaped, [letter, written]) => escaped.replaceAll(letter, () => written), text)

const quote = (text: string): string => `'${escapeSql(text)}'`

const listSql = (values: readonly string[], operator: string): string =>
  `${operator === 'i' ? '' : 'NOT '}IN (${values.map(quote).join(',')})`

/** One value's comparison, to be put behind a column. */
const comparisonSql = (field: Field, operator: string, given: string, column: string): string => {
  const type = field.type.name
  let value = TEXTS.has(type) ? given : trim(given)
  const isEmpty = trim(value) === ''
  if (operator === 'y') return `IS NULL OR ${column} = ''`
  if (operator === 'ny') return `IS NOT NULL AND ${column} != ''`
  if (lower(trim(value)) === 'null') return operator === 'e' ? 'IS NULL' : 'IS NOT NULL'
  if (isEmpty && !TEXTS.has(type) && type !== 'picklist' && (operator === 'e' || operator === 'n')) {
    return operator === 'e' ? 'IS NULL' : 'IS NOT NULL'
  }
  if (type === 'boolean') value = { yes: '1', no: '0' }[lower(value)] ?? lower(value)
  if (type === 'date' || type === 'datetime') {
    if (isEmpty) return `IS NULL OR ${column} = ''`
  }
  const escaped = escapeSql(value)
  const pattern = PATTERNS[operator]
  if (pattern !== undefined) {
    if (isEmpty) return operator === 'k' ? "NOT LIKE ''" : "LIKE ''"
    const like = pattern(escaped.replaceAll('_', '\\_'))
    return UNQUOTED.has(type) ? like.replaceAll("'", '') : like
  }
  const sign = COMPARISONS[operator] ?? ''
  if (UNQUOTED.has(type)) return `${sign} ${escaped === '' ? '0' : escaped}`
  return `${sign} '${escaped}'`
}

const valuesOf = (field: Field, operator: string, value: ConditionValue): readonly string[] => {
  if (typeof value !== 'string') return value
  return NUMBERS.has(field.type.name) || UNSPLIT.has(operator) ? [value] : value.split(',')
}

export class Generator {
  readonly #schemas: Schemas
  readonly #schema: Schema
  readonly #exists: Exists
  readonly #parts: (string | number)[] = []
  readonly #conditions: string[] = []

  constructor(schemas: Schemas, schema: Schema, exists: Exists) {
    this.#schemas = schemas
    this.#schema = schema
    this.#exists = exists
  }

  /** Empty without a condition, with or without groups. */
  get where(): string {
    if (this.#conditions.length === 0) return ''
    const groups = this.#parts.map((part) => (typeof part === 'string' ? part : this.#conditions[part]))
    return `1${groups.join('')}`
  }

  startGroup(glue: string): void {
    this.#parts.push(glue === '' ? ' (' : ` ${glue} (`)
  }

  endGroup(): void {
    this.#parts.push(')')
  }

  #add(sql: string, glue: string): void {
    if (glue !== '' && this.#conditions.length > 0) this.#parts.push(` ${glue} `)
    this.#parts.push(this.#conditions.length)
    this.#conditions.push(sql)
  }

  /** A condition on a field of the main module, or its id. */
  addCondition(name: string, given: ConditionValue, operator: string, glue: string): void {
    const value = typeof given === 'string' ? trim(given) : given.map((held) => trim(held))
    const column = this.#schema.qualified(name)
    const field = this.#schema.module.field(name)
    if (name === 'id' && column !== undefined) {
      this.#add(`(${this.#idSql(column, value, operator)})`, glue)
    } else if (column === undefined || field === undefined) {
      this.#add('(0)', glue)
    } else {
      this.#add(this.#fieldSql(field, column, value, operator), glue)
    }
  }

  /** A condition on a field of a record that a field of the main module refers to. */
  addReferenceCondition(
    module: Schema,
    reference: string,
    name: string,
    value: ConditionValue,
    operator: string,
    glue: string,
  ): void {
    const isUser = module.module.name === 'Users'
    const found = module.column(name)
    if (name === 'id') {
      const ids = isUser
        ? ['vtiger_users.id', 'vtiger_groups.groupid']
        : [`${aliasOf(module, reference)}.${module.key}`]
      this.#add(`(${ids.map((id) => this.#idSql(id, value, operator)).join(' or ')})`, glue)
      return
    }
    const field = module.module.field(name)
    if (found === undefined || field === undefined) {
      this.#add('(0)', glue)
      return
    }
    const column = isUser ? `vtiger_users.${found.name}` : `${aliasOf(module, reference)}.${found.name}`
    this.#add(`(${this.#valueSql(field, column, column, value, operator).at(0) ?? '0'})`, glue)
  }

  /** A comparison with another column instead of a value. */
  addColumnCondition(name: string, column: string, operator: string, glue: string): void {
    const own = this.#schema.qualified(name)
    this.#add(own === undefined ? '(0)' : `(${own} ${COMPARISONS[operator] ?? ''} ${column})`, glue)
  }

  #idSql(column: string, value: ConditionValue, operator: string): string {
    if (typeof value !== 'string') return `${column} ${listSql(value, operator)}`
    if (operator === 'y') return `${column} IS NULL`
    if (operator === 'ny') return `${column} IS NOT NULL`
    return `${column} ${COMPARISONS[operator] ?? '='} '${escapeSql(value === '' ? '0' : value)}'`
  }

  /** Each value of a condition with what it is compared to. */
  #valueSql(field: Field, name: string, column: string, value: ConditionValue, operator: string): string[] {
    const values = valuesOf(field, operator, value)
    if (operator === 'i' || operator === 'ni') return [`${name} ${listSql(values, operator)}`]
    if (operator === 'bw') return [`${name} BETWEEN ${quote(values[0] ?? '')} AND ${quote(values[1] ?? '')}`]
    if (operator === 'monthday') {
      return [`date_format(${name},'%m%d') = date_format(${quote(values[0] ?? '')},'%m%d')`]
    }
    return values.map((held) => `${name} ${comparisonSql(field, operator, held, column)}`)
  }

  #fieldSql(field: Field, column: string, value: ConditionValue, operator: string): string {
    if (operator === 'exists') {
      const found = this.#exists(`WHERE ${this.#fieldSql(field, column, value, 'e')}`)
      return found ? '(1)' : '(0)'
    }
    const glue = NEGATIVE.has(operator) ? ' AND ' : ' OR '
    if (field.type.name === 'owner') {
      const names = [`trim(vtiger_users.\`${NAME_COLUMN}\`)`, 'vtiger_groups.groupname']
      const either = (sql: (name: string) => string[]): string[] => {
        const [users, groups] = names.map(sql)
        return (users ?? []).map((user, index) => `(${user} or ${groups?.[index] ?? '0'})`)
      }
      return `(${either((name) => this.#valueSql(field, name, name, value, operator)).join(glue)})`
    }
    if (field.type.name !== 'reference') {
      return `(${this.#valueSql(field, column, column, value, operator).join(glue)})`
    }
    if (value === '' && (operator === 'e' || operator === 'n')) {
      const empty = `${column} IS NULL OR ${column} = '' OR ${column} = 0`
      return operator === 'e' ? `(${empty})` : `(NOT (${empty}))`
    }
    const byModule = (field.type.refersTo ?? [])
      .map((name) => this.#schemas.find(name))
      .filter((module) => module !== undefined)
      .map((module) => `trim(${aliasOf(module, field.name)}.\`${NAME_COLUMN}\`)`)
      .flatMap((name) => this.#valueSql(field, name, column, value, operator))
    return byModule.length === 0 ? '(0)' : `(${byModule.join(' OR ')})`
  }
}
