/** A coreBOS that answers more rows than it was asked for tells a contact nothing. */
import t from 'tap'
import { ownerIdsOf, Oracle } from '../support/oracle.ts'
import { usualModes } from '../support/portal.ts'
import { startRelayed } from '../support/start.ts'
import { at, rowsAt, textAt, userAt } from '../support/webservice-client.ts'
import { people, ContactPortal } from '../support/levels.ts'

t.test('a coreBOS that answers more than it was asked for tells a contact nothing', async (t) => {
  for (const mode of usualModes) {
    const { relay, gateway } = await startRelayed(t, { env: { LOGIN_MODE: mode } })
    const { database } = gateway.corebos
    const admin = await userAt(gateway.corebos.url)
    const alice = await ContactPortal.of(gateway, 'alice', mode)
    const oracle = new Oracle(database, ownerIdsOf(database, people.alice, 'account'))
    const modules = [
      'HelpDesk',
      'Contacts',
      'Accounts',
      'Invoice',
      'Assets',
      'Project',
      'ProjectTask',
      'Documents',
      'Faq',
    ]
    const everything = new Map<string, unknown>()
    for (const module of modules) {
      everything.set(
        module,
        (await admin.call('query', { query: `select * from ${module} limit 1000;` })).result,
      )
    }
    relay.alter = ({ operation, params, answer }) => {
      const module = / from (\w+)/.exec(params.get('query') ?? '')?.[1] ?? ''
      return operation === 'query' && !params.get('query')?.includes('count(*)')
        ? { ...answer, result: everything.get(module), moreinfo: { totalrows: '9999' } }
        : answer
    }
    let withheld = 0
    for (const module of modules) {
      const reply = await alice.query(`select * from ${module} limit 1000`)
      const expected = oracle.visible(module).map((record) => database.webserviceId(record))
      t.same(
        rowsAt(reply.body, 'records')
          .map((row) => textAt(row, 'id'))
          .sort(),
        expected.sort(),
        module,
      )
      t.equal(at(reply.body, 'total'), undefined, 'nor how many there are')
      withheld += database.records(module).length - expected.length
      for (const record of database.records(module)) {
        if (oracle.sees(record)) continue
        const id = database.webserviceId(record)
        t.match(await alice.get(`/records/${id}`), { status: 404, body: { code: 'NOT_FOUND' } }, id)
        break
      }
    }
    const lines = gateway.log.filter((line) => line.includes('withheld'))
    t.ok(lines.length >= modules.length)
    t.notMatch(lines.join('\n'), /secret|ticket 1/)
    for (const line of lines) {
      const { withheld: named } = JSON.parse(line) as { withheld: { id: string; failed: string }[] } // every line is JSON
      t.ok(named.length > 0, 'the line names rows')
      for (const { id, failed } of named)
        t.match(`${id} ${failed}`, /^\d+x\d+ \S/, 'the id and the failed condition')
    }
    const metrics = await (await fetch(`${gateway.operatorUrl}/metrics`)).text()
    const counted = [...metrics.matchAll(/^portal_rows_withheld_total\{[^}]*\} (\d+)$/gm)].map(([, n]) =>
      Number(n),
    )
    t.ok(counted.reduce((sum, n) => sum + n, 0) >= withheld, `${mode}: ${withheld} rows, each counted`)
  }
})
