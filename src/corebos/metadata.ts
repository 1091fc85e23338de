/** What modules there are, remembered for a while per CRM user: contacts mapped to one user see the same ones. */
import { LRUCache } from 'lru-cache'
import { GatewayError } from '../errors.ts'
import type { Caller } from './caller.ts'
import { describe, listTypes, type ModuleDescription } from './describe.ts'

const mostUsers = 1000

/** The modules that one CRM user may see. */
export interface Catalogue {
  readonly names: readonly string[]
  /** Exact in case. */
  byName(name: string): ModuleDescription | undefined
  byIdPrefix(prefix: string): ModuleDescription | undefined
}

interface Load {
  run(): Promise<Catalogue>
}

export interface MetadataOptions {
  /** How long a description may be used. Milliseconds. */
  readonly ttlMs: number
  readonly now: () => number
}

export class Metadata {
  readonly #cache: LRUCache<string, Catalogue, Load>

  constructor({ ttlMs, now }: MetadataOptions) {
    this.#cache = new LRUCache({
      max: mostUsers,
      ttl: ttlMs,
      ttlResolution: 0,
      perf: { now },
      // Who waits for a description gets it, also where the cache is cleared meanwhile.
      ignoreFetchAbort: true,
      fetchMethod: (_key, _stale, { context }: { context: Load }) => context.run(),
    })
  }

  /**
   * @param user webservice id of the CRM user that `caller` runs as
   * @param wanted names of modules; others are not described, and what the user may not see is left out
   * @throws GatewayError as {@link describe}
   */
  async of(user: string, caller: Caller, wanted: readonly string[]): Promise<Catalogue> {
    const key = JSON.stringify([user, ...wanted])
    for (;;) {
      const own = { asked: false }
      const run = () => {
        own.asked = true
        return load(caller, wanted)
      }
      try {
        return await this.#cache.forceFetch(key, { context: { run } })
      } catch (error) {
        // Whoever asked first may have done so in a session that has ended; that says nothing about this one.
        if (own.asked || !(error instanceof GatewayError) || error.code !== 'SESSION_ENDED') throw error
      }
    }
  }

  clear(): void {
    this.#cache.clear()
  }
}

async function load(caller: Caller, wanted: readonly string[]): Promise<Catalogue> {
  const listed = new Set(await listTypes(caller))
  const modules = await describe(
    caller,
    wanted.filter((name) => listed.has(name)),
  )
  return catalogue([...modules.values()])
}

export function catalogue(modules: readonly ModuleDescription[]): Catalogue {
  const byName = new Map(modules.map((each) => [each.name, each]))
  const byIdPrefix = new Map(modules.map((each) => [each.idPrefix, each]))
  return {
    names: [...byName.keys()],
    byName: (name) => byName.get(name),
    byIdPrefix: (prefix) => byIdPrefix.get(prefix),
  }
}
