/**
 * Checks the policy's own conditions. They have two values: an empty field satisfies `!=`, `not in`, `not like`, `is null`
 * and the negation of any other comparison, and satisfies nothing else. In SQL it would satisfy `is null` alone.
 */
import { GatewayError } from '../model/errors.ts'
import { isNumberColumn, valueKind } from '../model/module.ts'
import { withoutNot } from '../query/normal-form.ts'
import * as tree from '../query/tree.ts'
import type { Atom, Condition } from '../query/tree.ts'
import { checkCondition, idsOf, referenceOf } from './check.ts'
import { meetsValue } from './verify.ts'
import { place, requireField, type ModuleView, type VisibleModules } from './view.ts'

/**
 * @param view with every field of the module as readable: a rule may name fields that the contact cannot read
 * @throws GatewayError as {@link checkCondition}; `QUERY_NOT_EXPRESSIBLE` if coreBOS cannot distinguish empty fields
 */
export function checkRule(condition: Condition, view: ModuleView, visible: VisibleModules): Condition {
  const check = (term: Condition, negate: boolean): Condition => {
    switch (term.kind) {
      case 'not':
        return check(term.term, !negate)
      case 'and':
      case 'or': {
        const terms = term.terms.map((each) => check(each, negate))
        return (term.kind === 'and') === negate ? tree.anyOf(terms) : tree.allOf(terms)
      }
      case 'compare':
      case 'in':
      case 'like':
      case 'null': {
        const atom = negate ? negated(term) : term
        return isMetByEmpty(atom, negate)
          ? withEmpty(atom, view, visible)
          : checkCondition(atom, view, visible)
      }
      default:
        return checkCondition(negate ? tree.not(term) : term, view, visible)
    }
  }
  return check(condition, false)
}

function negated(atom: Atom): Atom {
  const result = withoutNot(atom, true)
  if (result.kind === 'compare' || result.kind === 'in' || result.kind === 'like' || result.kind === 'null')
    return result
  throw new Error(`the opposite of a '${atom.kind}' is a '${result.kind}'`)
}

/** @param wasNegated whether the comparison is the negation of the rule's comparison */
function isMetByEmpty(atom: Atom, wasNegated: boolean): boolean {
  switch (atom.kind) {
    case 'compare': {
      const isEquality = atom.operator === '=' || atom.operator === '!='
      if (isEquality) return atom.operator === '!=' && atom.value.text !== ''
      return wasNegated
    }
    case 'in':
      return atom.negated && atom.values.every(({ text }) => text !== '')
    case 'like':
      return atom.negated
    case 'null':
      return false
  }
}

function withEmpty(atom: Atom, view: ModuleView, visible: VisibleModules): Condition {
  const { via, field: name, at } = atom.path
  const other = via === undefined ? view : visible.require(via, at)
  return other === view
    ? withEmptyField({ ...atom, path: tree.field(name, at) }, view, visible)
    : withEmptyHop(atom, other, view, visible)
}

function withEmptyField(atom: Atom, view: ModuleView, visible: VisibleModules): Condition {
  const checked = checkCondition(atom, view, visible)
  const field = requireField(view, atom.path.field, atom.path.at)
  // Every record has an id, and coreBOS stores 0 for an unticked checkbox.
  if (field.name === 'id' || valueKind(field) === 'boolean') return checked
  if (!isNumberColumn(field)) return tree.or(checked, checkCondition(tree.isNull(atom.path), view, visible))
  // Zeros among the empty values, which coreBOS finds too, make no difference if a zero meets the condition as well.
  if (meetsValue('0', atom, field)) return tree.or(checked, tree.isNullOrZero(atom.path))
  throw new GatewayError(
    'QUERY_NOT_EXPRESSIBLE',
    `${place(atom.path.at)}'${field.name}': coreBOS does not distinguish an empty value from 0`,
  )
}

/** If a reference is empty, so is each field of the record that it would point to. */
function withEmptyHop(atom: Atom, other: ModuleView, view: ModuleView, visible: VisibleModules): Condition {
  const { field, at } = atom.path
  const reference = referenceOf(atom.path, view, other)
  const path = tree.field(requireField(other, field, at).name, at)
  const own = { ...atom, path }
  const module = other.module.name
  const met = idsOf(module, field === 'id' ? own : tree.or(own, tree.isNull(path)))
  return tree.or(
    checkCondition(tree.isNull(tree.field(reference.name, at)), view, visible),
    tree.lookup({ field: reference.name, query: met, label: `$${module}` }),
  )
}
