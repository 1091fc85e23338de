/** The workflow dialect: conditions as a JSON list; what is no readable list finds everything. */
import { lower, trim, trimEnd } from '../php-text.ts'
import type { Database } from '../database.ts'
import { Crash, denied } from '../errors.ts'
import { decodeEntities } from './entities.ts'
import { existence, orderColumn } from './extended.ts'
import { moduleNamed } from './condition.ts'
import { Generator } from './generator.ts'
import { aliasOf, joinedResolver } from './joins.ts'
import { PLAIN } from './plan.ts'
import type { Plan, ShownColumn } from './plan.ts'
import { relativeDate } from './relative.ts'
import type { Schema, Schemas } from './schema.ts'
import { selectedColumns } from './selected.ts'
import { node } from './sql/operators.ts'
import { compileExpression } from './sql/select.ts'
import { databaseError } from './sql/values.ts'

const OPERATORS: ReadonlyMap<string, string> = new Map([
  ['equal to', 'e'],
  ['less than', 'l'],
  ['greater than', 'g'],
  ['does not equal', 'n'],
  ['less than or equal to', 'm'],
  ['greater than or equal to', 'h'],
  ['is', 'e'],
  ['contains', 'c'],
  ['containsnc', 'cnc'],
  ['does not contain', 'k'],
  ['starts with', 's'],
  ['ends with', 'ew'],
  ['is not', 'n'],
  ['is empty', 'y'],
  ['is not empty', 'ny'],
  ['before', 'l'],
  ['after', 'g'],
  ['between', 'bw'],
  ['less than days ago', 'bw'],
  ['more than days ago', 'l'],
  ['in less than', 'bw'],
  ['in more than', 'g'],
  ['days ago', 'e'],
  ['days later', 'e'],
  ['less than hours before', 'bw'],
  ['less than hours later', 'bw'],
  ['more than hours before', 'l'],
  ['more than hours later', 'g'],
  ['is today', 'e'],
  ['exists', 'exists'],
  ['does not start with', 'dnsw'],
  ['does not end with', 'dnew'],
  ['monthday', 'monthday'],
])

/** Operations that ask for a change of the record; such a condition is left out. */
const LEFT_OUT = new Set(['has changed', 'has changed to', 'was'])

type JsonObject = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const textOf = (value: unknown): string => {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  return value === true ? '1' : ''
}

/** undefined where the text is no JSON list, or an empty one. */
const readList = (text: string): readonly unknown[] | undefined => {
  try {
    const list: unknown = JSON.parse(decodeEntities(text))
    return Array.isArray(list) && list.length > 0 ? list : undefined
  } catch {
    return undefined
  }
}

const REFERENCE = /(\w+) : \((\w+)\) (\w+)/

interface Condition {
  readonly field: string
  readonly operation: string
  readonly value: string
  readonly valueType: string
  readonly join: string
  readonly group: string | undefined
  readonly groupJoin: string
}

const readCondition = (held: unknown, now: number): Condition => {
  // coreBOS takes the properties of what it believes to be an object.
  if (!isObject(held)) throw new Crash()
  const operation = textOf(held['operation'])
  const given = textOf(held['value'])
  const relative = relativeDate(operation, given, now)
  return {
    field: textOf(held['fieldname']),
    operation,
    value: relative ?? decodeEntities(given),
    valueType: relative === undefined ? textOf(held['valuetype']) : 'rawtext',
    join: textOf(held['joincondition']),
    group: held['groupid'] === undefined ? undefined : textOf(held['groupid']),
    groupJoin: textOf(held['groupjoin']),
  }
}

/** The column that a value names: `$(field : (Module) name)`, or a field's name where the type says so. */
const columnNamed = (schemas: Schemas, main: Schema, value: string, type: string): string | undefined => {
  const [, reference, moduleName, name] = REFERENCE.exec(value) ?? []
  if (reference !== undefined && moduleName !== undefined && name !== undefined) {
    const module = moduleNamed(schemas, moduleName)
    return `${aliasOf(module, reference)}.${module.column(name)?.name ?? ''}`
  }
  return type === 'fieldname' && !value.includes('.') ? (main.qualified(value) ?? '') : undefined
}

const addCondition = (
  schemas: Schemas,
  main: Schema,
  generator: Generator,
  condition: Condition,
  glue: string,
): void => {
  const operator = OPERATORS.get(condition.operation) ?? ''
  if (condition.valueType === 'expression') throw databaseError()
  const [, reference, moduleName, name] = REFERENCE.exec(condition.field) ?? []
  const column = columnNamed(schemas, main, condition.value, condition.valueType)
  if (reference !== undefined && moduleName !== undefined && name !== undefined) {
    const module = moduleNamed(schemas, moduleName)
    generator.addReferenceCondition(module, reference, name, condition.value, operator, glue)
  } else if (column !== undefined && condition.valueType === 'fieldname') {
    generator.addColumnCondition(condition.field, column, operator, glue)
  } else {
    const truth = { 'true:boolean': '1', 'false:boolean': '0' }[condition.value]
    generator.addCondition(condition.field, truth ?? column ?? condition.value, operator, glue)
  }
}

const addConditions = (
  schemas: Schemas,
  main: Schema,
  generator: Generator,
  list: readonly unknown[],
  now: number,
): void => {
  generator.startGroup('AND')
  generator.startGroup('')
  let previous: Condition | undefined
  for (const [index, held] of list.entries()) {
    const condition = readCondition(held, now)
    if (LEFT_OUT.has(condition.operation)) continue
    const opensGroup = index > 0 && condition.group !== previous?.group
    if (opensGroup) {
      generator.endGroup()
      generator.startGroup(condition.groupJoin === '' ? 'AND' : condition.groupJoin)
    }
    addCondition(schemas, main, generator, condition, opensGroup ? '' : (previous?.join ?? ''))
    previous = condition
  }
  generator.endGroup()
  generator.endGroup()
}

/** What stands behind a keyword, up to another one. */
const clause = (text: string, begin: RegExp, ends: readonly string[]): string => {
  let found = begin.exec(text)?.[1] ?? ''
  for (const end of ends) {
    const at = lower(found).indexOf(` ${end} `)
    if (at > 0) found = found.slice(0, at)
  }
  return found
}

const printOrder = (schemas: Schemas, main: Schema, text: string): string => {
  let fields = trim(text)
  let direction = ''
  for (const word of ['asc', 'desc']) {
    if (direction !== '' || !lower(fields).endsWith(word)) continue
    direction = ` ${word} `
    fields = trim(fields.slice(0, -word.length))
  }
  const columns = fields.split(',').map((field) => orderColumn(schemas, main, field))
  return ` order by ${columns.join(',')}${direction}`
}

/** What goes into SQL from the text behind the list. */
const printTail = (schemas: Schemas, main: Schema, text: string): string => {
  const group = clause(text, /(?:group[ \f\v]+by[ \f\v]+)+(.*)/i, ['order', 'limit'])
  const order = clause(text, /(?:order[ \f\v]+by[ \f\v]+)+(.*)/i, ['limit'])
  const limit = clause(text, /(?:limit[ \f\v]+)+(.*)/i, ['order'])
  const sql =
    (order === '' ? '' : printOrder(schemas, main, order)) + (limit === '' ? '' : ` limit ${limit} `)
  return `${group === '' ? '' : ` group by ${group}`}${trimEnd(sql, ';')}`
}

/** What a function gives of as many rows, which hold the name of the field and not its value. */
const OF_NAMES: ReadonlyMap<string, (rows: number, name: string) => string> = new Map([
  ['sum', (rows: number) => (rows === 0 ? '' : '0')],
  ['avg', (rows: number) => (rows === 0 ? '' : '0')],
  ['count', String],
  ['min', (rows: number, name: string) => (rows === 0 ? '' : name)],
  ['max', (rows: number, name: string) => (rows === 0 ? '' : name)],
])

/** An expression: a function of a field's name. Its column is called by `fieldname`, and shown if a field's is. */
const expressionColumn = (main: Schema, alias: string, expression: string): ShownColumn => {
  const [, name = '', argument = ''] =
    /^[ \f\v]*(\w+)[ \f\v]*\([ \f\v]*(\w+)[ \f\v]*\)[ \f\v]*$/.exec(expression) ?? []
  const of = OF_NAMES.get(lower(name))
  if (of === undefined) throw databaseError()
  return {
    key: main.columns.find((column) => column.name === alias)?.field ?? '',
    column: alias,
    node: node('text', () => argument),
    show: () => '',
    together: (matching) => of(matching, argument),
  }
}

/** `select [{…}]`: names of fields, or SQL that is taken as it is. */
const bracketColumns = (
  database: Database,
  schemas: Schemas,
  main: Schema,
  list: readonly unknown[],
): ShownColumn[] =>
  list.flatMap((held) => {
    if (!isObject(held)) throw databaseError()
    const value = textOf(held['value'])
    if (held['valuetype'] === 'expression') return [expressionColumn(main, textOf(held['fieldname']), value)]
    if (held['valuetype'] === 'fieldname') return selectedColumns(database, schemas, main, [value])
    const found = compileExpression(value, joinedResolver(database, schemas, main), schemas.tables)
    return [{ key: value, column: value, node: found, show: (record) => found.text(record) ?? '' }]
  })

const selectNames = (schemas: Schemas, text: string, related: Set<string>): string[] =>
  text.split(',').map((part) => {
    const name = trim(part)
    const [moduleName = '', field = ''] = name.split('.')
    if (name.indexOf('.') <= 0) return name
    const module = moduleNamed(schemas, moduleName)
    related.add(module.module.name)
    return `${module.module.name}.${field}`
  })

export const planWorkflow = (database: Database, schemas: Schemas, text: string, now: number): Plan => {
  const moduleName = /from[ \f\v]+([^ \f\v;]+)/i.exec(text)?.[1]
  const small = lower(text)
  const schema = moduleName === undefined ? undefined : schemas.find(moduleName)
  if (schema === undefined)
    throw denied(`Permission to perform the operation is denied for ${moduleName ?? ''}`)
  const grouped = small.indexOf('group by') > 0
  const related = new Set<string>()
  const from = Math.max(small.indexOf(' from '), 0)
  let columns: ShownColumn[]
  let holdsId = false
  const bracketed = /select[ \f\v]+\[/i.test(text)
  const list = bracketed ? readList(trim(text.slice(small.indexOf('select') + 6, from))) : undefined
  if (list !== undefined) {
    columns = bracketColumns(database, schemas, schema, list)
  } else if (bracketed) {
    // Such a bracket stood inside a value: nothing but the id is left of the select list.
    holdsId = true
    columns = selectedColumns(database, schemas, schema, ['id'])
  } else {
    const names = selectNames(schemas, trim(text.slice(6, from + 1)), related)
    holdsId = !grouped
    const ordered = grouped ? names : ['id', ...names]
    columns = selectedColumns(database, schemas, schema, names.includes('*') ? names : ordered)
  }
  const generator = new Generator(schemas, schema, existence(database, schemas, schema))
  let tail: string
  if (/ where[ \f\v]+\[/i.test(text)) {
    const start = small.indexOf(' where ') + 7
    const end = text.lastIndexOf(']') + 1
    const conditions = readList(trim(trim(text.slice(start, end)), ';'))
    if (conditions !== undefined) addConditions(schemas, schema, generator, conditions, now)
    tail = printTail(schemas, schema, trim(text.slice(end)))
  } else {
    tail = ` ${/ from[ \f\v]+\w+[ \f\v]+(.*)/i.exec(text)?.[1] ?? ''}`
  }
  return {
    ...PLAIN,
    schema,
    columns,
    resolve: joinedResolver(database, schemas, schema),
    where: generator.where,
    tail,
    relatedModules: [...related],
    holdsId,
  }
}
