/**
 * Checks the values that a policy names against the fields of an installation: values that no picklist has, forced values
 * that their field cannot hold, and mandatory fields that a rule leaves without a value.
 */
import { holdsUsers, holdsUsersOnly, valueKind, type FieldShape, type Modules } from '../model/module.ts'
import { nearest } from '../policy/nearest.ts'
import { pointerOf, type Policy, type Rule } from '../policy/policy.ts'
import * as tree from '../query/tree.ts'
import type { Compare, Condition, FieldPath, In, Like } from '../query/tree.ts'
import { meetsExactly } from './exact.ts'
import { fitProblem, separator } from './value.ts'

/** A message about one place of a policy file. */
export interface PolicyNote {
  /** JSON pointer into the policy file. */
  readonly path: string
  /** One sentence that can follow the path. */
  readonly message: string
}

/** What an operator should know of a policy that fits. */
export function policyNotes(policy: Policy, modules: Modules): PolicyNote[] {
  return [...unknownValues(policy, modules), ...unfilledFields(policy, modules)]
}

/** Mandatory fields that a rule neither opens nor forces: coreBOS rejects every record that is created under it. */
function unfilledFields(policy: Policy, modules: Modules): PolicyNote[] {
  return policy.rules.flatMap(({ create, actor, ...rule }) => {
    if (create === undefined) return []
    const filled = new Set([...create.fields, ...Object.keys(create.force), actor])
    return [...(modules.byName(rule.module)?.fields.values() ?? [])]
      .filter(({ name, mandatory, editable }) => mandatory && editable && !filled.has(name))
      .map(({ name }) => ({
        path: `${pointerOf(rule)}/create`,
        message: `'${name}' is mandatory in coreBOS, and neither in 'fields' nor in 'force': no record can be created`,
      }))
  })
}

/**
 * Values of conditions and forced values that no picklist has: the condition holds for no record, or for all. No error,
 * because coreBOS shows a CRM user only the values of its role.
 */
function unknownValues(policy: Policy, modules: Modules): PolicyNote[] {
  return policy.rules.flatMap((rule) => {
    const at = pointerOf(rule)
    const fields = modules.byName(rule.module)?.fields
    const conditions = [
      [`${at}/where`, rule.where] as const,
      ...(['create', 'update', 'delete'] as const).map(
        (writing) => [`${at}/${writing}/where`, rule[writing]?.where] as const,
      ),
    ]
    return [
      ...conditions.flatMap(([path, where]) =>
        (where === undefined ? [] : notesOf(where, rule.module, modules)).map((message) => ({
          path,
          message,
        })),
      ),
      ...forcedOf(rule).flatMap(({ path, name, value }) => {
        const { picklist } = fields?.get(name) ?? {}
        const isUnknown = picklist?.some((each) => each.value === value) === false
        return isUnknown && value !== '' && !value.startsWith('$')
          ? [{ path, message: unknownValue(rule.module, name, value, picklist) }]
          : []
      }),
    ]
  })
}

/** Forced values that their field cannot hold. */
export function forcedFaults(policy: Policy, modules: Modules): (PolicyNote & { readonly rule: string })[] {
  return policy.rules.flatMap((rule) =>
    forcedOf(rule).flatMap(({ path, name, value }) => {
      const field = modules.byName(rule.module)?.fields.get(name)
      const message = field && forcedProblem(value, field)
      return message === undefined ? [] : [{ path, message, rule: rule.name }]
    }),
  )
}

interface Forced {
  readonly path: string
  readonly name: string
  readonly value: string
}

function forcedOf(rule: Rule): Forced[] {
  return (['create', 'update'] as const).flatMap((writing) =>
    Object.entries(rule[writing]?.force ?? {}).map(([name, value]) => ({
      path: `${pointerOf(rule)}/${writing}/force/${name}`,
      name,
      value,
    })),
  )
}

function forcedProblem(value: string, field: FieldShape): string | undefined {
  const { name, type } = field
  if (value === '$user')
    return valueKind(field) === 'text' || holdsUsers(field) ? undefined : `'${name}' does not hold CRM users`
  if (value === '$contact' || value === '$account') {
    if (holdsUsersOnly(field)) return `'${name}' holds CRM users; '$user' is that of the contact`
    return type === 'reference' ? undefined : fitProblem('12x1', { ...field, picklist: undefined })
  }
  return fitProblem(value, { ...field, picklist: undefined })
}

function notesOf(condition: Condition, module: string, modules: Modules): string[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.terms.flatMap((term) => notesOf(term, module, modules))
    case 'not':
      return notesOf(condition.term, module, modules)
    case 'compare':
    case 'in':
    case 'like':
      return notesOfAtom(condition, module, modules)
    default:
      return []
  }
}

function notesOfAtom(atom: Compare | In | Like, module: string, modules: Modules): string[] {
  const { via = module, field: name } = atom.path
  const { type, picklist } = modules.byName(via)?.fields.get(name) ?? {}
  if (picklist === undefined) return []
  return comparedWith(atom, type === 'multipicklist').flatMap(({ text, test }) => {
    const isKnown = text === '' || picklist.some(({ value }) => meetsExactly({ [name]: value }, test))
    return isKnown ? [] : [unknownValue(via, name, text, picklist)]
  })
}

interface Compared {
  readonly text: string
  /** Holds for the values of a picklist that the text stands for. */
  readonly test: Compare | Like
}

/** What a condition compares a picklist with, value by value. An order of texts is left alone. */
function comparedWith(atom: Compare | In | Like, isMultiple: boolean): Compared[] {
  const { path } = atom
  switch (atom.kind) {
    case 'compare':
      return atom.operator === '=' || atom.operator === '!='
        ? equalities([atom.value.text], path, isMultiple)
        : []
    case 'in':
      return equalities(
        atom.values.map(({ text }) => text),
        path,
        isMultiple,
      )
    case 'like':
      // A pattern may reach over several values.
      return isMultiple ? [] : [{ text: atom.pattern, test: tree.like(path, atom.pattern) }]
  }
}

function equalities(texts: readonly string[], path: FieldPath, isMultiple: boolean): Compared[] {
  return texts
    .flatMap((text) => (isMultiple ? text.split(separator) : [text]))
    .map((text) => ({ text, test: tree.compare(path, '=', tree.text(text)) }))
}

/** The number of values that a message lists. */
const mostNamed = 10

function unknownValue(
  module: string,
  field: string,
  text: string,
  picklist: NonNullable<FieldShape['picklist']>,
): string {
  const values = picklist.map(({ value }) => value)
  const labelled = picklist.find(({ label }) => label === text)
  const list = values.slice(0, mostNamed).map((value) => `'${value}'`)
  const more = values.length > mostNamed ? ` and ${values.length - mostNamed} more` : ''
  const hint = labelled
    ? `; did you mean '${labelled.value}'?`
    : nearest(text, values) || `; it has ${list.join(', ')}${more}`
  return `'${field}' of ${module} has no value '${text}'${hint}`
}
