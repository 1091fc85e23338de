/** The queue that shares calls of coreBOS between contacts. */
import fc from 'fast-check'
import t from 'tap'
import { FairQueue } from '../../src/corebos/fair-queue.ts'
import { QueueLimit, type Share } from '../../src/corebos/queue-limit.ts'
import { Semaphore } from '../../src/corebos/semaphore.ts'
import { GatewayError } from '../../src/model/errors.ts'

const all = () => true

/** Entries are named by their key and a number, as in `a1`. */
function queueOf(entries: string): FairQueue<string, string> {
  const queue = new FairQueue<string, string>()
  for (const entry of entries.split(' ')) queue.add(entry.slice(0, 1), entry)
  return queue
}

function served(queue: FairQueue<string, string>, admits: (entry: string) => boolean = all): string {
  const order: string[] = []
  for (let next = queue.next(admits); next !== undefined; next = queue.next(admits)) order.push(next)
  return order.join(' ')
}

t.test('a fair queue', async (t) => {
  const orders: readonly (readonly [string, string, string])[] = [
    ['one key in its own order', 'a1 a2 a3', 'a1 a2 a3'],
    ['several keys round robin', 'a1 a2 a3 b1 c1 c2', 'a1 b1 c1 a2 c2 a3'],
    ['whichever came first', 'b1 a1 b2 a2', 'b1 a1 b2 a2'],
    ['a key that comes late after one entry of each other', 'a1 a2 a3 a4 b1', 'a1 b1 a2 a3 a4'],
  ]
  for (const [name, entries, order] of orders) t.equal(served(queueOf(entries)), order, name)

  const held = queueOf('a1 a2 b1')
  t.equal(
    served(held, (entry) => entry !== 'a1'),
    'a2 b1',
    'an entry that is not admitted holds up no other',
  )
  t.equal(served(held), 'a1', 'and keeps its place')

  const left = queueOf('a1 a2 b1')
  left.remove('a', 'a1')
  left.remove('b', 'b1')
  left.remove('b', 'b1')
  left.remove('c', 'c1')
  t.equal(served(left), 'a2', 'a removed entry is not served')
})

const keys = [0, 1, 2, 3] as const
type Step = { readonly do: 'add' | 'remove'; readonly key: number } | { readonly do: 'serve' }

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), key: fc.constantFrom(...keys) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('serve' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('remove' as const), key: fc.constantFrom(...keys) }),
    },
  ),
  { maxLength: 200 },
)

interface Entry {
  readonly key: number
}

t.test('whatever comes and leaves, no waiting key is served twice before another one is', async () => {
  fc.assert(
    fc.property(steps, (steps: readonly Step[]) => {
      const queue = new FairQueue<number, Entry>()
      const waiting = new Map<number, Entry[]>(keys.map((key) => [key, []]))
      const of = (key: number) => waiting.get(key) ?? []
      /** How often the first was served while the second waited, since both began to wait. */
      const ahead = new Map<string, number>()
      for (const step of steps) {
        if (step.do === 'add') {
          const entry = { key: step.key }
          of(step.key).push(entry)
          queue.add(step.key, entry)
        } else if (step.do === 'remove') {
          const entry = of(step.key).pop()
          if (entry !== undefined) queue.remove(step.key, entry)
        } else {
          const next = queue.next(all)
          if (next === undefined) {
            if (keys.some((key) => of(key).length > 0)) return false
            continue
          }
          if (of(next.key).shift() !== next) return false
          for (const other of keys) {
            if (other === next.key || of(other).length === 0) continue
            const more = (ahead.get(`${next.key} ${other}`) ?? 0) + 1
            if (more - (ahead.get(`${other} ${next.key}`) ?? 0) > 1) return false
            ahead.set(`${next.key} ${other}`, more)
          }
        }
        for (const one of keys)
          for (const other of keys)
            if (of(one).length === 0 || of(other).length === 0) ahead.delete(`${one} ${other}`)
      }
      return true
    }),
  )
})

const alice: Share = { kind: 'records', key: 'alice' }
const bob: Share = { kind: 'records', key: 'bob' }
const carol: Share = { kind: 'records', key: 'carol' }
const login: Share = { kind: 'access', key: '192.0.2.1' }
const gateway: Share = { kind: 'access', key: undefined }

/** A semaphore whose callers keep their slots until they are told to leave. */
function semaphore(slots: number, queue: number) {
  const limit = new QueueLimit(queue)
  const it = new Semaphore(slots, limit)
  const order: string[] = []
  const held: { readonly name: string; readonly leave: () => void }[] = []
  const rejected: string[] = []
  return {
    order,
    rejected,
    ask(name: string, share: Share, { sessionQueue, signal = new AbortController().signal }: Asked = {}) {
      it.acquire(share, sessionQueue, signal).then(
        (leave) => {
          order.push(name)
          held.push({ name, leave })
        },
        (error: unknown) => rejected.push(`${name} ${reasonOf(error)}`),
      )
    },
    async leave(name?: string) {
      const index = name === undefined ? 0 : held.findIndex((each) => each.name === name)
      held.splice(index, 1)[0]?.leave()
      await settled()
    },
  }
}

interface Asked {
  readonly sessionQueue?: string
  readonly signal?: AbortSignal
}

function reasonOf(error: unknown): string {
  return error instanceof GatewayError ? error.code : String(error instanceof Error ? error.message : error)
}

async function settled(): Promise<void> {
  await new Promise(setImmediate)
}

t.test('slots are shared between contacts, and between log-ins and records', async (t) => {
  const rush: readonly (readonly [string, readonly (readonly [string, Share])[], string])[] = [
    ['a contact holds half of the slots', many('a', alice, 8), 'a1 a2'],
    ['two contacts leave a quarter to log-ins', [...many('a', alice, 8), ...many('b', bob, 8)], 'a1 a2 b1'],
    [
      'log-ins from everywhere leave a quarter to records',
      [1, 2, 3, 4, 5].map((i) => [`l${i}`, { ...login, key: `192.0.2.${i}` }] as const),
      'l1 l2 l3',
    ],
    ['the gateway itself is not bounded', many('g', gateway, 8), 'g1 g2 g3 g4'],
  ]
  for (const [name, asked, order] of rush) {
    const slots = semaphore(4, 100)
    for (const [each, share] of asked) slots.ask(each, share)
    await settled()
    t.equal(slots.order.join(' '), order, name)
  }

  const slots = semaphore(1, 100)
  for (const [each, share] of [...many('a', alice, 4), ...many('b', bob, 2), ...many('c', carol, 1)])
    slots.ask(each, share)
  for (const [each, share] of many('l', login, 2)) slots.ask(each, share)
  for (let i = 0; i < 9; i++) await slots.leave()
  t.equal(slots.order.join(' '), 'a1 l1 a2 l2 b1 c1 a3 b2 a4', 'alternately by kind, then by contact')
})

t.test('a sessionQueue is for one call at a time and holds up no other sessionQueue', async (t) => {
  const slots = semaphore(3, 100)
  slots.ask('a1', alice, { sessionQueue: 'a' })
  slots.ask('a2', alice, { sessionQueue: 'a' })
  slots.ask('b1', bob, { sessionQueue: 'b' })
  await settled()
  t.equal(slots.order.join(' '), 'a1 b1')
  await slots.leave('a1')
  t.equal(slots.order.join(' '), 'a1 b1 a2')
})

t.test('each contact may have a quarter of the queue, and records three quarters', async (t) => {
  const slots = semaphore(1, 40)
  slots.ask('first', gateway)
  for (const [each, share] of many('a', alice, 12)) slots.ask(each, share)
  await settled()
  t.same(slots.rejected, ['a11 COREBOS_BUSY', 'a12 COREBOS_BUSY'])
  for (const [name, share] of [
    ['b', bob],
    ['c', carol],
    ['d', { ...bob, key: 'dave' }],
  ] as const)
    for (const [each] of many(name, share, 10)) slots.ask(each, share)
  await settled()
  t.equal(slots.rejected.length, 12, 'ten of the 42 found the queue for records full')
  for (const [each, share] of many('l', login, 10)) slots.ask(each, share)
  await settled()
  t.equal(slots.rejected.length, 12, 'log-ins still fit')
  slots.ask('g', gateway)
  await settled()
  t.same(slots.rejected.at(-1), 'g COREBOS_BUSY', 'the whole queue is full')
})

t.test('an aborted call leaves the queue', async (t) => {
  const slots = semaphore(1, 4)
  const leaving = new AbortController()
  slots.ask('first', alice)
  for (const [each, share] of many('a', alice, 4)) slots.ask(each, share, { signal: leaving.signal })
  slots.ask('early', alice)
  await settled()
  t.same(slots.rejected, ['a4 COREBOS_BUSY', 'early COREBOS_BUSY'])
  leaving.abort(new Error('left'))
  await settled()
  slots.ask('late', alice, { signal: leaving.signal })
  slots.ask('b1', bob)
  await settled()
  t.same(slots.rejected.slice(2).sort(), ['a1 left', 'a2 left', 'a3 left', 'late left'])
  await slots.leave()
  t.equal(slots.order.join(' '), 'first b1')
})

function many(name: string, share: Share, count: number): (readonly [string, Share])[] {
  return Array.from({ length: count }, (_, i) => [`${name}${i + 1}`, share] as const)
}
