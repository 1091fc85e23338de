/** Bounds on conditions, characters and lists, which are checked before the work is done. */
import t from 'tap'
import {
  conjunction,
  posted,
  search,
  ticket,
  times,
  tooLarge,
  tooManyInParameters,
} from '../support/floods.ts'
import { policyFile, startPortal, type Portal } from '../support/portal.ts'
import { passwordTypes, WebserviceClient } from '../support/webservice-client.ts'

t.test(
  'what would be multiplied out beyond a bound, or lists too much, is rejected unasked and in few words',
  async (t) => {
    const portal = await startPortal(t)
    // Describes every module, so that nothing of that is asked below.
    await portal.as('alice', 'GET', '/modules')
    for (const [what, [method, path, sent], detail] of tooLarge) {
      const before = portal.relay.calls.length
      const { status, text, body } = await portal.as('alice', method, path, sent)
      const isRejected = body.code === 'QUERY_TOO_LARGE' || body.code === 'VALIDATION_FAILED'
      t.ok(status === 400 && isRejected, `${what}: ${text.slice(0, 300)}`)
      t.match(String(body['detail']), detail, what)
      t.ok(text.length < 1_000, `${what}: ${text.length} characters`)
      // Related records are of a record that has been looked up.
      t.ok(
        portal.relay.calls.length - before <= (path.includes('/related/') ? 1 : 0),
        `${what}: nothing was asked`,
      )
      if (path !== '/query') continue
      const explained = await portal.as('alice', 'POST', '/query/explain', sent)
      t.match(explained.text, detail, `${what}: explained`)
      t.ok(explained.text.length < 1_000)
      t.equal(portal.relay.calls.length, before)
    }
  },
)

/** The conditions of the statement that coreBOS was asked last. */
function printedConditions({ relay }: Portal): number {
  const statement = relay.calls.at(-1)?.params.get('query') ?? ''
  return statement.replace(/^.* where /, '').split(/ and | or /).length
}

t.test("the policy's own conditions count, and are not told", async (t) => {
  const where = '(' + times(10, (i) => `update_log='${i}'`, ' or ') + ')'
  const file = await policyFile(t, { HelpDesk: { where, hide: ['update_log'] } })
  const portal = await startPortal(t, { env: { POLICY_FILE: file } })
  const ask = (count: number) => portal.as('alice', ...posted(conjunction([count], 0)))
  // Each of the ten alternatives of the policy stands with the tie to the contact, and with each that is asked.
  t.equal((await ask(66)).status, 200)
  t.equal(printedConditions(portal), 66 * 10 * 3)
  const { status, body } = await ask(67)
  t.equal(status, 400)
  const detail = String(body['detail'])
  t.match(detail, /67 conditions in 67 terms were received/)
  t.notMatch(detail, /2,?010|670|update_log/)
})

t.test('a statement has a bound on its characters, whatever makes it long', async (t) => {
  const portal = await startPortal(t)
  const long = 'x'.repeat(60_000)
  const ask = (count: number) =>
    portal.as('alice', ...posted(`ticket_title='${long}' and (${conjunction([count], 0)})`))
  t.equal((await ask(33)).status, 200)
  const before = portal.relay.calls.length
  const rejected = await ask(34)
  t.match(rejected, {
    status: 400,
    body: { code: 'QUERY_TOO_LARGE', detail: /more than 2,000,000 characters/ },
  })
  t.equal(portal.relay.calls.length, before)
})

t.test('lists in parameters of operations are counted before anything is done with them', async (t) => {
  const portal = await startPortal(t)
  const client = new WebserviceClient(portal.url)
  await client.tryPortal('alice@example.com', 'alice-pw', passwordTypes['alice'] ?? 'md5')
  await client.call('listtypes')
  await client.call('retrieve', { id: ticket })
  for (const [operation, params, message] of tooManyInParameters) {
    const before = portal.relay.calls.length
    const answer = await client.call(operation, params)
    t.match(
      answer,
      { success: false, code: 'QUERY_TOO_LARGE', message },
      `${operation}: ${answer.text.slice(0, 300)}`,
    )
    t.ok(answer.text.length < 1_000, `${operation}: ${answer.text.length} characters`)
    t.equal(portal.relay.calls.length, before, `${operation}: nothing was asked`)
  }
  const twice = await client.call('getFieldAutocomplete', { ...search, fields: 'ticket_title,ticket_title' })
  t.equal(twice.success, true)
  t.equal(printedConditions(portal), 2, 'what is named twice is asked once, beside the tie to the contact')
})
