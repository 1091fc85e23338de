/** Laws of scoped conditions: a condition and its negation, joined conditions, and rewritten ones. */
import fc from 'fast-check'
import t from 'tap'
import { ownerIdsOf, Oracle } from '../support/oracle.ts'
import { startGateway } from '../support/start.ts'
import { sample, times } from '../support/thorough.ts'
import { textAt } from '../support/webservice-client.ts'
import { people, names, ContactPortal, openModules } from '../support/levels.ts'

const withText = {
  HelpDesk: 'ticket_title',
  Contacts: 'lastname',
  Invoice: 'subject',
  Products: 'productname',
} as const

t.test('the laws of scoped conditions', async (t) => {
  const gateway = await startGateway(t, { env: { LOGIN_MODE: 'service', LOG_LEVEL: 'warn' } })
  const { database } = gateway.corebos
  const portals = await Promise.all(
    names.map(async (name) => [name, await ContactPortal.of(gateway, name, 'service')] as const),
  )
  const where = (module: string, condition: string) =>
    `select id from ${module} where ${condition} limit 10000`
  const value = (module: keyof typeof withText) =>
    fc.constantFrom(...database.records(module).map((record) => record.values.get(withText[module]) ?? ''))
  const atomOn = fc.constantFrom(...(Object.keys(withText) as (keyof typeof withText)[])).chain((module) =>
    fc
      .tuple(value(module), value(module), fc.integer({ min: 1, max: 6 }), fc.nat(5))
      .map(([one, two, length, form]) => {
        const field = withText[module]
        const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`
        const atoms = [
          `${field} = ${quoted(one)}`,
          `${field} != ${quoted(one)}`,
          `${field} < ${quoted(one)}`,
          `${field} in (${quoted(one)}, ${quoted(two)})`,
          `${field} not in (${quoted(one)}, ${quoted(two)})`,
          `${field} like '%${one.slice(0, length).trim().replaceAll("'", "''")}%'`,
        ]
        return { module, field, atom: atoms[form] ?? '' }
      }),
  )
  const who = fc.constantFrom(...portals)

  await t.test('what a condition and its opposite and nothing find is all there is', async (t) => {
    await fc.assert(
      fc.asyncProperty(who, atomOn, async ([name, portal], { module, field, atom }) => {
        const all = new Set(await portal.ids(`select id from ${module} limit 10000`))
        const parts = await Promise.all(
          [atom, `not ${atom}`, `${field} is null`].map((condition) => portal.ids(where(module, condition))),
        )
        t.same(new Set(parts.flat()), all, `${name}: ${atom}`)
      }),
      { numRuns: times(30, 120) },
    )
  })

  await t.test('neither a condition nor an or adds a row from outside', async (t) => {
    await fc.assert(
      fc.asyncProperty(who, atomOn, atomOn, async ([name, portal], { module, atom }, other) => {
        const all = await portal.ids(`select id from ${module} limit 10000`)
        const one = await portal.ids(where(module, atom))
        t.same(
          one.filter((id) => !all.includes(id)),
          [],
          `${name}: ${atom}`,
        )
        if (other.module !== module) return
        const either = await portal.ids(where(module, `${atom} or ${other.atom}`))
        const two = await portal.ids(where(module, other.atom))
        t.same(new Set(either), new Set([...one, ...two]), `${name}: ${atom} or ${other.atom}`)
      }),
      { numRuns: times(40, 150) },
    )
  })

  await t.test('every own row can be reached, whole and by its id', async (t) => {
    for (const [name, portal] of portals) {
      const oracle = new Oracle(database, ownerIdsOf(database, people[name], 'account'))
      for (const module of openModules) {
        for (const record of sample(oracle.visible(module), 3)) {
          const id = database.webserviceId(record)
          const { status, body } = await portal.get(`/records/${id}`)
          if (status !== 200 || textAt(body, 'id') !== id) t.fail(`${name} cannot reach ${id}`)
        }
      }
    }
    t.pass('all of them')
  })
})
