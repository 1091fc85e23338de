/** The modules that an answer depends on: a change of a record of one of them invalidates the answer. */
import type { Contact } from '../model/contact.ts'
import type { Modules, ModuleShape } from '../model/module.ts'
import type { Policy } from '../policy/policy.ts'
import { withTies } from './needed-modules.ts'
import { remembered } from '../model/remembered.ts'

/** The modules whose records decide what a contact's own session sees. */
const ofContacts = ['Contacts', 'Accounts']

/** The module that a statement reads; undefined if the text names none. */
export function moduleOf(statement: string): string | undefined {
  return /^select [^'"]+? from ([A-Za-z0-9_]+)/i.exec(statement)?.[1]
}

/** The dependencies of rows of a module. The service user sees all records, so the module of the statement decides. */
export function ofRows(module: string, isService: boolean, modules: Modules): readonly string[] {
  return isService ? [module] : open([module, ...ofContacts, ...referredTo(modules.byName(module))], modules)
}

/** The dependencies of the contacts and accounts that a level includes. */
export function ofOwners(modules: Modules): readonly string[] {
  return open(ofContacts, modules)
}

/** The dependencies of an id list that makes up a scope. */
export function ofScope(
  names: readonly string[],
  modules: Modules,
  policy: Policy,
  contact: Contact,
): readonly string[] {
  const all = withTies(names, policy, contact)
  const referred = [...all].flatMap((name) => referredTo(modules.byName(name)))
  return open([...all, ...ofContacts, ...referred], modules)
}

/** Modules that the policy leaves closed are not dependencies. */
function open(names: readonly string[], modules: Modules): readonly string[] {
  const all = new Set(modules.names)
  return [...new Set(names)].filter((name) => all.has(name)).sort()
}

/**
 * The modules that a write to some modules may change: their own, and those with records that coreBOS stores or
 * computes along with them.
 */
export function changedBy(
  names: readonly string[],
  modules: Modules,
  policy: Policy,
  contact: Contact,
): readonly string[] {
  const changed = new Set(names)
  for (const other of policy.modulesToDescribe(contact)) {
    const referring = referredTo(modules.byName(other))
    const tied = withTies([other], policy, contact)
    for (const name of names) {
      if (referring.includes(name) || tied.has(name)) changed.add(other)
      if (other === name) for (const each of [...referring, ...tied]) changed.add(each)
    }
  }
  return [...changed]
}

const referencesOf = remembered(({ fields }: ModuleShape): readonly string[] => [
  ...new Set([...fields.values()].flatMap(({ refersTo }) => refersTo)),
])

function referredTo(module: ModuleShape | undefined): readonly string[] {
  return module === undefined ? [] : referencesOf(module)
}
