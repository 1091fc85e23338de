/** Asks whether something works, at most once at a time and not again for as long as the answer is fresh. */
import { setTimeout } from 'node:timers/promises'
import { GatewayError } from '../model/errors.ts'

/** Milliseconds. What works again should not be held to be broken for long. */
const failureFresh = 100

export interface ProbeOptions {
  /** How long an answer counts, in milliseconds. */
  readonly fresh: number
  /** How long to wait for one, in milliseconds; then it is `COREBOS_TIMEOUT`. */
  readonly timeout: number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** @returns a probe that rejects with the reason why `ask` fails */
export function cachedProbe(
  ask: () => Promise<void>,
  { fresh, timeout, now }: ProbeOptions,
): () => Promise<void> {
  let askAgain = -Infinity
  let answer = Promise.resolve()
  return async () => {
    if (now() >= askAgain) {
      askAgain = now() + fresh
      answer = inTime(ask(), timeout)
      answer.catch(() => (askAgain = Math.min(askAgain, now() + failureFresh)))
    }
    return answer
  }
}

async function inTime(answer: Promise<void>, patience: number): Promise<void> {
  const gaveUp = new AbortController()
  const { signal } = gaveUp
  const tooLate = setTimeout(patience, undefined, { signal }).then(() => {
    throw new GatewayError('COREBOS_TIMEOUT')
  })
  try {
    await Promise.race([answer, tooLate])
  } finally {
    gaveUp.abort()
  }
}
