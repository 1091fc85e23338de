/** The modules and fields that one contact may see. */
import type { Contact } from '../model/contact.ts'
import { GatewayError } from '../model/errors.ts'
import { nearest } from '../policy/nearest.ts'
import type { Decision, Policy, Rule } from '../policy/policy.ts'
import type { Position } from '../query/tree.ts'
import type { FieldShape, Modules, ModuleShape } from '../model/module.ts'
import { remembered } from '../model/remembered.ts'

/** One module as one contact may see it. */
export interface ModuleView {
  readonly module: ModuleShape
  readonly decision: Decision
  /** The only fields that exist for this contact. */
  readonly readable: ReadonlyMap<string, FieldShape>
}

/** Columns with addresses of files, which can be fetched without a session. */
const fileAddress = /^_downloadurl$|fullpath$/

/**
 * Everything that one contact may see: the policy's rules applied to the modules that coreBOS shows to its CRM user.
 */
export class VisibleModules {
  readonly contact: Contact
  readonly modules: Modules
  readonly #policy: Policy
  readonly #hasServiceUser: boolean
  readonly #views = new Map<string, ModuleView>()

  /** @param hasServiceUser if `false`, records that only a service user can read are closed */
  constructor(contact: Contact, policy: Policy, modules: Modules, hasServiceUser: boolean) {
    this.contact = contact
    this.modules = modules
    this.#policy = policy
    this.#hasServiceUser = hasServiceUser
  }

  /**
   * Whether texts are compared in the session of a contact, in which coreBOS replaces several blanks in a row by one.
   * The service user reads them unchanged.
   */
  get joinsBlanks(): boolean {
    return !this.#hasServiceUser
  }

  /** The names of the modules that are open, in the policy's order. */
  get names(): string[] {
    this.modules.requireAll?.()
    return this.#policy.modulesFor(this.contact).filter((name) => this.find(name) !== undefined)
  }

  /** @returns undefined if the module is closed or coreBOS does not show it */
  find(name: string): ModuleView | undefined {
    const known = this.#views.get(name)
    if (known !== undefined) return known
    const view = this.#make(name)
    // Misses are not cached: the name comes from the caller, so the cache would be unbounded.
    if (view !== undefined) this.#views.set(name, view)
    return view
  }

  /**
   * The view of a module that a request names, in any letter case.
   *
   * @throws GatewayError `UNKNOWN_MODULE` with the nearest name among the open modules
   */
  require(name: string, at?: Position): ModuleView {
    const exact = this.find(name)
    if (exact !== undefined) return exact
    const lower = name.toLowerCase()
    const other = this.names.find((each) => each.toLowerCase() === lower)
    const view = other === undefined ? undefined : this.find(other)
    if (view !== undefined) return view
    throw new GatewayError(
      'UNKNOWN_MODULE',
      `${place(at)}unknown module '${name}'${nearest(name, this.names)}`,
    )
  }

  #make(name: string): ModuleView | undefined {
    const decision = this.#policy.decide(this.contact, name)
    const module = decision && this.modules.byName(name)
    if (decision === undefined || module === undefined) return undefined
    if (decision.rule.readBy === 'service' && !this.#hasServiceUser) return undefined
    const { ties } = decision.rule
    const tieFields = [
      ...(ties?.contact ?? []),
      ...(ties?.account ?? []),
      ...(ties?.through ?? []).map(({ field }) => field),
    ]
    // A rule that names a field which coreBOS does not show cannot be checked on any row, so the module stays closed.
    if (!tieFields.every((field) => module.fields.has(field))) return undefined
    return Object.freeze({ module, decision, readable: readableBy(decision.rule)(module) })
  }
}

/** The view with every field of the module: the policy's own condition may name fields that the contact cannot read. */
export function unhidden(view: ModuleView): ModuleView {
  return { ...view, readable: view.module.fields }
}

/** The view without ties to the contact, for records that something else ties to it. */
export function untied(view: ModuleView): ModuleView {
  return { ...view, decision: { ...view.decision, rule: { ...view.decision.rule, ties: undefined } } }
}

type Readable = ModuleView['readable']

/** Contacts are many, rules and modules few: contacts with the same rule and module share the list. */
const readableBy = remembered(({ hide, only }: Rule) =>
  remembered(
    ({ fields }: ModuleShape): Readable =>
      new Map(
        [...fields].filter(
          ([field]) =>
            !fileAddress.test(field) &&
            !hide.has(field) &&
            (only === undefined || field === 'id' || only.has(field)),
        ),
      ),
  ),
)

/**
 * A field of a view by its exact name.
 *
 * @throws GatewayError `UNKNOWN_FIELD` with the nearest name among the readable fields
 */
export function requireField(view: ModuleView, name: string, at?: Position): FieldShape {
  const field = view.readable.get(name)
  if (field !== undefined) return field
  throw new GatewayError(
    'UNKNOWN_FIELD',
    `${place(at)}${view.module.name} has no field '${name}'${nearest(name, [...view.readable.keys()])}`,
  )
}

export function place(at: Position | undefined): string {
  return at === undefined || at.line === 0 ? '' : `line ${at.line}, column ${at.column}: `
}
