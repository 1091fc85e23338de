/** Every route and operation, in every log-in mode, left at every point of its way: everything is given back. */
import t from 'tap'
import { operations } from '../../src/webservice/operations.ts'
import { faultsIn, sweep } from '../support/aborts.ts'
import { modes, startPortal } from '../support/portal.ts'
import { largeBodies, others, rest, webservice } from '../support/requests.ts'
import { at } from '../support/webservice-client.ts'

const rows = [...rest, ...webservice, ...others, ...largeBodies]

for (const mode of modes) {
  t.test(`whatever is left gives everything back (${mode})`, async (t) => {
    // The modes differ in whose session is called, not in what a request does: one of them has every point.
    const swept = await sweep(t, { mode, rows, ...(mode !== 'portal' && { most: 6 }) })
    t.strictSame(faultsIn(swept), [])
    const points = swept.reduce((sum, { found }) => sum + found.length, 0)
    t.comment(`releases (${mode}): ${swept.length} requests left at ${points} points`)
    t.equal(swept.length, rows.length)
    t.ok(points > 3 * rows.length)
    if (mode !== 'user') {
      const unanswered = swept.filter(({ answer }) => !/^20\d (?!\{"success":false)/.test(answer))
      // Each mode has one of the two log-ins of the protocol.
      t.strictSame(
        unanswered
          .map(({ name, answer }) => `${name}: ${answer}`)
          .filter((each) => !each.startsWith('login: ')),
        [],
        'and a request that is not left is carried out',
      )
    }
  })
}

t.test('every route and every operation that calls coreBOS is among them', async (t) => {
  const portal = await startPortal(t)
  const { body } = await portal.as(undefined, 'GET', '/openapi.json')
  const routes = Object.entries(at(body, 'paths') ?? {}).flatMap(([path, item]) =>
    Object.keys(item as object).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const names = new Set(rows.map(({ name }) => name))
  // The operations are what is posted there.
  t.strictSame(
    routes.filter((each) => !names.has(each)),
    ['POST /webservice.php'],
  )
  const single = new Set(['visible', 'self'])
  t.strictSame(
    operations.filter(({ name, scope }) => !single.has(scope) && !names.has(name)).map(({ name }) => name),
    ['changePortalUserPassword'],
    'but one, which is the same as a route',
  )
})
