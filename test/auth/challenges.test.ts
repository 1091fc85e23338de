/** Challenges of names with and without access cannot be told apart by value, age and time. Clocks are arguments. */
import t from 'tap'
import { Challenges, type AskCorebos } from '../../src/auth/decoy-challenges.ts'
import type { Challenge } from '../../src/corebos/challenge.ts'
import { EmbeddedStore } from '../../src/session/memory/store.ts'
import { chance, distance, random } from '../support/statistics.ts'

/** When every challenge is answered after it was asked for, as the plugin does. */
const period = 800
const life = 7200

interface Upstream {
  /** Milliseconds that coreBOS's clock is ahead. */
  readonly ahead: number
  /** Milliseconds of each call: until the token is made, at most so much more by chance, and after it. */
  readonly before: number
  readonly jitter: number
  readonly after: number
  /** Milliseconds that storing a new token takes. */
  readonly storing: number
  /** Mean of what a busy machine adds before and after the token is made, in milliseconds. */
  readonly busy?: number
}

/** What a client sees of one challenge. */
interface Seen {
  readonly challenge: Challenge
  /** Milliseconds from the time in the token to the answer. */
  readonly lag: number
}

function bench({ ahead, before, jitter, after, storing, busy = 0 }: Upstream) {
  const chanceOf = random(7)
  let clock = Date.UTC(2026, 0, 1)
  const now = () => Math.floor(clock)
  const life_ = { idle: 1, max: 1, grace: 1 }
  const challenges = new Challenges({
    state: new EmbeddedStore({ life: life_, now }),
    secret: Buffer.alloc(32, 1),
    now,
    precise: () => clock,
    random: random(11),
  })
  const ask: AskCorebos = async (name) => {
    const held = () => -busy * Math.log(1 - chanceOf())
    clock += before + jitter * chanceOf() + held()
    const stamped = clock + ahead
    clock += after + held()
    if (!name.startsWith('customer')) return undefined
    clock += storing
    const seconds = Math.floor(stamped / 1000)
    const micros = Math.floor((stamped % 1000) * 1000)
    const token = seconds.toString(16) + micros.toString(16).padStart(5, '0')
    return { token, serverTime: seconds, expireTime: seconds + life }
  }
  const stampOf = (token: string) =>
    Number.parseInt(token.slice(0, 8), 16) * 1000 + Number.parseInt(token.slice(8), 16) / 1000

  return {
    see: async (name: string): Promise<Seen> => {
      clock += 1000 + 100 * chanceOf()
      const began = clock
      const challenge = await challenges.give(name, ask)
      clock = began + period
      return { challenge, lag: began + period + ahead - stampOf(challenge.token) }
    },
    pass: (ms: number) => void (clock += ms),
  }
}

/** New challenges of both kinds, one after the other in turn. */
async function samples(upstream: Upstream, count: number) {
  const { see } = bench(upstream)
  const isNew = ({ challenge }: Seen) => typeof challenge.expireTime === 'number'
  const real: Seen[] = []
  const madeUp: Seen[] = []
  for (let n = 0; madeUp.length < count; n++) {
    if (real.length < count) real.push(await see(`customer${n}@example.com`))
    const other = await see(`stranger${n}@example.com`)
    if (isNew(other)) madeUp.push(other)
  }
  t.ok(real.every(isNew))
  return { real, madeUp }
}

const usual: Upstream = { ahead: 0, before: 50, jitter: 3, after: 1, storing: 0 }
const upstreams: Readonly<Record<string, Upstream>> = {
  'at once': { ahead: 0, before: 0, jitter: 1, after: 0, storing: 0 },
  'after 50 ms': usual,
  'after 200 ms': { ahead: 0, before: 200, jitter: 10, after: 1, storing: 0 },
  'as a real coreBOS, storing what is new': { ahead: 0, before: 8, jitter: 6, after: 4, storing: 5 },
  'on a busy machine': { ahead: 0, before: 0, jitter: 1, after: 0, storing: 1, busy: 5 },
  'late on a busy machine': { ahead: 0, before: 50, jitter: 3, after: 1, storing: 1, busy: 20 },
  'with a clock that is ahead': { ahead: 12_345, before: 50, jitter: 3, after: 1, storing: 2 },
  'with a clock that is behind': { ahead: -777, before: 50, jitter: 3, after: 1, storing: 2 },
}

for (const [name, upstream] of Object.entries(upstreams)) {
  t.test(`a coreBOS that answers ${name}`, async (t) => {
    const { real, madeUp } = await samples(upstream, 400)
    const lags = (seen: readonly Seen[]) => seen.map(({ lag }) => lag)
    // The first calls find nothing to learn from.
    const [one, other] = [lags(real), lags(madeUp)].map((each) => each.slice(8))
    const apart = distance(one ?? [], other ?? [])
    t.ok(apart < chance(one ?? [], other ?? []), `the times in tokens lie ${apart.toFixed(3)} apart`)

    for (const { challenge } of [...real, ...madeUp]) {
      const { token, serverTime, expireTime } = challenge
      t.match(token, /^[\da-f]{13}$/)
      t.ok(Number.parseInt(token.slice(8), 16) < 1_000_000, 'microseconds')
      t.equal(serverTime, Number.parseInt(token.slice(0, 8), 16))
      t.equal(expireTime, serverTime + life)
    }
  })
}

t.test('the test itself tells cacheGenerations apart that are late by a few milliseconds', async (t) => {
  const { real } = await samples(usual, 400)
  const lags = real.map(({ lag }) => lag)
  const late = lags.map((lag) => lag + 3)
  t.ok(distance(lags, late) > chance(lags, late))
})

t.test('a made-up token is handed out again for two hours, as text, and then replaced', async (t) => {
  const { see, pass } = bench({ ahead: 0, before: 10, jitter: 1, after: 1, storing: 0 })
  for (let n = 0; n < 40; n++) {
    const name = `stranger${n}@example.com`
    const first = (await see(name)).challenge
    const second = (await see(name.toUpperCase())).challenge
    t.equal(second.token, first.token, 'all spellings have one')
    t.equal(second.expireTime, String(first.expireTime))
    pass((life + 2) * 1000)
    t.not((await see(name)).challenge.token, first.token)
  }
})
