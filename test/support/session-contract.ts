/** What every store must do, asked of whichever store is given: the embedded one and the Redis one answer the same. */
import type { Test } from 'tap'
import type { Contact } from '../../src/model/contact.ts'
import type { NewSession, SessionLife, Store, RateCheck } from '../../src/session/contract.ts'

export const life: SessionLife = { idle: 1_800_000, max: 43_200_000, grace: 10_000 }

export interface Bench {
  readonly store: Store
  /** Moves the store's clock forward. */
  readonly pass: (ms: number) => void
}

export function contact(id: string): Contact {
  return {
    entity: 'Contacts',
    id,
    accountId: '11x74',
    user: { id: '19x5', name: 'alice' },
    language: 'en_us',
    level: 'account',
  }
}

export function facts(id: string, upstream: string | undefined = `upstream-${id}`): NewSession {
  return {
    contact: contact(id),
    upstream,
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64)',
    address: '192.0.2.1',
    checkedUnder: 'rules',
  }
}

/** @param open a store on an empty backend, closed with the test */
export function storeContract(t: Test, open: (t: Test) => Promise<Bench>): void {
  t.test(
    'a session is found until its idle life ends, each reading extends it, its absolute life ends it',
    async (t) => {
      const { store, pass } = await open(t)
      const { session } = await store.create(facts('12x1'))
      t.equal(session.expiresAt - session.createdAt, life.max)
      t.same((await store.read(session.id)).session, session)

      pass(life.idle - 1)
      const again = (await store.read(session.id)).session
      t.same(again, { ...session, lastSeenAt: session.createdAt + life.idle - 1 }, 'seen in time')
      pass(life.idle - 1)
      t.ok((await store.read(session.id)).session, 'the first reading extended it')
      pass(life.idle)
      t.equal((await store.read(session.id)).session, undefined, 'idle for too long')
      t.equal((await store.read(session.id)).session, undefined, 'and stays ended')

      const long = (await store.create(facts('12x1'))).session
      for (let spent = 0; spent + life.idle < life.max; spent += life.idle - 1) {
        t.ok((await store.read(long.id)).session, 'busy all day')
        pass(life.idle - 1)
      }
      pass(long.expiresAt - long.createdAt - Math.floor(life.max / (life.idle - 1)) * (life.idle - 1))
      t.equal((await store.read(long.id)).session, undefined, 'but no longer than its absolute life')
      t.equal((await store.read('no-such-session')).session, undefined)
      t.equal((await store.read('')).session, undefined)
    },
  )

  t.test('a refresh token is replaced, and repeats its successor within the grace', async (t) => {
    const { store, pass } = await open(t)
    const { session, refreshToken: first } = await store.create(facts('12x1'))
    pass(1000)
    const rotated = await store.rotate(first)
    t.match(rotated, {
      kind: 'rotated',
      session: { id: session.id, generation: 2, lastSeenAt: session.createdAt + 1000 },
    })
    if (rotated.kind !== 'rotated') return
    t.not(rotated.refreshToken, first)

    pass(life.grace)
    t.match(
      await store.rotate(first),
      { kind: 'rotated', refreshToken: rotated.refreshToken },
      'the last moment of the grace',
    )
    t.match(
      await store.rotate(first),
      { kind: 'rotated', refreshToken: rotated.refreshToken },
      'as often as it comes',
    )
    const third = await store.rotate(rotated.refreshToken)
    t.match(third, { kind: 'rotated', session: { generation: 3 } })
    if (third.kind !== 'rotated') return
    for (const earlier of [first, rotated.refreshToken]) {
      t.match(
        await store.rotate(earlier),
        { kind: 'rotated', refreshToken: third.refreshToken },
        'each earlier one gets the newest within its own grace',
      )
    }
    pass(1)
    t.match(
      await store.rotate(rotated.refreshToken),
      { kind: 'rotated', refreshToken: third.refreshToken },
      'the grace of the second one began later',
    )
    t.match(await store.rotate(first), {
      kind: 'reused',
      session: { id: session.id, upstream: 'upstream-12x1' },
    })
    t.equal((await store.read(session.id)).session, undefined, 'after its grace it ends the session')
    t.same(await store.rotate(third.refreshToken), { kind: 'ended' })
  })

  t.test('any order of tabs and times is judged by each token’s own first use', async (t) => {
    const { store, pass } = await open(t)
    // A linear congruential generator: the same sequences at each store and in each run.
    let seed = 1
    const below = (bound: number) => (seed = (seed * 48_271) % 2_147_483_647) % bound
    let reused = 0
    for (let round = 0; round < 60; round++) {
      const { refreshToken, session } = await store.create(facts('12x1'))
      const issued = [refreshToken]
      const firstUse: number[] = []
      let clock = 0
      for (let step = 0; step < 20; step++) {
        const ms = below(round % 2 === 0 ? 1500 : 9000)
        pass(ms)
        clock += ms
        // More often a recent one than an old one.
        const age = Math.min(below(issued.length), below(issued.length))
        const generation = issued.length - 1 - age
        const used = firstUse[generation]
        const answer = await store.rotate(issued[generation] ?? '')
        if (used !== undefined && clock - used > life.grace) {
          t.equal(answer.kind, 'reused', `round ${round}, step ${step}`)
          t.equal((await store.read(session.id)).session, undefined)
          reused++
          break
        }
        if (answer.kind !== 'rotated') throw new Error(`round ${round}, step ${step}: ${answer.kind}`)
        if (used === undefined) {
          firstUse[generation] = clock
          issued.push(answer.refreshToken)
        }
        if (answer.refreshToken !== issued.at(-1)) t.fail(`round ${round}, step ${step}: not the newest`)
      }
    }
    t.ok(reused > 10 && reused < 50, `${reused} of 60 sessions ended by reuse`)
  })

  t.test('a burst of exchanges keeps the newest token, and every earlier one leads to it', async (t) => {
    const { store, pass } = await open(t)
    const { refreshToken } = await store.create(facts('12x1'))
    const issued = [refreshToken]
    for (let n = 0; n < 100; n++) {
      const rotated = await store.rotate(issued.at(-1) ?? '')
      if (rotated.kind !== 'rotated') throw new Error(rotated.kind)
      if (rotated.refreshToken !== issued.at(-1)) issued.push(rotated.refreshToken)
    }
    for (const token of issued)
      t.match(await store.rotate(token), { kind: 'rotated', refreshToken: issued.at(-1) })
    pass(life.grace + 1)
    const next = await store.rotate(issued.at(-1) ?? '')
    t.match(next, { kind: 'rotated' })
    if (next.kind === 'rotated') t.not(next.refreshToken, issued.at(-1), 'replaced again after the grace')
    t.match(await store.rotate(issued[0] ?? ''), { kind: 'reused' })
  })

  t.test('a refresh token that comes back after the grace ends the session', async (t) => {
    const { store, pass } = await open(t)
    const { session, refreshToken: first } = await store.create(facts('12x1'))
    t.match(await store.rotate(first), { kind: 'rotated' })
    pass(life.grace + 1)
    t.match(await store.rotate(first), { kind: 'reused' })
    t.equal((await store.read(session.id)).session, undefined)
  })

  t.test('many at once with one refresh token get one and the same successor', async (t) => {
    const { store } = await open(t)
    const { refreshToken } = await store.create(facts('12x1'))
    const all = await Promise.all(Array.from({ length: 20 }, () => store.rotate(refreshToken)))
    t.equal(all.filter((rotation) => rotation.kind === 'rotated').length, 20)
    t.equal(
      new Set(all.map((rotation) => (rotation.kind === 'rotated' ? rotation.refreshToken : ''))).size,
      1,
    )
  })

  t.test('refresh tokens that we did not sign, or whose session is over, change nothing', async (t) => {
    const { store, pass } = await open(t)
    const { session, refreshToken } = await store.create(facts('12x1'))
    const [id = '', generation = '', mac = ''] = refreshToken.split('.')
    const other = await store.create(facts('12x2'))
    const forged = [
      '',
      'x',
      refreshToken.slice(0, -1),
      `${refreshToken}x`,
      `${id}.2.${mac}`,
      `${id}.01.${mac}`,
      `${id}.0.${mac}`,
      `${id}.-1.${mac}`,
      `${other.session.id}.${generation}.${mac}`,
      `${id}.${generation}.${'A'.repeat(43)}`,
      `\0.1.${mac}`,
      `${id}.99999999999999999999.${mac}`,
    ]
    for (const token of forged) t.same(await store.rotate(token), { kind: 'unknown' }, JSON.stringify(token))
    t.ok((await store.read(session.id)).session, 'the session goes on')

    pass(life.idle)
    t.same(await store.rotate(refreshToken), { kind: 'ended' }, 'idle for too long')
    const ended = await store.create(facts('12x1'))
    await store.end(ended.session.id)
    t.same(await store.rotate(ended.refreshToken), { kind: 'ended' })
  })

  t.test('sessions are listed and ended one by one and all together, each contact for itself', async (t) => {
    const { store, pass } = await open(t)
    const one = (await store.create(facts('12x1'))).session
    pass(1000)
    const two = (await store.create(facts('12x1'))).session
    pass(1000)
    const three = (await store.create({ ...facts('12x1'), upstream: undefined })).session
    const stranger = (await store.create(facts('12x11'))).session

    t.same(await store.list('12x1'), [three, two, one])
    t.same(await store.list('12x404'), [])
    t.equal(await store.end(one.id, '12x11'), undefined, 'of another contact')
    t.same(await store.end(one.id, '12x1'), one)
    t.equal(await store.end(one.id), undefined, 'ended already')
    t.same(
      (await store.list('12x1')).map(({ id }) => id),
      [three.id, two.id],
    )

    const four = (await store.create(facts('12x1'))).session
    t.same(new Set(await store.endAll('12x1', two.id)), new Set([three, four]))
    t.same(await store.list('12x1'), [two])
    t.same(await store.endAll('12x1'), [two])
    t.same(await store.endAll('12x1'), [])
    for (const { id } of [one, two, three, four]) t.equal((await store.read(id)).session, undefined)
    t.same((await store.read(stranger.id)).session?.id, stranger.id, 'the other contact is not touched')

    pass(life.idle)
    t.same(await store.list('12x11'), [], 'what has run out is not listed')
  })

  t.test('facts change without extending a life, and never bring an ended session back', async (t) => {
    const { store, pass } = await open(t)
    const { session } = await store.create(facts('12x1'))
    pass(60_000)
    const moved = { ...session.contact, accountId: undefined }
    const checkedAt = session.checkedAt + 60_000
    t.equal(await store.update(session.id, { contact: moved, checkedAt }), true)
    t.same(await store.list('12x1'), [{ ...session, contact: moved, checkedAt }])
    t.equal(await store.update(session.id, { upstream: 'another' }), true)
    t.same(await store.list('12x1'), [{ ...session, contact: moved, checkedAt, upstream: 'another' }])
    pass(life.idle - 60_000)
    t.equal(await store.update(session.id, { checkedAt: 1 }), false, 'its idle life was not extended')

    const ended = (await store.create(facts('12x1'))).session
    await store.end(ended.id)
    t.equal(await store.update(ended.id, { checkedAt: 1 }), false)
    t.equal((await store.read(ended.id)).session, undefined)
  })

  t.test('what ran out is handed over once, so that coreBOS sessions end too', async (t) => {
    const { store, pass } = await open(t)
    const idle = (await store.create(facts('12x1'))).session
    const busy = (await store.create(facts('12x2'))).session
    const ended = (await store.create(facts('12x3'))).session
    await store.create({ ...facts('12x4'), upstream: undefined })
    await store.end(ended.id)
    t.same(await store.reap(), [])
    pass(life.idle - 1)
    await store.read(busy.id)
    pass(1)
    const reaped = await Promise.all([store.reap(), store.reap()])
    t.same(
      reaped.flat(),
      [idle],
      'not the busy one, not the one that was ended, not one without anything to end',
    )
    pass(life.idle)
    t.same(
      (await store.reap()).map(({ id }) => id),
      [busy.id],
    )
    t.same(await store.reap(), [])
  })

  t.test('labels of any length are cut', async (t) => {
    const { store } = await open(t)
    const { session } = await store.create({
      ...facts('12x1'),
      userAgent: 'x'.repeat(10_000),
      address: 'é'.repeat(500),
    })
    t.same([session.userAgent.length, session.address.length], [120, 120])
    t.same((await store.read(session.id)).session, session)
  })

  t.test('counts fill a window, are rejected beyond it, and start again after it', async (t) => {
    const { store, pass } = await open(t)
    const limit: RateCheck = { key: 'ip:192.0.2.1', max: 2, window: 60_000 }
    const other: RateCheck = { key: 'ip:192.0.2.2', max: 1, window: 60_000 }
    t.same(
      await store.take([{ ...limit, cost: 0 }]),
      [{ allowed: true, count: 0, resetIn: 0 }],
      'looking counts nothing',
    )
    t.same(await store.take([limit, other]), [
      { allowed: true, count: 1, resetIn: 60_000 },
      { allowed: true, count: 1, resetIn: 60_000 },
    ])
    pass(20_000)
    t.same(await store.take([limit, other]), [
      { allowed: true, count: 2, resetIn: 40_000 },
      { allowed: false, count: 1, resetIn: 40_000 },
    ])
    t.same(await store.take([{ ...limit, cost: 0 }]), [{ allowed: false, count: 2, resetIn: 40_000 }])
    t.same(
      await store.take([limit]),
      [{ allowed: false, count: 2, resetIn: 40_000 }],
      'what did not fit was not counted',
    )
    t.same(await store.take([{ ...limit, max: 5, cost: 4 }]), [{ allowed: false, count: 2, resetIn: 40_000 }])
    t.same(await store.take([{ ...limit, max: 5, cost: 3 }]), [{ allowed: true, count: 5, resetIn: 40_000 }])
    pass(40_000)
    t.same(await store.take([limit]), [{ allowed: true, count: 1, resetIn: 60_000 }], 'a new window')

    await store.reset(['ip:192.0.2.1', 'ip:never'])
    t.same(await store.take([{ ...limit, cost: 0 }]), [{ allowed: true, count: 0, resetIn: 0 }])
    t.same(await store.take([]), [])
  })

  t.test('a take that follows a rejected one is rejected with it, and is not counted', async (t) => {
    const { store } = await open(t)
    const narrow: RateCheck = { key: 'ip:2001:db8:1:1::/64', max: 1, window: 60_000 }
    const wide: RateCheck = { key: 'ip:2001:db8:1::/48', max: 2, window: 60_000, follows: true }
    const other: RateCheck = { key: 'contact:12x1', max: 9, window: 60_000 }
    const counted = async (...checks: readonly RateCheck[]) =>
      (await store.take(checks)).map(({ allowed, count }) => [allowed, count])
    t.same(await counted(narrow, wide, other), [
      [true, 1],
      [true, 1],
      [true, 1],
    ])
    t.same(await counted(narrow, wide, { ...wide, key: 'widest' }, other), [
      [false, 1],
      [false, 1],
      [false, 0],
      [true, 2],
    ])
    const neighbour = { ...narrow, key: 'ip:2001:db8:1:2::/64' }
    t.same(await counted(neighbour, wide), [
      [true, 1],
      [true, 2],
    ])
    t.same(
      (await store.read('no-such-session', [{ ...neighbour, max: 9 }, wide])).results.at(1)?.allowed,
      false,
    )
  })

  t.test('what is given back can be taken again, in its window alone', async (t) => {
    const { store, pass } = await open(t)
    const one: RateCheck = { key: 'login:alice', max: 2, window: 60_000 }
    const other: RateCheck = { key: 'login:bob', max: 5, window: 60_000, cost: 3 }
    await store.take([one, other])
    await store.take([one])
    pass(20_000)
    await store.giveBack([one, other])
    t.same(await store.take([{ ...one, cost: 0 }]), [{ allowed: true, count: 1, resetIn: 40_000 }])
    t.same(await store.take([{ ...other, cost: 0 }]), [{ allowed: true, count: 0, resetIn: 0 }])
    t.same(await store.take([one]), [{ allowed: true, count: 2, resetIn: 40_000 }])
    await store.giveBack([one, one, one, { ...one, key: 'login:never' }])
    t.same(
      await store.take([{ ...one, cost: 0 }]),
      [{ allowed: true, count: 0, resetIn: 0 }],
      'never below zero',
    )
    t.same(await store.take([one]), [{ allowed: true, count: 1, resetIn: 60_000 }])
    pass(60_000)
    await store.giveBack([one])
    t.same(await store.take([one]), [{ allowed: true, count: 1, resetIn: 60_000 }], 'another window')
    await store.giveBack([])
  })

  t.test('of many concurrent checks exactly as many are allowed as the limit says', async (t) => {
    const { store } = await open(t)
    const budget: RateCheck = { key: 'guess:12x1', max: 4, window: 3_600_000, kind: 'budget' }
    const all = await Promise.all(Array.from({ length: 30 }, () => store.take([budget])))
    t.equal(all.flat().filter(({ allowed }) => allowed).length, 4)
  })

  t.test('a reading counts in the same step, whether or not there is a session', async (t) => {
    const { store, pass } = await open(t)
    const { session } = await store.create(facts('12x1'))
    const checks: RateCheck[] = [
      { key: 'ip:192.0.2.1', max: 600, window: 60_000 },
      { key: 'contact:12x1', max: 1, window: 60_000 },
    ]
    t.match(await store.read(session.id, checks), {
      session: { id: session.id },
      results: [
        { allowed: true, count: 1 },
        { allowed: true, count: 1 },
      ],
    })
    pass(1)
    t.match(await store.read('no-such-session', checks), {
      session: undefined,
      results: [
        { allowed: true, count: 2, resetIn: 59_999 },
        { allowed: false, count: 1, resetIn: 59_999 },
      ],
    })
  })

  t.test('cacheGenerations change for everybody, and say whether records alone are outdated', async (t) => {
    const { store } = await open(t)
    const one = (await store.create(facts('12x1'))).session
    const two = (await store.create(facts('12x2'))).session
    const cacheGenerations = async () => {
      const [{ cacheGeneration, schemaGeneration }, other] = await Promise.all([
        store.read(one.id),
        store.read(two.id),
      ])
      t.same([other.cacheGeneration, other.schemaGeneration], [cacheGeneration, schemaGeneration])
      return { cacheGeneration, schemaGeneration }
    }
    const before = await cacheGenerations()
    t.same(await cacheGenerations(), before)
    await store.invalidate('records')
    const after = await cacheGenerations()
    t.not(after.cacheGeneration, before.cacheGeneration)
    t.equal(after.schemaGeneration, before.schemaGeneration)
    await store.invalidate('everything')
    const last = await cacheGenerations()
    t.notOk([before.cacheGeneration, after.cacheGeneration].includes(last.cacheGeneration))
    t.not(last.schemaGeneration, after.schemaGeneration)
  })

  t.test('few slots of a key are granted, until they are released', async (t) => {
    const { store } = await open(t)
    const day = 86_400_000
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, n) => store.takeSlot('failures:12x1', `slot${n}`, 'under way', 4, day)),
    )
    const inUse = all.flatMap(({ granted }, n) => (granted ? [`slot${n}`] : []))
    t.equal(inUse.length, 4)
    t.same(
      all.filter(({ granted }) => !granted).map(({ others }) => [...others.keys()].sort()),
      Array.from({ length: 16 }, () => inUse.toSorted()),
      'a request without a slot gets the slots in use',
    )
    const [one = '', two = '', three = '', four = ''] = inUse
    await store.markSlot('failures:12x1', one, 'failed')
    await store.markSlot('failures:12x1', 'slot99', 'failed')
    await store.releaseSlots({ key: 'failures:12x1', slots: [two, 'slot99'] })
    const late = await store.takeSlot('failures:12x1', 'late', 'under way', 4, day)
    t.same(late, {
      granted: true,
      others: new Map([
        [one, 'failed'],
        [three, 'under way'],
        [four, 'under way'],
      ]),
    })

    const { session } = await store.create(facts('12x1'), { key: 'failures:12x1', slots: ['late', one] })
    t.ok((await store.read(session.id)).session)
    t.same(
      (await store.takeSlot('failures:12x1', 'next', '', 4, day)).others,
      new Map([
        [three, 'under way'],
        [four, 'under way'],
      ]),
    )
    t.same(
      (await store.takeSlot('failures:12x2', 'other', '', 4, day)).others,
      new Map(),
      'each key has slots of its own',
    )
    await store.releaseSlots({ key: 'failures:12x1', slots: [three, four, 'next'] })
    t.same((await store.takeSlot('failures:12x1', 'last', '', 4, day)).others, new Map())
  })

  t.test('values are claimed once, replaced, looked at, taken away once, and run out', async (t) => {
    const { store, pass } = await open(t)
    const claims = await Promise.all(
      Array.from({ length: 10 }, (_, n) => store.claim('idempotency:1', `try ${n}`, 60_000)),
    )
    const [winner] = claims.flatMap((kept, n) => (kept === undefined ? [n] : []))
    t.equal(claims.filter((kept) => kept === undefined).length, 1, 'one claims')
    t.same(
      new Set(claims),
      new Set([undefined, `try ${winner ?? -1}`]),
      'and the others are told what it wrote',
    )
    await store.put('idempotency:1', 'done: é ✓ \0', 60_000)
    t.equal(await store.claim('idempotency:1', 'late', 60_000), 'done: é ✓ \0')
    t.equal(await store.get('idempotency:1'), 'done: é ✓ \0')

    await store.put('link:1', 'document', 30_000)
    const pulls = await Promise.all(Array.from({ length: 10 }, () => store.pull('link:1')))
    t.same(
      pulls.filter((value) => value !== undefined),
      ['document'],
      'a one-time value goes to one',
    )
    t.equal(await store.get('link:1'), undefined)

    await store.put('link:2', 'document', 30_000)
    pass(30_000)
    t.equal(await store.pull('link:2'), undefined, 'too late')
    t.equal(await store.get('idempotency:1'), 'done: é ✓ \0')
    pass(30_000)
    t.equal(await store.claim('idempotency:1', 'next day', 60_000), undefined, 'free again')
  })
}
