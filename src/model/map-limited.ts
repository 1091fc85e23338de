/**
 * Runs parts of one request concurrently. A separate limit bounds the concurrent calls of coreBOS of the whole request.
 */
import pMap from 'p-map'
import { limits } from './limits.ts'

/** As `Promise.all` over the results of `call`; after the first failure no further call begins. */
export async function mapLimited<T, U>(items: Iterable<T>, call: (item: T) => Promise<U>): Promise<U[]> {
  return pMap(items, call, { concurrency: limits.atOnce })
}
