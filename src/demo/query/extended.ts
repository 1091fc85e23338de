/** The extended dialect: read with an SQL parser, of which coreBOS takes what it knows and drops the rest. */
import { lower, trim, upper } from '../php-text.ts'
import type { Database } from '../database.ts'
import { CorebosError } from '../errors.ts'
import { addCondition, moduleNamed } from './condition.ts'
import { Generator } from './generator.ts'
import { aliasOf, joinedResolver, referenceTo } from './joins.ts'
import { PLAIN } from './plan.ts'
import type { Plan } from './plan.ts'
import type { Schema, Schemas } from './schema.ts'
import { selectedColumns } from './selected.ts'
import { commaSeparated, expressionParts, sections, splitStatement } from './split.ts'
import type { Part } from './split.ts'
import { runSelect } from './sql/select.ts'

/** The field names with capitals; all others are put into small letters. */
const CAPITALS = new Set([
  'hdnDiscountAmount',
  'hdnDiscountPercent',
  'hdnGrandTotal',
  'hdnSubTotal',
  'hdnS_H_Amount',
  'hdnTaxType',
  'txtAdjustment',
])

const syntaxError = (message: string): CorebosError => new CorebosError('QUERY_SYNTAX_ERROR', message)

interface Selected {
  readonly names: string[]
  readonly related: Map<string, Schema>
  distinct: boolean
  count: boolean
}

/** A selected expression without its alias. */
const withoutAlias = (parts: readonly Part[]): readonly Part[] => {
  const as = parts.findIndex(({ text }) => upper(text) === 'AS')
  if (as >= 0) return parts.slice(0, as)
  const [first, second] = parts
  return parts.length === 2 && first !== undefined && second?.type === 'column' ? [first] : parts
}

const readName = (schemas: Schemas, selected: Selected, name: string): void => {
  const small = (field: string): string => (CAPITALS.has(field) ? field : lower(field))
  const [moduleName = '', field = ''] = name.split('.')
  if (name.indexOf('.') <= 0) {
    selected.names.push(small(name))
    return
  }
  const module = moduleNamed(schemas, moduleName)
  selected.related.set(module.module.name, module)
  selected.names.push(`${module.module.name}.${small(field)}`)
}

const readSelect = (schemas: Schemas, tokens: readonly string[]): Selected => {
  const selected: Selected = { names: [], related: new Map(), distinct: false, count: false }
  for (const expression of commaSeparated(tokens)) {
    const words = splitStatement(expression)
    const first = words.find((word) => trim(word) !== '')
    const isDistinct = first !== undefined && lower(first) === 'distinct'
    if (isDistinct) selected.distinct = true
    const parts = withoutAlias(expressionParts(isDistinct ? words.slice(words.indexOf(first) + 1) : words))
    const [part] = parts
    if (part === undefined) continue
    if (parts.length > 1) throw syntaxError('expressions not supported')
    if (part.type === 'column') readName(schemas, selected, part.text)
    if (part.type === 'function' && lower(part.text) === 'count') selected.count = true
  }
  if (!selected.distinct) selected.names.push('id')
  return selected
}

/** Column, operator and constant make a condition as soon as all three have been seen. */
const readConditions = (
  schemas: Schemas,
  main: Schema,
  generator: Generator,
  parts: readonly Part[],
): void => {
  let glue = ''
  let column: string | undefined
  let operator = ''
  let value: string | undefined
  for (const part of parts) {
    const capitals = upper(part.text)
    if (part.type === 'group') {
      generator.startGroup(glue)
      readConditions(schemas, main, generator, part.parts)
      generator.endGroup()
    } else if (part.type === 'operator') {
      if (capitals === 'AND' || capitals === 'OR') glue = capitals
      else operator += ` ${part.text}`
    } else if (part.type === 'column') {
      column = part.text
    } else if (part.type === 'constant' || part.type === 'list') {
      value = part.text
    }
    if (column !== undefined && operator !== '' && value !== undefined) {
      addCondition(schemas, main, generator, `${column} ${operator} ${value}`, glue)
      column = undefined
      operator = ''
      value = undefined
    }
  }
}

/** A field as a column of the joined tables; anything else goes into SQL as it is. */
export const orderColumn = (schemas: Schemas, main: Schema, text: string): string => {
  const field = trim(text)
  if (field !== 'id' && main.column(field) !== undefined) return main.qualified(field) ?? field
  const [moduleName = '', name = ''] = field.split('.')
  if (field.indexOf('.') > 0) {
    const module = moduleNamed(schemas, moduleName)
    const column = module.column(name)?.name ?? ''
    if (module === main) return main.qualified(name) ?? ''
    if (module.module.name === 'Users') return `vtiger_users.${column}`
    return `${aliasOf(module, referenceTo(main, module.module.name) ?? name)}.${column}`
  }
  return field === 'id' ? (main.qualified('id') ?? field) : field
}

const printOrder = (schemas: Schemas, main: Schema, tokens: readonly string[]): string => {
  let sql = ''
  for (const expression of commaSeparated(tokens)) {
    const words = splitStatement(expression).filter((word) => trim(word) !== '')
    const descending = words.some((word) => upper(word) === 'DESC')
    const rest = words.filter((word) => !['ASC', 'DESC'].includes(upper(word)))
    const parts = withoutAlias(expressionParts(rest))
    const [part] = parts
    // Of a function only its name is left.
    const text = parts.length === 1 && part !== undefined ? part.text : rest.join(' ')
    sql += `${orderColumn(schemas, main, text)} ${descending ? 'DESC' : 'ASC'}`
  }
  return ` ORDER BY ${sql}`
}

const printLimit = (tokens: readonly string[]): string => {
  const at = tokens.findIndex((token) => [',', 'OFFSET'].includes(upper(trim(token))))
  const first = trim(tokens.slice(0, Math.max(at, 0)).join(''))
  const second = trim(tokens.slice(at + 1).join(''))
  const exchanged = at >= 0 && trim(tokens[at] ?? '') !== ','
  const [offset, count] = exchanged ? [second, first] : [first, second]
  return ` LIMIT ${offset === '' ? '0' : offset},${count}`
}

/** Whether a condition finds any record at all, for the operation `exists`. */
export const existence =
  (database: Database, schemas: Schemas, schema: Schema) =>
  (where: string): boolean =>
    runSelect(
      { rows: database.records(schema.module.name), resolve: joinedResolver(database, schemas, schema) },
      schemas.tables,
      [],
      where,
    ).matching > 0

export const planExtended = (database: Database, schemas: Schemas, text: string): Plan => {
  const found = sections(text)
  const [from] = commaSeparated(found.get('FROM') ?? [])
  const name = /^[`'"]?([^ \f\v`'";.]+)/.exec(from ?? '')?.[1]
  if (name === undefined || found.has('UNION')) {
    throw syntaxError('Given query is missing or has incorrect FROM clause')
  }
  const schema = moduleNamed(schemas, name)
  const selected = readSelect(schemas, found.get('SELECT') ?? [])
  const generator = new Generator(schemas, schema, existence(database, schemas, schema))
  const where = found.get('WHERE')
  if (where !== undefined) {
    generator.startGroup('AND')
    readConditions(schemas, schema, generator, expressionParts(where))
    generator.endGroup()
  }
  const order = found.get('ORDER')
  const limit = found.get('LIMIT')
  return {
    ...PLAIN,
    schema,
    columns: selected.count ? [] : selectedColumns(database, schemas, schema, selected.names),
    resolve: joinedResolver(database, schemas, schema),
    where: generator.where,
    tail: `${order === undefined ? '' : printOrder(schemas, schema, order)}${limit === undefined ? '' : printLimit(limit)}`,
    count: selected.count,
    distinct: selected.distinct,
    backwards: true,
    relatedModules: [...selected.related.keys()],
    holdsId: !selected.count && selected.names.includes('id'),
  }
}
