/** One condition of the extended dialect, put back together as text and taken apart again. */
import { lower, trim, trimEnd, trimStart } from '../php-text.ts'
import { Crash, denied } from '../errors.ts'
import type { ConditionValue, Generator } from './generator.ts'
import { referenceTo } from './joins.ts'
import type { Schema, Schemas } from './schema.ts'

/** Blanks around the first `<`, `>`, `=` or `!`, wherever it stands, inside a value too. */
const spaced = (condition: string): string => {
  const at = condition.search(/[<>=!]/)
  if (at < 0) return condition
  let text = condition.slice(0, at)
  text += (condition.charAt(at - 1) === ' ' ? '' : ' ') + condition.charAt(at)
  let next = at + 1
  while (condition.charAt(next) === ' ') next += 1
  if (condition.charAt(next) === '=') {
    text += '='
    if (condition.charAt(next + 1) !== ' ') text += ' '
    next += 1
  } else if (next < condition.length) {
    if (condition.charAt(next) !== ' ') text += ' '
  }
  return text + condition.slice(next)
}

const behind = (text: string, word: string): string => {
  const at = lower(text).indexOf(word)
  return text.slice(Math.max(at, 0) + word.length)
}

const OPERATORS: Readonly<Record<string, string>> = {
  '<': 'l',
  '>': 'g',
  '<=': 'm',
  '>=': 'h',
  '=': 'e',
  '!=': 'n',
  i: 'i',
  in: 'i',
  notin: 'ni',
  notlike: 'k',
  isnotnull: 'ny',
  isnull: 'y',
}

interface Taken {
  readonly field: string
  readonly operator: string
  readonly value: ConditionValue
}

const listValue = (text: string): string[] =>
  trimEnd(trimStart(text.replaceAll(/,[ \f\v]+/g, ','), '('), ')')
    .split(',')
    .map((element) => trim(element, "'"))

const likeOperator = (value: string): string => {
  if (!value.startsWith('%')) return 's'
  return value.endsWith('%') ? 'c' : 'ew'
}

const take = (text: string): Taken => {
  const condition = spaced(trim(text))
  const [field = '', first = '', second = ''] = condition.split(' ').filter((word) => word !== '')
  let operator = lower(first)
  let value = ''
  if (operator === 'not' && ['like', 'in'].includes(lower(second))) {
    operator = `not${lower(second)}`
    value = behind(condition, `not ${lower(second)}`)
  } else if (operator === 'is') {
    if (lower(second) === 'not') operator = 'isnotnull'
    if (lower(second) === 'null') operator = 'isnull'
  } else {
    value = behind(condition, operator === 'like' ? ' like' : operator)
  }
  value = trim(trim(value), "'").replaceAll("\\'", "'")
  if (operator === 'like') return { field, operator: likeOperator(value), value: value.replaceAll('%', '') }
  const code = OPERATORS[operator] ?? 'e'
  return { field, operator: code, value: code === 'i' || code === 'ni' ? listValue(value) : value }
}

/** The number of a web service id; a list here is more than coreBOS survives. */
const idNumber = (value: ConditionValue): string => {
  if (typeof value !== 'string') throw new Crash()
  return value.split('x')[1] ?? ''
}

export const moduleNamed = (schemas: Schemas, name: string): Schema => {
  const schema = schemas.find(name)
  if (schema === undefined) throw denied(`Permission to perform the operation is denied for ${name}`)
  return schema
}

export const addCondition = (
  schemas: Schemas,
  main: Schema,
  generator: Generator,
  text: string,
  glue: string,
): void => {
  const { field, operator, value } = take(text)
  const [moduleName = '', name = ''] = field.split('.')
  if (field.indexOf('.') <= 0) {
    const ids = typeof value === 'string' ? idNumber(value) : value.map(idNumber)
    generator.addCondition(field, field === 'id' ? ids : value, operator, glue)
    return
  }
  const module = moduleNamed(schemas, moduleName)
  const reference = referenceTo(main, module.module.name)
  if (reference !== undefined) {
    generator.addReferenceCondition(
      module,
      reference,
      name,
      name === 'id' ? idNumber(value) : value,
      operator,
      glue,
    )
  } else if (module === main) {
    generator.addCondition(name, name === 'id' ? idNumber(value) : value, operator, glue)
  }
}
