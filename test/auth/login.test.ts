/** The parts of a log-in: passwords, the time of a rejection, the budget of failures. */
import t from 'tap'
import { FailureBudget, failuresBefore, type Standing, type Verdict } from '../../src/auth/lockout-budget.ts'
import { foldName, looseName } from '../../src/auth/names.ts'
import { ResponsePacer } from '../../src/auth/response-pacer.ts'
import { EmbeddedStore } from '../../src/session/memory/store.ts'

t.test(
  'spellings that coreBOS takes for one name share one fold, and uncertain names have none',
  async (t) => {
    for (const spelling of [
      'alice@example.com',
      'ALICE@Example.com',
      'álice@example.com ',
      'A\u0301lice@example.com',
      ' alice@example.com',
    ]) {
      t.equal(foldName(spelling), 'alice@example.com', JSON.stringify(spelling))
    }
    for (const name of [
      'straße@example.com',
      'ａlice@example.com',
      'a\0lice@example.com',
      'al<b>ice@example.com',
      '😀',
      '',
      '   ',
      'al\\ice',
    ]) {
      t.equal(foldName(name), undefined, JSON.stringify(name))
    }
    t.equal(
      looseName('ＡLICE@example.com'),
      'alice@example.com',
      'attempts at odd spellings are counted together all the same',
    )
  },
)

t.test('the pacer of rejections', async (t) => {
  /** A clock that `wait` moves. */
  function clock() {
    const self = {
      at: 0,
      now: () => self.at,
      wait: async (ms: number) => {
        self.at += ms
      },
    }
    return self
  }
  async function calls(pacer: ResponsePacer, time: ReturnType<typeof clock>, count: number, ms: number) {
    for (let i = 0; i < count; i++) {
      await pacer.time('service', () => time.wait(ms))
      await pacer.time('direct', () => time.wait(ms))
    }
  }

  t.test(
    'answers every rejection one period after its log-in began, however long its work took',
    async (t) => {
      const time = clock()
      const pacer = new ResponsePacer({ rounds: { service: 1, direct: 3 }, now: time.now, wait: time.wait })
      for (const work of [0, 50, 200, 799]) {
        const began = time.at
        time.at += work
        await pacer.hold(began)
        t.equal(time.at - began, 800, `${work} ms of work`)
      }
    },
  )

  t.test('follows the latency of coreBOS upwards at once and downwards late', async (t) => {
    const time = clock()
    const pacer = new ResponsePacer({
      rounds: { service: 1, direct: 3 },
      now: time.now,
      wait: time.wait,
      memory: 60_000,
    })
    await calls(pacer, time, 64, 50)
    t.equal(pacer.period, 800)
    await calls(pacer, time, 64, 200)
    t.equal(pacer.period, 1600)
    await calls(pacer, time, 64, 10)
    t.equal(pacer.period, 1600, 'while somebody measures it stands still')
    time.at += 120_000
    await calls(pacer, time, 1, 10)
    time.at += 120_000
    await calls(pacer, time, 1, 10)
    t.equal(pacer.period, 800)
  })

  t.test(
    'a single slow call moves nothing; a rejection that overran moves all that are under way',
    async (t) => {
      const time = clock()
      const pacer = new ResponsePacer({ rounds: { service: 1, direct: 3 }, now: time.now, wait: time.wait })
      await calls(pacer, time, 63, 50)
      await calls(pacer, time, 1, 5000)
      t.equal(pacer.period, 800)

      const slow = time.at
      time.at += 900
      await pacer.hold(slow)
      t.equal(time.at - slow, 1600, 'answered at the next multiple')
      const quick = time.at
      await pacer.hold(quick)
      t.equal(time.at - quick, 1600)
    },
  )
})

t.test('the budget of failures', async (t) => {
  let at = 1_000_000
  let nonces = 0
  function budget() {
    return new FailureBudget({
      state: new EmbeddedStore({ life: { idle: 1, max: 1, grace: 1 }, now: () => at }),
      now: () => at,
      wait: async (ms) => {
        at += ms
        await new Promise(setImmediate)
      },
      nonce: () => String(nonces++),
      neverSent: (error) => error instanceof TypeError,
    })
  }
  /** A whole log-in: what a success gives back is given back when the session is opened. */
  async function spend<T>(
    failures: FailureBudget,
    who: string,
    attempt: () => Promise<{ verdict: Verdict; result: T }>,
    standing: Standing = 'stranger',
  ): Promise<T | undefined> {
    const spent = await failures.spend(who, standing, attempt)
    await failures.giveBack(spent?.releaseOnSuccess)
    return spent?.result
  }
  /** What coreBOS counts: failures since the last success. */
  function upstream() {
    const self = { failures: 0, most: 0 }
    const end = (verdict: 'right' | 'wrong') => {
      self.failures = verdict === 'right' ? 0 : self.failures + 1
      self.most = Math.max(self.most, self.failures)
      return { verdict, result: verdict }
    }
    return { self, end }
  }

  t.test('is spent by strangers after three failures for good, and given back by a success', async (t) => {
    const failures = budget()
    const { self, end } = upstream()
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 2; i++) await spend(failures, 'alice', async () => end('wrong'))
      t.equal(await spend(failures, 'alice', async () => end('right')), 'right')
    }
    for (let i = 0; i < 10; i++) await spend(failures, 'alice', async () => end('wrong'))
    t.equal(self.failures, failuresBefore.stranger)
    at += 9 * 365 * 86_400_000
    t.equal(await spend(failures, 'alice', async () => end('right')), undefined, 'no time gives it back')
    t.equal(await spend(failures, 'bob', async () => end('right')), 'right', 'others are not touched')
    t.equal(await failures.forget('alice'), failuresBefore.stranger)
    t.equal(await spend(failures, 'alice', async () => end('right')), 'right')
  })

  t.test(
    'keeps slots for those who have logged in before, and the last one for the right password',
    async (t) => {
      const failures = budget()
      const { self, end } = upstream()
      const most = async (standing: Standing, expected: number) => {
        for (let i = 0; i < 10; i++) await spend(failures, 'alice', async () => end('wrong'), standing)
        t.equal(self.failures, expected, standing)
      }
      await most('stranger', 3)
      await most('known', 4)
      await most('stranger', 4)
      t.equal(await spend(failures, 'alice', async () => end('right'), 'known'), undefined)
      t.equal(await spend(failures, 'alice', async () => end('right'), 'sure'), 'right')
      t.equal(self.failures, 0)
      t.equal(
        await spend(failures, 'alice', async () => end('wrong'), 'stranger'),
        'wrong',
        'all are free again',
      )
    },
  )

  t.test('holds whatever runs at once and in whatever order it lands', async (t) => {
    const failures = budget()
    const { self, end } = upstream()
    const pending: (() => void)[] = []
    const attempt = (verdict: 'right' | 'wrong') =>
      spend(failures, 'alice', async () => {
        await new Promise<void>((land) => void pending.push(land))
        return end(verdict)
      })
    const running = [attempt('wrong'), attempt('right'), attempt('wrong')]
    while (pending.length < 3) await new Promise(setImmediate)
    // The success lands first, the two failures that were under way with it after it.
    pending[1]?.()
    await running[1]
    for (const land of pending) land()
    await Promise.all(running)
    for (let i = 0; i < 5; i++) await spend(failures, 'alice', async () => end('wrong'))
    t.equal(self.most, failuresBefore.stranger)
  })

  t.test('lets twenty right passwords through at once, three at a time', async (t) => {
    const failures = budget()
    const { end } = upstream()
    let atOnce = 0
    let most = 0
    const results = await Promise.all(
      Array.from({ length: 20 }, () =>
        spend(failures, 'alice', async () => {
          most = Math.max(most, ++atOnce)
          await new Promise(setImmediate)
          atOnce--
          return end('right')
        }),
      ),
    )
    t.strictSame(
      results,
      Array.from({ length: 20 }, () => 'right'),
    )
    t.equal(most, failuresBefore.stranger)
  })

  t.test('an attempt whose outcome is lost counts, one that was never sent does not', async (t) => {
    const failures = budget()
    const fail = (error: Error) => spend(failures, 'alice', async () => Promise.reject(error))
    for (let i = 0; i < 10; i++) await t.rejects(fail(new TypeError('connection rejected')))
    for (let i = 0; i < 3; i++) await t.rejects(fail(new Error('timed out')))
    t.equal(await fail(new Error('timed out')), undefined)
  })
})
