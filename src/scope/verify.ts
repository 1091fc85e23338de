/** Checks each row that coreBOS returns against the rule's condition. */
import { printCondition } from '../query/canonical.ts'
import { remembered } from '../model/remembered.ts'
import { likeTest } from '../query/like.ts'
import type { Piece } from '../query/pattern.ts'
import type { Atom, Condition, Like } from '../query/tree.ts'
import { isNumberColumn, valueKind, type FieldShape, type ModuleShape } from '../model/module.ts'

/** A row as coreBOS returns it: every value is a text; null is the empty text. */
export type Row = Readonly<Record<string, string>>

/**
 * Whether a row meets the rule. The check is stricter than coreBOS where the two could differ: a row that is withheld
 * by mistake is noticed, one that is let through by mistake is not.
 *
 * @param scope the rule's condition, with its look-ups resolved
 */
export function meets(row: Row, scope: Condition, module: ModuleShape): boolean {
  switch (scope.kind) {
    case 'and':
      return scope.terms.every((term) => meets(row, term, module))
    case 'or':
      return scope.terms.some((term) => meets(row, term, module))
    case 'constant':
      return scope.holds
    case 'tie': {
      const value = row[scope.field]
      return value !== undefined && value !== '' && idSet(scope).has(value)
    }
    case 'compare':
    case 'in':
    case 'like':
    case 'null':
      return meetsAtom(row[scope.path.field], scope, module)
    case 'not':
    case 'related':
    case 'lookup':
    case 'relation':
    case 'hidden':
      return false
  }
}

/** Ties may hold tens of thousands of ids, and each is looked up once per row. */
const idSet = remembered((tie: { readonly ids: readonly string[] }): ReadonlySet<string> => new Set(tie.ids))

function meetsAtom(value: string | undefined, atom: Atom, module: ModuleShape): boolean {
  const field = module.fields.get(atom.path.field)
  return value !== undefined && field !== undefined && meetsValue(value, atom, field)
}

/** Whether a field with a value meets a comparison; an empty field meets `is null` alone. */
export function meetsValue(value: string, atom: Atom, field: FieldShape): boolean {
  if (atom.kind === 'null') return (value === '') !== atom.negated
  if (value === '') return false
  const asNumber = valueKind(field) === 'number' && isNumberColumn(field)
  const same = (left: string, right: string): number =>
    asNumber ? Number(left) - Number(right) : fold(left) < fold(right) ? -1 : fold(left) > fold(right) ? 1 : 0
  switch (atom.kind) {
    case 'in':
      return atom.values.some(({ text }) => same(value, text) === 0) !== atom.negated
    case 'like':
      return likeTestOf(atom)(fold(value)) !== atom.negated
    case 'compare': {
      const order = same(value, atom.value.text)
      switch (atom.operator) {
        case '=':
          return order === 0
        case '!=':
          return order !== 0
        case '<':
          return order < 0
        case '<=':
          return order <= 0
        case '>':
          return order > 0
        case '>=':
          return order >= 0
      }
    }
  }
}

function fold(text: string): string {
  return text.toLowerCase().trimEnd()
}

/** Each pattern is read once, and compared with every row. */
const likeTestOf = remembered(({ pattern }: Like) =>
  likeTest(
    Array.from(fold(pattern).matchAll(/\\[\\%_]|[^]/gu), ([piece]): Piece => {
      if (piece === '%') return { kind: 'any' }
      return piece === '_' ? { kind: 'one' } : { kind: 'character', text: piece.replace(/^\\(?=[^])/, '') }
    }),
  ),
)

/** A row of coreBOS that the rule does not let through. */
export interface WithheldRow {
  /** Its webservice id; empty if the row has none. */
  readonly id: string
  /** The part of the rule's condition that the row does not meet, with labels in place of ids. */
  readonly failed: string
}

/** Splits the rows of coreBOS into those that meet the rule and those that are withheld. */
export function verify(
  rows: readonly Row[],
  { scope, view }: { readonly scope: Condition; readonly view: { readonly module: ModuleShape } },
): { verified: Row[]; withheld: WithheldRow[] } {
  const verified: Row[] = []
  const withheld: WithheldRow[] = []
  for (const row of rows) {
    if (meets(row, scope, view.module)) verified.push(row)
    else withheld.push({ id: row['id'] ?? '', failed: printCondition(failedPart(row, scope, view.module)) })
  }
  return { verified, withheld }
}

/** The first term of nested conjunctions that the row fails; otherwise the condition itself. */
function failedPart(row: Row, scope: Condition, module: ModuleShape): Condition {
  const failed = scope.kind === 'and' ? scope.terms.find((term) => !meets(row, term, module)) : undefined
  return failed === undefined ? scope : failedPart(row, failed, module)
}
