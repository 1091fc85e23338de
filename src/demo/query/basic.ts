/** The basic dialect: parsed by coreBOS itself, printed into SQL condition by condition. */
import { trim } from '../php-text.ts'
import type { Database } from '../database.ts'
import { CorebosError, denied, invalidId } from '../errors.ts'
import type { Module } from '../metadata.ts'
import type { BasicCondition, BasicStatement } from './basic-parse.ts'
import { parseBasic } from './basic-parse.ts'
import { PLAIN } from './plan.ts'
import type { Plan, ShownColumn } from './plan.ts'
import type { Schema, Schemas } from './schema.ts'
import { allNames, mainColumn } from './show.ts'

const DEFAULT_LIMIT = '100'

/** The number of `12x8549`: the text between the first `x` and the next one. */
const idNumber = (value: string): string => trim(value, '\'"').split('x')[1] ?? ''

const printedValue = (condition: BasicCondition, module: Module): string => {
  const { field, operator, values } = condition
  const type = module.field(field)?.type.name
  let printed = values
  if (field === 'id' || type === 'owner') {
    printed = values.map(idNumber)
  } else if (type === 'reference') {
    if (values.some((value) => !value.includes('x'))) throw invalidId()
    printed = values.map(idNumber)
  }
  if (printed.length > 1 || operator === 'IN') return `(${printed.join(',')})`
  const [only = ''] = printed
  return operator === 'LIKE' && printed !== values ? `'${only}'` : only
}

const printConditions = (statement: BasicStatement, schema: Schema): string => {
  let sql = ''
  for (const [index, condition] of statement.conditions.entries()) {
    const column = schema.qualified(condition.field)
    if (column === undefined) throw denied(`Permission to access ${condition.field} attribute denied.`)
    if (index > 0) sql += ` ${statement.joins[index - 1] ?? ''} `
    sql += `${column} ${condition.operator} ${printedValue(condition, schema.module)}`
  }
  return sql
}

const printTail = ({ orderBy, direction, limit }: BasicStatement, schema: Schema): string => {
  const keys = orderBy.map((field) => schema.qualified(field)).filter((column) => column !== undefined)
  const order = keys.join(',') + (direction === '' ? '' : ` ${direction}`)
  return `${order === '' ? '' : ` ORDER BY ${order}`} LIMIT ${limit.length === 0 ? DEFAULT_LIMIT : limit.join(',')}`
}

/** A list in which something follows an unquoted 0 loses count of itself. */
const isBroken = ({ operator, values }: BasicCondition): boolean =>
  values.length > 1 && (operator !== 'IN' || values[0] === '0')

export const planBasic = (database: Database, schemas: Schemas, text: string): Plan => {
  const statement = parseBasic(text)
  const schema = schemas.find(statement.module)
  if (schema === undefined) {
    throw denied(`Permission to perform the operation is denied for ${statement.module}`)
  }
  const names = statement.all ? allNames(schema.module) : [...new Set(statement.columns)]
  if (!statement.all && !names.includes('id')) names.push('id')
  const columns: ShownColumn[] = []
  for (const name of statement.count ? [] : names) {
    const column = mainColumn(database, schemas, schema, name)
    if (column === undefined) throw denied(`Permission to access '.${name}.' attribute denied.`)
    columns.push(column)
  }
  if (statement.conditions.some(isBroken)) {
    throw new CorebosError('QUERY_SYNTAX_ERROR', 'columns data inappropriate')
  }
  const conditions = printConditions(statement, schema)
  return {
    ...PLAIN,
    schema,
    columns,
    resolve: schemas.resolver(schema),
    where: conditions === '' ? '' : `(${conditions})`,
    tail: printTail(statement, schema),
    count: statement.count,
    relatedModules: [],
    holdsId: !statement.count,
  }
}

/** `from X` anywhere names the module that is looked up before anything is parsed. */
const namedModule = (statement: string): string | undefined =>
  /from[ \f\v]+([^ \f\v;]+)/i.exec(statement)?.[1]

export const findModule = (schemas: Schemas, statement: string): Schema => {
  const name = namedModule(statement)
  if (name === undefined) throw denied('Permission to perform the operation is denied for query')
  const schema = schemas.find(name)
  if (schema === undefined) throw denied(`Permission to perform the operation is denied for ${name}`)
  return schema
}
