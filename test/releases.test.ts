/** Places that a request holds are given back, wherever it is left. */
import t from 'tap'
import { InUse } from '../src/http/in-use.ts'
import { UnderWay } from '../src/model/under-way.ts'
import { faultsIn, leaveUnread, Leaver, leftOver, sweep, until } from './support/aborts.ts'
import { semaphore } from './support/corebos-stub.ts'
import { document, largeBodies, others, rest, stageOf, webservice, type Row } from './support/requests.ts'

function named(rows: readonly Row[], name: string, header?: string): Row {
  const found = rows.find((row) => row.name === name && (header === undefined || row.headers?.[header]))
  if (found === undefined) throw new Error(name)
  return found
}

const conditional = named(others, 'PATCH /records/{id}', 'if-match')

t.test('work is counted until it ends, however it ends', async (t) => {
  const works = new UnderWay()
  const { opened, open } = semaphore()
  const fails = works.run(async () => {
    await opened
    throw new Error('its own')
  })
  const succeeds = works.run(async () => opened)
  t.equal(works.count, 2)
  open()
  await t.rejects(fails, { message: 'its own' })
  await succeeds
  t.equal(works.count, 0)

  const inUse = new InUse()
  inUse.watch({ works: () => works.count })
  t.throws(() => inUse.watch({ works: () => 0 }), { message: /counted already/ })
  t.same(inUse.counts(), { works: 0 })
})

t.test('a request that is left at any point gives everything back and calls coreBOS no more', async (t) => {
  const rows: readonly Row[] = [
    named(rest, 'GET /modules/{module}/records'),
    conditional,
    named(others, 'POST /modules/{module}/records', 'idempotency-key'),
    named(rest, 'POST /documents'),
    named(rest, 'POST /auth/login'),
    named(others, 'POST /auth/refresh'),
    named(webservice, 'getReferenceAutocomplete'),
  ]
  const swept = await sweep(t, { mode: 'portal', rows })
  for (const { name, found, answer } of swept)
    t.match(answer, /^20/, `${name} was left at ${found.length} points`)
  t.strictSame(faultsIn(swept), [])
})

t.test('places are held while they are needed, and shown in /metrics', async (t) => {
  // In this mode a contact reads while a write of it waits for coreBOS.
  const stage = await stageOf(t, 'service', { COREBOS_MAX_BYTES: '40 MiB', DOWNLOADS_MAX_BYTES: '80 MiB' })
  const { portal } = stage
  const { inUse, relay } = portal
  const begin = async (row: Row, share?: number): Promise<Leaver> => {
    const client = await Leaver.at(portal.url, await stage.wired(await stage.filled(row)))
    client.send(share)
    return client
  }

  await t.test('by a large body', async (t) => {
    for (const row of largeBodies) {
      const client = await begin(row, 0.9)
      t.ok(await until(() => inUse()['large_bodies'] === 1), row.name)
      client.leave()
      t.strictSame(await leftOver(portal), {}, 'and given back')
    }
  })

  await t.test('by a file that is not read', async (t) => {
    for (const each of [...portal.corebos.database.attachments.values()].flat())
      Object.assign(each, { content: Buffer.alloc(8 * 2 ** 20) })
    const client = await begin({
      name: 'GET /documents/{id}/content',
      path: `/documents/${document}/content`,
    })
    t.ok(await until(() => inUse()['downloads'] === 1 && inUse()['spool_files'] === 1))
    client.leave()
    t.strictSame(await leftOver(portal), {}, 'and given back')
    t.strictSame((await leaveUnread(stage, named(others, 'GET /downloads/{secret}'))).left, {})
  })

  await t.test('by a conditional write', async (t) => {
    const { opened, open } = semaphore()
    relay.holds = (operation) => (operation === 'revise' ? opened : undefined)
    const client = await begin(conditional)
    t.ok(await until(() => relay.underWay === 1 && inUse()['record_locks'] === 1))
    t.equal((await stage.send(await stage.filled(conditional))).status, 412, 'no other gets the lock')
    const { operatorUrl } = portal
    const metrics = async () => (await fetch(`${operatorUrl}/metrics`)).text()
    t.match(await metrics(), 'portal_in_use{what="record_locks"} 1')
    client.leave()
    open()
    relay.holds = undefined
    t.strictSame(await leftOver(portal), {}, 'and given back')
    t.equal((await stage.send(await stage.filled(conditional))).status, 200)
    const lines = await metrics()
    for (const kind of Object.keys(inUse())) t.match(lines, `portal_in_use{what="${kind}"} 0`)
    t.match(lines, /^portal_download_bytes 0$/m)
  })
})
