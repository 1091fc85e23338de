/** The store that several instances share: the steps of `scripts.ts`, sealed by `encryption.ts`, on one connection of `connection.ts`. */
import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { GatewayError } from '../../model/errors.ts'
import { type RefreshTokens, refreshTokens, usesKept } from '../../tokens/refresh.ts'
import {
  type SlotResult,
  type Generations,
  type HeldSlots,
  type NewSession,
  type Opened,
  type Outdated,
  type PortalSession,
  type RateCheck,
  type RateResult,
  type Reading,
  type Rotation,
  type SessionFacts,
  type SessionLife,
  type Store,
  type Watched,
  labelled,
  stampLife,
} from '../contract.ts'
import { Connection, type OnCommand, type OnState, limits, unavailable } from './connection.ts'
import { KeyRing } from './encryption.ts'
import { type SessionKeys, RedisKeys, generations, queue } from './keys.ts'
import { OpenedSessions } from './opened.ts'
import { pack } from './packed.ts'
import { inPairs, list, noSession, readResults, text } from './replies.ts'
import { generationNames, RedisGenerations } from './generations.ts'
import { RedisLimits } from './limits.ts'

export interface RedisOptions {
  readonly url: string
  /** 32 bytes each; the first writes, all read. */
  readonly keys: readonly Buffer[]
  readonly life: SessionLife
  readonly now: () => number
  /** For the log. */
  readonly onState?: OnState
  /** For metrics. */
  readonly onCommand?: OnCommand
}

/** How long Redis keeps a session that ran out, so that its coreBOS session can still be ended. */
const slack = 600_000

export class RedisStore implements Store {
  readonly #ring: KeyRing
  readonly #redisKeys: RedisKeys
  readonly #opened: OpenedSessions
  readonly #life: SessionLife
  readonly #now: () => number
  readonly #main: Connection
  /** Endings wait for a replica on a connection of their own, so that other commands are not held up. */
  readonly #endings: Connection
  readonly #tokens: RefreshTokens
  readonly #limits: RedisLimits
  readonly #generations: RedisGenerations
  /** Ended, but not acknowledged by a replica. */
  #unacknowledged: PortalSession[] = []

  constructor(options: RedisOptions) {
    this.#ring = new KeyRing(options.keys)
    this.#redisKeys = new RedisKeys(this.#ring)
    this.#opened = new OpenedSessions(this.#ring)
    this.#life = options.life
    this.#now = options.now
    this.#tokens = refreshTokens((id) => this.#redisKeys.of(id)?.key.signing)
    this.#main = new Connection(options.url, options)
    this.#endings = new Connection(options.url, { onCommand: options.onCommand })
    this.#limits = new RedisLimits(this.#main, this.#redisKeys, this.#ring.all.length, options.now)
    this.#generations = new RedisGenerations(this.#main)
  }

  /** A store that is connected, or still trying after `timeout` milliseconds; an instance without Redis says so at its probe. */
  static async open(options: RedisOptions, timeout = 3000): Promise<RedisStore> {
    const store = new RedisStore(options)
    await Promise.race([
      Promise.all([store.#main.ready(), store.#endings.ready()]),
      wait(timeout, undefined, { ref: false }),
    ])
    return store
  }

  async create(facts: NewSession, releaseOnSuccess?: HeldSlots): Promise<Opened> {
    const now = this.#now()
    const location = this.#redisKeys.create(facts.contact.id)
    const session: PortalSession = {
      ...labelled(facts),
      id: location.id,
      createdAt: now,
      lastSeenAt: now,
      checkedAt: now,
      expiresAt: now + this.#life.max,
      generation: 1,
    }
    const ends = Math.min(this.#life.idle, this.#life.max)
    const args = [
      now,
      session.expiresAt,
      this.#life.max,
      ends + slack,
      now + ends,
      this.#seal(location, session),
    ]
    const keys = [location.session, location.index]
    if (this.#main.isCluster) {
      await this.#main.step('gwCreate', keys, args)
      await Promise.all([
        this.#main.run('zadd', (client) => client.zadd(queue, now + ends, location.session)),
        releaseOnSuccess && this.releaseSlots(releaseOnSuccess),
      ])
    } else {
      const { key, slots } = releaseOnSuccess ?? { key: undefined, slots: [] }
      const names = key === undefined ? [] : this.#redisKeys.slots(key)
      await this.#main.step('gwCreate', [...keys, queue, ...names], [...args, ...slots])
    }
    return { session, refreshToken: this.#tokens.issue(session.id, 1) }
  }

  async read(id: string, checks: readonly RateCheck[] = []): Promise<Reading> {
    const location = this.#redisKeys.of(id)
    if (location === undefined) return noSession(await this.take(checks))
    try {
      return await this.#read(location, checks)
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      const alone = this.#limits.countAlone(checks)
      if (alone.every(({ allowed }) => allowed)) throw error
      return noSession(alone)
    }
  }

  async #read(location: SessionKeys, checks: readonly RateCheck[]): Promise<Reading> {
    const args = [this.#now(), this.#life.idle, slack]
    if (!this.#main.isCluster) {
      const keys = [location.session, ...generationNames, ...this.#limits.names(checks)]
      const known = [generationNames.length, this.#generations.known]
      const [found, told, taken] = list(
        await this.#main.step('gwRead', keys, [...args, ...known, ...this.#limits.arguments(checks)]),
      )
      const now = this.#generations.told(list(told)) ?? (await this.generations())
      return { session: this.#session(found), ...now, results: readResults(taken) }
    }
    const [reading, now, taken] = await Promise.all([
      this.#main.step('gwRead', [location.session], [...args, 0, '', 1]),
      this.generations(),
      this.take(checks),
    ])
    const [found] = list(reading)
    return { session: this.#session(found), ...now, results: taken }
  }

  async generations(): Promise<Generations> {
    return this.#generations.read()
  }

  async watch({ until, modules }: Watched): Promise<void> {
    const told = [until, ...[...modules].flat()].join(' ')
    await this.#main.run('set', (client) => client.set(generations.watched, told, 'PX', stampLife))
  }

  async rotate(refreshToken: string): Promise<Rotation> {
    const claim = this.#tokens.read(refreshToken)
    const location = claim && this.#redisKeys.of(claim.sessionId)
    if (claim === undefined || location === undefined) return { kind: 'unknown' }
    const args = [this.#now(), this.#life.idle, slack, this.#life.grace, claim.generation, usesKept]
    const [verdict, found] = list(await this.#main.step('gwRotate', [location.session, location.index], args))
    const session = this.#session(found)
    if (session === undefined) return { kind: 'ended' }
    if (text(verdict) === 'reused') return { kind: 'reused', session }
    return { kind: 'rotated', session, refreshToken: this.#tokens.issue(session.id, session.generation) }
  }

  async update(id: string, facts: SessionFacts): Promise<boolean> {
    const location = this.#redisKeys.of(id)
    if (location === undefined) return false
    for (;;) {
      const found = list(await this.#main.step('gwLook', [location.session], [this.#now(), this.#life.idle]))
      const session = this.#session(found)
      const before = found[1]
      if (session === undefined || !Buffer.isBuffer(before)) return false
      const after = this.#seal(location, { ...session, ...facts })
      const done = await this.#main.step(
        'gwUpdate',
        [location.session],
        [this.#now(), this.#life.idle, before, after],
      )
      if (done !== 0) return done === 1
    }
  }

  async list(contactId: string): Promise<readonly PortalSession[]> {
    const [found] = list(
      await this.#main.step('gwAll', this.#redisKeys.indexes(contactId), [
        this.#now(),
        this.#life.idle,
        0,
        '',
      ]),
    )
    return this.#sessions(found).toSorted((a, b) => b.createdAt - a.createdAt)
  }

  async end(id: string, contactId?: string): Promise<PortalSession | undefined> {
    const location = this.#redisKeys.of(id)
    if (location === undefined) return undefined
    if (contactId !== undefined && !this.#redisKeys.isOf(location, contactId)) return undefined
    const keys = [location.session, location.index]
    const ended = await this.#main.step('gwEnd', keys, [this.#now(), this.#life.idle])
    const [found, replicas, history] = list(ended)
    const session = this.#session(found)
    await this.#acknowledge(location.session, { replicas, history }, session === undefined ? [] : [session])
    return session
  }

  async endAll(contactId: string, except?: string): Promise<readonly PortalSession[]> {
    const spared = except === undefined ? undefined : this.#redisKeys.of(except)
    const indexes = this.#redisKeys.indexes(contactId)
    const args = [this.#now(), this.#life.idle, 1, spared?.session ?? '']
    const [found, replicas, history] = list(await this.#main.step('gwAll', indexes, args))
    const sessions = this.#sessions(found)
    await this.#acknowledge(indexes[0], { replicas, history }, sessions)
    return sessions
  }

  async reap(): Promise<readonly PortalSession[]> {
    const now = this.#now()
    const ranOut = this.#unacknowledged.splice(0)
    const keys = list(await this.#main.step('gwDue', [queue], [now, now + 60_000, 500])).map(text)
    await Promise.all(
      keys.map(async (key) => {
        const [next, found] = list(await this.#main.step('gwExpire', [key], [now, this.#life.idle]))
        const session = this.#session(found)
        if (session?.upstream !== undefined) ranOut.push(session)
        const end = Number(next)
        await this.#main.run(end > 0 ? 'zadd' : 'zrem', (client) =>
          end > 0 ? client.zadd(queue, end, key) : client.zrem(queue, key),
        )
      }),
    )
    return ranOut
  }

  async take(checks: readonly RateCheck[]): Promise<readonly RateResult[]> {
    return this.#limits.take(checks)
  }

  async giveBack(checks: readonly RateCheck[]): Promise<void> {
    await this.#limits.giveBack(checks)
  }

  async reset(keys: readonly string[]): Promise<void> {
    await this.#limits.reset(keys)
  }

  async claim(key: string, value: string, ttl: number): Promise<string | undefined> {
    const names = this.#redisKeys.value(key)
    return this.#openedValue(
      await this.#main.step('gwClaim', names, [this.#now(), ttl, this.#ring.seal(names[0], value)]),
    )
  }

  async put(key: string, value: string, ttl: number): Promise<void> {
    const names = this.#redisKeys.value(key)
    await this.#main.step('gwPut', names, [this.#now(), ttl, this.#ring.seal(names[0], value)])
  }

  async get(key: string): Promise<string | undefined> {
    return this.#openedValue(await this.#main.step('gwGet', this.#redisKeys.value(key), [this.#now(), 0]))
  }

  async pull(key: string): Promise<string | undefined> {
    return this.#openedValue(await this.#main.step('gwGet', this.#redisKeys.value(key), [this.#now(), 1]))
  }

  async takeSlot(key: string, slot: string, mark: string, limit: number, ttl: number): Promise<SlotResult> {
    const reply = await this.#main.step('gwTakeSlot', this.#redisKeys.slots(key), [ttl, limit, slot, mark])
    const [entered, flat] = list(reply)
    return { granted: entered === 1, others: inPairs(list(flat).map(text)) }
  }

  async markSlot(key: string, slot: string, mark: string): Promise<void> {
    await this.#main.step('gwMarkSlot', this.#redisKeys.slots(key), [slot, mark])
  }

  async releaseSlots({ key, slots }: HeldSlots): Promise<void> {
    await this.#main.step('gwReleaseSlots', this.#redisKeys.slots(key), slots)
  }

  async invalidate(what: Outdated): Promise<void> {
    const generation = randomBytes(6).toString('base64url')
    if (what === 'everything') {
      await this.#main.run('set', (client) => client.set(generations.everything, generation, 'PX', stampLife))
      return
    }
    const names = what === 'records' ? [] : what
    await this.#main.step(
      'gwOutdate',
      [generations.records, generations.modules],
      [generation, stampLife, ...names],
    )
  }

  async ping(): Promise<void> {
    await this.#main.run('ping', (client) => client.ping())
  }

  async count(): Promise<number> {
    return this.#main.run('zcard', (client) => client.zcard(queue))
  }

  async close(): Promise<void> {
    this.#main.close()
    this.#endings.close()
  }

  /** Where there are replicas, one of them must have an ending before it counts: a failover would bring the session back. */
  async #acknowledge(
    key: string,
    { replicas, history }: { readonly replicas: unknown; readonly history: unknown },
    ended: readonly PortalSession[],
  ): Promise<void> {
    if (Number(replicas) === 0) return
    try {
      // In a cluster a pipeline goes to the node of its keys, and WAIT has none of its own.
      const replies = await this.#endings.run('wait', (client) =>
        client.pipeline().exists(key).wait(1, limits.replica).info('replication').exec(),
      )
      const [, [error, reached] = [], [, state] = []] = replies ?? []
      if (error !== null || Number(reached) < 1) throw unavailable(error ?? new Error('no replica has it'))
      // A new master may not know of it.
      if (!String(state).includes(`master_replid:${text(history)}`))
        throw unavailable(new Error('another master'))
    } catch (error) {
      this.#unacknowledged.push(...ended.filter(({ upstream }) => upstream !== undefined))
      throw error
    }
  }

  #seal(location: SessionKeys, session: PortalSession): Buffer {
    return this.#ring.seal(location.session, pack(session))
  }

  /** A session as the steps tell it: name, sealed facts, last seen, generation. Empty, or sealed by no key that we have: none. */
  #session(told: unknown): PortalSession | undefined {
    const [name, sealed, seen, generation] = list(told)
    if (!Buffer.isBuffer(sealed)) return undefined
    const session = this.#opened.open(text(name), sealed)
    return session && { ...session, lastSeenAt: Number(seen), generation: Number(generation) }
  }

  #sessions(told: unknown): PortalSession[] {
    return list(told).flatMap((each) => this.#session(each) ?? [])
  }

  /** @throws GatewayError for a value that no key of ours opens: there is something, so it must not count as nothing */
  #openedValue(told: unknown): string | undefined {
    const [name, sealed] = list(told)
    if (!Buffer.isBuffer(sealed)) return undefined
    const value = this.#ring.open(text(name), sealed)
    if (value !== undefined) return value
    throw unavailable(new Error('a value is sealed by a key we do not have'))
  }
}
