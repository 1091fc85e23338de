/** What modules there are: read once per CRM user, kept by each instance and in the store, and read again in the background. */
import { setImmediate as othersToJoin } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { Caller } from './caller.ts'
import { catalogueOf, type Catalogue } from './catalogue.ts'
import { describe, listTypes, type ModuleDescription } from './describe.ts'
import { KeptDescriptions, type Dated, type SharedValues } from './kept-descriptions.ts'
import { asGateway } from './request-calls.ts'
import type { CacheUse } from './shared-cache.ts'
import { SharedWork } from './shared-work.ts'

const mostUsers = 1000

/**
 * The time until outdated descriptions are checked again, after a failure or while another instance reads.
 * Milliseconds.
 */
const pause = 5_000

export interface MetadataOptions {
  /** The age at which descriptions are read again (`METADATA_TTL`). Milliseconds. */
  readonly ttlMs: number
  readonly now: () => number
  /** Receives each request. */
  readonly observe?: ((how: CacheUse) => void) | undefined
}

/** The store of all instances, and the schema generation, which changes when no cached value may be used again. */
export interface SharedMetadata {
  readonly values: SharedValues
  readonly generation: () => Promise<string>
}

/** Modules that requests ask for at the same time: they are described by one call. */
interface Batch {
  readonly key: string
  readonly names: Set<string>
}

/** What has been read for one CRM user. */
interface OfUser {
  readonly kept: KeptDescriptions | undefined
  readonly listed: ReadonlySet<string>
  readonly modules: Map<string, ModuleDescription | undefined>
  readonly prefixes: Map<string, string>
  /** By the names of the modules that each shows. */
  readonly catalogues: Map<string, Catalogue>
  /** By module, with which others it is being read. */
  readonly underWay: Map<string, Batch>
  /** Takes more modules. */
  open: Batch | undefined
  refreshAt: number
}

export class Metadata {
  readonly #options: MetadataOptions
  readonly #users = new LRUCache<string, OfUser>({ max: mostUsers })
  readonly #beginning = new SharedWork<OfUser>('access')
  readonly #reading = new SharedWork<void>('access')
  readonly #background = new Set<Promise<void>>()
  #batches = 0
  #prefixes = new Map<string, string>()
  #shared: SharedMetadata | undefined

  constructor(options: MetadataOptions) {
    this.#options = options
  }

  /** Uses the store of all instances from now on. */
  shareIn(shared: SharedMetadata): void {
    this.#shared = shared
  }

  /** Descriptions that are being read. */
  get reading(): number {
    return this.#beginning.count + this.#reading.count + this.#background.size
  }

  /**
   * @param user webservice id of the CRM user that `caller` runs as
   * @param wanted names of modules; those that the user may not see are left out
   * @param needed those that are described before this returns; default: all
   * @throws GatewayError as {@link describe}
   */
  async of(
    user: string,
    caller: Caller,
    wanted: readonly string[],
    needed?: () => Iterable<string>,
  ): Promise<Catalogue> {
    const isKept = this.#users.has(user)
    const known = await this.#userOf(user, caller)
    const catalogue = catalogueIn(known, wanted)
    const names = new Set(catalogue.isComplete ? [] : (needed?.() ?? wanted))
    const missing = catalogue.undescribed.filter((name) => names.has(name))
    this.#options.observe?.(isKept && missing.length === 0 ? 'kept' : 'read')
    if (missing.length > 0) await this.#load(user, known, caller, missing)
    if (known.refreshAt < this.#options.now()) this.#refresh(user, known, caller)
    return catalogue
  }

  /** The modules that the fields of these refer to, if they have been described to any CRM user. It grants no right. */
  referredBy(names: readonly string[]): ReadonlySet<string> {
    const users = [...this.#users.values()]
    const described = names.map((name) => users.find(({ modules }) => modules.get(name))?.modules.get(name))
    const fields = described.flatMap((module) => [...(module?.fields.values() ?? [])])
    return new Set(fields.flatMap(({ refersTo }) => refersTo))
  }

  /** Clears the cache of this instance; values in the store under another schema generation are not used either. */
  clear(): void {
    this.#users.clear()
    this.#beginning.clear()
    this.#reading.clear()
    this.#prefixes = new Map()
  }

  /** Reads something on the gateway's own account; errors are ignored. */
  warm(read: () => Promise<unknown>): void {
    this.#inBackground(asGateway(read))
  }

  /** Resolves when background work has ended; what the start of the gateway has begun included. */
  async settled(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background)
  }

  async #userOf(user: string, caller: Caller): Promise<OfUser> {
    return this.#users.get(user) ?? this.#beginning.run(user, async () => this.#begin(user, caller))
  }

  async #begin(user: string, caller: Caller): Promise<OfUser> {
    const prefixes = this.#prefixes
    const kept = await this.#keptFor(user)
    const names = (await kept?.names()) ?? (await this.#readNames(kept, caller))
    const known = begun(kept, names, prefixes, this.#options.ttlMs)
    // Cleared meanwhile: only this request uses it.
    if (prefixes === this.#prefixes) this.#users.set(user, known)
    return known
  }

  async #keptFor(user: string): Promise<KeptDescriptions | undefined> {
    const shared = this.#shared
    if (shared === undefined) return undefined
    const generation = await shared.generation().catch(() => undefined)
    return generation === undefined ? undefined : new KeptDescriptions(shared.values, generation, user)
  }

  async #readNames(kept: KeptDescriptions | undefined, caller: Caller): Promise<Dated<readonly string[]>> {
    const names = { readAt: this.#options.now(), value: await listTypes(caller) }
    await kept?.putNames(names)
    return names
  }

  /** Each module is read once, regardless of how many requests need it. */
  async #load(user: string, known: OfUser, caller: Caller, names: readonly string[]): Promise<void> {
    const joined = new Set(names.map((name) => known.underWay.get(name) ?? this.#gather(user, known, name)))
    await Promise.all(
      // Where what was joined has ended, this request reads for the others.
      [...joined].map(async (batch) =>
        this.#reading.run(batch.key, async () => {
          await othersToJoin()
          if (known.open === batch) known.open = undefined
          const wanted = [...batch.names]
          await this.#read(known, caller, wanted).finally(() => leave(known, wanted))
        }),
      ),
    )
  }

  #gather(user: string, known: OfUser, name: string): Batch {
    const batch = (known.open ??= { key: `${user} ${this.#batches++}`, names: new Set() })
    batch.names.add(name)
    known.underWay.set(name, batch)
    return batch
  }

  async #read(known: OfUser, caller: Caller, names: readonly string[]): Promise<void> {
    const { kept } = known
    const found = await Promise.all(names.map(async (name) => [name, await kept?.module(name)] as const))
    for (const [name, dated] of found) if (dated !== undefined) this.#add(known, name, dated)
    const unknown = names.filter((name) => !known.modules.has(name))
    await this.#describe(known, caller, unknown)
  }

  async #describe(known: OfUser, caller: Caller, names: readonly string[]): Promise<void> {
    if (names.length === 0) return
    const readAt = this.#options.now()
    const described = await describe(caller, names)
    for (const name of names) {
      const dated = { value: described.get(name), readAt }
      this.#add(known, name, dated)
      if (known.kept !== undefined) this.#inBackground(known.kept.putModule(name, dated))
    }
  }

  #add(known: OfUser, name: string, { value, readAt }: Dated<ModuleDescription | undefined>): void {
    known.modules.set(name, value)
    known.refreshAt = Math.min(known.refreshAt, readAt + this.#options.ttlMs)
    if (value !== undefined) known.prefixes.set(value.idPrefix, name)
  }

  /** Old descriptions stay in use until all of them have been read again; one instance reads for all. */
  #refresh(user: string, known: OfUser, caller: Caller): void {
    const { now } = this.#options
    known.refreshAt = now() + pause
    this.#inBackground(
      asGateway(async () => {
        const fresh = await this.#again(known, caller)
        if (fresh !== undefined && this.#users.get(user) === known) this.#users.set(user, fresh)
      }),
    )
  }

  /** @returns undefined if another instance is reading */
  async #again(known: OfUser, caller: Caller): Promise<OfUser | undefined> {
    const { kept, prefixes } = known
    const { now, ttlMs } = this.#options
    const isFresh = (dated: Dated<unknown>) => now() <= dated.readAt + ttlMs
    let claimed: Promise<boolean> | undefined
    const mayRead = async () => (claimed ??= kept?.mayRefresh() ?? Promise.resolve(true))
    let names = await kept?.names()
    if (names === undefined || !isFresh(names)) {
      if (!(await mayRead())) return undefined
      names = await this.#readNames(kept, caller)
    }
    const fresh = begun(kept, names, prefixes, ttlMs)
    // One by one, so that requests in the same session do not wait for all of them.
    for (const name of [...known.modules.keys()].filter((each) => fresh.listed.has(each))) {
      const dated = await kept?.module(name)
      if (dated !== undefined && isFresh(dated)) this.#add(fresh, name, dated)
      else if (await mayRead()) await this.#describe(fresh, caller, [name])
      else return undefined
    }
    return fresh
  }

  #inBackground(work: Promise<unknown>): void {
    const done = work
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => this.#background.delete(done))
    this.#background.add(done)
  }
}

function begun(
  kept: KeptDescriptions | undefined,
  { value, readAt }: Dated<readonly string[]>,
  prefixes: Map<string, string>,
  ttlMs: number,
): OfUser {
  return {
    kept,
    listed: new Set(value),
    modules: new Map(),
    prefixes,
    catalogues: new Map(),
    underWay: new Map(),
    open: undefined,
    refreshAt: readAt + ttlMs,
  }
}

function catalogueIn(known: OfUser, wanted: readonly string[]): Catalogue {
  const key = wanted.join()
  const catalogue = known.catalogues.get(key) ?? catalogueOf(known, wanted)
  known.catalogues.set(key, catalogue)
  return catalogue
}

function leave({ underWay }: OfUser, names: readonly string[]): void {
  for (const name of names) underWay.delete(name)
}
