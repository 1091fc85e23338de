/** How many calls of coreBOS one request may have under way, and none after its client has left. */
import t from 'tap'
import { disconnected } from '../../plugins/request-calls.ts'
import { operations } from '../../src/webservice/operations.ts'
import { semaphore } from '../support/corebos-stub.ts'
import { startPortal, type Mode } from '../support/portal.ts'
import { password, rest, stageOf, webservice } from '../support/requests.ts'
import { at } from '../support/webservice-client.ts'
import { sample, times } from '../support/thorough.ts'

/** Long enough for all that can go on by itself in this process. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 30; i++) await new Promise(setImmediate)
}

const modesWithMany: readonly Mode[] = ['service', 'portal']

for (const mode of sample(modesWithMany, 1)) {
  t.test(`no request has more than four calls under way (${mode})`, async (t) => {
    const { portal, send, calls, filled } = await stageOf(t, mode)
    const { relay } = portal
    let most = 0
    for (const each of [...rest, ...webservice, password]) {
      const row = await filled(each)
      relay.mostAtOnce = 0
      const before = calls().length
      const done = { is: false }
      const answer = send(row).finally(() => (done.is = true))
      while (!done.is) {
        const held = semaphore()
        relay.held = held.opened
        await quiet()
        held.open()
        await new Promise(setImmediate)
      }
      relay.held = undefined
      const { status, text } = await answer
      t.ok(
        status < 300 && !text.startsWith('{"success":false'),
        `${row.name}: ${status} ${text.slice(0, 200)}`,
      )
      t.ok(relay.mostAtOnce <= 4, `${row.name}: ${relay.mostAtOnce} at once`)
      const made = calls().length - before
      t.ok(made <= 60, `${row.name}: ${made} calls`)
      most = Math.max(most, relay.mostAtOnce)
    }
    t.equal(most, 4, 'and some have four')
  })

  t.test(`no request makes a further call when its client has left (${mode})`, async (t) => {
    const { portal, send, calls, filled } = await stageOf(t, mode)
    const { relay } = portal
    const next = async () => portal.as('bob', 'GET', '/modules/HelpDesk/records')
    await next()
    const before = calls().length
    await next()
    const callsOfNext = calls().length - before
    t.ok(callsOfNext > 0)
    const hasLeft = (from: number) => portal.log.slice(from).some((line) => line.includes(disconnected))
    const depths = new Map<string, number>()
    const requests = sample([...rest, ...webservice, password], 24)
    for (const each of requests) {
      // Lets some calls through, then leaves while the next ones are under way.
      for (const answered of [0, 2]) {
        const row = await filled(each)
        const client = new AbortController()
        const done = { is: false }
        const answer = send(row, client.signal)
          .catch(() => undefined)
          .finally(() => (done.is = true))
        const isOver = () => done.is
        let held = semaphore()
        relay.held = held.opened
        for (let i = 0; i < answered && !isOver(); i++) {
          while (relay.underWay === 0 && !isOver()) await new Promise(setImmediate)
          await quiet()
          const last = held
          held = semaphore()
          relay.held = held.opened
          last.open()
          await quiet()
        }
        while (relay.underWay === 0 && !isOver()) await new Promise(setImmediate)
        await quiet()
        if (!isOver()) {
          const logged = portal.log.length
          client.abort()
          while (!hasLeft(logged)) await new Promise(setImmediate)
          const sent = calls().length
          held.open()
          relay.held = undefined
          // What the request would go on with comes to coreBOS before what another contact asks for after that.
          await next()
          t.equal(calls().length - callsOfNext, sent, `${row.name} after ${answered}`)
          depths.set(row.name, answered)
        }
        held.open()
        relay.held = undefined
        await answer
        await quiet()
      }
    }
    t.ok(
      depths.size > times(requests.length / 2, 35),
      `${depths.size} of ${requests.length} requests were left`,
    )
  })
}

t.test('the tables name every route and operation that calls coreBOS for a contact', async (t) => {
  const portal = await startPortal(t)
  const { body } = await portal.as(undefined, 'GET', '/openapi.json')
  const paths = Object.entries(at(body, 'paths') ?? {})
  const routes = paths.flatMap(([path, item]) =>
    Object.keys(item as object).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const free =
    /^(GET|POST|DELETE) \/(auth\/(session|refresh|logout|password-rec)|health|\.well|webservice|downloads)/
  const named = [...rest, password].map(({ name }) => name)
  t.strictSame(
    routes.filter((each) => !free.test(each) && !named.includes(each)),
    [],
  )
  const known = new Set(webservice.map(({ name }) => name))
  const single = new Set(['visible', 'self', 'login'])
  t.strictSame(
    operations.filter(({ name, scope }) => !single.has(scope) && !known.has(name)).map(({ name }) => name),
    ['changePortalUserPassword'],
    'but one, which is the same as a route',
  )
})
