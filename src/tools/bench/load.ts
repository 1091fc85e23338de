/** Puts requests to a process, and says what they cost. */
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { Pool } from 'undici'

export interface Sent {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** One kind of request: the n-th of them. */
export type Requests = (n: number) => Sent

export class Target {
  readonly #pool: Pool
  #sent = 0
  failed = 0

  constructor(url: string) {
    this.#pool = new Pool(new URL(url).origin, { connections: 64, pipelining: 1 })
  }

  /** The next request of a kind. */
  async send(requests: Requests): Promise<void> {
    const { method, path, headers, body } = requests(this.#sent++)
    const response = await this.#pool.request({ method, path, headers, body: body ?? null })
    if (response.statusCode !== 200) this.failed += 1
    await response.body.dump({ limit: 2 ** 24 })
  }

  /** As many as are given, some at once. */
  async burst(requests: Requests, count: number, atOnce: number): Promise<void> {
    let left = count
    const worker = async () => {
      while (left-- > 0) await this.send(requests)
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
  }

  /** {@link atRate} for one kind of request. @returns milliseconds */
  async openLoop(requests: Requests, perSecond: number, seconds: number): Promise<number[]> {
    return atRate(perSecond, seconds, async () => this.send(requests))
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }
}

/**
 * Sends at a fixed rate, whether or not earlier requests are answered. Each is timed from the moment at which it should
 * have been sent.
 *
 * @returns milliseconds
 */
export async function atRate(
  perSecond: number,
  seconds: number,
  send: (n: number) => Promise<void>,
): Promise<number[]> {
  const began = performance.now()
  const answered: Promise<number>[] = []
  for (let n = 0; n < perSecond * seconds; n++) {
    const due = began + (n * 1000) / perSecond
    const wait = due - performance.now()
    if (wait > 1) await delay(wait)
    answered.push(send(n).then(() => performance.now() - due))
  }
  return Promise.all(answered)
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}
