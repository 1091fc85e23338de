/**
 * Every route of the running gateway, requested by the owner, a colleague, another company and without a session.
 * What each may do is said here once more in plain words, over the demo's store; a route without a row fails.
 */
import t, { type Test } from 'tap'
import { keeping } from '../support/keeping.ts'
import { modes } from '../support/portal.ts'
import { isGiven, judge, told } from './rights/judge.ts'
import { moduleRows, queryRows } from './rights/module-rows.ts'
import { PortalUnderTest } from './rights/portal-under-test.ts'
import { protocolRows } from './rights/protocol-rows.ts'
import { fileRows, recordRows, relatedRows, surroundingRows } from './rights/record-rows.ts'
import type { Right, Row } from './rights/row.ts'
import { endingRows, logInRows, openRows, sessionRows } from './rights/session-rows.ts'
import { Vocabulary } from './rights/vocabulary.ts'
import { addingRows, changeRows, createRows, deleteRows, relationRows } from './rights/writing-rows.ts'

/** All rows, those last that take something away from others. */
async function tableOf(tested: PortalUnderTest): Promise<readonly Row[]> {
  const words = await Vocabulary.prepare(tested)
  const areas = [
    logInRows,
    sessionRows,
    moduleRows,
    queryRows,
    recordRows,
    surroundingRows,
    fileRows,
    relatedRows,
    createRows,
    addingRows,
    changeRows,
    relationRows,
    protocolRows,
    deleteRows,
    endingRows,
  ]
  return [...openRows, ...areas.flatMap((rowsOf) => rowsOf(words))]
}

/** Paths of the operators' port without anything of a contact. */
const openToProbes: ReadonlySet<string> = new Set(['/metrics', '/openapi.json', '/operator.css'])

/** Files of the build, the same for all: the subject of test/portal/served.test.ts. */
const filesOfPortal: ReadonlySet<string> = new Set(['GET /', 'GET /portal/assets/:name', 'GET /portal/logo'])

/** Each port has its own page and its own description. */
const onBothPorts: ReadonlySet<string> = new Set(['/', '/openapi.json'])

/** Each route must have a row; a HEAD stands beside each GET. */
function hasRows(t: Test, routes: ReadonlySet<string>, withRow: ReadonlySet<string>): void {
  const isKnown = (route: string) => withRow.has(route) || filesOfPortal.has(route)
  const without = [...routes].filter((route) => !isKnown(route.replace(/^HEAD/, 'GET')))
  t.same(without, [], 'routes without a row')
  const unknown = [...withRow].filter((route) => !routes.has(route))
  t.same(unknown, [], 'rows without a route')
}

/** Sends the request of each row for each contact. @returns the routes that give alice something */
async function judgeRows(t: Test, tested: PortalUnderTest, table: readonly Row[]): Promise<Set<string>> {
  const { alice, bob, carol } = tested
  const outcomes = new Map<string, Map<Right, number>>()
  const given = new Set<string>()
  for (const row of table) {
    const faults: string[] = []
    let first: string | undefined
    // The owner comes last, since its request may change the rights of others.
    for (const context of [undefined, carol, bob, alice]) {
      const who = context?.name ?? 'nobody'
      const { answer, right, faults: found } = await judge(t, tested, row, context)
      faults.push(...found.map((fault) => `${who}: ${fault}`))
      first ??= told(answer)
      if (row.alike === true && told(answer) !== first) faults.push(`${who}: not as for the others`)
      if (context === alice && isGiven(answer)) given.add(row.route)
      const times = outcomes.get(who) ?? new Map<Right, number>()
      outcomes.set(who, times.set(right, (times.get(right) ?? 0) + 1))
    }
    t.same(faults, [], `${row.route} ${row.about ?? ''}`)
  }
  for (const [who, byRight] of outcomes)
    t.comment(`${who}: ${[...byRight].map(([right, times]) => `${times} ${right}`).join(', ')}`)
  return given
}

async function isForOperators(t: Test, { portal, operatorRoutes }: PortalUnderTest): Promise<void> {
  for (const route of operatorRoutes) {
    const [method = '', path = ''] = route.split(' ')
    const body = method === 'POST' ? { body: {} } : {}
    for (const name of [undefined, 'carol']) {
      const here = await portal.as(name, method, path, body)
      if (!onBothPorts.has(path)) t.equal(here.status, 404, `${route} is not on the port for all`)
      const there = await portal.as(name, method, path, { ...body, at: portal.operatorUrl })
      t.equal(there.status, openToProbes.has(path) ? 200 : 401, `${route} is for operators`)
    }
  }
}

t.test('every route, by the owner, a colleague, another company and without a session', async (t) => {
  const portals: (readonly [string, PortalUnderTest])[] = []
  // Which Fastify belongs to which portal is told by the order in which they start.
  for (const mode of modes) portals.push([`in ${mode} mode`, await PortalUnderTest.start(t, mode, {})])
  portals.push(['with kept answers', await PortalUnderTest.start(t, 'portal', keeping)])
  // Most of the time is spent waiting for log-ins that are rejected.
  t.jobs = portals.length
  const judged = portals.map(([name, tested]) =>
    t.test(name, { buffered: true }, async (t) => {
      const table = await tableOf(tested)
      const withRow = new Set(table.map(({ route }) => route))
      hasRows(t, tested.routes, withRow)
      const given = await judgeRows(t, tested, table)
      t.same(
        [...withRow].filter((route) => !given.has(route)),
        tested.mode === 'user' ? ['PUT /auth/password'] : [],
        'routes that give her nothing',
      )
      await isForOperators(t, tested)
    }),
  )
  await Promise.all(judged)
})
