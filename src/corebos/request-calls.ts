/**
 * State that all coreBOS calls of one request share: the account under which they run, when they end, and how many may
 * run concurrently and in total. It is stored in the asynchronous context, so no call of a request is missed.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { setMaxListeners } from 'node:events'
import { GatewayError } from '../model/errors.ts'
import type { CallKind, Share } from './queue-limit.ts'

export interface RequestCallsOptions {
  /** Read at each call: a request may log in while it runs. */
  readonly share: () => Share
  /** Aborted when the client has disconnected. Read at the first call: many requests make none. */
  readonly signal: () => AbortSignal
  /** Concurrent calls of the request, running or waiting. */
  readonly atOnce: number
  /** Calls of the request in total. */
  readonly inAll: number
}

/** The calls of one request. Shared work that a request begins counts as its own. */
export class RequestCalls {
  readonly share: () => Share
  readonly #options: RequestCallsOptions
  #signal: AbortSignal | undefined
  readonly #waiting = new Set<() => void>()
  #underWay = 0
  #made = 0

  constructor(options: RequestCallsOptions) {
    this.#options = options
    this.share = options.share
  }

  get signal(): AbortSignal {
    if (this.#signal !== undefined) return this.#signal
    this.#signal = this.#options.signal()
    // One listener for each waiting call.
    setMaxListeners(0, this.#signal)
    return this.#signal
  }

  /** @throws GatewayError `TOO_MANY_CALLS`; the reason of `signal`, also while it waits */
  async take(signal: AbortSignal): Promise<() => void> {
    const { atOnce, inAll } = this.#options
    signal.throwIfAborted()
    if (this.#made >= inAll) {
      throw new GatewayError(
        'TOO_MANY_CALLS',
        `one request may make ${inAll} calls of coreBOS; request fewer records or references`,
      )
    }
    this.#made += 1
    if (this.#underWay < atOnce) this.#underWay += 1
    else await this.#wait(signal)
    return () => {
      const [next] = this.#waiting
      if (next === undefined) this.#underWay -= 1
      else {
        this.#waiting.delete(next)
        next()
      }
    }
  }

  async #wait(signal: AbortSignal): Promise<void> {
    let start: (() => void) | undefined
    let leave: (() => void) | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        start = resolve
        leave = () => reject(reasonOf(signal))
        this.#waiting.add(start)
        signal.addEventListener('abort', leave, { once: true })
      })
    } finally {
      if (start !== undefined) this.#waiting.delete(start)
      if (leave !== undefined) signal.removeEventListener('abort', leave)
    }
  }
}

interface Frame {
  readonly calls: RequestCalls
  readonly signal: () => AbortSignal
  readonly share: () => Share
  /** Set within a call: further calls that it makes are a part of it. */
  readonly isCall: boolean
}

const frames = new AsyncLocalStorage<Frame>()

const gatewayShare: Share = { kind: 'access', key: undefined }

/** Runs a request, or a part of it. */
export function inRequest<T>(calls: RequestCalls, work: () => T): T {
  return frames.run({ calls, signal: () => calls.signal, share: calls.share, isCall: false }, work)
}

/**
 * Runs work of the gateway itself: outside the limits of the request that causes it, and to its end even if the client
 * has disconnected. Examples are its own log-ins, and the log-out of sessions that must not stay open.
 */
export function asGateway<T>(work: () => T): T {
  return frames.exit(work)
}

/** The account of calls made here; outside of a request it is the gateway, as for operators. */
export function currentShare(): Share {
  return frames.getStore()?.share() ?? gatewayShare
}

/** The signal that ends calls made here; undefined: none. */
export function currentSignal(): AbortSignal | undefined {
  return frames.getStore()?.signal()
}

/** Runs work that several requests may wait for: it ends with `signal` and not with the request that began it. */
export function asShared<T>(signal: AbortSignal, kind: CallKind | undefined, work: () => T): T {
  const frame = frames.getStore()
  if (frame === undefined) return work()
  const share = kind === undefined ? frame.share : () => ({ kind, key: frame.share().key })
  return frames.run({ ...frame, signal: () => signal, share }, work)
}

/**
 * Makes one call within the limits of its request; outside of a request there are none. Calls within the call are parts
 * of it, so no call waits for itself.
 *
 * @param call receives the signal that ends its waiting; once sent, it runs to its end
 * @throws GatewayError `CLIENT_CLOSED_REQUEST`, `TOO_MANY_CALLS`; what `call` throws
 */
export async function bounded<T>(
  call: (signal: AbortSignal | undefined) => Promise<T>,
  own?: AbortSignal,
): Promise<T> {
  const frame = frames.getStore()
  if (frame === undefined) return call(own)
  const ends = frame.signal()
  const signal = own === undefined || own === ends ? ends : AbortSignal.any([ends, own])
  if (frame.isCall) return call(signal)
  const leave = await frame.calls.take(signal)
  try {
    signal.throwIfAborted()
    return await frames.run({ ...frame, isCall: true }, () => call(signal))
  } finally {
    leave()
  }
}

export function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason })
}
