/** The calls of one request: how many at once, how many in all, and their end. */
import t from 'tap'
import { asGateway, bounded, currentShare, inRequest, RequestCalls } from '../../src/corebos/request-calls.ts'
import { SharedCache } from '../../src/corebos/shared-cache.ts'
import { SharedWork } from '../../src/corebos/shared-work.ts'
import { GatewayError } from '../../src/model/errors.ts'
import { mapLimited } from '../../src/model/map-limited.ts'

const gone = new GatewayError('CLIENT_CLOSED_REQUEST')

/** A request of a contact, and a coreBOS that answers when it is told to. */
function world({ atOnce = 4, inAll = 1000 } = {}) {
  let underWay = 0
  const it = {
    most: 0,
    sent: [] as string[],
    waiting: [] as (() => void)[],
    request(key = 'alice') {
      const client = new AbortController()
      const share = () => ({ kind: 'records', key }) as const
      const calls = new RequestCalls({ share, signal: () => client.signal, atOnce, inAll })
      return { leave: () => client.abort(gone), run: <T>(work: () => Promise<T>) => inRequest(calls, work) }
    },
    call: async (name: string): Promise<string> =>
      bounded(async () => {
        it.sent.push(name)
        it.most = Math.max(it.most, (underWay += 1))
        await new Promise<void>((resolve) => it.waiting.push(resolve))
        underWay -= 1
        return name
      }),
    async answer(): Promise<void> {
      it.waiting.shift()?.()
      await new Promise(setImmediate)
    },
    async answerAll(): Promise<void> {
      await new Promise(setImmediate)
      while (it.waiting.length > 0) await it.answer()
    },
  }
  return it
}

const several = (count: number) => Array.from({ length: count }, (_, i) => i)

t.test('a request has four calls under way, however its parts are nested', async (t) => {
  const shapes: Readonly<Record<string, (call: (name: string) => Promise<unknown>) => Promise<unknown>>> = {
    'all at once': (call) => Promise.all(several(40).map((i) => call(`${i}`))),
    'few at once': (call) => mapLimited(several(40), (i) => call(`${i}`)),
    'few at once in few at once in few at once': (call) =>
      mapLimited(several(5), () =>
        mapLimited(several(4), (i) => mapLimited(several(2), (j) => call(`${i} ${j}`))),
      ),
    'a call that makes calls itself': (call) =>
      mapLimited(several(40), (i) => bounded(async () => call(`${i}`))),
  }
  for (const [name, shape] of Object.entries(shapes)) {
    const corebos = world()
    const done = corebos.request().run(async () => shape(corebos.call))
    await corebos.answerAll()
    await done
    t.equal(corebos.sent.length, 40, name)
    t.equal(corebos.most, 4, name)
  }
})

t.test('a request that takes too many calls ends with an error of its own', async (t) => {
  const corebos = world({ inAll: 3 })
  const done = corebos.request().run(async () => mapLimited(several(9), (i) => corebos.call(`${i}`)))
  const rejected = t.rejects(done, { code: 'TOO_MANY_CALLS', status: 422 })
  await corebos.answerAll()
  await rejected
  t.same(corebos.sent, ['0', '1', '2'])
})

t.test('after an abort no call is made but those under way', async (t) => {
  const corebos = world()
  const request = corebos.request()
  const done = request.run(async () => {
    await Promise.allSettled(several(40).map((i) => corebos.call(`${i}`)))
    await corebos.call('next')
  })
  const rejected = t.rejects(done, gone)
  await new Promise(setImmediate)
  request.leave()
  await corebos.answerAll()
  await rejected
  t.same(corebos.sent, ['0', '1', '2', '3'])
})

t.test('what the gateway does on its own account outlives the request', async (t) => {
  const corebos = world()
  const request = corebos.request()
  request.leave()
  const done = request.run(async () =>
    asGateway(async () => {
      t.same(currentShare(), { kind: 'access', key: undefined })
      return corebos.call('logout')
    }),
  )
  await corebos.answerAll()
  t.equal(await done, 'logout')
})

t.test('shared work ends when the last request that waits for it has left', async (t) => {
  const stories: readonly (readonly [string, readonly ('first' | 'second')[], readonly string[]])[] = [
    ['no request leaves', [], ['one', 'two']],
    ['the first leaves', ['first'], ['one', 'two']],
    ['the second leaves', ['second'], ['one', 'two']],
    ['both leave', ['first', 'second'], ['one']],
  ]
  for (const [name, leaving, sent] of stories) {
    const corebos = world()
    const work = new SharedWork<string>()
    const look = () =>
      work.run('key', async () => `${await corebos.call('one')} ${await corebos.call('two')}`)
    const requests = { first: corebos.request('alice'), second: corebos.request('bob') }
    const ended = Promise.allSettled([requests.first.run(look), requests.second.run(look)])
    await new Promise(setImmediate)
    for (const each of leaving) requests[each].leave()
    await corebos.answerAll()
    t.same(
      (await ended).map(({ status }) => status),
      (['first', 'second'] as const).map((each) => (leaving.includes(each) ? 'rejected' : 'fulfilled')),
      name,
    )
    t.same(corebos.sent, sent, name)
  }
})

t.test('work that was given up begins again for the next request', async (t) => {
  const corebos = world()
  const work = new SharedWork<string>()
  const look = () => work.run('key', async () => `${await corebos.call('one')} ${await corebos.call('two')}`)
  const first = corebos.request()
  const left = t.rejects(first.run(look), gone)
  await new Promise(setImmediate)
  first.leave()
  await new Promise(setImmediate)
  const next = corebos.request().run(look)
  await corebos.answerAll()
  await left
  t.equal(await next, 'one two')
  t.same(corebos.sent, ['one', 'one', 'two'])
})

t.test('a failure that is the first request’s own is not the others’', async (t) => {
  for (const code of ['COREBOS_BUSY', 'SESSION_ENDED', 'TOO_MANY_CALLS'] as const) {
    const corebos = world()
    const work = new SharedWork<string>()
    const fails = async () => {
      await corebos.call('first')
      throw new GatewayError(code)
    }
    const first = t.rejects(
      corebos.request().run(() => work.run('key', fails)),
      { code },
    )
    const second = corebos.request('bob').run(() => work.run('key', () => corebos.call('second')))
    await corebos.answerAll()
    await first
    t.equal(await second, 'second', code)
  }
  const work = new SharedWork<string>()
  const fails = async () => {
    await new Promise(setImmediate)
    throw new GatewayError('COREBOS_FAILED')
  }
  const results = await Promise.allSettled([
    work.run('key', fails),
    work.run('key', () => Promise.resolve('')),
  ])
  t.same(
    results.map(({ status }) => status),
    ['rejected', 'rejected'],
    'any other failure is that of all',
  )
})

t.test(
  'a cache keeps what was read for so long, and nothing that was read before it was cleared',
  async (t) => {
    let now = 1
    let reads = 0
    const cacheOf = (ttlMs: number) =>
      new SharedCache<{ readonly read: number }>({ ttlMs, bound: { max: 10 }, now: () => now })
    const read = async () => {
      const value = { read: (reads += 1) }
      await new Promise(setImmediate)
      return value
    }
    const cache = cacheOf(1000)
    t.same(await Promise.all([cache.get('key', read), cache.get('key', read)]), [{ read: 1 }, { read: 1 }])
    now = 1000
    t.same(await cache.get('key', read), { read: 1 })
    now = 1002
    t.same(await cache.get('key', read), { read: 2 })
    now = 3000
    const reading = cache.get('key', read)
    cache.clear()
    t.same(await cache.get('key', read), { read: 4 }, 'not joined')
    t.same(await reading, { read: 3 }, 'and waited for all the same')
    t.same(await cache.get('key', read), { read: 4 })
    const none = cacheOf(0)
    t.same([await none.get('key', read), await none.get('key', read)], [{ read: 5 }, { read: 6 }])
  },
)
