/**
 * What a contact asks to be written, held against the policy. Two steps, since the second needs what only coreBOS
 * knows: a proposal (the fields are open and the values fit), then its references and the record as it will be.
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

/** What a request gives for a field: coreBOS's text, or a value that cannot be one. */
export type GivenValue = string | Misfit

export interface Misfit {
  /** Why it cannot be written. */
  readonly problem: string
  /** What the field may hold already, where the value stands for a text after all. */
  readonly text?: string
}

/** What a request gives, by field. */
export type Given = Readonly<Record<string, GivenValue>>

/** The same where every value is a text. */
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
  /** What is to be written: what the caller gives that is not so already, and what the policy forces. */
  readonly values: GivenTexts
  /** What is sent besides, since coreBOS would empty it otherwise: values as they are. */
  readonly kept?: GivenTexts
  readonly references: readonly ChosenReference[]
  /** Names of the values that the policy forces. */
  readonly forced: ReadonlySet<string>
  /** The record as it will be. */
  readonly row: Row
}

/** Whether the rule opens it, and coreBOS gives the right. */
export function isOpen({ module, decision: { rule } }: ModuleView, writing: Writing): boolean {
  return rule[writing] !== undefined && module[rights[writing]]
}

/** Whether a contact chooses the value of a field: a forced one is the policy's, and the actor's the gateway's. */
export function isChosen(
  name: string,
  { decision: { rule } }: ModuleView,
  writing: 'create' | 'update',
): boolean {
  const { fields, force } = rule[writing] ?? {}
  return fields?.has(name) === true && !Object.hasOwn(force ?? {}, name) && rule.actor !== name
}

/**
 * The view of a module's records that may be written: its scope is that of the visible ones, narrowed to how far the
 * rule's writing reaches.
 *
 * @throws GatewayError `NOT_WRITABLE` where the rule does not open it, or coreBOS does not give the right
 */
export function writingView(view: ModuleView, writing: Writing, visible: VisibleModules): ModuleView {
  const { module, decision } = view
  const { rule } = decision
  const reach = rule[writing]
  if (reach === undefined || !isOpen(view, writing)) {
    throw new GatewayError('NOT_WRITABLE', `${module.name}: the right to ${writing} is missing`)
  }
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
 * What can be seen because another record can be seen is not thereby as near as that level says: of ties to other
 * records only those stay that reach no further.
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

/** That the record which a field points to is tied to the contact itself. */
function leadsToOwn({ field, module }: Ties['through'][number], visible: VisibleModules): Condition {
  const other = visible.find(module)
  const fields = other?.decision.rule.ties?.contact.filter((name) => other.readable.has(name)) ?? []
  const path = (name: string) => tree.field(name, tree.nowhere, module, field)
  return tree.or(...fields.map((name) => tree.compare(path(name), '=', tree.text(visible.contact.id))))
}

/**
 * Whether records of a module may be visible to contacts that have nothing to do with each other: its rule is open, or ties
 * records to those of such a module.
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
 * What is signed and has no tie but through another record, as a comment, belongs to the contact that has signed it: it is not the
 * contact's where the record alone is.
 */
export function isSomebodyElses(row: Row, { decision: { rule } }: ModuleView, contact: Contact): boolean {
  const { sign, ties } = rule
  if (sign === undefined || ties === undefined || contact.entity !== 'Contacts') return false
  if ([ties.contact, ties.account, ties.relation].flat().length > 0) return false
  return readSignature(row[sign] ?? '').contact !== contact.id
}

/** What values are held against, beside the rule. */
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
 * @param current the record as it is, with every field of its module
 * @returns a proposal without values where everything is so already
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
 * @throws GatewayError with an entry for every field that is wrong: `UNKNOWN_FIELD` (it cannot be read, so that nothing
 * is said of whether there is one), `FIELD_NOT_WRITABLE`, `INVALID_VALUE`; `NOT_WRITABLE` where the policy forces
 * what there is not
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
    // Official clients send whole records back, and their own user as the owner of what they create.
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
  // coreBOS ignores a field that it does not have, and then what must be written would not be.
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
  return new GatewayError(code, problems.map(({ message }) => message).join('; '), { errors: problems })
}

/** What has been found out for a proposal. */
export interface Evidence {
  /** Which of the ids that the caller has chosen are records that it sees. */
  readonly visible: ReadonlySet<string>
  /** The conditions, with their lookups resolved, that the record must meet as it will be: PostgreSQL's `with check`. */
  readonly scopes: readonly Condition[]
}

/**
 * The only way to values that may be written.
 *
 * @throws GatewayError `REFERENCE_OUT_OF_SCOPE` with an entry for every field, `NOT_WRITABLE` where the record would
 * leave the scope in another way
 */
export function checkValues(proposal: Proposal, { visible, scopes }: Evidence): CheckedValues {
  const { view, values, kept, references, row } = proposal
  const ties = tieFields(view)
  // A colleague can be seen, but what is tied to him is not the contact's: for ties, the scope's own ids count.
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
