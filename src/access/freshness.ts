/** The cache generations of cached answers, and their maximum age. */
import { generationOf, type Generations } from '../session/contract.ts'

export interface FreshnessOptions {
  /** `CHANGE_POLL`; 0: changes in coreBOS are not watched. Milliseconds. */
  readonly changePollMs: number
  readonly now: () => number
  /** Receives the modules of which answers may be cached. */
  readonly use: (modules: readonly string[]) => void
}

export interface Fresh {
  /** A text that differs after a change of one of the modules. */
  readonly generation: string
  /** Milliseconds. */
  readonly maxAge: number
}

export class Freshness {
  readonly #options: FreshnessOptions

  constructor(options: FreshnessOptions) {
    this.#options = options
  }

  /** If it is not known whether the generations show all changes, answers expire after `CHANGE_POLL`. */
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
