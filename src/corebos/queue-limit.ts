/** How many calls may wait, in all, of each kind and for each key; and what each may hold of a number of slots. */
import { GatewayError } from '../model/errors.ts'

/** `access`: log-ins, re-checks of access and descriptions of modules. `records`: what logged-in contacts ask for. */
export type CallKind = 'access' | 'records'

/** On whose account a call waits and runs. */
export interface Share {
  readonly kind: CallKind
  /** A contact's id or, before a log-in, an address; undefined: the gateway itself, which has no bound of its own. */
  readonly key: string | undefined
}

/** Seconds after which a caller may try again that found the queue full, or waited in it too long. */
const retryAfterRush = 1

/** The calls of one request always have room, however short the queue. */
const leastPerKey = 4

export function busy(): GatewayError {
  return new GatewayError('COREBOS_BUSY', undefined, { retryAfter: retryAfterRush })
}

/** How many places each kind, and each key, may have of a number of them. A quarter is kept from each kind for the other. */
export function boundsOf(places: number): { readonly kind: number; readonly key: number } {
  return { kind: places - Math.floor(places / 4), key: Math.ceil(places / 2) }
}

/** Counts by share. */
export class Tally {
  #all = 0
  readonly #counts = new Map<string, number>()

  get all(): number {
    return this.#all
  }

  ofKind({ kind }: Share): number {
    return this.#counts.get(kind) ?? 0
  }

  ofKey(share: Share): number {
    return this.#counts.get(nameOf(share)) ?? 0
  }

  add(share: Share, more: 1 | -1): void {
    this.#all += more
    for (const name of [share.kind, nameOf(share)]) {
      const count = (this.#counts.get(name) ?? 0) + more
      if (count === 0) this.#counts.delete(name)
      else this.#counts.set(name, count)
    }
  }
}

function nameOf({ kind, key }: Share): string {
  return JSON.stringify([kind, key])
}

/** Bounds the waiting calls of one semaphore, or of several together. */
export class QueueLimit {
  readonly #limit: number
  readonly #waiting = new Tally()

  constructor(limit: number) {
    this.#limit = limit
  }

  get waiting(): number {
    return this.#waiting.all
  }

  /** @throws GatewayError `COREBOS_BUSY` where the queue is full, in all or for this share */
  enter(share: Share): void {
    const waiting = this.#waiting
    const perKind = boundsOf(this.#limit).kind
    const perKey = Math.max(leastPerKey, Math.ceil(this.#limit / 4))
    const isFull =
      waiting.all >= this.#limit ||
      (share.key !== undefined && (waiting.ofKind(share) >= perKind || waiting.ofKey(share) >= perKey))
    if (isFull) throw busy()
    waiting.add(share, 1)
  }

  leave(share: Share): void {
    this.#waiting.add(share, -1)
  }
}
