/** One-time links to files. */
import t from 'tap'
import { usualModes } from '../../support/portal.ts'
import { installed, sharedSettings, startRedis } from '../../support/redis-server.ts'
import { people, type Person, type DocumentPortal, startDocumentPortal } from '../../support/documents.ts'
import { json } from '../../support/posted.ts'

const redisMissing = !installed('redis-server')

t.test('a link to a file works once, for a minute, and for no longer than its session', async (t) => {
  const link = async (portal: DocumentPortal, name: Person | undefined, id: string) =>
    portal.fetch(name, `/documents/${id}/link`, { method: 'POST' })
  const pathOf = async (response: Response) => {
    const { origin, pathname } = new URL(String((await json(response))['url']))
    t.equal(origin, 'https://portal.example')
    return pathname
  }

  for (const mode of usualModes) {
    let now = Date.now()
    const portal = await startDocumentPortal(t, {
      mode,
      now: () => now,
      env: { ACCESS_RECHECK: '10', PUBLIC_URL: 'https://portal.example' },
    })
    const { database } = portal.corebos
    const made = await link(portal, 'alice', '15x8644')
    t.equal(made.status, 201)
    const url = `${portal.url}${await pathOf(made)}`
    t.equal((await fetch(url, { method: 'HEAD' })).status, 404, 'a look does not use it up')
    const [one, two] = await Promise.all([fetch(url), fetch(url)])
    t.same([one.status, two.status].toSorted(), [200, 404], 'of two at once one gets it')
    const answered = one.status === 200 ? one : two
    t.equal(await answered.text(), 'hello alice\n')
    t.match(Object.fromEntries(answered.headers), {
      'content-disposition': 'attachment; filename=alice.txt',
      'content-type': 'text/plain',
      'cache-control': 'private, no-store',
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
    })
    t.equal((await fetch(url)).status, 404)
    t.match(await json(await fetch(`${portal.url}/downloads/guessed`)), { code: 'NOT_FOUND' })

    for (const [name, id, status] of [
      ['bob', '15x8644', 404],
      ['carol', '15x8644', 404],
      ['alice', '15x8684', 404],
      ['alice', '15x999999', 404],
      ['alice', '17x8625', 404],
      [undefined, '15x8644', 401],
    ] as const) {
      t.equal((await link(portal, name, id)).status, status, `${mode}: ${name} ${id}`)
    }

    const late = `${portal.url}${await pathOf(await link(portal, 'alice', '15x8644'))}`
    now += 60_001
    t.equal((await fetch(late)).status, 404, 'a minute is over')

    const taken = `${portal.url}${await pathOf(await link(portal, 'alice', '15x8644'))}`
    const relation = database.documentRelations.find(({ document }) => document === 8644)
    if (relation === undefined) throw new Error('the document is related to alice')
    relation.record = people.carol
    now += 10_001
    t.equal((await fetch(taken)).status, 404, 'the document is not hers any more')
    relation.record = people.alice
    now += 10_001
    const ended = `${portal.url}${await pathOf(await link(portal, 'alice', '15x8644'))}`
    const off = `${portal.url}${await pathOf(await link(portal, 'alice', '15x8644'))}`
    t.equal((await portal.fetch('alice', '/auth/logout', { method: 'POST' })).status, 204)
    for (const each of [ended, off]) t.match(await json(await fetch(each)), { code: 'SESSION_ENDED' })

    const switched = await pathOf(await link(portal, 'bob', '15x8664'))
    database.entity(people.bob)?.values.set('portal', '0')
    now += 10_001
    t.equal((await fetch(`${portal.url}${switched}`)).status, 401, 'the contact is not let in any more')
    t.notOk(
      portal.log.some((line) => line.includes(switched)),
      'no link is in the log',
    )
  }

  await t.test('on any instance', { skip: redisMissing && 'skipped: no redis-server' }, async (t) => {
    const redis = await startRedis(t)
    const portal = await startDocumentPortal(t, {
      env: {
        ...(await sharedSettings(t, redis)),
      },
    })
    const other = await portal.another()
    const pathname = await pathOf(await link(portal, 'alice', '15x8644'))
    const answers = await Promise.all(
      [other, portal.url, other, portal.url].map((at) => fetch(`${at}${pathname}`)),
    )
    t.same(answers.map(({ status }) => status).toSorted(), [200, 404, 404, 404])
    const next = await pathOf(await link(portal, 'alice', '15x8644'))
    t.equal(await (await fetch(`${other}${next}`)).text(), 'hello alice\n')
  })
})
