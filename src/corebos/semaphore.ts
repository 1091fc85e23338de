/**
 * Slots for running calls: a number in total, one in each session queue. Waiting calls are served round robin, first
 * between the two kinds and then between the keys of one kind; neither a kind nor a key may hold all slots.
 */
import { FairQueue } from './fair-queue.ts'
import { boundsOf, Tally, type CallKind, type QueueLimit, type Share } from './queue-limit.ts'
import { reasonOf } from './request-calls.ts'

interface Waiting {
  readonly share: Share
  readonly sessionQueue: string | undefined
  readonly start: () => void
}

type Line = FairQueue<string | undefined, Waiting>

export class Semaphore {
  readonly #slots: number
  readonly #bounds: ReturnType<typeof boundsOf>
  readonly #limit: QueueLimit
  readonly #held = new Tally()
  readonly #lanes = new Set<string>()
  /** The kind that is served next is first. */
  readonly #lines = new Map<CallKind, Line>([
    ['access', new FairQueue()],
    ['records', new FairQueue()],
  ])

  constructor(slots: number, limit: QueueLimit) {
    this.#slots = slots
    this.#bounds = boundsOf(slots)
    this.#limit = limit
  }

  /** Slots in use. */
  get held(): number {
    return this.#held.all
  }

  /**
   * Waits for a slot.
   *
   * @returns a function that releases the slot; must be called once
   * @throws GatewayError `COREBOS_BUSY` if the queue is full; the reason of `signal` if it ends the waiting
   */
  async acquire(share: Share, sessionQueue: string | undefined, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    // What waits is not admitted, or it would have been served when a slot came free: nothing is overtaken here.
    if (this.#admits(share, sessionQueue)) this.#take(share, sessionQueue)
    else await this.#wait(share, sessionQueue, signal)
    return () => {
      this.#held.add(share, -1)
      if (sessionQueue !== undefined) this.#lanes.delete(sessionQueue)
      this.#serve()
    }
  }

  #admits(share: Share, sessionQueue: string | undefined): boolean {
    const held = this.#held
    if (held.all >= this.#slots || (sessionQueue !== undefined && this.#lanes.has(sessionQueue))) return false
    if (share.key === undefined) return true
    return held.ofKind(share) < this.#bounds.kind && held.ofKey(share) < this.#bounds.key
  }

  #take(share: Share, sessionQueue: string | undefined): void {
    this.#held.add(share, 1)
    if (sessionQueue !== undefined) this.#lanes.add(sessionQueue)
  }

  async #wait(share: Share, sessionQueue: string | undefined, signal: AbortSignal): Promise<void> {
    this.#limit.enter(share)
    const line = this.#lines.get(share.kind)
    let waiting: Waiting | undefined
    let giveUp: (() => void) | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        giveUp = () => reject(reasonOf(signal))
        signal.addEventListener('abort', giveUp, { once: true })
        waiting = { share, sessionQueue, start: resolve }
        line?.add(share.key, waiting)
      })
    } finally {
      if (waiting !== undefined) line?.remove(share.key, waiting)
      if (giveUp !== undefined) signal.removeEventListener('abort', giveUp)
      this.#limit.leave(share)
    }
  }

  #serve(): void {
    for (let served = true; served && this.#held.all < this.#slots;) served = this.#serveOne()
  }

  #serveOne(): boolean {
    for (const [kind, line] of this.#lines) {
      const next = line.next(({ share, sessionQueue }) => this.#admits(share, sessionQueue))
      if (next === undefined) continue
      this.#take(next.share, next.sessionQueue)
      this.#lines.delete(kind)
      this.#lines.set(kind, line)
      next.start()
      return true
    }
    return false
  }
}
