/** Lists every module and field that a policy names, with its position in the file. */
import type { EmployeeRuleSource, ModuleRuleSource, PolicySource } from './schema.ts'

export interface NamedModule {
  readonly kind: 'module'
  /** JSON pointer into the policy file. */
  readonly path: string
  /** The rule that names it, as {@link Rule.name}. */
  readonly rule: string
  readonly name: string
  /** Whether a rule of the same section must open the module, because otherwise no record has the tie or relation. */
  readonly opened: boolean
}

export interface NamedField {
  readonly kind: 'field'
  readonly path: string
  readonly rule: string
  /** The module that must have the field. */
  readonly module: string
  readonly name: string
  /** The module that the field must point to; `*`: any module. */
  readonly pointsTo: string | undefined
}

export type Named = NamedModule | NamedField

/** In the order of the file. */
export function namesIn({ modules, employees = {} }: PolicySource): Named[] {
  return [
    ...Object.entries(modules).flatMap(([module, rule]) =>
      namesOf(module, rule, `/modules/${module}`, module),
    ),
    ...Object.entries(employees).flatMap(([module, rule]) =>
      namesOf(module, rule, `/employees/${module}`, `employees.${module}`),
    ),
  ]
}

function namesOf(
  module: string,
  source: ModuleRuleSource & EmployeeRuleSource,
  at: string,
  rule: string,
): Named[] {
  const field = (path: string, name: string, of = module, pointsTo?: string): NamedField => ({
    kind: 'field',
    path: `${at}${path}`,
    rule,
    module: of,
    name,
    pointsTo,
  })
  const fields = (path: string, names: readonly string[] = [], pointsTo?: string) =>
    names.map((name, i) => field(`${path}/${i}`, name, module, pointsTo))
  const others = (path: string, names: readonly string[] = []) =>
    names.map((name, i): Named => ({ kind: 'module', path: `${at}${path}/${i}`, rule, name, opened: true }))
  const { ties = {}, hide, show, only, create, update, actor, sign, relate } = source
  const through = ties.through ?? []
  return [
    { kind: 'module', path: at, rule, name: module, opened: false },
    ...fields('/ties/contact', ties.contact, 'Contacts'),
    ...fields('/ties/account', ties.account, 'Accounts'),
    ...through.flatMap((tie, i): Named[] => [
      { kind: 'module', path: `${at}/ties/through/${i}/module`, rule, name: tie.module, opened: true },
      // coreBOS does not report that comments belong to tickets.
      field(`/ties/through/${i}/field`, tie.field, module, '*'),
    ]),
    // The contact and its account are compared by their ids, whether or not they are readable.
    ...others('/ties/relation', ties.relation).map((each) =>
      each.name === 'Contacts' || each.name === 'Accounts' ? { ...each, opened: false } : each,
    ),
    ...fields('/hide', hide),
    ...fields('/show', show),
    ...fields('/only', only),
    ...fields('/create/fields', create?.fields),
    ...Object.keys(create?.force ?? {}).map((name) => field(`/create/force/${name}`, name)),
    ...fields('/update/fields', update?.fields),
    ...Object.keys(update?.force ?? {}).map((name) => field(`/update/force/${name}`, name)),
    ...(actor === undefined ? [] : [field('/actor', actor)]),
    ...(sign === undefined ? [] : [field('/sign', sign)]),
    ...others('/relate', relate),
  ]
}
