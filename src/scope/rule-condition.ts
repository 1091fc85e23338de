/** Converts a rule of the policy to a condition, in full and as the contact may know it. */
import * as tree from '../query/tree.ts'
import type { Condition, Lookup, Relation } from '../query/tree.ts'
import { checkRule } from './check-rule.ts'
import { idsOf } from './check.ts'
import { extendedPart } from './extended-forms.ts'
import type { OwnerIds } from './owner-ids.ts'
import { ofRule } from './rule-error.ts'
import { type ModuleView, type VisibleModules, unhidden } from './view.ts'

export type Dialect = Lookup['dialect']

/** The purpose of a printed query. */
export type Purpose = Pick<Lookup, 'dialect' | 'ofRule'>

export const forCaller: Purpose = { dialect: 'basic', ofRule: undefined }

/** The label in explain for the ids that tie a record to the contact. */
export const scopeLabel = '$scope'

/** The label in explain for the policy's own conditions. */
export const ruleLabel = '$rule'

/**
 * A rule as a condition. A record is visible when one of its ties holds, and the rule's own condition with it:
 *
 * | ties             | the record is visible when                          |
 * |------------------|-----------------------------------------------------|
 * | none (open)      | always                                              |
 * | contact, account | the reference is one of the owner ids                 |
 * | through          | the reference is a record visible by its own rule   |
 * | relation         | it is related to an anchor, or to a visible record  |
 * | no anchor at all | never                                               |
 */
export function scopeOf(
  view: ModuleView,
  visible: VisibleModules,
  ownerIds: OwnerIds,
  purpose: Purpose = forCaller,
): Condition {
  const own = ownPart(view, visible, purpose)
  const ties = tiesOf(view, visible, ownerIds)
  return ties === undefined ? own : tree.and(tree.anyOf(ties), own)
}

/** The part of the policy's condition that a look-up for this condition repeats; all of it for other queries. */
function ownPart(view: ModuleView, visible: VisibleModules, { ofRule }: Purpose): Condition {
  if (ofRule === 'ties') return tree.constant(true)
  const whole = ownCondition(view, visible)
  return ofRule === undefined ? whole : extendedPart(whole, view, visible.modules)
}

/** The part of a scope that a contact may know. */
export function shownScopeOf(view: ModuleView, visible: VisibleModules, ownerIds: OwnerIds): Condition {
  const own = view.decision.where === undefined ? tree.constant(true) : tree.hidden(ruleLabel)
  const hiddenTie = tree.hidden(scopeLabel)
  const shown = tiesOf(view, visible, ownerIds)?.map((each) => (isReadable(each, view) ? each : hiddenTie))
  return shown === undefined ? own : tree.and(tree.anyOf([...new Set(shown)]), own)
}

/** Whether a contact may know of a look-up of its query. */
export function isShown(lookUp: Lookup | Relation, view: ModuleView): boolean {
  return lookUp.label !== ruleLabel && (lookUp.label !== scopeLabel || isReadable(lookUp, view))
}

function isReadable(condition: Condition, view: ModuleView): boolean {
  return fieldsIn(condition).every((field) => view.readable.has(field))
}

/** The condition that the policy sets for every record, besides its ties. @throws RuleError */
function ownCondition(view: ModuleView, visible: VisibleModules): Condition {
  const { where } = view.decision
  if (where === undefined) return tree.constant(true)
  return labelled(ofRule(view.module.name, () => checkRule(where, unhidden(view), visible)))
}

/** The condition with the label of the rule at each of its lookups. */
function labelled(condition: Condition): Condition {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return tree.mapTerms(condition, labelled)
    case 'lookup':
      return tree.lookup({ ...condition, label: ruleLabel })
    case 'relation':
      return tree.relation({ ...condition, label: ruleLabel })
    default:
      return condition
  }
}

const ownModules: ReadonlySet<string> = new Set(['Contacts', 'Accounts'])

/** At least one of these must hold; undefined if the rule has no ties. */
function tiesOf(view: ModuleView, visible: VisibleModules, ownerIds: OwnerIds): Condition[] | undefined {
  const { rule } = view.decision
  if (rule.ties === undefined) return undefined
  const { contact, account, through, relation } = rule.ties
  const fields = [...new Set([...contact, ...account])]
  const ties = fields.map((field) => {
    const ids = [
      ...(contact.includes(field) ? ownerIds.contacts : []),
      ...(account.includes(field) ? ownerIds.accounts : []),
    ]
    return ids.length === 0 ? tree.constant(false) : tree.tie(field, ids, scopeLabel)
  })
  const hops = through
    .filter(({ module }) => visible.find(module) !== undefined)
    .map(({ field, module }) => tree.lookup({ field, query: idsOf(module, undefined), label: scopeLabel }))
  const relations = relation
    // The contact and its account count by their ids, whether or not they are readable.
    .filter((module) => ownModules.has(module) || visible.find(module) !== undefined)
    .map((module) => related(module, view.module.name, ownerIds))
  return [...ties, ...hops, ...relations]
}

/**
 * A colleague is a visible contact, but records related to a colleague are not the contact's: for these two modules,
 * owner ids count.
 */
function related(parentModule: string, module: string, { contacts, accounts }: OwnerIds): Condition {
  const parents =
    parentModule === 'Contacts'
      ? contacts
      : parentModule === 'Accounts'
        ? accounts
        : idsOf(parentModule, undefined)
  if ('length' in parents && parents.length === 0) return tree.constant(false)
  return tree.relation({ parentModule, parents, module, label: scopeLabel })
}

export function fieldsIn(condition: Condition): string[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.terms.flatMap(fieldsIn)
    case 'compare':
    case 'like':
    case 'in':
    case 'null':
      return [condition.path.field]
    case 'tie':
    case 'lookup':
      return [condition.field]
    case 'relation':
      return ['id']
    case 'constant':
    case 'hidden':
      return []
    case 'not':
    case 'related':
      throw new Error(`a '${condition.kind}' does not stand in a checked condition`)
  }
}
