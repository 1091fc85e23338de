/**
 * What a challenge tells about its name over a real socket: the lag from the time in a token to its answer, for names with
 * and without access, with coreBOS at several latencies. The only judge is a test of both distributions.
 */
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { request } from 'undici'
import { startGateway } from '../support/start.ts'
import { chance, distance, random } from '../support/statistics.ts'

interface Answer {
  readonly success: boolean
  readonly result: { readonly token: string; readonly expireTime: number | string }
}

const customers = ['alice', 'bob', 'carol', 'dave', 'erin']
const rounds = 60
const life = 7_200_000

for (const delayMs of [0, 50, 200]) {
  t.test(`${delayMs} ms a call`, async (t) => {
    let offset = 0
    const now = () => performance.timeOrigin + performance.now() + offset
    const started = await startGateway(t, {
      delayMs,
      now,
      corebosNow: now,
      env: { LOG_LEVEL: 'silent', SESSION_IDLE_TTL: '31536000', SESSION_MAX_TTL: '31536000' },
    })
    /** Milliseconds from the time in a new token to its answer; nothing for a token that was there before. */
    async function lagOf(username: string): Promise<number | undefined> {
      const query = new URLSearchParams({ operation: 'getchallenge', username })
      const response = await request(`${started.url}/webservice.php?${query.toString()}`)
      const { result } = (await response.body.json()) as Answer // as coreBOS answers
      const { token, expireTime } = result
      const cacheGeneration =
        Number.parseInt(token.slice(0, 8), 16) * 1000 + Number.parseInt(token.slice(8), 16) / 1000
      return typeof expireTime === 'number' ? now() - cacheGeneration : undefined
    }

    const lags = { real: [] as number[], madeUp: [] as number[] }
    const pick = random(3)
    for (let round = 0; round < rounds; round++) {
      // All tokens of the round before have expired, and the next ones begin at another fraction of a second.
      offset += life + 5000 + Math.floor(1000 * pick())
      const names = customers.flatMap((name, n) => [
        ['real', `${name}@example.com`] as const,
        ['madeUp', `stranger${round}.${n}@example.com`] as const,
      ])
      const running = []
      for (const [kind, name] of round % 2 === 0 ? names : names.toReversed()) {
        running.push(
          lagOf(name).then((lag) => {
            if (lag !== undefined && round > 0) lags[kind].push(lag)
          }),
        )
        await wait(15)
      }
      await Promise.all(running)
    }
    const { real, madeUp } = lags
    const median = (list: readonly number[]) => list.toSorted((a, b) => a - b)[list.length >> 1]?.toFixed(1)
    const apart = distance(real, madeUp)
    t.comment(
      `lags: ${real.length} real, median ${median(real)} ms; ${madeUp.length} made up, median ${median(madeUp)} ms; ` +
        `distance ${apart.toFixed(3)} of at most ${chance(real, madeUp).toFixed(3)}`,
    )
    t.ok(real.length >= 200 && madeUp.length >= 150, 'enough of both kinds')
    t.ok(apart < chance(real, madeUp), 'both kinds of lag may come from one distribution')
  })
}
