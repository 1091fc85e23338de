/** Which modules an answer depends on: when a record of one of them changes, the answer is not used again. */
import type { Contact } from '../model/contact.ts'
import type { Modules, ModuleShape } from '../model/module.ts'
import type { Policy } from '../policy/policy.ts'
import { withTies } from './needed-modules.ts'

/** Whose records decide what a contact's own session sees. */
const ofContacts = ['Contacts', 'Accounts']

/** The module that a statement reads; undefined for a text that says no module. */
export function moduleOf(statement: string): string | undefined {
  return /^select [^'"]+? from ([A-Za-z0-9_]+)/i.exec(statement)?.[1]
}

/** What rows of a module depend on. The service user sees them all, so that the statement and the module decide. */
export function ofRows(module: string, isService: boolean, modules: Modules): readonly string[] {
  return isService ? [module] : open([module, ...ofContacts, ...referredTo(modules.byName(module))], modules)
}

/** What the ids of contacts and accounts depend on that a level reaches. */
export function ofOwners(modules: Modules): readonly string[] {
  return open(ofContacts, modules)
}

/** What a list of ids depends on that makes up a scope. */
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

/** Modules that the policy leaves closed decide nothing. */
function open(names: readonly string[], modules: Modules): readonly string[] {
  const all = new Set(modules.names)
  return [...new Set(names)].filter((name) => all.has(name)).sort()
}

/** What a write to some modules may change: their records, and what coreBOS keeps or computes in related modules. */
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

const known = new WeakMap<ModuleShape, readonly string[]>()

function referredTo(module: ModuleShape | undefined): readonly string[] {
  if (module === undefined) return []
  const names = known.get(module) ?? [
    ...new Set([...module.fields.values()].flatMap(({ refersTo }) => refersTo)),
  ]
  known.set(module, names)
  return names
}
