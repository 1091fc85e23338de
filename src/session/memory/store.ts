/** The store of a single process: the same steps as the Redis store, atomic because nothing in them waits. */
import { randomBytes } from 'node:crypto'
import type {
  Generations,
  Watched,
  Outdated,
  SlotResult,
  HeldSlots,
  NewSession,
  Opened,
  PortalSession,
  Reading,
  Rotation,
  SessionFacts,
  SessionLife,
  Store,
  RateCheck,
  RateResult,
} from '../contract.ts'
import { labelled } from '../contract.ts'
import { Counters } from './counters.ts'
import { ExpiringMap } from './expiring.ts'
import { present, refreshTokens } from '../../tokens/refresh.ts'

export interface EmbeddedOptions {
  readonly life: SessionLife
  readonly now: () => number
  /** Most sessions kept; the one seen longest ago is removed (default 50,000). */
  readonly maxSessions?: number
  /** Most counters and most values kept, per order of magnitude of their life (default 100,000). */
  readonly maxEntries?: number
}

interface Kept {
  session: PortalSession
  /** See `RefreshHistory`. */
  uses: readonly number[]
}

export class EmbeddedStore implements Store {
  readonly #life: SessionLife
  readonly #now: () => number
  readonly #maxSessions: number
  /** Ordered by the last touch, so that its front is what runs out next. */
  readonly #sessions = new Map<string, Kept>()
  readonly #byContact = new Map<string, Set<string>>()
  readonly #ranOut = new Map<string, PortalSession>()
  readonly #counters: Counters
  readonly #values: ExpiringMap<string>
  readonly #slots: ExpiringMap<Map<string, string>>
  readonly #tokens
  readonly #modules = new Map<string, string>()
  #changes = 0
  #schemaGeneration = 0
  #watched: Watched | undefined

  constructor(options: EmbeddedOptions) {
    this.#life = options.life
    this.#now = options.now
    this.#maxSessions = options.maxSessions ?? 50_000
    const maxEntries = options.maxEntries ?? 100_000
    this.#counters = new Counters(maxEntries)
    this.#values = new ExpiringMap(maxEntries)
    this.#slots = new ExpiringMap(maxEntries)
    const secret = randomBytes(32)
    this.#tokens = refreshTokens(() => secret)
  }

  async create(facts: NewSession, releaseOnSuccess?: HeldSlots): Promise<Opened> {
    const now = this.#now()
    this.#sweep(now)
    const session: PortalSession = {
      ...labelled(facts),
      id: randomBytes(16).toString('base64url'),
      createdAt: now,
      lastSeenAt: now,
      checkedAt: now,
      expiresAt: now + this.#life.max,
      generation: 1,
    }
    if (this.#sessions.size >= this.#maxSessions) this.#makeRoom(facts.contact.id)
    this.#sessions.set(session.id, { session, uses: [] })
    const ids = this.#byContact.get(facts.contact.id) ?? new Set()
    this.#byContact.set(facts.contact.id, ids.add(session.id))
    if (releaseOnSuccess !== undefined) await this.releaseSlots(releaseOnSuccess)
    return { session, refreshToken: this.#tokens.issue(session.id, 1) }
  }

  async read(id: string, checks: readonly RateCheck[] = []): Promise<Reading> {
    const now = this.#now()
    const results = this.#counters.takeAll(checks, now)
    const entry = this.#alive(id, now)
    const told = { ...this.#generations(), results }
    if (entry === undefined) return { session: undefined, ...told }
    this.#touch(entry, now)
    return { session: entry.session, ...told }
  }

  async rotate(refreshToken: string): Promise<Rotation> {
    const now = this.#now()
    const claim = this.#tokens.read(refreshToken)
    if (claim === undefined) return { kind: 'unknown' }
    const entry = this.#alive(claim.sessionId, now)
    if (entry === undefined) return { kind: 'ended' }

    const known = { generation: entry.session.generation, uses: entry.uses }
    const history = present(claim.generation, known, { now, grace: this.#life.grace })
    if (history === 'reuse') {
      this.#remove(entry.session)
      return { kind: 'reused', session: entry.session }
    }
    entry.session = { ...entry.session, generation: history.generation }
    entry.uses = history.uses
    this.#touch(entry, now)
    const { session } = entry
    return { kind: 'rotated', session, refreshToken: this.#tokens.issue(session.id, session.generation) }
  }

  async update(id: string, facts: SessionFacts): Promise<boolean> {
    const entry = this.#alive(id, this.#now())
    if (entry === undefined) return false
    entry.session = { ...entry.session, ...facts }
    return true
  }

  async list(contactId: string): Promise<readonly PortalSession[]> {
    return this.#of(contactId).toSorted((a, b) => b.createdAt - a.createdAt)
  }

  async end(id: string, contactId?: string): Promise<PortalSession | undefined> {
    const session = this.#alive(id, this.#now())?.session
    if (session === undefined || (contactId !== undefined && session.contact.id !== contactId))
      return undefined
    this.#remove(session)
    return session
  }

  async endAll(contactId: string, except?: string): Promise<readonly PortalSession[]> {
    const ended = this.#of(contactId).filter((session) => session.id !== except)
    for (const session of ended) this.#remove(session)
    return ended
  }

  async reap(): Promise<readonly PortalSession[]> {
    this.#sweep(this.#now())
    const ranOut = [...this.#ranOut.values()]
    this.#ranOut.clear()
    return ranOut
  }

  async take(checks: readonly RateCheck[]): Promise<readonly RateResult[]> {
    return this.#counters.takeAll(checks, this.#now())
  }

  async giveBack(checks: readonly RateCheck[]): Promise<void> {
    for (const check of checks) this.#counters.giveBack(check, this.#now())
  }

  async reset(keys: readonly string[]): Promise<void> {
    this.#counters.reset(keys)
  }

  async claim(key: string, value: string, ttl: number): Promise<string | undefined> {
    const now = this.#now()
    const kept = this.#values.get(key, now)
    if (kept === undefined) this.#values.set(key, value, now + ttl, now)
    return kept?.value
  }

  async put(key: string, value: string, ttl: number): Promise<void> {
    const now = this.#now()
    this.#values.set(key, value, now + ttl, now)
  }

  async get(key: string): Promise<string | undefined> {
    return this.#values.get(key, this.#now())?.value
  }

  async pull(key: string): Promise<string | undefined> {
    const kept = this.#values.get(key, this.#now())
    this.#values.delete(key)
    return kept?.value
  }

  async takeSlot(key: string, slot: string, mark: string, limit: number, ttl: number): Promise<SlotResult> {
    const now = this.#now()
    const inUse = this.#slots.get(key, now)?.value ?? new Map<string, string>()
    const others = new Map(inUse)
    const granted = others.size < limit
    if (granted) this.#slots.set(key, inUse.set(slot, mark), now + ttl, now)
    return { granted, others }
  }

  async markSlot(key: string, slot: string, mark: string): Promise<void> {
    const inUse = this.#slots.get(key, this.#now())?.value
    if (inUse?.has(slot) === true) inUse.set(slot, mark)
  }

  async releaseSlots({ key, slots }: HeldSlots): Promise<void> {
    const inUse = this.#slots.get(key, this.#now())?.value
    for (const slot of slots) inUse?.delete(slot)
    if (inUse?.size === 0) this.#slots.delete(key)
  }

  async invalidate(what: Outdated): Promise<void> {
    this.#changes += 1
    if (what === 'everything') this.#schemaGeneration += 1
    else for (const module of what === 'records' ? [''] : what) this.#modules.set(module, `${this.#changes}`)
  }

  async generations(): Promise<Generations> {
    return this.#generations()
  }

  #generations(): Generations {
    return {
      cacheGeneration: String(this.#changes),
      schemaGeneration: String(this.#schemaGeneration),
      moduleGenerations: this.#modules,
      watched: this.#watched,
    }
  }

  async watch(watched: Watched): Promise<void> {
    this.#watched = watched
  }

  async ping(): Promise<void> {
    // The store is part of this process and therefore always reachable.
  }

  async count(): Promise<number> {
    this.#sweep(this.#now())
    return this.#sessions.size
  }

  async close(): Promise<void> {
    this.#sessions.clear()
    this.#byContact.clear()
  }

  #alive(id: string, now: number): Kept | undefined {
    const entry = this.#sessions.get(id)
    if (entry === undefined) return undefined
    if (now < this.#endOf(entry.session)) return entry
    this.#runOut(entry.session)
    return undefined
  }

  #endOf(session: PortalSession): number {
    return Math.min(session.lastSeenAt + this.#life.idle, session.expiresAt)
  }

  #touch(entry: Kept, now: number): void {
    entry.session = { ...entry.session, lastSeenAt: now }
    this.#sessions.delete(entry.session.id)
    this.#sessions.set(entry.session.id, entry)
  }

  #of(contactId: string): PortalSession[] {
    const now = this.#now()
    return [...(this.#byContact.get(contactId) ?? [])].flatMap((id) => this.#alive(id, now)?.session ?? [])
  }

  #remove(session: PortalSession): void {
    this.#sessions.delete(session.id)
    const ids = this.#byContact.get(session.contact.id)
    ids?.delete(session.id)
    if (ids?.size === 0) this.#byContact.delete(session.contact.id)
  }

  /** Ends the first session of a contact that has many, so that no contact ends those of others by its log-ins. */
  #makeRoom(contactId: string): void {
    const own = this.#byContact.get(contactId)
    const [first] = own !== undefined && own.size >= Math.max(10, this.#maxSessions / 100) ? own : []
    const [oldest] = this.#sessions.values()
    const ended = first === undefined ? oldest : this.#sessions.get(first)
    if (ended !== undefined) this.#runOut(ended.session)
  }

  #runOut(session: PortalSession): void {
    this.#remove(session)
    if (session.upstream === undefined) return
    const [oldest] = this.#ranOut.keys()
    if (oldest !== undefined && this.#ranOut.size >= this.#maxSessions) this.#ranOut.delete(oldest)
    this.#ranOut.set(session.id, session)
  }

  #sweep(now: number): void {
    for (const { session } of this.#sessions.values()) {
      if (now < session.lastSeenAt + this.#life.idle) break
      this.#runOut(session)
    }
  }
}
