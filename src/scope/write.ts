/**
 * Checks a write against the policy in two steps, because the second needs facts of coreBOS: first a proposal (the
 * fields are open and the values fit), then its references and the record after the write.
 */
import { levels, type Contact, type Level } from '../model/contact.ts'
import { GatewayError, type ErrorCode, type FieldProblem } from '../model/errors.ts'
import { fillIn, type Ties, type WriteRule } from '../policy/policy.ts'
import * as tree from '../query/tree.ts'
import type { Condition } from '../query/tree.ts'
import { sealValues, type CheckedValues } from '../model/checked-values.ts'
import type { FieldLengths } from '../model/lengths.ts'
import type { Modules } from '../model/module.ts'
import { keptOfDocument, wholeDocument } from './document.ts'
import { readSignature, signed } from './signature.ts'
import { fitProblem, sameValue } from './value.ts'
import { meets, type Row } from './verify.ts'
import { requireField, type VisibleModules, type ModuleView } from './view.ts'

/** The value of a field in a request: coreBOS's text, or a value that cannot be one. */
export type GivenValue = string | Misfit

export interface Misfit {
  /** The reason why it cannot be written. */
  readonly problem: string
  /** The current values of the field that the value may stand for after all. */
  readonly text?: string
}

/** The values of a request, by field. */
export type Given = Readonly<Record<string, GivenValue>>

/** The values of a request whose values are all texts. */
export type GivenTexts = Readonly<Record<string, string>>

export type Writing = 'create' | 'update' | 'delete'

const rights = { create: 'createable', update: 'updateable', delete: 'deleteable' } as const

/** A reference that the caller has chosen. */
export interface ChosenReference {
  readonly field: string
  readonly id: string
}

export interface Proposal {
  readonly view: ModuleView
  /** The values to write: those of the caller that differ from the record, and those that the policy forces. */
  readonly values: GivenTexts
  /** Unchanged values that are sent as well, because coreBOS would empty them otherwise. */
  readonly kept?: GivenTexts
  readonly references: readonly ChosenReference[]
  /** Names of the values that the policy forces. */
  readonly forced: ReadonlySet<string>
  /** The record after the write. */
  readonly row: Row
}

/** Whether the rule opens it, and coreBOS grants the right. */
export function isOpen({ module, decision: { rule } }: ModuleView, writing: Writing): boolean {
  return rule[writing] !== undefined && module[rights[writing]]
}

/** Whether a contact chooses the value of a field: forced values come from the policy, the actor from the gateway. */
export function isChosen(
  name: string,
  { decision: { rule } }: ModuleView,
  writing: 'create' | 'update',
): boolean {
  const { fields, force } = rule[writing] ?? {}
  return fields?.has(name) === true && !Object.hasOwn(force ?? {}, name) && rule.actor !== name
}

/**
 * The view of the records of a module that may be written: the scope of the visible ones, narrowed to the level of the
 * rule's writing.
 *
 * @throws GatewayError `NOT_WRITABLE` if the rule does not open it, or coreBOS does not grant the right
 */
export function writingView(view: ModuleView, writing: Writing, visible: VisibleModules): ModuleView {
  const { module, decision } = view
  const { rule } = decision
  const reach = rule[writing]
  if (reach === undefined)
    throw new GatewayError('NOT_WRITABLE', `${module.name}: the policy has no ${writing} of it`)
  if (!isOpen(view, writing))
    throw new GatewayError('NOT_WRITABLE', `${module.name}: the CRM user lacks the right to ${writing}`)
  const level = reach.level ?? (writing === 'create' ? decision.level : 'own')
  const conditions = [decision.where, reach.where && fillIn(reach.where, visible.contact)]
  const where = tree.and(...conditions.filter((each) => each !== undefined))
  const reached = { ...view, decision: { rule, level, where } }
  return writing === 'create' ? reached : withoutBorrowed(reached, visible)
}

/** The view of the records that are tied to the contact itself. */
export function ownView(view: ModuleView, visible: VisibleModules): ModuleView {
  return withoutBorrowed({ ...view, decision: { ...view.decision, level: 'own' } }, visible)
}

/**
 * A record that is visible through another record is not necessarily as near as the level says: of ties to other
 * records, those are kept that lead no further than the level.
 */
function withoutBorrowed(view: ModuleView, visible: VisibleModules): ModuleView {
  const { rule, level, where } = view.decision
  if (rule.ties === undefined) return view
  const { contact, account, through, relation } = rule.ties
  const ownerIds = relation.filter((module) => module === 'Contacts' || module === 'Accounts')
  const hops = through.filter((hop) => view.module.fields.get(hop.field)?.refersTo.includes(hop.module))
  const near = hops.filter(({ module }) => reachesNoFurther(visible.find(module), level))
  const others = [contact, account, ownerIds, near].flat().length
  if (hops.length === near.length || others > 0 || level !== 'own') {
    const ties = { ...rule.ties, relation: ownerIds, through: near }
    return { ...view, decision: { rule: { ...rule, ties }, level, where } }
  }
  const own = tree.or(...hops.map((hop) => leadsToOwn(hop, visible)))
  const ties = { ...rule.ties, relation: ownerIds }
  return {
    ...view,
    decision: { rule: { ...rule, ties }, level, where: tree.and(...[where ?? []].flat(), own) },
  }
}

function reachesNoFurther(view: ModuleView | undefined, level: Level): boolean {
  return view !== undefined && levels.indexOf(view.decision.level) <= levels.indexOf(level)
}

/** Requires that the record which a field points to is tied to the contact itself. */
function leadsToOwn({ field, module }: Ties['through'][number], visible: VisibleModules): Condition {
  const other = visible.find(module)
  const fields = other?.decision.rule.ties?.contact.filter((name) => other.readable.has(name)) ?? []
  const path = (name: string) => tree.field(name, tree.nowhere, module, field)
  return tree.or(...fields.map((name) => tree.compare(path(name), '=', tree.text(visible.contact.id))))
}

/**
 * Whether records of a module may be visible to unrelated contacts: its rule is open, or ties records to those of such
 * a module.
 */
export function isShared(view: ModuleView, visible: VisibleModules, above: readonly string[] = []): boolean {
  const { ties } = view.decision.rule
  if (ties === undefined) return true
  const path = [...above, view.module.name]
  return [...ties.through.map(({ module }) => module), ...ties.relation].some((name) => {
    const other = path.includes(name) ? undefined : visible.find(name)
    return other !== undefined && isShared(other, visible, path)
  })
}

/**
 * A signed record whose only tie is through another record, such as a comment, belongs to the contact that signed it,
 * even if the other record belongs to the caller.
 */
export function isOfAnotherContact(row: Row, { decision: { rule } }: ModuleView, contact: Contact): boolean {
  const { sign, ties } = rule
  if (sign === undefined || ties === undefined || contact.entity !== 'Contacts') return false
  if ([ties.contact, ties.account, ties.relation].flat().length > 0) return false
  return readSignature(row[sign] ?? '').contact !== contact.id
}

/** The facts that values are checked against, besides the rule. */
export interface WriteFacts {
  readonly contact: Contact
  readonly modules: Modules
  readonly lengths: Pick<FieldLengths, 'of'>
}

/** @throws GatewayError as {@link propose} */
export function proposeCreate(given: Given, view: ModuleView, facts: WriteFacts): Proposal {
  const empty = Object.fromEntries([...view.module.fields.keys()].map((name) => [name, '']))
  const proposal = propose({ given, current: undefined, view, rule: view.decision.rule.create, ...facts })
  return { ...proposal, row: { ...empty, ...proposal.values } }
}

/**
 * @param current the record before the write, with every field of its module
 * @returns a proposal without values if nothing would change
 * @throws GatewayError as {@link propose}
 */
export function proposeUpdate(
  given: Given,
  current: Row,
  view: ModuleView,
  facts: WriteFacts,
  file: 'same file' | 'new file' = 'same file',
): Proposal {
  const proposal = propose({ given, current, view, rule: view.decision.rule.update, ...facts })
  const { module } = view
  const isChanged = file === 'new file' || Object.keys(proposal.values).length > 0
  const keptOf = file === 'new file' ? wholeDocument : keptOfDocument
  const kept = module.name === 'Documents' && isChanged ? keptOf(module, current) : {}
  return { ...proposal, kept, row: { ...current, ...proposal.values } }
}

interface Asked extends WriteFacts {
  readonly given: Given
  readonly current: Row | undefined
  readonly view: ModuleView
  readonly rule: WriteRule | undefined
}

/**
 * @throws GatewayError with an entry for every wrong field: `UNKNOWN_FIELD` (it cannot be read, and the error does not
 * say whether it exists), `FIELD_NOT_WRITABLE`, `INVALID_VALUE`; `NOT_WRITABLE` if the policy forces a value that the
 * contact does not have
 */
function propose({ given, current, view, contact, modules, lengths, rule }: Asked): Omit<Proposal, 'row'> {
  if (rule === undefined) throw new GatewayError('NOT_WRITABLE')
  const forced = forcedValues(rule, view, contact)
  const ties = tieFields(view)
  const problems: FieldProblem[] = []
  const values: Record<string, string> = {}
  const references: ChosenReference[] = []
  const wrong = (code: ErrorCode, field: string, message: string) => problems.push({ field, message, code })

  const isSigned = (name: string): boolean =>
    name === view.decision.rule.sign && contact.entity === 'Contacts'

  for (const [name, said] of Object.entries(given)) {
    const { text, problem: misfit } = typeof said === 'string' ? { text: said, problem: undefined } : said
    const field = view.readable.get(name)
    if (field === undefined) {
      wrong('UNKNOWN_FIELD', name, unknownField(name, view))
      continue
    }
    // Official clients send whole records back, and their own user as the owner of a new record.
    if (current !== undefined && text !== undefined && sameValue(text, current[name] ?? '', field)) continue
    const value = text?.trim() && isSigned(name) ? signed(text, contact) : (text ?? '')
    const fixed = forced.get(name)
    if (fixed !== undefined && text !== undefined && sameValue(value, fixed, field)) continue
    if (fixed !== undefined || !rule.fields.has(name)) {
      wrong('FIELD_NOT_WRITABLE', name, `'${name}' cannot be written`)
      continue
    }
    if (value === '' && current !== undefined && ties.has(name)) {
      wrong('REFERENCE_OUT_OF_SCOPE', name, `'${name}' cannot be emptied`)
      continue
    }
    const problem = misfit ?? fitProblem(value, field, lengths.of(view.module.name, field))
    if (problem !== undefined) {
      wrong('INVALID_VALUE', name, problem)
      continue
    }
    values[name] = value
    if (value !== '' && (field.type === 'reference' || field.type === 'owner')) {
      const owner = modules.byIdPrefix(value.slice(0, value.indexOf('x')))
      if (owner !== undefined && field.refersTo.includes(owner.name))
        references.push({ field: name, id: value })
      else wrong('REFERENCE_OUT_OF_SCOPE', name, outOfScope(name))
    }
  }
  if (problems.length > 0) throw rejection(problems)
  const changes = current === undefined || Object.keys(values).length > 0
  return {
    view,
    references,
    forced: new Set(forced.keys()),
    values: changes ? { ...values, ...Object.fromEntries(forced) } : {},
  }
}

function forcedValues(rule: WriteRule, view: ModuleView, contact: Contact): Map<string, string> {
  const { actor } = view.decision.rule
  const entries: [string, string][] = Object.entries(rule.force).map(([name, value]) => {
    if (value === '$contact') return [name, contact.id]
    if (value === '$user') return [name, contact.user.id]
    if (value !== '$account') return [name, value]
    if (contact.accountId === undefined) {
      throw new GatewayError('NOT_WRITABLE', `${view.module.name}: this requires an account`)
    }
    return [name, contact.accountId]
  })
  if (actor !== undefined) entries.push([actor, contact.id])
  // coreBOS ignores a field that it does not have, and a forced value would not be written.
  const missing = entries.find(([name]) => !view.module.fields.has(name))
  if (missing !== undefined)
    throw new GatewayError('NOT_WRITABLE', `${view.module.name} lacks a forced field`)
  return new Map(entries)
}

function unknownField(name: string, view: ModuleView): string {
  try {
    requireField(view, name)
  } catch (error) {
    if (error instanceof GatewayError) return error.message
    throw error
  }
  throw new Error(`'${name}' can be read`)
}

function outOfScope(field: string): string {
  return `'${field}' points to a record outside the scope`
}

const gravest = [
  'UNKNOWN_FIELD',
  'FIELD_NOT_WRITABLE',
  'REFERENCE_OUT_OF_SCOPE',
  'INVALID_VALUE',
] as const satisfies ErrorCode[]

function rejection(problems: readonly FieldProblem[]): GatewayError {
  const code = gravest.find((each) => problems.some((problem) => problem.code === each)) ?? 'INVALID_VALUE'
  return new GatewayError(code, summaryOf(problems, code), { errors: problems })
}

/** A longer text would be cut in the middle of a message. */
const longestSummary = 200

function summaryOf(problems: readonly FieldProblem[], code: ErrorCode): string {
  const all = problems.map(({ message }) => message).join('; ')
  const first = problems.find((problem) => problem.code === code)?.message ?? all
  return all.length <= longestSummary || problems.length === 1
    ? all
    : `${first} (and ${problems.length - 1} more)`
}

/** The facts that have been looked up for a proposal. */
export interface Evidence {
  /** Those of the ids that the caller has chosen which are visible records. */
  readonly visible: ReadonlySet<string>
  /**
   * The conditions, with their look-ups resolved, that the record must meet after the write: PostgreSQL's `with check`.
   */
  readonly scopes: readonly Condition[]
}

/**
 * The only way to values that may be written.
 *
 * @throws GatewayError `REFERENCE_OUT_OF_SCOPE` with an entry for every field, `NOT_WRITABLE` if the record would
 *   leave the scope in another way
 */
export function checkValues(proposal: Proposal, { visible, scopes }: Evidence): CheckedValues {
  const { view, values, kept, references, row } = proposal
  const ties = tieFields(view)
  // A colleague is visible, but records tied to a colleague are not the contact's: for ties, the scope's own ids count.
  const inside = ({ field, id }: ChosenReference) =>
    visible.has(id) && (!ties.has(field) || scopes.every((scope) => isTied(scope, field, id)))
  const problems = references
    .filter((reference) => !inside(reference))
    .map(({ field }) => ({ field, message: outOfScope(field) }))
  if (problems.length > 0) throw new GatewayError('REFERENCE_OUT_OF_SCOPE', undefined, { errors: problems })
  if (!scopes.every((scope) => meets(row, scope, view.module))) {
    throw new GatewayError('NOT_WRITABLE', 'the record would leave the scope of this contact')
  }
  return sealValues(view.module, { ...kept, ...values })
}

function isTied(scope: Condition, field: string, id: string): boolean {
  switch (scope.kind) {
    case 'and':
    case 'or':
      return scope.terms.some((term) => isTied(term, field, id))
    case 'tie':
      return scope.field === field && scope.ids.includes(id)
    default:
      return false
  }
}

function tieFields({ decision: { rule } }: ModuleView): ReadonlySet<string> {
  const { contact = [], account = [], through = [] } = rule.ties ?? {}
  return new Set([...contact, ...account, ...through.map(({ field }) => field)])
}
