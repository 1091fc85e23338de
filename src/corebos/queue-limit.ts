/** Limits of waiting calls in total, of each kind and for each key; and the share of slots that each may hold. */
import { GatewayError } from '../model/errors.ts'

/** `access`: log-ins, re-checks of access and descriptions of modules. `records`: requests of logged-in contacts. */
export type CallKind = 'access' | 'records'

/** The account under which a call waits and runs. */
export interface Share {
  readonly kind: CallKind
  /** A contact's id or, before a log-in, an address; undefined: the gateway itself, which has no limit of its own. */
  readonly key: string | undefined
}

/** Seconds until a caller may try again whose call found the queue full, or waited too long. */
const retryAfterRush = 1

/** The calls of one request always fit, even in a short queue. */
const leastPerKey = 4

export function busy(): GatewayError {
  return new GatewayError('COREBOS_BUSY', undefined, { retryAfter: retryAfterRush })
}

/** The share of slots that each kind, and each key, may hold. A quarter is reserved for the other kind. */
export function boundsOf(slots: number): { readonly kind: number; readonly key: number } {
  return { kind: slots - Math.floor(slots / 4), key: Math.ceil(slots / 2) }
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

/** Limits the waiting calls of one semaphore, or of several together. */
export class QueueLimit {
  readonly #limit: number
  readonly #waiting = new Tally()

  constructor(limit: number) {
    this.#limit = limit
  }

  get waiting(): number {
    return this.#waiting.all
  }

  /** @throws GatewayError `COREBOS_BUSY` if the queue is full, in total or for this share */
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
