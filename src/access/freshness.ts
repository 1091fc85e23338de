/** Says what was cached is used again under, and how old it may be. */
import { generationOf, type Generations } from '../session/contract.ts'

export interface FreshnessOptions {
  /** `CHANGE_POLL`; 0: changes in coreBOS are not watched. Milliseconds. */
  readonly changePollMs: number
  readonly now: () => number
  /** Told of the modules of which something may be cached. */
  readonly use: (modules: readonly string[]) => void
}

export interface Fresh {
  /** Another one after a change of one of the modules. */
  readonly generation: string
  /** Milliseconds. */
  readonly maxAge: number
}

export class Freshness {
  readonly #options: FreshnessOptions

  constructor(options: FreshnessOptions) {
    this.#options = options
  }

  /** Where it is not known that changes would show in the generations, nothing is used for longer than `CHANGE_POLL`. */
  of(generations: Generations, modules: readonly string[]): Fresh {
    const { changePollMs, now, use } = this.#options
    const generation = generationOf(generations, modules)
    if (changePollMs === 0) return { generation, maxAge: Infinity }
    use(modules)
    const { watched } = generations
    if (watched === undefined || now() >= watched.until) return { generation, maxAge: changePollMs }
    const since = Math.max(...modules.map((name) => watched.modules.get(name) ?? Infinity))
    return { generation, maxAge: Math.max(changePollMs, now() - since) }
  }
}
