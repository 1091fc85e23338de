/** The contract of the embedded store and the Redis store; all state that instances share is in a store. */
import { createHash } from 'node:crypto'
import type { Contact } from '../model/contact.ts'

/** A contact's session with the gateway. Times are milliseconds since 1970. */
export interface PortalSession {
  /**
   * Opaque, chosen by the store; the `sid` of access tokens and the `:id` of `/auth/sessions`. Not a secret by itself.
   */
  readonly id: string
  readonly contact: Contact
  /**
   * The coreBOS session of this session (`portal` and `user` mode); never leaves the gateway and ends with the session.
   */
  readonly upstream: string | undefined
  /** Labels for the list of sessions, cut to 120 characters by the store. */
  readonly userAgent: string
  readonly address: string
  readonly createdAt: number
  readonly lastSeenAt: number
  /** The last time that coreBOS confirmed the contact's access (`ACCESS_RECHECK`). */
  readonly checkedAt: number
  /** The rules of that check: it does not count where others apply, whichever instance made it. */
  readonly checkedUnder: string
  /** The latest end of the session. */
  readonly expiresAt: number
  /** Counts the refresh tokens issued so far, from 1. */
  readonly generation: number
}

/** Distinguishes sessions in the log, which never contains their ids. */
export function markOf(sessionId: string): string {
  return createHash('sha256').update(sessionId).digest('hex').slice(0, 16)
}

export type NewSession = Pick<
  PortalSession,
  'contact' | 'upstream' | 'userAgent' | 'address' | 'checkedUnder'
>

/** The lifetime of a cache generation, in milliseconds; no value cached under it may be older. */
export const stampLife = 86_400_000

/** The stored facts of a new session, with its labels cut to size. */
export function labelled(facts: NewSession): NewSession {
  const { contact, upstream, userAgent, address, checkedUnder } = facts
  const labels = { userAgent: userAgent.slice(0, 120), address: address.slice(0, 120) }
  return { contact, upstream, ...labels, checkedUnder }
}

/** The facts that an access re-check may change; the contact's id is not one of them. */
export type SessionFacts = Partial<Pick<PortalSession, 'contact' | 'upstream' | 'checkedAt' | 'checkedUnder'>>

/** Milliseconds: `SESSION_IDLE_TTL`, `SESSION_MAX_TTL`, `REFRESH_GRACE`. */
export interface SessionLife {
  readonly idle: number
  readonly max: number
  readonly grace: number
}

/** One count in a fixed window, which begins with its first count. */
export interface RateCheck {
  /** The counted subject, for example `ip:192.0.2.1`. Never stored in Redis in clear text. */
  readonly key: string
  readonly max: number
  /** Milliseconds. */
  readonly window: number
  /** Default 1; 0 looks without counting. */
  readonly cost?: number
  /**
   * The behaviour while the store is unavailable: a `limit` (default) is counted by this process alone, a `budget`
   * counts as spent. Neither is ever waived.
   */
  readonly kind?: 'limit' | 'budget'
  /** Counted only if the check before it was allowed; rejected with it otherwise. */
  readonly follows?: true
}

export interface RateResult {
  /** Whether it was within `max`; with cost 0, whether one more would be. A check beyond the limit is not counted. */
  readonly allowed: boolean
  /** Counted so far in this window, including this check. */
  readonly count: number
  /** Milliseconds until the window ends; 0 if nothing is counted. */
  readonly resetIn: number
  /** The store did not answer: the result follows `RateCheck.kind`. */
  readonly away?: true
}

/** The generations of cached values: a value may only be used under the generations it was cached with. */
export interface Generations {
  /** Changes with every `invalidate`. */
  readonly cacheGeneration: string
  /** The part of the cache generation that changes when no earlier value may be used again. */
  readonly schemaGeneration: string
  /** By module; under `''` that of all modules together. An absent module has never changed. */
  readonly moduleGenerations: ReadonlyMap<string, string>
  /** Absent if changes in coreBOS are not watched, or have not been for a while. */
  readonly watched?: Watched | undefined
}

/** What is known of changes in coreBOS itself (`CHANGE_POLL`). */
export interface Watched {
  /** Until this time the generations include every change. Milliseconds since 1970. */
  readonly until: number
  /** The watched modules, and since when: values that were read earlier may be outdated. */
  readonly modules: ReadonlyMap<string, number>
}

/** A session as found by one step, with the results of the checks in the same step. */
export interface Reading extends Generations {
  /** `undefined`: unknown, ended, or past its idle or absolute life. */
  readonly session: PortalSession | undefined
  /** In the order of the checks, which are counted whether or not the session exists. */
  readonly results: readonly RateResult[]
}

/**
 * Values that must not be used again: records of some modules, `records` of all, or `everything`, modules and fields
 * too.
 */
export type Outdated = 'records' | 'everything' | readonly string[]

/** The cache key of values that depend on these modules: it differs after a change of any of them. */
export function generationOf(
  { schemaGeneration, moduleGenerations }: Generations,
  modules: Iterable<string>,
): string {
  const parts = [schemaGeneration, moduleGenerations.get('') ?? '']
  for (const module of modules) parts.push(moduleGenerations.get(module) ?? '')
  return parts.join('.')
}

/** Slots of one key that are released together. */
export interface HeldSlots {
  readonly key: string
  readonly slots: readonly string[]
}

/** Whether a slot was granted, and which other slots of its key are in use. */
export interface SlotResult {
  /** If `false`, nothing changed. */
  readonly granted: boolean
  /** The other slots in use, each with its mark. */
  readonly others: ReadonlyMap<string, string>
}

export interface Opened {
  readonly session: PortalSession
  /** Opaque; equivalent to the session, so it is sent to the client and never logged. */
  readonly refreshToken: string
}

/**
 * What presenting a refresh token led to.
 * `reused`: the token had been replaced and the grace of its own use was over; the session was ended by this step and is
 * handed over so that its coreBOS session can be ended too.
 * `ended`: the token of a session that has ended.
 * `unknown`: forged or malformed.
 */
export type Rotation =
  | ({ readonly kind: 'rotated' } & Opened)
  | { readonly kind: 'reused'; readonly session: PortalSession }
  | { readonly kind: 'ended' }
  | { readonly kind: 'unknown' }

/**
 * Every method is one atomic step, and its result is valid on every instance.
 *
 * @throws GatewayError `STORE_UNAVAILABLE` if the store cannot be reached or cannot guarantee the step
 */
export interface SessionStore {
  /** Opens a session and, in the same step, releases the slots that a successful log-in releases. */
  create(facts: NewSession, releaseOnSuccess?: HeldSlots): Promise<Opened>

  /**
   * Finds a session, extends its idle life and counts the checks: the one step that an authenticated request costs.
   * While the store is away only callers over a limit of this process get an answer.
   */
  read(id: string, checks?: readonly RateCheck[]): Promise<Reading>

  /**
   * Exchanges a refresh token. The current one is replaced. An earlier one returns the newest one during the grace
   * since its own first use, however many have followed it, because any number of tabs may share a session. One
   * generation ahead of the store is a write lost in a failover, and counts as current. Any other token that the
   * gateway signed ends the session (RFC 9700).
   */
  rotate(refreshToken: string): Promise<Rotation>

  /** Changes facts of a session that has not ended, without extending its life. `false`: the session does not exist. */
  update(id: string, facts: SessionFacts): Promise<boolean>

  /** The contact's running sessions, newest first, without extending their lives. */
  list(contactId: string): Promise<readonly PortalSession[]>

  /** Ends one session, only of this contact if one is given. Returns the ended session. */
  end(id: string, contactId?: string): Promise<PortalSession | undefined>

  /** Ends all sessions of a contact except one. Returns the ended sessions. */
  endAll(contactId: string, except?: string): Promise<readonly PortalSession[]>

  /**
   * Sessions that expired since the last call, each returned to one caller only, so that their coreBOS sessions can be
   * ended.
   */
  reap(): Promise<readonly PortalSession[]>
}

/**
 * Shared state besides the sessions. Keys and values are the caller's own text; neither is stored in clear text in
 * Redis, but slots and their marks are: they identify no person.
 */
export interface SharedState {
  /** Counts all checks in one step. A check with `follows` depends on the one before it. */
  take(checks: readonly RateCheck[]): Promise<readonly RateResult[]>

  /** Takes back checks that were allowed: subtracts the cost of each, unless its window has ended. */
  giveBack(checks: readonly RateCheck[]): Promise<void>

  /** Forgets counts. */
  reset(keys: readonly string[]): Promise<void>

  /** Stores a value for `ttl` milliseconds unless there is one: then returns that one and changes nothing. */
  claim(key: string, value: string, ttl: number): Promise<string | undefined>

  /** Stores a value for `ttl` milliseconds, replacing any other. */
  put(key: string, value: string, ttl: number): Promise<void>

  /** Looks at a value without changing anything. */
  get(key: string): Promise<string | undefined>

  /** Takes a value away: of several callers one gets it. */
  pull(key: string): Promise<string | undefined>

  /**
   * Takes a slot of a key if fewer than `limit` are in use, and sets its mark. The slots of a key are kept for `ttl`
   * milliseconds since one was taken last.
   */
  takeSlot(key: string, slot: string, mark: string, limit: number, ttl: number): Promise<SlotResult>

  /** Changes the mark of a slot in use. */
  markSlot(key: string, slot: string, mark: string): Promise<void>

  releaseSlots(held: HeldSlots): Promise<void>

  /** Changes the generations of what is outdated, for all sessions. */
  invalidate(what: Outdated): Promise<void>

  /** The generations as they are now. */
  generations(): Promise<Generations>

  /** Says for all instances what is known of changes in coreBOS. */
  watch(watched: Watched): Promise<void>
}

/** One backend for both. */
export interface Store extends SessionStore, SharedState {
  /** Answers when the store can be used. @throws GatewayError `STORE_UNAVAILABLE` with the reason */
  ping(): Promise<void>
  /** Sessions that have not run out. In Redis those that ended early count until they would have. @throws as {@link ping} */
  count(): Promise<number>
  close(): Promise<void>
}
