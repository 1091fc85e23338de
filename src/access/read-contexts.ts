/** Makes read contexts: what a contact may see, and the coreBOS session that reads for it. */
import { randomUUID } from 'node:crypto'
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
import { SharedCache, type CacheUse } from '../corebos/shared-cache.ts'
import { SharedReads } from '../corebos/shared-reads.ts'
import type { Contact } from '../model/contact.ts'
import { GatewayError } from '../model/errors.ts'
import type { Policy } from '../policy/policy.ts'
import { holdsRepeatedBlanks } from '../scope/print.ts'
import { VisibleModules } from '../scope/view.ts'
import type { PortalSession } from '../session/contract.ts'
import type { Admission } from './admission.ts'
import type { ReadContext, Reader } from './context.ts'
import { Downloads } from './downloads.ts'
import { withTies, wordsOf, type Naming, type Needed } from './needed-modules.ts'
import { OwnerIdsReader } from './owner-ids.ts'
import { serviceUpstream, upstreamOf, type Upstream } from './upstream.ts'

export interface ReadContextsOptions {
  readonly corebos: Pick<Corebos, 'service' | 'session' | 'metadata'>
  /** Whether coreBOS restricts the contacts' own sessions (see `LoginMode`). */
  readonly hasRestrictedSession: boolean
  /**
   * Whether reads of contacts that are mapped to the service user itself run in its sessions, side by side, under the
   * gateway's scope alone (`COREBOS_READS`).
   */
  readonly sharesReads: boolean
  /** The policy in force; it may change while the gateway runs. */
  readonly policy: () => Policy
  /** Holds the policy against the installation unless that has been done. */
  checkPolicy?(): Promise<void>
  /** How long ids that make up a scope may be used (`ACCESS_RECHECK`). Milliseconds. */
  readonly scopeTtlMs: number
  /** How long rows that coreBOS has answered may be used again (`READ_CACHE_TTL`). Milliseconds. */
  readonly readTtlMs: number
  readonly now: () => number
  /** Downloads of one contact at once. */
  readonly downloads: number
  /** Told of each use of a cache: of `records`, or of the ids that make up a `scope`. */
  readonly observe: (cache: 'records' | 'scope', how: CacheUse) => void
}

/** Told of rows outside the scope. */
export type Withheld = ReadContext['withheld']

/** What a request says of the modules that it needs; the others need not be described. */
export interface Needs extends Naming {
  readonly neededModules: Needed | undefined
}

interface Remembered {
  readonly policy: Policy
  readonly catalogue: Catalogue
  readonly visible: VisibleModules
}

/** @returns undefined where it needs them all */
function neededBy(needs: Needs, policy: Policy, contact: Contact): (() => Iterable<string>) | undefined {
  const { neededModules: some = [] } = needs
  return some === 'all' ? undefined : () => withTies([...some, ...wordsOf(needs)], policy, contact)
}

/** What a contact sees depends on this alone. */
function scopeKey({ entity, id, accountId, user, level }: Contact): string {
  return JSON.stringify([entity, id, accountId, user.id, level])
}

export class ReadContexts {
  readonly #options: ReadContextsOptions
  readonly #ownerIds: OwnerIdsReader
  readonly #lists: SharedCache<readonly string[]>
  readonly #reads: SharedReads
  readonly #downloads: Downloads
  readonly #visible = new LRUCache<string, Remembered>({ max: 10_000 })
  #listsPolicy: Policy
  #schemaGeneration: string | undefined

  constructor(options: ReadContextsOptions) {
    const { corebos, scopeTtlMs, readTtlMs, now, observe } = options
    const company = corebos.service && new Company(corebos.service)
    const scope = (how: CacheUse) => observe('scope', how)
    this.#options = options
    this.#ownerIds = new OwnerIdsReader({ company, ttlMs: scopeTtlMs, now, observe: scope })
    this.#lists = new SharedCache({ ttlMs: scopeTtlMs, now, observe: scope, bound: { max: 10_000 } })
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

  /** @throws GatewayError `SESSION_ENDED`, or how coreBOS failed to say what modules there are */
  async of(
    { session, cacheGeneration, schemaGeneration }: Admission,
    withheld: Withheld,
    needs?: Needs,
  ): Promise<ReadContext> {
    // Where an operator has cleared what is remembered, on any instance, modules and fields are read again as well.
    if (this.#schemaGeneration !== undefined && this.#schemaGeneration !== schemaGeneration)
      this.#options.corebos.metadata.clear()
    this.#schemaGeneration = schemaGeneration
    return this.under(cacheGeneration, session, withheld, needs)
  }

  /**
   * @param cacheGeneration what is remembered under another one is not used
   * @param needs all modules are described unless given
   */
  async under(
    cacheGeneration: string,
    session: PortalSession,
    withheld: Withheld,
    needs?: Needs,
  ): Promise<ReadContext> {
    return this.#make(this.upstreamOf(session), session, cacheGeneration, withheld, needs)
  }

  /**
   * A contact that need not be logged in, read for by the service user.
   * @throws GatewayError `COREBOS_UNAVAILABLE` without a service user, or how coreBOS failed
   */
  async forContact(contact: Contact, withheld: Withheld): Promise<ReadContext> {
    const { service } = this.#options.corebos
    if (service === undefined)
      throw new GatewayError('COREBOS_UNAVAILABLE', 'This needs a service user (COREBOS_USER)')
    return this.#make(serviceUpstream(service), { contact, id: '' }, randomUUID(), withheld)
  }

  /** @throws GatewayError `SESSION_ENDED` where no coreBOS session serves the contact */
  upstreamOf(session: Pick<PortalSession, 'contact' | 'upstream'>): Upstream {
    return upstreamOf(session, this.#options.corebos)
  }

  /** The modules of the policy as coreBOS shows them to the CRM user that reads. @throws GatewayError how coreBOS failed */
  async catalogueOf(contact: Contact, upstream: Upstream, needs?: Needs): Promise<Catalogue> {
    const { corebos } = this.#options
    const policy = this.#options.policy()
    const needed = needs && neededBy(needs, policy, contact)
    return corebos.metadata.of(
      await upstream.userId(),
      upstream.caller,
      policy.modulesToDescribe(contact),
      needed,
    )
  }

  async #make(
    upstream: Upstream,
    { contact, id }: Pick<PortalSession, 'contact' | 'id'>,
    cacheGeneration: string,
    withheld: Withheld,
    needs?: Needs,
  ): Promise<ReadContext> {
    await this.#options.checkPolicy?.()
    const policy = this.#options.policy()
    if (policy !== this.#listsPolicy) {
      this.#lists.clear()
      this.#listsPolicy = policy
    }
    const catalogue = await this.catalogueOf(contact, upstream, needs)
    const scope = scopeKey(contact)
    return {
      visible: this.#visibleTo(contact, policy, catalogue),
      reader: this.#readerBy(await this.#readingFor(contact, upstream), contact, [cacheGeneration, id]),
      ownerIds: async (level) => this.#ownerIds.of(contact, level, cacheGeneration),
      remember: async (key, load) => this.#lists.get(JSON.stringify([scope, cacheGeneration, key]), load),
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
    [cacheGeneration, session]: readonly [string, string],
  ): Reader {
    const { corebos, hasRestrictedSession } = this.#options
    const { service } = corebos
    return {
      query: async (statement, by, bypassCache) => {
        // The service user finds such values as they are, and the scope stands in the statement itself.
        const joinsBlanks = hasRestrictedSession && holdsRepeatedBlanks(statement)
        const reading = callerFor(joinsBlanks ? 'service-preferred' : by)
        const ask = async () => query(reading, statement)
        if (bypassCache !== undefined) return ask()
        // The scope stands in the statement itself: the same text in the same rights finds the same rows.
        const rights = reading === service ? '' : session
        return this.#reads.read([cacheGeneration, rights, statement.text].join('\n'), ask)
      },
      idOfUuid: async (uuid, by) => idOfUuid(callerFor(by), uuid),
      relatedIds: async (id, module, relatedModule, by) => {
        const rows = await relatedRecords(callerFor(by), { id, module, relatedModule })
        return rows.map((row) => row['id'] ?? '')
      },
      // In a contact's own session coreBOS fails at those on tickets, and hides others.
      comments:
        service === undefined && hasRestrictedSession
          ? undefined
          : async (id, module) =>
              relatedRecords(service ?? caller, { id, module, relatedModule: 'ModComments' }),
      lines: async (id, module, by) => inventoryLines(callerFor(by), id, module),
      pricedLines: async (id, by) => pricedLines(callerFor(by), id),
      attachment: async (id, by) =>
        this.#downloads.begin(contact.id, async () => retrieveAttachment(callerFor(by), id)),
      printed: async (id, by) => printed(callerFor(by), id),
      actions: async (id, module, by) => detailViewActions(callerFor(by), id, module),
    }
  }
}
