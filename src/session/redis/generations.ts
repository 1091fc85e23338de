/** What tells every instance which cached answers have ended: the generations of records, of modules and of the schema. */
import { LRUCache } from 'lru-cache'
import type { Generations, Watched } from '../contract.ts'
import { unavailable, type Connection } from './connection.ts'
import { generations } from './keys.ts'
import { inPairs, list, readWatched, text } from './replies.ts'

/** In the order in which {@link RedisGenerations.told} takes their values. */
export const generationNames = [
  generations.records,
  generations.everything,
  generations.watched,
  generations.modules,
]

export class RedisGenerations {
  readonly #connection: Connection
  /** The generations of modules by that of records: those of the last few, since answers of Redis overtake each other. */
  readonly #modules = new LRUCache<string, ReadonlyMap<string, string>>({ max: 8 })
  /** The generation of records whose modules are known; while it stays, a reply leaves the modules out. */
  known = '?'
  #lastWatched: { readonly told: string; readonly watched: Watched | undefined } = {
    told: '',
    watched: undefined,
  }

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async read(): Promise<Generations> {
    const told = await this.#connection.run(
      'multi',
      async (client) =>
        client
          .multi()
          .get(generations.records)
          .get(generations.everything)
          .get(generations.watched)
          .hgetall(generations.modules)
          .exec(),
      true,
    )
    const [records, everything, watched, modules] = (told ?? []).map(([error, value]) => {
      if (error !== null) throw unavailable(error)
      return value
    })
    const pairs = typeof modules === 'object' && modules !== null ? Object.entries(modules).flat() : []
    const now = this.told([records ?? '', everything ?? '', watched ?? '', pairs])
    if (now === undefined) throw new Error('the generations of modules were read')
    return now
  }

  /** @returns undefined where those of modules are neither told nor known */
  told([records, everything, watched, pairs]: readonly unknown[]): Generations | undefined {
    const version = text(records)
    if (pairs !== undefined) {
      this.#modules.set(version, inPairs(list(pairs).map(text)))
      this.known = version
    }
    const moduleGenerations = this.#modules.get(version)
    const schemaGeneration = text(everything)
    return (
      moduleGenerations && {
        cacheGeneration: `${version}.${schemaGeneration}`,
        schemaGeneration,
        moduleGenerations,
        watched: this.#watchedIn(text(watched)),
      }
    )
  }

  /** Read with every request, and the same for seconds. */
  #watchedIn(told: string): Watched | undefined {
    if (told !== this.#lastWatched.told) this.#lastWatched = { told, watched: readWatched(told) }
    return this.#lastWatched.watched
  }
}
