/**
 * What all coreBOS calls of one request have in common: on whose account they run, when they end, and how many there
 * may be at once and in all. It travels in the asynchronous context, so that no call of a request is left out.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { setMaxListeners } from 'node:events'
import { GatewayError } from '../model/errors.ts'
import type { CallKind, Share } from './queue-limit.ts'

export interface RequestCallsOptions {
  /** Asked at each call: a request may log in on its way. */
  readonly share: () => Share
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal
  /** Calls of the request under way or waiting for coreBOS at once. */
  readonly atOnce: number
  /** Calls of the request in all. */
  readonly inAll: number
}

/** The calls of one request. Shared work that a request begins counts as its own. */
export class RequestCalls {
  readonly share: () => Share
  readonly signal: AbortSignal
  readonly #options: RequestCallsOptions
  readonly #waiting = new Set<() => void>()
  #underWay = 0
  #made = 0

  constructor(options: RequestCallsOptions) {
    this.#options = options
    this.share = options.share
    this.signal = options.signal
    // One listener for each waiting call.
    setMaxListeners(0, options.signal)
  }

  /** @throws GatewayError `TOO_MANY_CALLS`; the reason of `signal`, also while it waits */
  async take(signal: AbortSignal): Promise<() => void> {
    const { atOnce, inAll } = this.#options
    signal.throwIfAborted()
    if (this.#made >= inAll) {
      throw new GatewayError('TOO_MANY_CALLS', `one request may take ${inAll} calls of coreBOS`)
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
  readonly signal: AbortSignal
  readonly share: () => Share
  /** Set within a call: what that call itself sends is a part of it. */
  readonly isCall: boolean
}

const frames = new AsyncLocalStorage<Frame>()

const gatewayShare: Share = { kind: 'access', key: undefined }

/** Runs a request, or a part of it. */
export function inRequest<T>(calls: RequestCalls, work: () => T): T {
  return frames.run({ calls, signal: calls.signal, share: calls.share, isCall: false }, work)
}

/**
 * Runs what the gateway does on its own account: outside the bounds of the request that occasions it, and to its end
 * also when the client has gone. Its own log-ins, and the log-out of sessions that must not stay open.
 */
export function asGateway<T>(work: () => T): T {
  return frames.exit(work)
}

/** On whose account calls run here; outside of a request it is the gateway's, as for operators. */
export function currentShare(): Share {
  return frames.getStore()?.share() ?? gatewayShare
}

/** When calls made here end; undefined: never. */
export function currentSignal(): AbortSignal | undefined {
  return frames.getStore()?.signal
}

/** Runs work that several requests may wait for: it ends with `signal` and not with the request that began it. */
export function asShared<T>(signal: AbortSignal, kind: CallKind | undefined, work: () => T): T {
  const frame = frames.getStore()
  if (frame === undefined) return work()
  const share = kind === undefined ? frame.share : () => ({ kind, key: frame.share().key })
  return frames.run({ ...frame, signal, share }, work)
}

/**
 * Makes one call within the bounds of its request; outside of a request there are none. Calls within the call are
 * parts of it, so that nothing waits for itself.
 *
 * @param call given what ends its waiting; once it is sent it runs to its end
 * @throws GatewayError `CLIENT_CLOSED_REQUEST`, `TOO_MANY_CALLS`; what `call` throws
 */
export async function bounded<T>(
  call: (signal: AbortSignal | undefined) => Promise<T>,
  own?: AbortSignal,
): Promise<T> {
  const frame = frames.getStore()
  if (frame === undefined) return call(own)
  const signal =
    own === undefined || own === frame.signal ? frame.signal : AbortSignal.any([frame.signal, own])
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
