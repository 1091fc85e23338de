/**
 * Checks a policy against the modules and fields of an installation: which names do not exist, and which conditions
 * cannot be enforced.
 */
import type { Contact } from '../model/contact.ts'
import { GatewayError } from '../model/errors.ts'
import type { Modules } from '../model/module.ts'
import { namesIn, type Named, type NamedField } from '../policy/names.ts'
import { nearest } from '../policy/nearest.ts'
import { entities, type Policy } from '../policy/policy.ts'
import * as tree from '../query/tree.ts'
import type { Lookup, Query, Relation } from '../query/tree.ts'
import { allIds } from './check.ts'
import { outline } from './outline.ts'
import { ofGateway, ofLookUp, type Origin } from './plan.ts'
import { forcedFaults } from './policy-values.ts'
import { scopeOf } from './rule-condition.ts'
import { unresolvedIn } from './resolve.ts'
import { RuleError, otherWay } from './rule-error.ts'
import { VisibleModules, type ModuleView } from './view.ts'
import { isOpen, writingView } from './write.ts'

export interface Fault {
  /** JSON pointer into the policy file: `/modules/HelpDesk/where`. */
  readonly path: string
  /** The problem, in one sentence that can follow the path. */
  readonly message: string
  /** The rule that stays closed; undefined: all rules for contacts. */
  readonly rule: string | undefined
  /** The gateway does not start with it: coreBOS cannot evaluate a condition, or store a forced value. */
  readonly isFatal: boolean
}

export interface Installation {
  /** The modules of the policy, with their fields, as one CRM user sees them. */
  readonly modules: Modules
  /** All modules of the installation. */
  readonly names: readonly string[]
  /** Whether texts are read as they are; not so in a contact's own session (see {@link VisibleModules.joinsBlanks}). */
  readonly readsAll: boolean
}

/** @returns in the order of the file, each rule's names before its conditions */
export function faultsOf(policy: Policy, installation: Installation): Fault[] {
  return [
    ...nameFaults(policy, installation),
    ...levelFault(policy, installation),
    ...forcedFaults(policy, installation.modules).map((fault) => ({ ...fault, isFatal: true })),
    ...conditionFaults(policy, installation),
  ]
}

/** One line for operators. */
export function lineOf({ path, message }: Pick<Fault, 'path' | 'message'>): string {
  return `${path}: ${message}`
}

function nameFaults(policy: Policy, installation: Installation): Fault[] {
  return namesIn(policy.source).flatMap((named): Fault[] => {
    const message =
      named.kind === 'field' ? fieldFault(named, installation) : moduleFault(named, policy, installation)
    return message === undefined ? [] : [{ path: named.path, message, rule: named.rule, isFatal: false }]
  })
}

function moduleFault(
  { name, opened, rule }: Exclude<Named, NamedField>,
  { source }: Policy,
  { modules, names }: Installation,
): string | undefined {
  if (modules.byName(name) === undefined)
    return `the installation has no module '${name}'${nearest(name, names)}`
  const section = rule.startsWith('employees.') ? (source.employees ?? {}) : source.modules
  if (!opened || Object.hasOwn(section, name)) return undefined
  return `the module '${name}' is closed, because no rule of this policy names it`
}

function fieldFault({ name, module, pointsTo }: NamedField, { modules }: Installation): string | undefined {
  const shape = modules.byName(module)
  // A missing module is reported once, where it is named.
  if (shape === undefined) return undefined
  const field = shape.fields.get(name)
  if (field === undefined) return `${module} has no field '${name}'${nearest(name, [...shape.fields.keys()])}`
  if (pointsTo === undefined || (name === 'id' && module === pointsTo)) return undefined
  if (pointsTo === '*')
    return field.type === 'reference' ? undefined : `'${name}' of ${module} does not point to records`
  if (field.type === 'reference' && field.refersTo.includes(pointsTo)) return undefined
  const references = [...shape.fields.values()].filter(({ refersTo }) => refersTo.includes(pointsTo))
  const expected =
    references.length === 0 ? 'none does' : references.map((each) => `'${each.name}'`).join(', ')
  return `'${name}' of ${module} does not point to ${pointsTo}; fields that do: ${expected}`
}

/** Without the field, each contact would have the default level. */
function levelFault({ source: { levelField } }: Policy, { modules }: Installation): Fault[] {
  const fields = modules.byName('Contacts')?.fields
  if (levelField === undefined || fields === undefined || fields.has(levelField)) return []
  const message = `Contacts has no field '${levelField}'${nearest(levelField, [...fields.keys()])}`
  return [{ path: '/levelField', message, rule: undefined, isFatal: true }]
}

/** An arbitrary contact, for whom the statements of a rule are made but not sent. */
function standIn(entity: Contact['entity'], { level }: Policy, modules: Modules): Contact {
  const idOf = (module: string) => `${modules.byName(module)?.idPrefix ?? '12'}x1`
  return {
    entity,
    id: idOf(entity === 'Contacts' ? 'Contacts' : 'cbEmployee'),
    accountId: entity === 'Contacts' ? idOf('Accounts') : undefined,
    user: { id: '19x1', name: '' },
    language: '',
    level,
  }
}

function conditionFaults(policy: Policy, { modules, readsAll }: Installation): Fault[] {
  return entities.flatMap((entity) => {
    const visible = new VisibleModules(standIn(entity, policy, modules), policy, modules, readsAll)
    const section = entity === 'Contacts' ? '/modules' : '/employees'
    return visible.names.flatMap((name) => {
      const view = visible.require(name)
      const { rule } = view.decision
      const at = `${section}/${name}`
      const all = tree.select(name, ['id'], undefined, allIds)
      const own = rule.where && failure(() => prove(all, visible, ofGateway()))
      const reading = own === undefined ? [] : [{ ...own, path: `${at}/where`, rule: rule.name }]
      const writing = (['create', 'update', 'delete'] as const).flatMap((writing) => {
        if (reading.length > 0 || rule[writing]?.where === undefined || !isOpen(view, writing)) return []
        const fault = failure(() => proveScope(writingView(view, writing, visible), visible))
        return fault === undefined ? [] : [{ ...fault, path: `${at}/${writing}/where`, rule: rule.name }]
      })
      return [...reading, ...writing]
    })
  })
}

/** The problem of a condition for which no statement can be made. A misspelled name closes the module alone. */
function failure(work: () => void): Pick<Fault, 'message' | 'isFatal'> | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    const reason = error instanceof RuleError ? error.reason : error
    const isName = reason.code === 'UNKNOWN_FIELD' || reason.code === 'UNKNOWN_MODULE'
    return { message: isName ? reason.message : `it cannot be enforced: ${reason.message}`, isFatal: !isName }
  }
}

/** Makes the statements of a query and of its look-ups. @throws GatewayError if one of them cannot be made */
function prove(query: Query, visible: VisibleModules, origin: Origin): void {
  const { draft, statement } = outline(query, visible, origin)
  for (const node of draft.lookUps) proveLookUp(node, visible)
  statement()
}

/** The scope of writes, which single records are checked against. */
function proveScope(view: ModuleView, visible: VisibleModules): void {
  const { id, accountId } = visible.contact
  const scope = scopeOf(view, visible, { contacts: [id], accounts: [accountId ?? []].flat() })
  for (const node of unresolvedIn(scope)) proveLookUp(node, visible)
}

function proveLookUp(node: Lookup | Relation, visible: VisibleModules): void {
  if (node.kind === 'lookup') proveOneWay(node, visible)
  else if (!('length' in node.parents)) prove(node.parents, visible, ofGateway())
}

/** As a look-up is carried out: in another way where the first cannot express the scope. */
function proveOneWay(node: Lookup, visible: VisibleModules): void {
  try {
    prove(node.query, visible, ofLookUp(node))
  } catch (error) {
    const other = otherWay(node, error)
    prove(other.query, visible, ofLookUp(other))
  }
}
