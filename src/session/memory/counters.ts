/** Fixed windows in this process: of the embedded store, and of every instance for as long as Redis is away. */
import type { RateCheck, RateResult } from '../contract.ts'
import { ExpiringMap } from './expiring.ts'

export class Counters {
  readonly #counts: ExpiringMap<number>

  /** @param capacity see `ExpiringMap` */
  constructor(capacity: number) {
    this.#counts = new ExpiringMap(capacity)
  }

  /** In this order; a check that follows a rejected one is rejected and not counted. */
  takeAll(checks: readonly RateCheck[], now: number): RateResult[] {
    const taken: RateResult[] = []
    for (const check of checks) {
      const rejected = check.follows === true && taken.at(-1)?.allowed === false
      taken.push(
        rejected ? { ...this.take({ ...check, cost: 0 }, now), allowed: false } : this.take(check, now),
      )
    }
    return taken
  }

  take({ key, max, window, cost = 1 }: RateCheck, now: number): RateResult {
    const counted = this.#counts.get(key, now)
    const before = counted?.value ?? 0
    const allowed = before + Math.max(1, cost) <= max
    const count = allowed ? before + cost : before
    if (counted !== undefined) this.#counts.replace(key, count)
    else if (count > 0) this.#counts.set(key, count, now + window, now)
    return { allowed, count, resetIn: count === 0 ? 0 : (counted?.endsAt ?? now + window) - now }
  }

  giveBack({ key, cost = 1 }: RateCheck, now: number): void {
    const counted = this.#counts.get(key, now)
    if (counted === undefined) return
    if (counted.value > cost) this.#counts.replace(key, counted.value - cost)
    else this.#counts.delete(key)
  }

  reset(keys: readonly string[]): void {
    for (const key of keys) this.#counts.delete(key)
  }
}
