/** The access check of a session counts on every instance that shares its store, for as long as it does on one. */
import t, { type Test } from 'tap'
import { pack, unpack } from '../../src/session/redis/packed.ts'
import { policyFile, startPortal, type Portal } from '../support/portal.ts'
import { installed, sharedSettings, startRedis } from '../support/redis-server.ts'
import { facts } from '../support/session-contract.ts'

const redis = { skip: !installed('redis-server') && 'no redis-server' }
const alice = 8549
const tickets = '/modules/HelpDesk/records?fields=ticket_title'

async function started(t: Test, clock: { at: number }, env: Readonly<Record<string, string>> = {}) {
  const shared = await sharedSettings(t, await startRedis(t))
  return startPortal(t, { env: { ...shared, ACCESS_RECHECK: '60', ...env }, now: () => clock.at })
}

/** Calls that ask whether a contact has access. A gateway that starts asks other things of Contacts, at any moment. */
function checks({ relay }: Portal): number {
  const isCheck = (query: string | null) => query?.includes('support_end_date') === true
  return (
    relay.count('getPortalUserInfo') + relay.calls.filter(({ params }) => isCheck(params.get('query'))).length
  )
}

t.test('an instance that has not seen a contact takes over the check of another one', redis, async (t) => {
  const clock = { at: Date.now() }
  const portal = await started(t, clock)
  const ask = async (at: string) => portal.as('alice', 'GET', tickets, { at })
  t.equal((await ask(portal.url)).status, 200)

  const other = await portal.another()
  portal.relay.calls.splice(0)
  t.equal((await ask(other)).status, 200)
  t.equal(checks(portal), 0, 'nothing is asked about the contact')

  clock.at += 61_000
  t.equal((await ask(other)).status, 200)
  const after = checks(portal)
  t.ok(after > 0, 'after ACCESS_RECHECK it is checked again')
  t.equal((await ask(portal.url)).status, 200)
  t.equal(checks(portal), after, 'by one of them, for both')
})

t.test('taking over a check does not extend it: a contact that is switched off is out', redis, async (t) => {
  for (const end of [{ portal: '0' }, { support_end_date: '2021-12-31' }]) {
    const clock = { at: Date.now() }
    const portal = await started(t, clock)
    const ask = async (at: string) => portal.as('alice', 'GET', tickets, { at })
    t.equal((await ask(portal.url)).status, 200)
    const other = await portal.another()
    const row = portal.corebos.database.entity(alice)
    for (const [name, value] of Object.entries(end)) row?.values.set(name, value)

    clock.at += 50_000
    for (const at of [other, portal.url]) t.equal((await ask(at)).status, 200, 'checked a moment ago')
    clock.at += 11_000
    for (const at of [other, portal.url])
      t.match(await ask(at), { status: 401, body: { code: 'SESSION_ENDED' } }, Object.keys(end).join())
  }
})

t.test('a check under other rules does not count', redis, async (t) => {
  const clock = { at: Date.now() }
  const portal = await started(t, clock)
  const ids = async (at: string) =>
    ((await portal.as('alice', 'GET', `${tickets}&limit=100`, { at })).body.records ?? []).map(({ id }) => id)
  const account = await ids(portal.url)
  const narrow = await portal.another({ POLICY_FILE: await policyFile(t, {}, { level: 'own' }) })
  portal.relay.calls.splice(0)
  const own = await ids(narrow)
  t.ok(checks(portal) > 0, 'the contact is checked under the rules of this instance')
  t.ok(own.length > 0 && own.length < account.length)
  t.same(await ids(portal.url), account, 'and again under those of the other one')
})

t.test('a session keeps the rules of its check, and has none where an earlier version wrote it', (t) => {
  const { contact, upstream, userAgent, address } = facts('12x1')
  const times = { createdAt: 1, checkedAt: 2, expiresAt: 3 }
  const session = { id: 'id', contact, upstream, userAgent, address, ...times, checkedUnder: 'rules' }
  t.same(unpack(pack(session)), session)

  const text = (check: unknown) => {
    const parts = JSON.parse(pack(session)) as unknown[] // a list, as it is written
    return JSON.stringify(parts.with(13, check))
  }
  for (const check of [2, [2], ['2', 'rules'], [2, 7], null])
    t.same(unpack(text(check)), { ...session, checkedAt: 0, checkedUnder: '' }, JSON.stringify(check))
  t.end()
})
