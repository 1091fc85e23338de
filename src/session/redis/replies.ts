/** Reads the replies of the steps in `scripts.ts`. */
import type { RateResult, Reading, Watched } from '../contract.ts'

/** The reply if the session does not exist. */
export function noSession(results: readonly RateResult[]): Reading {
  const none = { cacheGeneration: '', schemaGeneration: '', moduleGenerations: new Map<string, string>() }
  return { session: undefined, ...none, results }
}

export function readWatched(told: string): Watched | undefined {
  const [until = '', ...words] = told.split(' ')
  const modules = [...inPairs(words)].map(([module, at]) => [module, Number(at)] as const)
  return until === '' ? undefined : { until: Number(until), modules: new Map(modules) }
}

export function readResults(told: unknown): RateResult[] {
  const numbers = list(told).map(Number)
  return Array.from({ length: numbers.length / 3 }, (_, index) => {
    const [allowed = 0, count = 0, resetIn = 0] = numbers.slice(3 * index)
    return { allowed: allowed === 1, count, resetIn }
  })
}

/** Names and values in turn, as Redis replies a hash. */
export function inPairs(words: readonly string[]): Map<string, string> {
  return new Map(words.flatMap((word, n) => (n % 2 === 0 ? [[word, words[n + 1] ?? ''] as const] : [])))
}

export function list(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : []
}

export function text(reply: unknown): string {
  return Buffer.isBuffer(reply) ? reply.toString() : typeof reply === 'string' ? reply : ''
}
