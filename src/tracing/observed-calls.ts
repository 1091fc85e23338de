/** Measures and traces each call of coreBOS. */
import { currentTrace } from './request-trace.ts'

export interface CallTimers {
  readonly corebosWaits: { observe(seconds: number): void }
  readonly corebosCalls: {
    observe(labels: { readonly operation: string; readonly outcome: string }, seconds: number): void
  }
}

/** For `observe` of the transport. */
export function observedBy({ corebosWaits, corebosCalls }: CallTimers) {
  return (operation: string, waited: number) => {
    corebosWaits.observe(waited)
    const traced = currentTrace()?.call(operation, waited)
    return {
      headers: traced?.headers ?? {},
      done: (outcome: string, seconds: number) => {
        corebosCalls.observe({ operation, outcome }, seconds)
        traced?.done(outcome, seconds)
      },
    }
  }
}
