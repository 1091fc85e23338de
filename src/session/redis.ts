/** The store that several instances share: the steps of `lua.ts`, sealed by `seal.ts`, on one connection of `connection.ts`. */
import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { GatewayError } from '../errors.ts'
import { connect, limits, type Client } from './connection.ts'
import {
  labelled,
  stampLife,
  type NewSession,
  type Opened,
  type PortalSession,
  type Reading,
  type Rotation,
  type SessionFacts,
  type SessionLife,
  type Store,
  type Take,
  type Taken,
} from './contract.ts'
import { Counters } from './counters.ts'
import type { Script } from './lua.ts'
import { pack, unpack } from './packed.ts'
import { refreshTokens, type RefreshTokens } from './refresh.ts'
import { KeyRing, slotTag, type SealKey } from './seal.ts'

export interface RedisOptions {
  readonly url: string
  /** 32 bytes each; the first writes, all read. */
  readonly keys: readonly Buffer[]
  readonly life: SessionLife
  readonly now: () => number
  /** Told when the connection changes, for the log. */
  readonly onState?: (state: 'ready' | 'lost', error?: Error) => void
}

/** How long Redis keeps a session that ran out, so that its coreBOS session can still be ended. */
const slack = 600_000
const queue = 'gw:queue'
const stampOfAll = 'gw:all'

type Argument = string | number | Buffer
type StepCommands = { [S in Script as `${S}Buffer`]: (keys: number, ...args: Argument[]) => Promise<unknown> }

declare module 'ioredis' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars, @typescript-eslint/no-empty-object-type -- the names must match to merge
  interface RedisCommander<Context> extends StepCommands {}
}

/** Where a session is kept, read off its id: key of the ring, hash tag, name of its contact, and randomness. */
interface Place {
  readonly key: SealKey
  readonly contact: string
  readonly session: string
  readonly index: string
  readonly stamp: string
}

export class RedisStore implements Store {
  readonly #ring: KeyRing
  readonly #life: SessionLife
  readonly #now: () => number
  readonly #client: Client
  /** Endings wait for a replica, which must not hold up everybody else's connection. */
  readonly #endings: Client
  readonly #clustered: boolean
  readonly #tokens: RefreshTokens
  /** Limits of this process alone, for as long as Redis is away. */
  readonly #own = new Counters(100_000)
  /** Ended, but not acknowledged: nobody else has heard of them. */
  #unacknowledged: PortalSession[] = []

  constructor(options: RedisOptions) {
    this.#ring = new KeyRing(options.keys)
    this.#life = options.life
    this.#now = options.now
    this.#tokens = refreshTokens((id) => this.#placeOf(id)?.key.signing)
    this.#client = connect(options.url)
    this.#endings = connect(options.url)
    this.#clustered = this.#client.isCluster
    this.#client.on('ready', () => options.onState?.('ready'))
    this.#client.on('error', (error: Error) => options.onState?.('lost', error))
    this.#endings.on('error', () => {
      // The same server says the same to the first connection.
    })
  }

  /** A store that is connected, or still trying after `patience` milliseconds: whoever starts without Redis says so when asked. */
  static async open(options: RedisOptions, patience = 3000): Promise<RedisStore> {
    const store = new RedisStore(options)
    await Promise.race([
      Promise.all([ready(store.#client), ready(store.#endings)]),
      wait(patience, undefined, { ref: false }),
    ])
    return store
  }

  async create(facts: NewSession, reset: readonly string[] = []): Promise<Opened> {
    const now = this.#now()
    const place = this.#newPlace(facts.contact.id)
    const session: PortalSession = {
      ...labelled(facts),
      id: place.id,
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
      this.#seal(place, session),
    ]
    const forget = reset.flatMap((key) => this.#counter(key))
    if (this.#clustered) {
      await this.#step('gwCreate', [place.session, place.index], [...args, 0])
      await this.#guard(() =>
        Promise.all([
          this.#client.zadd(queue, now + ends, place.session),
          ...forget.map((name) => this.#client.del(name)),
        ]),
      )
    } else {
      await this.#step('gwCreate', [place.session, place.index, queue, ...forget], [...args, 1])
    }
    return { session, refreshToken: this.#tokens.issue(session.id, 1) }
  }

  async read(id: string, takes: readonly Take[] = []): Promise<Reading> {
    const place = this.#placeOf(id)
    if (place === undefined) return { session: undefined, stamp: '', takes: await this.take(takes) }
    const args = [this.#now(), this.#life.idle, slack]
    if (!this.#clustered) {
      const keys = [place.session, place.stamp, stampOfAll, ...this.#names(takes)]
      const [found, stamps, taken] = list(
        await this.#step('gwRead', keys, [...args, 1, ...this.#takeArguments(takes)]),
      )
      return {
        session: this.#session(found),
        stamp: list(stamps).map(text).join('.'),
        takes: readTakes(taken),
      }
    }
    const [reading, all, taken] = await Promise.all([
      this.#step('gwRead', [place.session, place.stamp], [...args, 0, 1]),
      this.#guard(() => this.#client.get(stampOfAll)),
      this.take(takes),
    ])
    const [found, stamps] = list(reading)
    return {
      session: this.#session(found),
      stamp: `${list(stamps).map(text).join()}.${all ?? ''}`,
      takes: taken,
    }
  }

  async rotate(refreshToken: string): Promise<Rotation> {
    const claim = this.#tokens.read(refreshToken)
    const place = claim && this.#placeOf(claim.sessionId)
    if (claim === undefined || place === undefined) return { kind: 'unknown' }
    const args = [this.#now(), this.#life.idle, slack, this.#life.grace, claim.generation]
    const [verdict, found] = list(await this.#step('gwRotate', [place.session, place.index], args))
    const session = this.#session(found)
    if (session === undefined) return { kind: 'unknown' }
    if (text(verdict) === 'reused') return { kind: 'reused', session }
    return { kind: 'rotated', session, refreshToken: this.#tokens.issue(session.id, session.generation) }
  }

  async update(id: string, facts: SessionFacts): Promise<boolean> {
    const place = this.#placeOf(id)
    if (place === undefined) return false
    for (;;) {
      const found = list(await this.#step('gwLook', [place.session], [this.#now(), this.#life.idle]))
      const session = this.#session(found)
      const before = found[1]
      if (session === undefined || !Buffer.isBuffer(before)) return false
      const after = this.#seal(place, { ...session, ...facts })
      const done = await this.#step(
        'gwUpdate',
        [place.session],
        [this.#now(), this.#life.idle, before, after],
      )
      if (done !== 0) return done === 1
    }
  }

  async list(contactId: string): Promise<readonly PortalSession[]> {
    const [found] = list(
      await this.#step('gwAll', this.#indexes(contactId), [this.#now(), this.#life.idle, 0, '']),
    )
    return this.#sessions(found).toSorted((a, b) => b.createdAt - a.createdAt)
  }

  async end(id: string, contactId?: string): Promise<PortalSession | undefined> {
    const place = this.#placeOf(id)
    if (place === undefined) return undefined
    if (contactId !== undefined && place.contact !== contactName(place.key, contactId)) return undefined
    const keys = [place.session, place.index]
    const ended = await this.#step('gwEnd', keys, [this.#now(), this.#life.idle], this.#endings)
    const [found, replicas] = list(ended)
    const session = this.#session(found)
    await this.#acknowledge(place.session, replicas, session === undefined ? [] : [session])
    return session
  }

  async endAll(contactId: string, except?: string): Promise<readonly PortalSession[]> {
    const spared = except === undefined ? undefined : this.#placeOf(except)
    const indexes = this.#indexes(contactId)
    const args = [this.#now(), this.#life.idle, 1, spared?.session ?? '']
    const [found, replicas] = list(await this.#step('gwAll', indexes, args, this.#endings))
    const sessions = this.#sessions(found)
    await this.#acknowledge(indexes[0] ?? '', replicas, sessions)
    return sessions
  }

  async reap(): Promise<readonly PortalSession[]> {
    const now = this.#now()
    const ranOut = this.#unacknowledged.splice(0)
    const keys = list(await this.#step('gwDue', [queue], [now, now + 60_000, 500])).map(text)
    await Promise.all(
      keys.map(async (key) => {
        const [next, found] = list(await this.#step('gwExpire', [key], [now, this.#life.idle]))
        const session = this.#session(found)
        if (session?.upstream !== undefined) ranOut.push(session)
        const end = Number(next)
        await this.#guard(() =>
          end > 0 ? this.#client.zadd(queue, end, key) : this.#client.zrem(queue, key),
        )
      }),
    )
    return ranOut
  }

  async take(takes: readonly Take[]): Promise<readonly Taken[]> {
    if (takes.length === 0) return []
    const now = this.#now()
    try {
      if (!this.#clustered) {
        return readTakes(await this.#step('gwTake', this.#names(takes), [now, ...this.#takeArguments(takes)]))
      }
      const step = async (take: Take) =>
        readTakes(await this.#step('gwTake', this.#counter(take.key), [now, ...this.#takeArguments([take])]))
      return (await Promise.all(takes.map(step))).flat()
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      return takes.map((take) =>
        take.kind === 'budget'
          ? { allowed: false, count: take.max, resetIn: limits.command }
          : this.#own.take(take, now),
      )
    }
  }

  async reset(keys: readonly string[]): Promise<void> {
    const names = keys.flatMap((key) => this.#counter(key))
    if (names.length === 0) return
    await this.#guard<unknown>(() =>
      this.#clustered ? Promise.all(names.map((name) => this.#client.del(name))) : this.#client.del(...names),
    )
  }

  async claim(key: string, value: string, ttl: number): Promise<string | undefined> {
    const names = this.#value(key)
    return this.#opened(
      await this.#step('gwClaim', names, [this.#now(), ttl, this.#ring.seal(names[0], value)]),
    )
  }

  async put(key: string, value: string, ttl: number): Promise<void> {
    const names = this.#value(key)
    await this.#step('gwPut', names, [this.#now(), ttl, this.#ring.seal(names[0], value)])
  }

  async get(key: string): Promise<string | undefined> {
    return this.#opened(await this.#step('gwGet', this.#value(key), [this.#now(), 0]))
  }

  async pull(key: string): Promise<string | undefined> {
    return this.#opened(await this.#step('gwGet', this.#value(key), [this.#now(), 1]))
  }

  async invalidate(contactId?: string): Promise<void> {
    const stamp = randomBytes(6).toString('base64url')
    const names = contactId === undefined ? [stampOfAll] : this.#contactNames(contactId, 'stamp')
    await this.#guard(() => Promise.all(names.map((name) => this.#client.set(name, stamp, 'PX', stampLife))))
  }

  async ping(): Promise<void> {
    await this.#guard(() => this.#client.ping())
  }

  async close(): Promise<void> {
    this.#client.disconnect()
    this.#endings.disconnect()
  }

  /** One step of `lua.ts`, all of whose keys are in one slot. */
  #step(
    step: Script,
    keys: readonly string[],
    args: readonly Argument[],
    client = this.#client,
  ): Promise<unknown> {
    return this.#guard(() => client[`${step}Buffer`](keys.length, ...keys, ...args), client)
  }

  async #guard<T>(command: () => Promise<T>, client = this.#client): Promise<T> {
    try {
      return await command()
    } catch (error) {
      // A server that hangs may be master no more: whatever it says later is not to be heard.
      if (error instanceof Error && error.message === 'Command timed out') client.disconnect(true)
      throw new GatewayError('STORE_UNAVAILABLE', undefined, { retryAfter: 1, cause: error })
    }
  }

  /** Where there are replicas, one of them must have an ending before it counts: a failover would bring the session back. */
  async #acknowledge(key: string, replicas: unknown, ended: readonly PortalSession[]): Promise<void> {
    if (Number(replicas) === 0) return
    try {
      // In a cluster a pipeline goes to the node of its keys, and WAIT has none of its own.
      const pipeline = this.#endings.pipeline().exists(key).wait(1, limits.replica)
      const replies = await this.#guard(() => pipeline.exec(), this.#endings)
      const [error, reached] = replies?.[1] ?? []
      if (error === null && Number(reached) >= 1) return
      throw new GatewayError('STORE_UNAVAILABLE', undefined, {
        retryAfter: 1,
        cause: error ?? new Error('no replica has it'),
      })
    } catch (error) {
      this.#unacknowledged.push(...ended.filter(({ upstream }) => upstream !== undefined))
      throw error
    }
  }

  #newPlace(contactId: string): Place & { readonly id: string } {
    const key = this.#ring.first
    const id = `${key.id}${slotTag(contactId)}${contactName(key, contactId)}${randomBytes(16).toString('base64url')}`
    const place = this.#placeOf(id)
    if (place === undefined) throw new Error('a session id that was just made cannot be read')
    return { ...place, id }
  }

  #placeOf(id: string): Place | undefined {
    const [, keyId = '', tag = '', contact = ''] =
      /^([\w-]{6})([\da-f]{2})([\w-]{11})[\w-]{22}$/.exec(id) ?? []
    const key = this.#ring.byId(keyId)
    if (key === undefined) return undefined
    const session = `gw:{${tag}}s:${key.name('session', id)}`
    return { key, contact, session, index: indexName(tag, contact), stamp: stampName(tag, contact) }
  }

  #contactNames(contactId: string, what: 'index' | 'stamp'): string[] {
    const name = what === 'index' ? indexName : stampName
    return this.#ring.all.map((key) => name(slotTag(contactId), contactName(key, contactId)))
  }

  #indexes(contactId: string): string[] {
    return this.#contactNames(contactId, 'index')
  }

  #counter(key: string): string[] {
    return this.#ring.all.map((sealKey) => `gw:{${slotTag(key)}}c:${sealKey.name('counter', key)}`)
  }

  #value(key: string): [string, ...string[]] {
    const name = (sealKey: SealKey) => `gw:{${slotTag(key)}}v:${sealKey.name('value', key)}`
    return [name(this.#ring.first), ...this.#ring.all.slice(1).map(name)]
  }

  #names(takes: readonly Take[]): string[] {
    return takes.flatMap(({ key }) => this.#counter(key))
  }

  #takeArguments(takes: readonly Take[]): number[] {
    return [this.#ring.all.length, ...takes.flatMap(({ max, window, cost = 1 }) => [max, window, cost])]
  }

  #seal(place: Place, session: PortalSession): Buffer {
    return this.#ring.seal(place.session, pack(session))
  }

  /** A session as the steps tell it: name, sealed facts, last seen, generation. Empty, or sealed by no key that we have: none. */
  #session(told: unknown): PortalSession | undefined {
    const [name, sealed, seen, generation] = list(told)
    if (!Buffer.isBuffer(sealed)) return undefined
    const facts = this.#ring.open(text(name), sealed)
    const session = facts === undefined ? undefined : unpack(facts)
    return session && { ...session, lastSeenAt: Number(seen), generation: Number(generation) }
  }

  #sessions(told: unknown): PortalSession[] {
    return list(told).flatMap((each) => this.#session(each) ?? [])
  }

  /** @throws GatewayError for a value that no key of ours opens: there is something, so it must not count as nothing */
  #opened(told: unknown): string | undefined {
    const [name, sealed] = list(told)
    if (!Buffer.isBuffer(sealed)) return undefined
    const value = this.#ring.open(text(name), sealed)
    if (value !== undefined) return value
    throw new GatewayError('STORE_UNAVAILABLE', undefined, {
      cause: new Error('a value is sealed by a key we do not have'),
    })
  }
}

async function ready(client: Client): Promise<void> {
  if (client.status !== 'ready') await new Promise((resolve) => client.once('ready', resolve))
}

function contactName(key: SealKey, contactId: string): string {
  return key.name('contact', contactId, 11)
}

function indexName(tag: string, contact: string): string {
  return `gw:{${tag}}i:${contact}`
}

function stampName(tag: string, contact: string): string {
  return `gw:{${tag}}t:${contact}`
}

function readTakes(told: unknown): Taken[] {
  const numbers = list(told).map(Number)
  return Array.from({ length: numbers.length / 3 }, (_, index) => {
    const [allowed = 0, count = 0, resetIn = 0] = numbers.slice(3 * index)
    return { allowed: allowed === 1, count, resetIn }
  })
}

function list(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : []
}

function text(reply: unknown): string {
  return Buffer.isBuffer(reply) ? reply.toString() : typeof reply === 'string' ? reply : ''
}
