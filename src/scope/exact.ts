/**
 * Conditions on texts that coreBOS would read as a part of the statement, such as `x not in (1,2)`. They become
 * look-ups of similar records, with `_` for the characters in question, of which the gateway keeps those that meet the
 * condition. Source: recordings `basic: like with _ in place of …`.
 */
import { isEqual, isLike } from '../query/collation.ts'
import { patternLiteral, textLiteral } from '../query/basic.ts'
import { staysQuoted } from '../query/dialect.ts'
import { isExtendedText } from '../query/extended.ts'
import { literally, patternOf, piecesOf, type Piece } from '../query/pattern.ts'
import * as tree from '../query/tree.ts'
import type { Compare, Condition, In, Like, Lookup, Null } from '../query/tree.ts'
import { valueKind, type FieldShape } from '../model/module.ts'
import { allIds } from './check.ts'
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import { remembered } from '../model/remembered.ts'
import { withoutTrailing } from '../model/without-trailing.ts'
import type { Row } from './verify.ts'
import type { ModuleView } from './view.ts'

type TextAtom = Compare | In | Like

/** @returns undefined if the condition can be printed unchanged */
export function exactly(condition: Condition, view: ModuleView): Condition | undefined {
  if (condition.kind !== 'compare' && condition.kind !== 'in' && condition.kind !== 'like') return undefined
  const field = view.module.fields.get(condition.path.field)
  if (field === undefined || valueKind(field) !== 'text' || isReadAsMeant(condition, field)) return undefined
  switch (condition.kind) {
    case 'in': {
      const tests = condition.values.map((value) => {
        const test = tree.compare(condition.path, condition.negated ? '!=' : '=', value)
        return exactly(test, view) ?? test
      })
      return condition.negated ? tree.allOf(tests) : tree.anyOf(tests)
    }
    case 'like': {
      const pieces = piecesOf(condition.pattern)
      if (pieces === undefined) return undefined
      requireShort(condition)
      return found(condition, [patternOf(relaxed(pieces))], condition.negated, view)
    }
    case 'compare': {
      if (condition.operator !== '=' && condition.operator !== '!=') return undefined
      const pattern = relaxedText(withoutTrailing(condition.value.text, ' '))
      // Trailing blanks are ignored by `=`, but not by `like`.
      return found(condition, [pattern, `${pattern} %`], condition.operator === '!=', view)
    }
  }
}

/** A look-up of all records in the scope, of which the gateway keeps those that meet the condition. */
export function tested(atom: Like | Null, view: ModuleView): Pick<Lookup, 'field' | 'query' | 'exact'> {
  // A null value meets neither `like` nor `not like`.
  const where = atom.kind === 'like' ? isFilled(atom.path, view) : undefined
  return {
    field: 'id',
    query: tree.select(view.module.name, [atom.path.field], where, allIds),
    exact: atom,
  }
}

/** Dates and times have no empty value but null. */
function isFilled(path: Compare['path'], { module }: ModuleView): Condition {
  const field = module.fields.get(path.field)
  return field !== undefined && valueKind(field) === 'text'
    ? tree.anyOf(isSet(path))
    : tree.isNull(path, true)
}

/** Of these, each text but null meets at least one. */
function isSet(path: Compare['path']): Condition[] {
  return ['', 'x'].map((text) => tree.compare(path, '!=', tree.text(text)))
}

/** Whether a condition can be sent, or its extended form if the basic dialect has none. */
function isReadAsMeant(atom: TextAtom, { name }: FieldShape): boolean {
  switch (atom.kind) {
    case 'compare':
      return staysQuoted(textLiteral(atom.value.text, name))
    case 'in':
      return atom.values.every(({ text }) => staysQuoted(textLiteral(text, name), !atom.negated))
    case 'like':
      if (atom.negated) return isSoughtAsMeant(atom.pattern)
      return staysQuoted(patternLiteral(atom.pattern, name))
  }
}

/** Whether the extended dialect, which alone has `not like`, reads the text between the wildcards as it stands. */
function isSoughtAsMeant(pattern: string): boolean {
  const text = pattern.replace(/^%/, '').replace(/%$/, '').replaceAll('\\_', '_')
  // It splits a value at these characters. A text without any is not looked for.
  return text === '' || (!/['\\()[\],=<]/.test(text) && isExtendedText(text))
}

/** Replaces all characters that begin or end a part of a statement by `_`. */
function relaxed(pieces: readonly Piece[]): readonly Piece[] {
  return pieces.map((piece) =>
    piece.kind === 'character' && /['\\()[\]]/.test(piece.text) ? { kind: 'one' } : piece,
  )
}

/** The pattern of a text, as {@link relaxed}; a long text has no pieces of its own. */
function relaxedText(text: string): string {
  return text.replace(/['\\()[\]%_]/g, (character) => (/[%_]/.test(character) ? `\\${character}` : '_'))
}

function found(
  atom: Compare | Like,
  patterns: readonly string[],
  negated: boolean,
  view: ModuleView,
): Condition {
  const { path } = atom
  const likes = patterns.map((pattern) => tree.like(path, pattern))
  const positive = atom.kind === 'like' ? tree.like(path, atom.pattern) : tree.compare(path, '=', atom.value)
  const lookup = tree.lookup({
    field: 'id',
    query: tree.select(view.module.name, [path.field], tree.anyOf(likes), allIds),
    label: `$${path.field}`,
    exact: positive,
    negated,
  })
  if (!negated) return lookup
  // A null value meets neither a condition nor its negation.
  return tree.and(tree.anyOf(isSet(path)), lookup)
}

/** The gateway compares such a pattern itself, character by character. */
function requireShort({ pattern, path }: Like): void {
  if (pattern.length <= limits.term) return
  throw new GatewayError(
    'QUERY_TOO_LARGE',
    `line ${path.at.line}, column ${path.at.column}: a pattern of 'like' that the gateway has to compare itself may ` +
      `have ${limits.term} characters; ${pattern.length} were received`,
  )
}

const testOf = remembered((atom: Like) => {
  requireShort(atom)
  return isLike(piecesOf(atom.pattern) ?? literally(atom.pattern))
})

/** Whether a row meets the condition of a look-up, by the rules of coreBOS's database. */
export function meetsExactly(row: Row, atom: Compare | Like | Null): boolean {
  const value = row[atom.path.field] ?? ''
  switch (atom.kind) {
    case 'compare':
      return isEqual(value, atom.value.text)
    case 'like':
      return testOf(atom)(value) !== atom.negated
    case 'null':
      return (value === '' || (atom.orZero === true && Number(value) === 0)) !== atom.negated
  }
}
