/** Limits that all instances count together; while Redis is away, each counts alone. */
import { GatewayError } from '../../model/errors.ts'
import type { RateCheck, RateResult } from '../contract.ts'
import { Counters } from '../memory/counters.ts'
import { limits, type Connection } from './connection.ts'
import type { RedisKeys } from './keys.ts'
import { readResults } from './replies.ts'

export class RedisLimits {
  readonly #connection: Connection
  readonly #redisKeys: RedisKeys
  /** The number of keys that a counter may have: one for each encryption key. */
  readonly #keyCount: number
  readonly #now: () => number
  /** Of this process alone. */
  readonly #own = new Counters(100_000)

  constructor(connection: Connection, redisKeys: RedisKeys, keyCount: number, now: () => number) {
    this.#connection = connection
    this.#redisKeys = redisKeys
    this.#keyCount = keyCount
    this.#now = now
  }

  async take(checks: readonly RateCheck[]): Promise<readonly RateResult[]> {
    if (checks.length === 0) return []
    const now = this.#now()
    try {
      if (!this.#connection.isCluster) {
        return readResults(
          await this.#connection.step('gwTake', this.names(checks), [now, ...this.arguments(checks)]),
        )
      }
      return (await Promise.all(chains(checks).map(async (chain) => this.#takeInTurn(chain, now)))).flat()
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      return this.countAlone(checks)
    }
  }

  /** In a cluster each counter has a slot of its own: one step each, and those that follow another after it. */
  async #takeInTurn(chain: readonly RateCheck[], now: number): Promise<RateResult[]> {
    const taken: RateResult[] = []
    for (const check of chain) {
      const rejected = taken.at(-1)?.allowed === false
      const asked = rejected ? { ...check, cost: 0 } : check
      const names = this.#redisKeys.counter(check.key)
      const told = await this.#connection.step('gwTake', names, [now, ...this.arguments([asked])])
      taken.push(...readResults(told).map((each) => (rejected ? { ...each, allowed: false } : each)))
    }
    return taken
  }

  countAlone(checks: readonly RateCheck[]): RateResult[] {
    return chains(checks).flatMap((chain) =>
      chain.some(({ kind }) => kind === 'budget')
        ? chain.map(({ max }) => ({ allowed: false, count: max, resetIn: limits.command, away: true }))
        : this.#own.takeAll(chain, this.#now()).map((taken) => ({ ...taken, away: true })),
    )
  }

  async giveBack(checks: readonly RateCheck[]): Promise<void> {
    await Promise.all(
      checks.map(async ({ key, cost = 1 }) =>
        this.#connection.step('gwGiveBack', this.#redisKeys.counter(key), [this.#now(), cost]),
      ),
    )
  }

  async reset(keys: readonly string[]): Promise<void> {
    const names = keys.flatMap((key) => this.#redisKeys.counter(key))
    if (names.length === 0) return
    await this.#connection.run<unknown>('del', (client) =>
      client.isCluster ? Promise.all(names.map((name) => client.del(name))) : client.del(...names),
    )
  }

  names(checks: readonly RateCheck[]): string[] {
    return checks.flatMap(({ key }) => this.#redisKeys.counter(key))
  }

  arguments(checks: readonly RateCheck[]): number[] {
    return [this.#keyCount, ...checks.flatMap(numbersOf)]
  }
}

/** Each check with those that follow it. */
function chains(checks: readonly RateCheck[]): RateCheck[][] {
  const all: RateCheck[][] = []
  for (const check of checks) {
    const last = all.at(-1)
    if (check.follows === true && last !== undefined) last.push(check)
    else all.push([check])
  }
  return all
}

function numbersOf({ max, window, cost = 1, follows }: RateCheck): number[] {
  return [max, window, cost, follows === true ? 1 : 0]
}
