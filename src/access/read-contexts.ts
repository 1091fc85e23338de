/** Creates read contexts: what a contact may see, and the coreBOS session that reads for it. */
import { createHash, randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { detailViewActions } from '../corebos/actions.ts'
import { Company } from '../corebos/company.ts'
import type { Corebos } from '../corebos/corebos.ts'
import { printed } from '../corebos/files.ts'
import type { Catalogue } from '../corebos/catalogue.ts'
import {
  idOfUuid,
  inventoryLines,
  pricedLines,
  query,
  relatedRecords,
  retrieveAttachment,
} from '../corebos/read.ts'
import type { CacheUse } from '../corebos/shared-cache.ts'
import { SharedReads } from '../corebos/shared-reads.ts'
import { atMost } from '../model/cache-bound.ts'
import type { Contact } from '../model/contact.ts'
import { GatewayError } from '../model/errors.ts'
import { nearest } from '../policy/nearest.ts'
import type { Policy } from '../policy/policy.ts'
import { holdsRepeatedBlanks } from '../scope/print.ts'
import { VisibleModules } from '../scope/view.ts'
import type { Generations, PortalSession } from '../session/contract.ts'
import type { Admission } from './admission.ts'
import type { ReadContext, Reader } from './context.ts'
import * as dependencies from './dependencies.ts'
import { Downloads } from './downloads.ts'
import { Freshness, type Fresh, type FreshnessOptions } from './freshness.ts'
import { wantsNames, withTies, wordsOf, type Naming, type Needed } from './needed-modules.ts'
import { OwnerIdsReader } from './owner-ids.ts'
import { Provenance } from './provenance.ts'
import { ScopeLists, type ScopeListsOptions } from './scope-lists.ts'
import { serviceUpstream, upstreamOf, type Upstream } from './upstream.ts'
import { wordingBy } from './wording.ts'
import { remembered } from '../model/remembered.ts'

export interface ReadContextsOptions {
  readonly corebos: Pick<Corebos, 'service' | 'session' | 'metadata' | 'dictionary'>
  /** Whether coreBOS restricts the contacts' own sessions (see `LoginMode`). */
  readonly hasRestrictedSession: boolean
  /**
   * Whether reads of contacts that are mapped to the service user itself run in its sessions, concurrently, under the
   * gateway's scope alone (`COREBOS_READS`).
   */
  readonly sharesReads: boolean
  /** The policy in force; it may change while the gateway runs. */
  readonly policy: () => Policy
  /** Checks the policy against the installation unless that has been done. */
  checkPolicy?(): Promise<void>
  /** Does so again, after metadata was discarded. */
  readonly recheckPolicy?: () => Promise<void>
  /** How long ids that make up a scope may be used (`ACCESS_RECHECK`). Milliseconds. */
  readonly scopeTtlMs: number
  /** The lifetime of rows (`READ_CACHE_TTL`). Milliseconds. */
  readonly readTtlMs: number
  /** See {@link FreshnessOptions}; with it, ids that make up a scope live as long as rows. */
  readonly changePollMs: number
  readonly use: FreshnessOptions['use']
  /** The store of all instances; absent if there is only one. */
  readonly shared: ScopeListsOptions['store']
  readonly now: () => number
  /** Concurrent downloads of one contact. */
  readonly downloads: number
  /** Receives each use of a cache: of `records`, or of the ids that make up a `scope`. */
  readonly observe: (cache: 'records' | 'scope', how: CacheUse) => void
}

/** Receives rows outside the scope. */
export type Withheld = ReadContext['withheld']

/** The modules that a request names; the others need not be described. */
export interface Needs extends Naming {
  readonly neededModules: Needed | undefined
}

interface Remembered {
  readonly policy: Policy
  readonly catalogue: Catalogue
  readonly visible: VisibleModules
}

/** The parts of a cache key of rows. */
interface Caching {
  readonly catalogue: Catalogue
  readonly fresh: (modules: readonly string[]) => Fresh
  readonly session: string
  readonly provenance: Provenance
}

/** Generations that no cached value has. */
export function uncached(): Generations {
  const once = randomUUID()
  return { cacheGeneration: once, schemaGeneration: once, moduleGenerations: new Map() }
}

/** Everything that the visible records of a contact depend on. */
function scopeKey({ entity, id, accountId, user, level }: Contact): string {
  return JSON.stringify([entity, id, accountId, user.id, level])
}

/** Equal on instances with equal policies. */
const policyKey = remembered(({ source }: Policy) =>
  createHash('sha256').update(JSON.stringify(source)).digest('base64url'),
)

export class ReadContexts {
  readonly #options: ReadContextsOptions
  readonly #ownerIds: OwnerIdsReader
  readonly #lists: ScopeLists
  readonly #freshness: Freshness
  readonly #reads: SharedReads
  readonly #downloads: Downloads
  readonly #scopeTtlMs: number
  readonly #visible = new LRUCache<string, Remembered>(atMost(10_000))
  #listsPolicy: Policy
  #schemaGeneration: string | undefined

  constructor(options: ReadContextsOptions) {
    const { corebos, scopeTtlMs, readTtlMs, changePollMs, now, observe } = options
    const company = corebos.service && new Company(corebos.service)
    const scope = (how: CacheUse) => observe('scope', how)
    const ttlMs = changePollMs > 0 ? Math.max(scopeTtlMs, readTtlMs) : scopeTtlMs
    this.#options = options
    this.#scopeTtlMs = ttlMs
    this.#freshness = new Freshness(options)
    this.#ownerIds = new OwnerIdsReader({ company, ttlMs, now, observe: scope })
    this.#lists = new ScopeLists({ ttlMs, now, observe: scope, store: options.shared })
    this.#reads = new SharedReads({ ttlMs: readTtlMs, now, observe: (how) => observe('records', how) })
    this.#downloads = new Downloads(options.downloads)
    this.#listsPolicy = options.policy()
  }

  /** What is in use at this moment, by kind. */
  readonly inUse = {
    downloads: () => this.#downloads.count,
    id_lists: () => this.#lists.reading + this.#ownerIds.reading,
    shared_reads: () => this.#reads.reading,
  }

  /** @throws GatewayError `SESSION_ENDED`, or the error of coreBOS for the list of modules */
  async of({ session, ...generations }: Admission, withheld: Withheld, needs?: Needs): Promise<ReadContext> {
    const known = this.#schemaGeneration
    if (known === undefined) this.#schemaGeneration = generations.schemaGeneration
    // Where an operator has cleared what is remembered, on any instance, modules and fields are read again as well.
    else if (known !== generations.schemaGeneration) await this.discardMetadata(generations)
    return this.under(generations, session, withheld, needs)
  }

  /**
   * Discards modules, fields and translations, and holds the policy against them again.
   *
   * @param generations under which they are read from now on
   * @throws GatewayError how coreBOS failed; the next request holds the policy against them
   */
  async discardMetadata({ schemaGeneration }: Pick<Generations, 'schemaGeneration'>): Promise<void> {
    const { corebos, recheckPolicy } = this.#options
    this.#schemaGeneration = schemaGeneration
    corebos.metadata.clear()
    corebos.dictionary.clear()
    await recheckPolicy?.()
  }

  /**
   * @param generations what was cached under others is not used
   * @param needs all modules are described unless given
   */
  async under(
    generations: Generations,
    session: PortalSession,
    withheld: Withheld,
    needs?: Needs,
  ): Promise<ReadContext> {
    return this.#make(this.upstreamOf(session), session, generations, withheld, needs)
  }

  /**
   * A contact that need not be logged in, read for by the service user.
   * @throws GatewayError `COREBOS_UNAVAILABLE` without a service user, or how coreBOS failed
   */
  async forContact(contact: Contact, withheld: Withheld): Promise<ReadContext> {
    const { service } = this.#options.corebos
    if (service === undefined)
      throw new GatewayError('COREBOS_UNAVAILABLE', 'This needs a service user (COREBOS_USER)')
    return this.#make(serviceUpstream(service), { contact, id: '' }, uncached(), withheld)
  }

  /** @throws GatewayError `UNKNOWN_MODULE` where the policy names no such module */
  requireNamed(module: string): void {
    const names = this.#options.policy().namedModules
    if (!names.includes(module))
      throw new GatewayError('UNKNOWN_MODULE', `unknown module '${module}'${nearest(module, names)}`)
  }

  /** The modules that a write to some of them may change, for one contact. */
  changedBy(names: readonly string[], { contact, modules }: VisibleModules): readonly string[] {
    return dependencies.changedBy(names, modules, this.#options.policy(), contact)
  }

  /** @throws GatewayError `SESSION_ENDED` where no coreBOS session serves the contact */
  upstreamOf(session: Pick<PortalSession, 'contact' | 'upstream'>): Upstream {
    return upstreamOf(session, this.#options.corebos)
  }

  /** The modules of the policy as coreBOS shows them to the CRM user that reads. @throws GatewayError how coreBOS failed */
  async catalogueOf(contact: Contact, upstream: Upstream, needs?: Needs): Promise<Catalogue> {
    const { corebos } = this.#options
    const policy = this.#options.policy()
    const needed = needs && this.#neededBy(needs, policy, contact)
    return corebos.metadata.of(
      await upstream.userId(),
      upstream.caller,
      policy.modulesToDescribe(contact),
      needed,
    )
  }

  /** @returns undefined if it needs all of them */
  #neededBy(needs: Needs, policy: Policy, contact: Contact): (() => Iterable<string>) | undefined {
    const { neededModules: some = [] } = needs
    if (some === 'all') return undefined
    return () => {
      const named = [...some, ...wordsOf(needs)]
      // Described by the same call as the modules that refer to them.
      const referred = wantsNames(needs) ? this.#options.corebos.metadata.referredBy(named) : []
      return withTies([...named, ...referred], policy, contact)
    }
  }

  async #make(
    upstream: Upstream,
    { contact, id }: Pick<PortalSession, 'contact' | 'id'>,
    generations: Generations,
    withheld: Withheld,
    needs?: Needs,
  ): Promise<ReadContext> {
    const { corebos } = this.#options
    await this.#options.checkPolicy?.()
    const policy = this.#options.policy()
    if (policy !== this.#listsPolicy) {
      this.#lists.clear()
      this.#listsPolicy = policy
    }
    const catalogue = await this.catalogueOf(contact, upstream, needs)
    const fresh = (modules: readonly string[]) => this.#freshness.of(generations, modules)
    const reading = await this.#readingFor(contact, upstream)
    const visible = this.#visibleTo(contact, policy, catalogue)
    const provenance = new Provenance()
    return {
      visible,
      reader: this.#readerBy(reading, contact, { catalogue, fresh, session: id, provenance }),
      wording: wordingBy(corebos.service ?? upstream.caller, corebos.dictionary, catalogue),
      language: undefined,
      ownerIds: async (level) => {
        const owners = dependencies.ofOwners(catalogue)
        return this.#ownerIds.of(
          contact,
          level,
          () => fresh(owners),
          (readAt) => provenance.restsOn(owners, readAt, this.#scopeTtlMs),
        )
      },
      remember: async (key, modules, load) => {
        const all = dependencies.ofScope(modules, catalogue, policy, contact)
        const { generation, maxAge } = fresh(all)
        const scope = [scopeKey(contact), policyKey(policy), policy.modulesFor(contact)]
        return this.#lists.get(JSON.stringify([scope, generation, key]), load, maxAge, (readAt) =>
          provenance.restsOn(all, readAt, this.#scopeTtlMs),
        )
      },
      keeping: id === '' ? undefined : { session: id, visible, fresh, provenance },
      withheld,
    }
  }

  /**
   * The sessions that read. A contact's own session runs its calls one after the other; the service user has the same
   * rights where the contact is mapped to it, so the fields of the contact's own `describe` stay the same.
   */
  async #readingFor(contact: Contact, upstream: Upstream): Promise<Upstream> {
    const { sharesReads, corebos } = this.#options
    const { service } = corebos
    if (!sharesReads || service === undefined || upstream.isService) return upstream
    return contact.user.id === (await service.userId()) ? serviceUpstream(service) : upstream
  }

  #visibleTo(contact: Contact, policy: Policy, catalogue: Catalogue): VisibleModules {
    const { corebos, hasRestrictedSession } = this.#options
    const key = scopeKey(contact)
    const known = this.#visible.get(key)
    if (known?.policy === policy && known.catalogue === catalogue) return known.visible
    const readsAll = corebos.service !== undefined || !hasRestrictedSession
    const visible = new VisibleModules(contact, policy, catalogue, readsAll)
    this.#visible.set(key, { policy, catalogue, visible })
    return visible
  }

  #readerBy(
    { callerFor, caller }: Upstream,
    contact: Contact,
    { catalogue, fresh, session, provenance }: Caching,
  ): Reader {
    const { corebos, hasRestrictedSession, readTtlMs } = this.#options
    const { service } = corebos
    // What is read from coreBOS each time is not to be used again with what is kept.
    const unkept = async <T>(read: () => Promise<T>): Promise<T> => {
      provenance.isUnknown()
      return read()
    }
    return {
      query: async (statement, by, bypassCache) => {
        // The service user finds such values unchanged, and the scope is in the statement itself.
        const joinsBlanks = hasRestrictedSession && holdsRepeatedBlanks(statement)
        const reading = callerFor(joinsBlanks ? 'service-preferred' : by)
        const ask = async () => query(reading, statement)
        if (bypassCache !== undefined) return unkept(ask)
        // The scope stands in the statement itself: the same text in the same rights finds the same rows.
        const isService = reading === service
        const rights = isService ? '' : session
        const module = dependencies.moduleOf(statement.text)
        if (module === undefined) return unkept(ask)
        const modules = dependencies.ofRows(module, isService, catalogue)
        const { generation, maxAge } = fresh(modules)
        return this.#reads.read([generation, rights, statement.text].join('\n'), ask, maxAge, (readAt) =>
          provenance.restsOn(modules, readAt, readTtlMs),
        )
      },
      idOfUuid: async (uuid, by) => unkept(async () => idOfUuid(callerFor(by), uuid)),
      relatedIds: async (id, module, relatedModule, by) => {
        const rows = await unkept(async () => relatedRecords(callerFor(by), { id, module, relatedModule }))
        return rows.map((row) => row['id'] ?? '')
      },
      // In a contact's own session coreBOS fails for comments on tickets, and hides others.
      comments:
        service === undefined && hasRestrictedSession
          ? undefined
          : async (id, module) =>
              unkept(async () =>
                relatedRecords(service ?? caller, { id, module, relatedModule: 'ModComments' }),
              ),
      lines: async (id, module, by) => unkept(async () => inventoryLines(callerFor(by), id, module)),
      pricedLines: async (id, by) => unkept(async () => pricedLines(callerFor(by), id)),
      attachment: async (id, by) =>
        unkept(async () =>
          this.#downloads.begin(contact.id, async () => retrieveAttachment(callerFor(by), id)),
        ),
      printed: async (id, by) => unkept(async () => printed(callerFor(by), id)),
      actions: async (id, module, by) => unkept(async () => detailViewActions(callerFor(by), id, module)),
    }
  }
}
