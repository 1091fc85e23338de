/** What modules there are, remembered for a while per CRM user: contacts mapped to one user see the same ones. */
import type { Caller } from './caller.ts'
import { describe, listTypes, type ModuleDescription } from './describe.ts'
import { SharedCache } from './shared-cache.ts'

const mostUsers = 1000

/** The modules that one CRM user may see. */
export interface Catalogue {
  readonly names: readonly string[]
  /** Exact in case. */
  byName(name: string): ModuleDescription | undefined
  byIdPrefix(prefix: string): ModuleDescription | undefined
}

export interface MetadataOptions {
  /** How long a description may be used. Milliseconds. */
  readonly ttlMs: number
  readonly now: () => number
}

export class Metadata {
  readonly #cache: SharedCache<Catalogue>

  constructor({ ttlMs, now }: MetadataOptions) {
    this.#cache = new SharedCache({ ttlMs, now, bound: { max: mostUsers }, kind: 'access' })
  }

  /**
   * @param user webservice id of the CRM user that `caller` runs as
   * @param wanted names of modules; others are not described, and what the user may not see is left out
   * @throws GatewayError as {@link describe}
   */
  async of(user: string, caller: Caller, wanted: readonly string[]): Promise<Catalogue> {
    return this.#cache.get(JSON.stringify([user, ...wanted]), () => load(caller, wanted))
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
