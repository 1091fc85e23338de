/** The compiled policy: the rule of each module, and what it decides for one contact. */
import { Value as Schema } from '@sinclair/typebox/value'
import type { Contact, Level } from '../model/contact.ts'
import { GatewayError } from '../model/errors.ts'
import { parseCondition } from '../query/parse.ts'
import * as tree from '../query/tree.ts'
import type { Condition } from '../query/tree.ts'
import { internalFields } from './internal.ts'
import { problemsOf } from './problems.ts'
import { requireProtected } from './protected.ts'
import {
  PolicySchema,
  type EmployeeRuleSource,
  type ModuleRuleSource,
  type PolicySource,
  type WriteSource,
} from './schema.ts'

export interface Ties {
  /** Reference fields (or `id`) that point to the contact. */
  readonly contact: readonly string[]
  /** Reference fields (or `id`) that point to the account. */
  readonly account: readonly string[]
  /** Reference fields that point to a record visible under its own rule. */
  readonly through: readonly { readonly field: string; readonly module: string }[]
  /** Modules whose visible records this one is related to, many to many. */
  readonly relation: readonly string[]
}

/** Which visible records may be written. */
export interface Reach {
  readonly level: Level | undefined
  /** May contain `$self` and `$user`, see {@link fillIn}. */
  readonly where: Condition | undefined
}

export interface WriteRule extends Reach {
  readonly fields: ReadonlySet<string>
  readonly force: Readonly<Record<string, string>>
}

/** The rule of one module for contacts, or for employees. */
export interface Rule {
  /** The name in explain and in the audit log: `HelpDesk`, `employees.HelpDesk`. */
  readonly name: string
  readonly module: string
  /** Undefined: records need no tie, and `where` alone decides. */
  readonly ties: Ties | undefined
  readonly level: Level | undefined
  readonly where: Condition | undefined
  readonly readBy: 'service' | 'service-preferred' | undefined
  readonly hide: ReadonlySet<string>
  readonly only: ReadonlySet<string> | undefined
  /** Whether coreBOS may create a PDF of the records. A PDF can show any field, so such a rule must not hide one. */
  readonly isPrintable: boolean
  readonly create: WriteRule | undefined
  readonly update: WriteRule | undefined
  readonly delete: Reach | undefined
  readonly relate: ReadonlySet<string>
  readonly actor: string | undefined
  readonly sign: string | undefined
  readonly actions: ReadonlySet<string>
}

/** A rule as it applies to one contact, with the contact's level and ids. */
export interface Decision {
  readonly rule: Rule
  readonly level: Level
  /** The rule's own condition, with the ids in place of `$self` and `$user`. */
  readonly where: Condition | undefined
}

/** The kinds of people with rules of their own. */
export const entities = ['Contacts', 'Employee'] as const

/** Who may see what. Modules without a rule are closed. */
export class Policy {
  /** The source of the policy. */
  readonly source: PolicySource
  readonly level: Level
  readonly levelField: string | undefined
  readonly matchUsersBy: 'portalloginuser' | 'email'
  readonly #contacts: ReadonlyMap<string, Rule>
  readonly #employees: ReadonlyMap<string, Rule>

  /** @param closed names of rules to be ignored, because coreBOS lacks a name that they use */
  constructor(source: PolicySource, closed: ReadonlySet<string> = new Set()) {
    this.source = source
    this.level = source.level
    this.levelField = source.levelField
    this.matchUsersBy = source.matchUsersBy ?? 'portalloginuser'
    const rules = compileAll(source)
    const open = (forEmployees: boolean) =>
      new Map(
        rules
          .filter(({ name }) => !closed.has(name) && name.startsWith(ofEmployees) === forEmployees)
          .map((rule) => [rule.module, rule]),
      )
    this.#contacts = open(false)
    this.#employees = open(true)
  }

  /** The same policy without these rules. */
  without(closed: ReadonlySet<string>): Policy {
    return closed.size === 0 ? this : new Policy(this.source, closed)
  }

  /** The modules that the policy opens to this contact. */
  modulesFor(contact: Pick<Contact, 'entity'>): string[] {
    return [...this.#rulesFor(contact).keys()]
  }

  /**
   * The modules whose descriptions the policy needs: the open ones and, for contacts, those that ties point to, even if
   * they are closed.
   */
  modulesToDescribe(contact: Pick<Contact, 'entity'>): string[] {
    const ties = contact.entity === 'Contacts' ? ['Contacts', 'Accounts'] : []
    return [...new Set([...this.modulesFor(contact), ...ties])]
  }

  /** The names of all modules that contacts or employees need. */
  get namedModules(): string[] {
    return [...new Set(entities.flatMap((entity) => this.modulesToDescribe({ entity })))]
  }

  /** Whether a contact may see more than its account; only the service user can read such records. */
  get reachesBeyondAccount(): boolean {
    const beyond = (level: Level | undefined) => level !== undefined && level !== 'own' && level !== 'account'
    return (
      this.levelField !== undefined ||
      beyond(this.level) ||
      [...this.#contacts.values()].some((rule) =>
        [rule, rule.create, rule.update, rule.delete].some((each) => beyond(each?.level)),
      )
    )
  }

  /** All rules that are not closed, those for contacts first. */
  get rules(): Rule[] {
    return [...this.#contacts.values(), ...this.#employees.values()]
  }

  /** @returns undefined if the module is closed */
  decide(contact: Contact, module: string): Decision | undefined {
    const rule = this.#rulesFor(contact).get(module)
    if (rule === undefined) return undefined
    const where = rule.where === undefined ? undefined : fillIn(rule.where, contact)
    return { rule, level: rule.level ?? contact.level, where }
  }

  #rulesFor(contact: Pick<Contact, 'entity'>): ReadonlyMap<string, Rule> {
    return contact.entity === 'Employee' ? this.#employees : this.#contacts
  }
}

/**
 * Checks and compiles the content of a policy file.
 *
 * @throws Error with one line for each problem, which names the path in the file and the reason
 */
export function readPolicy(content: unknown): Policy {
  const problems = problemsOf(content)
  if (problems.length > 0 || !Schema.Check(PolicySchema, content)) throw new Error(problems.join('\n'))
  return new Policy(content)
}

const ofEmployees = 'employees.'

/** @throws Error with a line for each rule with a problem */
function compileAll({ modules, employees = {}, levelField }: PolicySource): Rule[] {
  const problems: string[] = []
  const attempt = (rule: () => Rule): Rule[] => {
    try {
      return [rule()]
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error))
      return []
    }
  }
  const rules = [
    ...Object.entries(modules).flatMap(([module, rule]) =>
      attempt(() => compile(module, rule, module, levelField)),
    ),
    ...Object.entries(employees).flatMap(([module, rule]) =>
      attempt(() =>
        compile(module, { ...rule, open: true, readBy: 'service' }, `${ofEmployees}${module}`, undefined),
      ),
    ),
  ]
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return rules
}

/** The JSON pointer of a rule in the policy file. */
export function pointerOf({ name, module }: Pick<Rule, 'name' | 'module'>): string {
  return name.startsWith(ofEmployees) ? `/employees/${module}` : `/modules/${module}`
}

function compile(
  module: string,
  source: ModuleRuleSource & EmployeeRuleSource,
  name: string,
  levelField: string | undefined,
): Rule {
  const at = pointerOf({ name, module })
  if ((source.open === true) === (source.ties !== undefined)) {
    throw new Error(`${at}: a rule has either 'ties' or 'open': true`)
  }
  const hide = hiddenBy(module, source, name, at)
  requireProtected(module, { ...source, hide }, at, levelField)
  const { sign, create, update } = source
  if (sign !== undefined && ![create, update].some((rule) => rule?.fields.includes(sign) === true)) {
    throw new Error(`${at}/sign: '${sign}' is not one of the fields that the rule lets be written`)
  }
  return Object.freeze({
    name,
    module,
    ties: source.ties && {
      contact: source.ties.contact ?? [],
      account: source.ties.account ?? [],
      through: source.ties.through ?? [],
      relation: source.ties.relation ?? [],
    },
    level: source.level,
    where: source.where === undefined ? undefined : readWhere(source.where, at),
    readBy: source.readBy,
    hide: new Set(hide),
    only: source.only === undefined ? undefined : new Set(source.only),
    isPrintable: source.hide === undefined && source.only === undefined,
    create: source.create && compileWrite(source.create, `${at}/create`),
    update: source.update && compileWrite(source.update, `${at}/update`),
    delete:
      source.delete === undefined || source.delete === false
        ? undefined
        : compileReach(source.delete === true ? {} : source.delete, `${at}/delete`),
    relate: new Set(source.relate),
    actor: source.actor,
    sign: source.sign,
    actions: new Set(source.actions),
  })
}

/** The hidden fields of a rule. Internal fields are not hidden from employees. */
function hiddenBy(module: string, source: ModuleRuleSource, name: string, at: string): readonly string[] {
  const { hide = [], show = [], only = [] } = source
  const both = show.find((field) => hide.includes(field))
  if (both !== undefined) throw new Error(`${at}/show: '${both}' is hidden by the same rule`)
  if (name.startsWith(ofEmployees)) return hide
  return [...hide, ...internalFields(module).filter((field) => ![...show, ...only].includes(field))]
}

function compileWrite(source: WriteSource, at: string): WriteRule {
  return { ...compileReach(source, at), fields: new Set(source.fields), force: source.force ?? {} }
}

function compileReach({ level, where }: Pick<WriteSource, 'level' | 'where'>, at: string): Reach {
  return { level, where: where === undefined ? undefined : readWhere(where, at) }
}

function readWhere(text: string, at: string): Condition {
  try {
    const where = parseCondition(text)
    withValues(where, known)
    return where
  } catch (error) {
    if (error instanceof GatewayError) throw new Error(`${at}/where: ${error.message}`, { cause: error })
    throw error
  }
}

/** @throws GatewayError for a name of an id that does not exist, which would be compared as a text */
function known(value: tree.Value): tree.Value {
  if (!/^\$[A-Za-z]+$/.test(value.text) || value.text === '$self' || value.text === '$user') return value
  const accepted = "accepted: '$self' (the contact or employee) and '$user' (its CRM user)"
  throw new GatewayError('INVALID_VALUE', `unknown name '${value.text}'; ${accepted}`)
}

/** Replaces `$self` and `$user` by the contact's own ids, in the tree and never in a text. */
export function fillIn(condition: Condition, contact: Contact): Condition {
  return withValues(condition, (each) =>
    each.text === '$self' ? tree.text(contact.id) : each.text === '$user' ? tree.text(contact.user.id) : each,
  )
}

function withValues(condition: Condition, value: (each: tree.Value) => tree.Value): Condition {
  switch (condition.kind) {
    case 'and':
      return tree.and(...condition.terms.map((term) => withValues(term, value)))
    case 'or':
      return tree.or(...condition.terms.map((term) => withValues(term, value)))
    case 'not':
      return tree.not(withValues(condition.term, value))
    case 'compare':
      return tree.compare(condition.path, condition.operator, value(condition.value))
    case 'in':
      return tree.inList(condition.path, condition.values.map(value), condition.negated)
    default:
      return condition
  }
}
