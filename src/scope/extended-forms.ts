/** Conditions that only coreBOS's extended dialect can express: it looks up ids for statements in the basic dialect. */
import { GatewayError } from '../model/errors.ts'
import { valueKind, type Modules } from '../model/module.ts'
import { printCondition } from '../query/canonical.ts'
import { readingOf } from '../query/dialect.ts'
import { printExtended } from '../query/extended.ts'
import * as tree from '../query/tree.ts'
import type { Condition, Lookup } from '../query/tree.ts'
import { allIds, idsOf } from './check.ts'
import { columnsOf } from './columns.ts'
import { exactly, tested } from './exact.ts'
import type { ModuleView } from './view.ts'

/**
 * Replaces each condition that only the extended dialect can express by a look-up, so that the rest of the statement
 * keeps exact ids, the values of SQL and an order.
 *
 * @param of the rule's own condition: the label of these look-ups; default: each condition's own text
 */
export function withoutExtended(
  condition: Condition,
  view: ModuleView,
  of?: Pick<Lookup, 'label' | 'ofRule'>,
): Condition {
  if (condition.kind === 'and' || condition.kind === 'or')
    return tree.mapTerms(condition, (term) => withoutExtended(term, view, of))
  const exact = exactly(condition, view)
  if (exact !== undefined) return of === undefined ? exact : underTies(exact, of)
  if (condition.kind !== 'like' && condition.kind !== 'null') return condition
  const field = view.module.fields.get(condition.path.field)
  const kind = field && valueKind(field)
  // No recording shows `is not null` of a date in the extended dialect; a date that is set has a year.
  if (condition.kind === 'null' && condition.negated && (kind === 'date' || kind === 'datetime'))
    return tree.compare(condition.path, '>=', tree.text('1000-01-01'))
  const hasBasicForm =
    condition.kind === 'like'
      ? !condition.negated
      : condition.negated
        ? kind === 'text' || kind === 'id'
        : field?.type === 'owner'
  if (hasBasicForm) return condition
  if (condition.kind === 'like' && kind === 'number') {
    throw new GatewayError(
      'QUERY_NOT_EXPRESSIBLE',
      `'${condition.path.field}' holds numbers, for which coreBOS has no 'not like'`,
    )
  }
  const label = printCondition(condition)
  const otherwise = tree.lookup({ ...tested(condition, view), label })
  return tree.lookup({
    field: 'id',
    query: idsOf(view.module.name, condition),
    label,
    dialect: 'extended',
    ...of,
    otherwise: of === undefined ? otherwise : tree.lookup({ ...otherwise, ...of, ofRule: 'ties' }),
  })
}

/** The condition of a rule with its look-ups, which may name hidden fields. */
function underTies(condition: Condition, of: Pick<Lookup, 'label'>): Condition {
  if (condition.kind === 'and' || condition.kind === 'or')
    return tree.mapTerms(condition, (term) => underTies(term, of))
  return condition.kind === 'lookup'
    ? tree.lookup({ ...condition, label: of.label, ofRule: 'ties' })
    : condition
}

/** `(A or B) and B` is `B`: A, which the dialect may lack, need not be printed. */
export function absorbed(scope: Condition, asked: Condition): Condition {
  if (asked.kind !== 'null') return scope
  const isSameNull = (term: Condition) =>
    term.kind === 'null' && term.negated === asked.negated && term.path.field === asked.path.field
  // A look-up is kept, because rows are verified by the ids that it finds.
  const needed = (term: Condition) =>
    term.kind === 'or' && term.terms.some(isSameNull) && !holdsLookUp(term) ? tree.constant(true) : term
  return scope.kind === 'and' ? tree.mapTerms(scope, needed) : needed(scope)
}

/**
 * The part of a rule's own condition that a look-up for this rule repeats: the terms that the extended dialect can
 * express. The ids that are found become a part of that condition, so the other terms still apply to every row.
 */
export function extendedPart(own: Condition, view: ModuleView, modules: Modules): Condition {
  const terms = own.kind === 'and' ? own.terms : [own]
  return tree.allOf(terms.filter((term) => hasExtendedForm(term, view, modules)))
}

function hasExtendedForm(term: Condition, view: ModuleView, modules: Modules): boolean {
  if (term.kind === 'constant') return true
  if (holdsLookUp(term)) return false
  const query = { module: view.module.name, fields: ['id'], where: term, orderBy: [], ...allIds }
  try {
    return readingOf(printExtended(query, columnsOf({ view }, modules))) === 'extended'
  } catch (error) {
    if (error instanceof GatewayError) return false
    throw error
  }
}

function holdsLookUp(condition: Condition): boolean {
  if (condition.kind === 'and' || condition.kind === 'or') return condition.terms.some(holdsLookUp)
  return condition.kind === 'lookup' || condition.kind === 'relation'
}
