/** `COREBOS_READS=shared`: the service user's sessions read for contacts that are mapped to it, under the same scope. */
import t, { type Test } from 'tap'
import { startPortal, type Portal } from '../support/portal.ts'
import { sample } from '../support/thorough.ts'
import { rowsAt, textAt } from '../support/webservice-client.ts'

const list =
  '/modules/HelpDesk/records?fields=ticket_title&where=' + encodeURIComponent("ticketstatus='Open'")

/** The names of the coreBOS sessions that log-ins of contacts have opened so far. */
function contactSessions({ relay }: Portal): Set<string> {
  return new Set(
    relay.calls
      .filter(({ operation }) => operation === 'loginPortal')
      .map(({ answer }) => String(Reflect.get(Object(answer.result), 'sessionName'))),
  )
}

/** Whether the last statements about tickets were sent in a session of a contact. */
function readsInOwnSession(portal: Portal): boolean {
  const own = contactSessions(portal)
  const queries = portal.relay.calls.filter(
    ({ operation, params }) =>
      operation === 'query' && params.get('query')?.includes('from HelpDesk') === true,
  )
  return own.has(queries.at(-1)?.params.get('sessionName') ?? '')
}

/** A portal whose contacts are all mapped to the service user. */
async function start(t: Test, COREBOS_READS: string, delayMs = 0): Promise<Portal> {
  const portal = await startPortal(t, { env: { COREBOS_READS }, delayMs })
  for (const { values } of portal.corebos.database.records('Contacts')) values.set('portalloginuser', '5')
  return portal
}

/** The two stores of coreBOS were made one after the other. */
function withoutTimes(body: unknown): unknown {
  return JSON.parse(JSON.stringify(body).replace(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\dZ?|"cbuuid":"\w+"/g, 'x'))
}

t.test('contacts that are mapped to the service user read in its sessions, and see the same', async (t) => {
  const [own, shared] = [await start(t, 'contact'), await start(t, 'shared')]
  for (const name of ['alice', 'bob', 'carol', 'dave', 'erin']) {
    const { body } = await own.as(name, 'GET', '/modules')
    const modules = rowsAt(body, 'modules').map((each) => textAt(each, 'name'))
    for (const module of sample(modules, 6)) {
      const path = `/modules/${module}/records?count=true`
      const [expected, answer] = [await own.as(name, 'GET', path), await shared.as(name, 'GET', path)]
      t.strictSame(withoutTimes(answer.body), withoutTimes(expected.body), `${name}: ${module}`)
    }
    t.equal((await own.as(name, 'GET', list)).status, 200)
    t.equal((await shared.as(name, 'GET', list)).status, 200)
    t.ok(readsInOwnSession(own), `${name}: its own session by default`)
    t.notOk(readsInOwnSession(shared), `${name}: the service user's session`)
  }
})

t.test('a contact that is mapped to another user reads in its own session', async (t) => {
  const portal = await startPortal(t, {
    env: { COREBOS_READS: 'shared' },
  })
  const { status } = await portal.as('alice', 'GET', list)
  t.equal(status, 200)
  t.ok(readsInOwnSession(portal))
})

t.test('reads of one contact run side by side', async (t) => {
  const portal = await start(t, 'shared', 20)
  await portal.as('alice', 'GET', list)
  portal.relay.mostAtOnce = 0
  const paths = Array.from({ length: 6 }, (_, i) => `${list}&limit=${i + 1}`)
  await Promise.all(paths.map(async (path) => portal.as('alice', 'GET', path)))
  t.ok(portal.relay.mostAtOnce > 1, `${portal.relay.mostAtOnce} at once`)
})
