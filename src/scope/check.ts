/** Checks the conditions of a query against what the contact may see. */
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import { withoutNot } from '../query/normal-form.ts'
import { hasRepeatedBlanks } from '../query/dialect.ts'
import * as tree from '../query/tree.ts'
import type { Atom, Condition, FieldPath, Position, Value } from '../query/tree.ts'
import { isNumberColumn, valueKind, type FieldShape, type Modules } from '../model/module.ts'
import { place, requireField, type VisibleModules, type ModuleView } from './view.ts'

export const webserviceId = /^([1-9][0-9]{0,5})x([1-9][0-9]{0,9})$/

export const shapes = {
  number: [/^-?[0-9]{1,18}(\.[0-9]{1,12})?$/, 'a number'],
  date: [/^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$/, 'a date (YYYY-MM-DD)'],
  datetime: [
    /^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])( ([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?)?$/,
    'a time (YYYY-MM-DD hh:mm:ss)',
  ],
  time: [/^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$/, 'a time of day (hh:mm)'],
  boolean: [/^[01]$/, "'0' or '1'"],
} as const

/**
 * Checks a condition against the view of the contact: names are looked up, values are converted to the types of their
 * fields, `not` is pushed down, and a condition on a referenced record becomes a look-up under that record's own rule.
 *
 * @throws GatewayError `UNKNOWN_FIELD`, `UNKNOWN_MODULE`, `INVALID_VALUE`, `QUERY_NOT_EXPRESSIBLE`
 */
export function checkCondition(condition: Condition, view: ModuleView, visible: VisibleModules): Condition {
  return check(withoutNot(condition), view, visible)
}

function check(condition: Condition, view: ModuleView, visible: VisibleModules): Condition {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return tree.mapTerms(condition, (term) => check(term, view, visible))
    case 'compare':
    case 'like':
    case 'in':
    case 'null':
      if (visible.joinsBlanks) requireSingleBlanks(condition)
      return condition.path.via === undefined
        ? checkAtom(
            condition,
            requireField(view, condition.path.field, condition.path.at),
            view,
            visible.modules,
          )
        : checkHop(condition, condition.path.via, view, visible)
    case 'related':
      return checkRelated(condition, view, visible)
    case 'constant':
      return condition
    case 'not':
    case 'tie':
    case 'lookup':
    case 'relation':
    case 'hidden':
      throw new Error(`a '${condition.kind}' cannot stand in a condition that is yet to be checked`)
  }
}

/** @throws GatewayError `QUERY_NOT_EXPRESSIBLE` */
function requireSingleBlanks(atom: Atom): void {
  const texts =
    atom.kind === 'compare'
      ? [atom.value.text]
      : atom.kind === 'in'
        ? atom.values.map(({ text }) => text)
        : atom.kind === 'like'
          ? [atom.pattern]
          : []
  if (!texts.some(hasRepeatedBlanks)) return
  const { field, at } = atom.path
  throw new GatewayError(
    'QUERY_NOT_EXPRESSIBLE',
    `${place(at)}'${field}': coreBOS replaces several blanks in a row by one in a contact's session; a service user is ` +
      'required to compare them',
  )
}

function checkAtom(atom: Atom, field: FieldShape, view: ModuleView, modules: Modules): Condition {
  const { path } = atom
  const kind = valueKind(field)
  switch (atom.kind) {
    case 'null':
      // coreBOS treats a zero as empty.
      if (atom.orZero === true || (!isNumberColumn(field) && kind !== 'boolean')) return atom
      throw new GatewayError(
        'QUERY_NOT_EXPRESSIBLE',
        `${place(path.at)}'${field.name}': coreBOS does not distinguish an empty value from 0`,
      )
    case 'like':
      if (kind !== 'id') return atom
      // coreBOS reads a pattern without wildcards as the id itself.
      if (webserviceId.test(atom.pattern)) {
        const same = tree.compare(path, atom.negated ? '!=' : '=', tree.text(atom.pattern))
        return checkAtom(same, field, view, modules)
      }
      throw invalid(
        path.at,
        `'${field.name}' holds webservice ids, which 'like' does not search; use '=' or 'in' with whole ids`,
      )
    case 'in': {
      const filled = atom.values.filter(({ text }) => text !== '')
      const list = listOf(
        path,
        filled.map((value) => fit(value, field, view, modules, path.at)),
        atom.negated,
        field,
      )
      if (filled.length === atom.values.length) return list
      const empty = checkAtom(tree.isNull(path, atom.negated), field, view, modules)
      return atom.negated ? tree.and(list, empty) : tree.or(list, empty)
    }
    case 'compare': {
      const { operator, value } = atom
      const equality = operator === '=' || operator === '!='
      if (value.text === '' && (equality || kind !== 'text')) {
        if (equality) return checkAtom(tree.isNull(path, operator === '!='), field, view, modules)
        throw invalid(path.at, `'${field.name}' cannot be compared with an empty value by '${operator}'`)
      }
      if (kind === 'id' && !equality)
        throw invalid(path.at, `'${field.name}' holds webservice ids, which have no order`)
      const fitted = fit(value, field, view, modules, path.at)
      return fitted === value ? atom : tree.compare(path, operator, fitted)
    }
  }
}

function listOf(path: FieldPath, values: readonly Value[], negated: boolean, field: FieldShape): Condition {
  if (values.length === 0) return tree.constant(negated)
  // Numbers have no quotes if the column holds text, and coreBOS miscounts such a list after a 0.
  const goesWithoutQuotes = valueKind(field) === 'number' && !isNumberColumn(field)
  if (negated || !goesWithoutQuotes) return tree.inList(path, values, negated)
  return tree.anyOf(values.map((value) => tree.compare(path, '=', value)))
}

/** The value in the format of the field's column. */
function fit(value: Value, field: FieldShape, view: ModuleView, modules: Modules, at: Position): Value {
  const kind = valueKind(field)
  if (kind === 'text') return asText(value)
  if (kind === 'id') {
    const id =
      value.kind === 'number' && field.name === 'id' ? `${view.module.idPrefix}x${value.text}` : value.text
    requireReference(id, field, view, modules, at)
    return id === value.text ? asText(value) : tree.text(id)
  }
  const [shape, expected] = shapes[kind]
  if (!shape.test(value.text)) throw invalid(at, `'${field.name}' is compared with ${expected}`)
  if (kind !== 'number') return asText(value)
  return value.kind === 'number' ? value : tree.number(value.text)
}

function asText(value: Value): Value {
  return value.kind === 'text' ? value : tree.text(value.text)
}

/** coreBOS looks at the number of an id alone, so an id with another module's prefix would find a wrong record. */
function requireReference(
  id: string,
  field: FieldShape,
  view: ModuleView,
  modules: Modules,
  at: Position,
): void {
  const prefix = webserviceId.exec(id)?.[1]
  if (prefix === undefined) throw invalid(at, `'${field.name}' is compared with a webservice id ('12x34')`)
  const owner = modules.byIdPrefix(prefix)
  if (field.name === 'id') {
    if (prefix !== view.module.idPrefix) {
      throw invalid(at, `the ids of ${view.module.name} begin with '${view.module.idPrefix}x'`)
    }
  } else if (owner !== undefined && !targetsOf(field).includes(owner.name)) {
    throw invalid(at, `'${field.name}' does not point to a record whose id begins with '${prefix}x'`)
  }
}

function targetsOf({ type, refersTo }: FieldShape): readonly string[] {
  return type === 'owner' ? ['Users', 'Groups'] : refersTo
}

/** `Contacts.lastname = 'x'`: the reference points to one of the visible contacts with that name. */
function checkHop(atom: Atom, via: string, view: ModuleView, visible: VisibleModules): Condition {
  const { at } = atom.path
  const owner = ownerOf(atom, via, view, visible)
  if (owner !== undefined) return owner
  const path = tree.field(atom.path.field, at)
  const other = visible.require(via, at)
  if (other === view)
    return checkAtom({ ...atom, path }, requireField(view, path.field, at), view, visible.modules)
  const reference = referenceOf(atom.path, view, other)
  const field = requireField(other, path.field, at)
  if (field.name === 'id' && atom.kind === 'compare' && atom.operator === '=') {
    const fitted = checkAtom({ ...atom, path }, field, other, visible.modules)
    // The contact itself and its account need no look-up.
    const { id, accountId } = visible.contact
    if (fitted.kind === 'compare' && [id, accountId].includes(fitted.value.text)) {
      return { ...fitted, path: tree.field(reference.name, at) }
    }
  }
  const label = `$${other.module.name}`
  if (atom.kind !== 'null' || atom.negated) {
    return tree.lookup({ field: reference.name, query: idsOf(other.module.name, { ...atom, path }), label })
  }
  // A missing record counts as empty: rows with a value are excluded.
  const filled = idsOf(other.module.name, field.name === 'id' ? undefined : tree.isNull(path, true))
  return tree.or(
    tree.isNull(tree.field(reference.name, at)),
    tree.lookup({ field: reference.name, query: filled, label, negated: true }),
  )
}

/**
 * `assigned_user_id : (Users) id`: the id of a user is that of the field itself, whose records stay closed.
 *
 * @returns undefined for every other path
 */
function ownerOf(
  { path: { reference, field: name, at }, ...atom }: Atom,
  via: string,
  view: ModuleView,
  { contact, modules }: VisibleModules,
): Condition | undefined {
  const field = reference === undefined ? undefined : view.readable.get(reference)
  if (field?.type !== 'owner' || via !== 'Users' || name !== 'id') return undefined
  const path = tree.field(field.name, at)
  if (atom.kind !== 'compare' || atom.value.kind !== 'number')
    return checkAtom({ ...atom, path }, field, view, modules)
  const [prefix = ''] = contact.user.id.split('x')
  return checkAtom({ ...atom, path, value: tree.text(`${prefix}x${atom.value.text}`) }, field, view, modules)
}

/** The reference field through which a path leads to another module. @throws GatewayError `UNKNOWN_FIELD` */
export function referenceOf({ reference, at }: FieldPath, view: ModuleView, other: ModuleView): FieldShape {
  const field =
    reference === undefined ? referenceTo(view, other.module.name) : requireField(view, reference, at)
  if (field?.refersTo.includes(other.module.name) === true) return field
  throw new GatewayError(
    'UNKNOWN_FIELD',
    `${place(at)}no field of ${view.module.name} points to ${other.module.name}`,
  )
}

/** One more than is accepted, so that a list that is too long is noticed. */
export const allIds = { limit: { offset: 0, count: limits.ids + 1 } } as const

/** A statement for the ids of the records that meet a condition. */
export function idsOf(module: string, where: Condition | undefined): tree.Query {
  return tree.select(module, ['id'], where, allIds)
}

/** The first field that can point to the module: coreBOS reads `Module.field` in this way. */
export function referenceTo(view: ModuleView, module: string): FieldShape | undefined {
  return [...view.readable.values()].find(
    (field) => field.type === 'reference' && field.refersTo.includes(module),
  )
}

/**
 * coreBOS's list of the potentials of a contact includes those of its account, which no field of the potential says:
 * `related: Potentials of contact` in the recordings.
 */
function isListedThroughAccount(other: ModuleView, view: ModuleView): boolean {
  return (
    other.module.name === 'Contacts' && view.module.name === 'Potentials' && other.readable.has('account_id')
  )
}

/**
 * By the reference that points to the module; otherwise by relations, if the module is tied through them or coreBOS's
 * list contains more than the reference says.
 */
function checkRelated(
  { module, id, at }: tree.Related,
  view: ModuleView,
  visible: VisibleModules,
): Condition {
  const other = visible.require(module, at)
  const reference = referenceTo(view, other.module.name)
  const isThroughAccount = isListedThroughAccount(other, view)
  if (reference !== undefined && !isThroughAccount) {
    return checkAtom(
      tree.compare(tree.field(reference.name, at), '=', tree.text(id)),
      reference,
      view,
      visible.modules,
    )
  }
  if (!isThroughAccount && view.decision.rule.ties?.relation.includes(other.module.name) !== true) {
    throw new GatewayError(
      'QUERY_NOT_EXPRESSIBLE',
      `${place(at)}no field of ${view.module.name} points to ${other.module.name}`,
    )
  }
  return tree.relation({
    parentModule: other.module.name,
    parents: idsOf(other.module.name, tree.compare(tree.field('id', at), '=', tree.text(id))),
    module: view.module.name,
    label: `$related.${other.module.name}`,
  })
}

export function checkPath(path: FieldPath, view: ModuleView): FieldShape {
  if (path.via !== undefined) {
    throw new GatewayError(
      'QUERY_NOT_EXPRESSIBLE',
      `${place(path.at)}a field of a referenced record is not accepted here`,
    )
  }
  return requireField(view, path.field, path.at)
}

function invalid(at: Position, problem: string): GatewayError {
  return new GatewayError('INVALID_VALUE', `${place(at)}${problem}`)
}
