/** Runs a select: conditions, grouping, order and limit come as SQL text, the rows as records. */
import type { CrmRecord } from '../../database.ts'
import { CorebosError } from '../../errors.ts'
import { blanksTogether, lower } from '../../php-text.ts'
import { Reader } from './expression.ts'
import type { Resolve, SubSelect } from './expression.ts'
import { isTrue } from './operators.ts'
import { tokenize } from './tokens.ts'
import { comparable, databaseError, order } from './values.ts'
import type { Node } from './values.ts'

export interface Table {
  readonly rows: readonly CrmRecord[]
  readonly resolve: Resolve
}

/** A table of the database by its name, for sub-selects. */
export type Tables = (name: string) => Table | undefined

interface Key {
  readonly node: Node
  readonly descending: boolean
}

interface Tail {
  readonly where: Node | undefined
  readonly groups: readonly Node[]
  readonly keys: readonly Key[]
  readonly offset: number
  readonly count: number
  /** `procedure analyse(…)` behind the limit. */
  readonly analyse: boolean
}

const readKeys = (reader: Reader, columns: readonly Node[]): Key[] => {
  const keys: Key[] = []
  do {
    const { kind, text } = reader.peek()
    const position = kind === 'number' ? columns[Number(text) - 1] : undefined
    if (kind === 'number' && position === undefined) throw databaseError()
    const node = reader.expression()
    const descending = reader.takeWord('desc')
    if (!descending) reader.takeWord('asc')
    keys.push({ node: position ?? node, descending })
  } while (reader.takeSign(','))
  return keys
}

const readNumber = (reader: Reader): number => {
  const { kind, text } = reader.next()
  if (kind !== 'number' || !/^\d+$/.test(text)) throw databaseError()
  return Number(text)
}

const readLimit = (reader: Reader): [offset: number, count: number] => {
  const first = readNumber(reader)
  if (reader.takeSign(',')) return [first, readNumber(reader)]
  return reader.takeWord('offset') ? [readNumber(reader), first] : [0, first]
}

const readTail = (reader: Reader, columns: readonly Node[]): Tail => {
  const where = reader.takeWord('where') ? reader.expression() : undefined
  const groups = reader.takeWord('group') ? readKeys(by(reader), columns).map(({ node }) => node) : []
  const keys = reader.takeWord('order') ? readKeys(by(reader), columns) : []
  const [offset, count] = reader.takeWord('limit') ? readLimit(reader) : [0, Infinity]
  const analyse = reader.takeWord('procedure')
  if (analyse) {
    if (!reader.takeWord('analyse')) throw databaseError()
    reader.expression()
  }
  return { where, groups, keys, offset, count, analyse }
}

const by = (reader: Reader): Reader => {
  if (!reader.takeWord('by')) throw databaseError()
  return reader
}

const byKeys = (rows: CrmRecord[], keys: readonly Key[], backwards: boolean): CrmRecord[] => {
  const [first] = keys
  if (first === undefined) return rows
  const held = (backwards && first.descending ? rows.toReversed() : rows).map((row) => ({
    row,
    values: keys.map(({ node }) => comparable(node.get(row), node.type)),
  }))
  held.sort((left, right) => {
    for (const [index, { descending }] of keys.entries()) {
      const found = order(left.values[index] ?? null, right.values[index] ?? null)
      if (found !== 0) return descending ? -found : found
    }
    return 0
  })
  return held.map(({ row }) => row)
}

const distinctBy = (rows: CrmRecord[], nodes: readonly Node[]): CrmRecord[] => {
  const seen = new Set<string>()
  return rows.filter((row) => {
    const key = JSON.stringify(nodes.map((node) => comparable(node.get(row), node.type)))
    return !seen.has(key) && seen.add(key)
  })
}

const apply = (
  table: Table,
  tail: Tail,
  distinct: readonly Node[],
  backwards: boolean,
): Pick<Selection, 'rows' | 'all'> & { readonly total: number } => {
  const { where, groups, keys, offset, count } = tail
  let rows = table.rows.filter((row) => where === undefined || isTrue(where.get(row)) === true)
  const total = rows.length
  for (const nodes of [groups, distinct]) if (nodes.length > 0) rows = distinctBy(rows, nodes)
  const all = byKeys(rows, keys, backwards)
  return { rows: all.slice(offset, offset + count), all, total }
}

/** A sub-select of one expression from one table: the value of its first row. */
const subSelect =
  (tables: Tables): SubSelect =>
  (reader) => {
    // Its table is named behind the expression, so that is looked for first.
    let ahead = 0
    for (; !reader.isWord('from', ahead); ahead += 1)
      if (reader.peek(ahead).kind === 'end') throw databaseError()
    const table = tables(reader.peek(ahead + 1).text.toLowerCase())
    if (table === undefined) throw databaseError()
    return reader.within(table.resolve, (inner) => {
      const value = inner.expression()
      inner.takeWord('from')
      inner.next()
      const tail = readTail(inner, [value])
      const [row] = apply(table, tail, [], false).rows
      const result = row === undefined ? null : value.get(row)
      const text = row === undefined ? null : value.text(row)
      return { type: value.type, constant: true, get: () => result, text: () => text }
    })
  }

/** One expression of a select list that goes into SQL as it is. */
export const compileExpression = (sql: string, resolve: Resolve, tables: Tables): Node => {
  const reader = new Reader(tokenize(sql), resolve, subSelect(tables))
  const found = reader.expression()
  if (reader.peek().kind !== 'end') throw databaseError()
  return found
}

export interface Selection {
  readonly rows: CrmRecord[]
  /** Without the limit. */
  readonly all: readonly CrmRecord[]
  /** Rows without the limit, and without `distinct`. */
  readonly matching: number
  /** The same as coreBOS counts them in a statement of its own; undefined where that statement fails. */
  readonly total: number | undefined
  readonly offset: number
  readonly count: number
  readonly analyse: boolean
}

export interface SelectOptions {
  readonly distinct: boolean
  /** Of rows that a descending order leaves equal the later ones come first. */
  readonly backwards: boolean
}

const attempt = (work: () => number): number | undefined => {
  try {
    return work()
  } catch (error) {
    if (error instanceof CorebosError) return undefined
    throw error
  }
}

/** The statement that coreBOS counts with: cut at the last ` order by `, then at the last ` limit `, inside values too. */
const countingText = (sql: string): string => {
  let text = sql
  for (const word of [' order by ', ' limit ']) {
    const at = lower(text).lastIndexOf(word)
    if (at > 0) text = text.slice(0, at)
  }
  return blanksTogether(text)
}

/** `tail` is what stands behind the joins: `WHERE …`, `GROUP BY …`, `ORDER BY …`, `LIMIT …`. */
export const runSelect = (
  table: Table,
  tables: Tables,
  columns: readonly Node[],
  tail: string,
  { distinct, backwards }: SelectOptions = { distinct: false, backwards: false },
): Selection => {
  const read = (sql: string): Tail => {
    const reader = new Reader(tokenize(sql), table.resolve, subSelect(tables))
    const found = readTail(reader, columns)
    reader.takeSign(';')
    if (reader.peek().kind !== 'end') throw databaseError()
    return found
  }
  const { offset, count, analyse, ...rest } = read(tail)
  const selected = distinct ? columns : []
  const found = apply(table, { offset, count, analyse, ...rest }, selected, backwards)
  const counting = countingText(tail)
  // Cut outside of values and sub-selects the conditions are the same, which saves a second reading.
  const isSame = tail.startsWith(counting) && !/['")]/.test(tail.slice(counting.length))
  const total = isSame ? found.total : attempt(() => apply(table, read(counting), [], false).total)
  return { ...found, matching: found.total, total, offset, count, analyse }
}
