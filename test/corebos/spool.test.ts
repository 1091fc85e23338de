/** Files from coreBOS that are kept on disk while the client reads. */
import t from 'tap'
import type { Share } from '../../src/corebos/queue-limit.ts'
import { inRequest, RequestCalls } from '../../src/corebos/request-calls.ts'
import { Spool, SpoolLimit, type Spooled } from '../../src/corebos/spool.ts'

/** Runs as a part of a request of a contact. */
function as<T>(key: string | undefined, work: () => T): T {
  const share = (): Share => ({ kind: 'records', key })
  const { signal } = new AbortController()
  return inRequest(new RequestCalls({ share, signal: () => signal, atOnce: 4, inAll: 1000 }), work)
}

t.test(
  'the files of one contact have three quarters of the room for downloads, and a single one all of it',
  async (t) => {
    let held = 0
    const limit = new SpoolLimit({ maxBytes: 1000, observe: (bytes) => (held = bytes) })
    const spooled = async (contact: string | undefined, size: number): Promise<Spooled> =>
      as(contact, async () => {
        limit.requireSome()
        const spool = new Spool(limit)
        try {
          // In pieces, as a file arrives.
          for (let left = size; left > 0; left -= 100) await spool.add(Buffer.alloc(Math.min(left, 100)))
        } catch (error) {
          await spool.discard()
          throw error
        }
        return spool.end()
      })
    const busy = { code: 'DOWNLOADS_BUSY', status: 503 }
    const [one, two] = [await spooled('12x1', 450), await spooled('12x1', 300)]
    t.equal(held, 750)
    await t.rejects(spooled('12x1', 1), busy, 'it has its share')
    t.equal(held, 750, 'what was rejected is given back')
    const other = await spooled('12x2', 250)
    await t.rejects(spooled(undefined, 1), busy, 'there is no room')
    for (const each of [one, two, other]) await each.discard()
    await Promise.all([one.ended, two.ended, other.ended])
    t.equal(held, 0)

    const large = await spooled('12x1', 900)
    await t.rejects(spooled('12x1', 100), busy)
    const small = await spooled('12x2', 100)
    for (const each of [large, small]) await each.discard()
    await Promise.all([large.ended, small.ended])
    t.equal((await spooled('12x1', 1000)).size, 1000)
  },
)
