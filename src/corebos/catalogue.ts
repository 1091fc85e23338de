/** The modules that one CRM user may see; descriptions are read one by one, on demand. */
import { NotDescribed } from '../model/not-described.ts'
import type { ModuleDescription } from './describe.ts'

/** The modules that one CRM user may see. */
export interface Catalogue {
  readonly names: readonly string[]
  /** Case-sensitive. @throws NotDescribed */
  byName(name: string): ModuleDescription | undefined
  /** The name of the module whose ids have this prefix. @throws NotDescribed */
  byIdPrefix(prefix: string): { readonly name: string } | undefined
  /** @throws NotDescribed unless all modules are described */
  requireAll(): void
  /** Names of modules that the user may not see have no effect. @throws NotDescribed for all of the others at once */
  requireEach(names: Iterable<string>): void
  readonly isComplete: boolean
  /** The names of modules that are not described yet. */
  readonly undescribed: readonly string[]
}

/** The descriptions that have been read for one CRM user so far. */
export interface Known {
  /** Exact names. */
  readonly listed: ReadonlySet<string>
  /** By name; undefined: coreBOS does not describe it to this CRM user. */
  readonly modules: ReadonlyMap<string, ModuleDescription | undefined>
  /** Names by prefix in the whole installation: they are the same for all CRM users. */
  readonly prefixes: ReadonlyMap<string, string>
}

/** @param wanted names of modules; others are left out */
export function catalogueOf({ listed, modules, prefixes }: Known, wanted: readonly string[]): Catalogue {
  const open = new Set(wanted.filter((name) => listed.has(name)))
  let isComplete = false
  const isShown = (name: string) => open.has(name) && (!modules.has(name) || modules.get(name) !== undefined)
  const all: Catalogue = {
    get names() {
      return [...open].filter(isShown)
    },
    byName: (name) => {
      if (!open.has(name)) return undefined
      if (!modules.has(name)) throw new NotDescribed([name])
      return modules.get(name)
    },
    byIdPrefix: (prefix) => {
      const name = prefixes.get(prefix)
      if (name !== undefined) return isShown(name) ? { name } : undefined
      all.requireAll()
      return undefined
    },
    requireAll: () => {
      if (!all.isComplete) throw new NotDescribed('all')
    },
    requireEach: (names) => {
      const missing = [...new Set(names)].filter((name) => open.has(name) && !modules.has(name))
      if (missing.length > 0) throw new NotDescribed(missing)
    },
    // Once complete, it stays complete.
    get isComplete() {
      return (isComplete ||= all.undescribed.length === 0)
    },
    get undescribed() {
      return [...open].filter((name) => !modules.has(name))
    },
  }
  return all
}
