/** A cache that is bounded by its number of entries. */
import { LRUCache } from 'lru-cache'
import t from 'tap'
import { atMost } from '../../src/model/cache-bound.ts'

t.test('beyond the bound the entry that was not used for longest is dropped', async (t) => {
  const cache = new LRUCache<string, string>(atMost(3))
  for (const key of ['one', 'two', 'three']) cache.set(key, key)
  cache.get('one')
  cache.set('four', 'four')
  t.strictSame([...cache.keys()].sort(), ['four', 'one', 'three'])
})
