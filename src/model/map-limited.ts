/** Several parts of one request side by side. How many calls of coreBOS they make at once is bounded for the whole request elsewhere. */
import pMap from 'p-map'
import { limits } from './limits.ts'

/** As `Promise.all` over what `call` gives for each; after the first failure no more are begun. */
export async function mapLimited<T, U>(items: Iterable<T>, call: (item: T) => Promise<U>): Promise<U[]> {
  return pMap(items, call, { concurrency: limits.atOnce })
}
