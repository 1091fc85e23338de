/** Limits that all instances count together; while Redis is away, each counts alone. */
import { GatewayError } from '../../model/errors.ts'
import type { RateCheck, RateResult } from '../contract.ts'
import { Counters } from '../memory/counters.ts'
import { limits, type Connection } from './connection.ts'
import type { RedisKeys } from './keys.ts'
import { readTakes } from './replies.ts'

export class RedisLimits {
  readonly #connection: Connection
  readonly #places: RedisKeys
  /** Under how many keys a counter may stand: those of all encryption keys. */
  readonly #keyCount: number
  readonly #now: () => number
  /** Of this process alone. */
  readonly #own = new Counters(100_000)

  constructor(connection: Connection, places: RedisKeys, keyCount: number, now: () => number) {
    this.#connection = connection
    this.#places = places
    this.#keyCount = keyCount
    this.#now = now
  }

  async take(takes: readonly RateCheck[]): Promise<readonly RateResult[]> {
    if (takes.length === 0) return []
    const now = this.#now()
    try {
      if (!this.#connection.isCluster) {
        return readTakes(
          await this.#connection.step('gwTake', this.names(takes), [now, ...this.arguments(takes)]),
        )
      }
      return (await Promise.all(chains(takes).map(async (chain) => this.#takeInTurn(chain, now)))).flat()
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      return this.takeAlone(takes)
    }
  }

  /** In a cluster each counter has a slot of its own: one step each, and those that follow another after it. */
  async #takeInTurn(chain: readonly RateCheck[], now: number): Promise<RateResult[]> {
    const taken: RateResult[] = []
    for (const take of chain) {
      const rejected = taken.at(-1)?.allowed === false
      const asked = rejected ? { ...take, cost: 0 } : take
      const names = this.#places.counter(take.key)
      const told = await this.#connection.step('gwTake', names, [now, ...this.arguments([asked])])
      taken.push(...readTakes(told).map((each) => (rejected ? { ...each, allowed: false } : each)))
    }
    return taken
  }

  takeAlone(takes: readonly RateCheck[]): RateResult[] {
    return chains(takes).flatMap((chain) =>
      chain.some(({ kind }) => kind === 'budget')
        ? chain.map(({ max }) => ({ allowed: false, count: max, resetIn: limits.command, away: true }))
        : this.#own.takeAll(chain, this.#now()).map((taken) => ({ ...taken, away: true })),
    )
  }

  async giveBack(takes: readonly RateCheck[]): Promise<void> {
    await Promise.all(
      takes.map(async ({ key, cost = 1 }) =>
        this.#connection.step('gwGiveBack', this.#places.counter(key), [this.#now(), cost]),
      ),
    )
  }

  async reset(keys: readonly string[]): Promise<void> {
    const names = keys.flatMap((key) => this.#places.counter(key))
    if (names.length === 0) return
    await this.#connection.run<unknown>('del', (client) =>
      client.isCluster ? Promise.all(names.map((name) => client.del(name))) : client.del(...names),
    )
  }

  names(takes: readonly RateCheck[]): string[] {
    return takes.flatMap(({ key }) => this.#places.counter(key))
  }

  arguments(takes: readonly RateCheck[]): number[] {
    return [this.#keyCount, ...takes.flatMap(takeNumbers)]
  }
}

/** Each take with those that follow it. */
function chains(takes: readonly RateCheck[]): RateCheck[][] {
  const all: RateCheck[][] = []
  for (const take of takes) {
    const last = all.at(-1)
    if (take.follows === true && last !== undefined) last.push(take)
    else all.push([take])
  }
  return all
}

function takeNumbers({ max, window, cost = 1, follows }: RateCheck): number[] {
  return [max, window, cost, follows === true ? 1 : 0]
}
