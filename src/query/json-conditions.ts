/**
 * Parses the JSON list of conditions that coreBOS's workflows use, and that its query language accepts after `where`,
 * into the same tree. coreBOS ignores a condition that it cannot read; the gateway rejects it.
 */
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import { escapedPattern } from './pattern.ts'
import * as tree from './tree.ts'
import type { Comparison, Condition, FieldPath, Position } from './tree.ts'
import { withoutTrailing } from '../model/without-trailing.ts'

interface Entry {
  readonly fieldname: string
  readonly operation: string
  readonly value: string
  readonly join: 'and' | 'or'
  readonly group: string
  readonly groupJoin: 'and' | 'or'
}

const keys = new Set([
  'fieldname',
  'operation',
  'value',
  'valuetype',
  'joincondition',
  'groupid',
  'groupjoin',
])

/** Both take the value literally; the second is the form in coreBOS's own lists. */
const valueTypes = new Set(['raw', 'rawtext'])

const comparisons: Readonly<Record<string, Comparison>> = {
  is: '=',
  'equal to': '=',
  'is not': '!=',
  'does not equal': '!=',
  'less than': '<',
  before: '<',
  'less than or equal to': '<=',
  'greater than': '>',
  after: '>',
  'greater than or equal to': '>=',
}

/** What precedes and follows the value in a pattern, and whether the match is negated. */
const patterns: Readonly<Record<string, readonly [before: string, behind: string, negated: boolean]>> = {
  contains: ['%', '%', false],
  containsnc: ['%', '%', false],
  'starts with': ['', '%', false],
  'ends with': ['%', '', false],
  'does not contain': ['%', '%', true],
  'does not start with': ['', '%', true],
  'does not end with': ['%', '', true],
}

/** The accepted values of `operation`. */
export const jsonOperations: readonly string[] = [
  ...Object.keys(comparisons),
  ...Object.keys(patterns),
  'between',
  'is empty',
  'is not empty',
]

/**
 * Parses the list. A condition's `joincondition` joins it with the next one of its group, a group's `groupjoin` joins
 * it with the group before; `and` binds first in both.
 *
 * @throws GatewayError `QUERY_SYNTAX`, `QUERY_TOO_LARGE`, `QUERY_NOT_EXPRESSIBLE`
 */
export function parseJsonConditions(json: string, at: Position): Condition {
  const list = parsed(json, at)
  if (!Array.isArray(list) || list.length === 0) throw malformed(at, 'a list of conditions is expected')
  if (list.length > limits.conditions) {
    const bound = `a query may have ${limits.conditions} conditions at most; ${list.length} were received`
    throw new GatewayError('QUERY_TOO_LARGE', bound)
  }
  const groups: Entry[][] = []
  for (const entry of list.map((each) => readEntry(each, at))) {
    const last = groups.at(-1)
    if (last?.[0]?.group === entry.group) last.push(entry)
    else groups.push([entry])
  }
  if (new Set(groups.map(([first]) => first?.group)).size < groups.length) {
    throw malformed(at, 'the conditions of a group must follow each other')
  }
  return join(
    groups.map((group) =>
      join(
        group.map((entry) => readCondition(entry, at)),
        (i) => group[i]?.join ?? 'and',
      ),
    ),
    (i) => groups[i + 1]?.[0]?.groupJoin ?? 'and',
  )
}

/** @param joinAfter the operator between a term and the next */
function join(terms: readonly Condition[], joinAfter: (index: number) => 'and' | 'or'): Condition {
  const alternatives: Condition[][] = [[]]
  for (const [i, term] of terms.entries()) {
    alternatives.at(-1)?.push(term)
    if (i < terms.length - 1 && joinAfter(i) === 'or') alternatives.push([])
  }
  return tree.anyOf(alternatives.map(tree.allOf))
}

function parsed(json: string, at: Position): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw malformed(at, 'the list of conditions is not valid JSON')
  }
}

function readEntry(entry: unknown, at: Position): Entry {
  if (typeof entry !== 'object' || entry === null) throw malformed(at, 'a condition must be an object')
  const given = new Map<string, unknown>(Object.entries(entry))
  for (const key of given.keys()) {
    if (!keys.has(key)) throw malformed(at, `a condition has no '${key.slice(0, 40)}'`)
  }
  const text = (key: string, fallback?: string): string => {
    const value = given.get(key)
    if (typeof value === 'string') return value
    if (typeof value === 'number' && Number.isFinite(value)) return String(value)
    if (value === undefined && fallback !== undefined) return fallback
    throw malformed(at, `a condition's '${key}' is a text`)
  }
  if (!valueTypes.has(text('valuetype', 'raw'))) {
    throw new GatewayError(
      'QUERY_NOT_EXPRESSIBLE',
      "a condition must compare with a value ('valuetype': 'raw')",
    )
  }
  return {
    fieldname: text('fieldname'),
    operation: text('operation'),
    value: text('value', ''),
    join: joinWord(text('joincondition', ''), at),
    group: text('groupid', '0'),
    groupJoin: joinWord(text('groupjoin', ''), at),
  }
}

function joinWord(word: string, at: Position): 'and' | 'or' {
  const lower = word.toLowerCase()
  if (lower === '' || lower === 'and') return 'and'
  if (lower === 'or') return 'or'
  throw malformed(at, "'and' or 'or' is accepted between conditions")
}

function readCondition({ fieldname, operation, value }: Entry, at: Position): Condition {
  const path = readPath(fieldname, at)
  if (operation === 'is empty' || operation === 'is not empty')
    return tree.isNull(path, operation === 'is not empty')
  // Ids are written here without their module's prefix, and coreBOS compares whole ids with `contains` as well.
  const isBareId = path.field === 'id' && /^[1-9][0-9]{0,9}$/.test(value)
  const comparison = isBareId && operation === 'contains' ? '=' : own(comparisons, operation)
  if (comparison !== undefined) {
    return tree.compare(path, comparison, isBareId ? tree.number(value) : tree.text(value))
  }
  const pattern = own(patterns, operation)
  if (pattern !== undefined) {
    if (value === '') throw new GatewayError('QUERY_NOT_EXPRESSIBLE', `'${operation}' needs a value`)
    const [before, behind, negated] = pattern
    return tree.like(path, `${before}${escapedPattern(value)}${behind}`, negated)
  }
  if (operation === 'between') {
    const [from, to, ...more] = value.split(',').map((each) => each.trim())
    if (from === undefined || to === undefined || more.length > 0)
      throw malformed(at, "'between' accepts 'from,to'")
    return tree.and(tree.compare(path, '>=', tree.text(from)), tree.compare(path, '<=', tree.text(to)))
  }
  throw new GatewayError('QUERY_NOT_EXPRESSIBLE', `unknown operation '${operation.slice(0, 40)}'`)
}

const hopped = /^([A-Za-z_]\w*) *: *\( *([A-Za-z_]\w*) *\) *([A-Za-z_]\w*)$/

/** Without `$(` and `)`. */
function unwrapped(fieldname: string): string {
  if (!fieldname.startsWith('$(') || !fieldname.endsWith(')')) return fieldname
  return withoutTrailing(fieldname.slice(2, -1).replace(/^ +/, ''), ' ')
}

/** Characters. */
const longestPath = 200

/** `name`, or `reference : (Module) name` with or without `$(` and `)`. */
function readPath(fieldname: string, at: Position): FieldPath {
  if (fieldname.length > longestPath) throw malformed(at, 'a condition must name a field')
  const hop = hopped.exec(unwrapped(fieldname))
  if (hop?.[1] !== undefined && hop[2] !== undefined && hop[3] !== undefined) {
    return tree.field(hop[3], at, hop[2], hop[1])
  }
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(fieldname)) throw malformed(at, 'a condition must name a field')
  return tree.field(fieldname, at)
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}

function malformed(at: Position, problem: string): GatewayError {
  return new GatewayError('QUERY_SYNTAX', `line ${at.line}, column ${at.column}: ${problem}`)
}
