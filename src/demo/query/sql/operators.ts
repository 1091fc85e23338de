/** Operators and functions of SQL over compiled expressions; truth is 1, 0 or null. */
import { trim } from '../../php-text.ts'
import type { CrmRecord } from '../../database.ts'
import {
  commonType,
  comparable,
  databaseError,
  likePattern,
  likes,
  order,
  toNumber,
  toText,
} from './values.ts'
import type { Node, SqlType, SqlValue } from './values.ts'

const NOBODY: CrmRecord = { number: 0, module: '', values: new Map(), cbuuid: '', deleted: false }

export const node = (type: SqlType, get: Node['get'], text?: Node['text']): Node => ({
  type,
  constant: false,
  get,
  text: text ?? ((row) => toText(get(row))),
})

export const literal = (value: SqlValue): Node => ({
  type: typeof value === 'number' ? 'number' : 'text',
  constant: true,
  get: () => value,
  text: () => toText(value),
})

const constantOf = ({ get }: Node): SqlValue => get(NOBODY)

const truth = (value: boolean | null): number | null => (value === null ? null : value ? 1 : 0)

/** Of a condition's value: unknown stays null. */
export const isTrue = (value: SqlValue): boolean | null => {
  const number = toNumber(value)
  return number === null ? null : number !== 0
}

export const and = (left: Node, right: Node): Node =>
  node('number', (row) => {
    const first = isTrue(left.get(row))
    if (first === false) return 0
    const second = isTrue(right.get(row))
    if (second === false) return 0
    return first === null || second === null ? null : 1
  })

export const or = (left: Node, right: Node): Node =>
  node('number', (row) => {
    const first = isTrue(left.get(row))
    if (first === true) return 1
    const second = isTrue(right.get(row))
    if (second === true) return 1
    return first === null || second === null ? null : 0
  })

export const xor = (left: Node, right: Node): Node =>
  node('number', (row) => {
    const [first, second] = [isTrue(left.get(row)), isTrue(right.get(row))]
    return first === null || second === null ? null : truth(first !== second)
  })

export const not = (operand: Node): Node =>
  node('number', (row) => {
    const value = isTrue(operand.get(row))
    return value === null ? null : truth(!value)
  })

/** Reads an operand as its comparison wants it, once where it is a constant. */
const reader = (operand: Node, type: SqlType): ((row: CrmRecord) => SqlValue) => {
  if (!operand.constant) return (row) => comparable(operand.get(row), type)
  const value = comparable(constantOf(operand), type)
  return () => value
}

const TESTS: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (found) => found === 0,
  '!=': (found) => found !== 0,
  '<>': (found) => found !== 0,
  '<': (found) => found < 0,
  '<=': (found) => found <= 0,
  '>': (found) => found > 0,
  '>=': (found) => found >= 0,
}

export const compare = (sign: string, left: Node, right: Node): Node => {
  const type = commonType(left.type, right.type)
  const [first, second] = [reader(left, type), reader(right, type)]
  if (sign === '<=>') return node('number', (row) => truth(order(first(row), second(row)) === 0))
  const test = TESTS[sign]
  if (test === undefined) throw databaseError()
  return node('number', (row) => {
    const [one, other] = [first(row), second(row)]
    return one === null || other === null ? null : truth(test(order(one, other)))
  })
}

export const inList = (left: Node, list: readonly Node[]): Node => {
  const sets = new Map<SqlType, Set<SqlValue>>()
  const others: Node[] = []
  let holdsNull = false
  for (const element of list) {
    if (!element.constant) {
      others.push(compare('=', left, element))
      continue
    }
    const type = commonType(left.type, element.type)
    const value = comparable(constantOf(element), type)
    if (value === null) holdsNull = true
    const set = sets.get(type) ?? new Set<SqlValue>()
    sets.set(type, set.add(value))
  }
  return node('number', (row) => {
    const value = left.get(row)
    if (value === null) return null
    for (const [type, set] of sets) if (set.has(comparable(value, type))) return 1
    let unknown = holdsNull
    for (const other of others) {
      const equal = other.get(row)
      if (equal === 1) return 1
      if (equal === null) unknown = true
    }
    return unknown ? null : 0
  })
}

export const like = (left: Node, right: Node): Node => {
  const fixed = right.constant ? constantOf(right) : null
  const pattern = fixed === null ? undefined : likePattern(String(fixed))
  return node('number', (row) => {
    const [text, other] = [left.text(row), right.text(row)]
    return text === null || other === null ? null : truth(likes(text, pattern ?? likePattern(other)))
  })
}

export const isNull = (operand: Node): Node => node('number', (row) => truth(operand.get(row) === null))

const ARITHMETIC: Readonly<Record<string, (left: number, right: number) => number | null>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => (right === 0 ? null : left / right),
  '%': (left, right) => (right === 0 ? null : left % right),
}

export const calculate = (sign: string, left: Node, right: Node): Node => {
  const work = ARITHMETIC[sign]
  if (work === undefined) throw databaseError()
  return node('number', (row) => {
    const [first, second] = [toNumber(left.get(row)), toNumber(right.get(row))]
    return first === null || second === null ? null : work(first, second)
  })
}

type TextFunction = (first: string, ...rest: (string | null)[]) => SqlValue

const position = (text: string | null): number => toNumber(text) ?? 0

/** Characters from a position that counts from 1, or backwards from the end. */
const substring: TextFunction = (text, from = null, length = null) => {
  const start = position(from)
  const begin = start < 0 ? text.length + start : start - 1
  if (begin < 0 || start === 0) return ''
  return length === null ? text.slice(begin) : text.slice(begin, begin + Math.max(position(length), 0))
}

const TEXT_FUNCTIONS: Readonly<Record<string, TextFunction>> = {
  length: (text) => Buffer.byteLength(text),
  char_length: (text) => text.length,
  lower: (text) => text.toLowerCase(),
  upper: (text) => text.toUpperCase(),
  trim: (text) => trim(text, ' '),
  ascii: (text) => Buffer.from(text)[0] ?? 0,
  abs: (text) => Math.abs(position(text)),
  reverse: (text) => Array.from(text).reverse().join(''),
  left: (text, length = null) => text.slice(0, Math.max(position(length), 0)),
  right: (text, length = null) => (position(length) <= 0 ? '' : text.slice(-position(length))),
  concat: (first, ...rest) => (rest.includes(null) ? null : first + rest.join('')),
  substring,
  substr: substring,
  mid: substring,
  date: (text) => (/^\d{4}-\d\d-\d\d/.exec(text) ?? [null])[0],
  // The only format that coreBOS asks for.
  date_format: (text, format = null) => (format === '%m%d' ? text.slice(5, 7) + text.slice(8, 10) : null),
  month: (text) => position(text.slice(5, 7)),
  dayofmonth: (text) => position(text.slice(8, 10)),
}

const NUMERIC = new Set(['length', 'char_length', 'ascii', 'abs', 'month', 'dayofmonth'])

export const callFunction = (name: string, operands: readonly Node[]): Node => {
  const [first, second, third] = operands
  if (first === undefined) throw databaseError()
  if (name === 'if' && second !== undefined && third !== undefined) {
    return node(second.type, (row) => (isTrue(first.get(row)) === true ? second : third).get(row))
  }
  if (name === 'ifnull' || name === 'coalesce') {
    return node(first.type, (row) => {
      for (const operand of operands) {
        const value = operand.get(row)
        if (value !== null) return value
      }
      return null
    })
  }
  const work = TEXT_FUNCTIONS[name]
  if (work === undefined) throw databaseError()
  return node(NUMERIC.has(name) ? 'number' : 'text', (row) => {
    const text = first.text(row)
    return text === null ? null : work(text, ...operands.slice(1).map((operand) => operand.text(row)))
  })
}
