/** What a client of `/webservice.php` learns about the CRM user behind its session. */
import t from 'tap'
import { modes, startPortal, type Mode, type Portal } from './support/portal.ts'
import { contactAt, userAt, WebserviceClient } from './support/webservice-client.ts'

async function enter(portal: Portal, mode: Mode, name: string): Promise<WebserviceClient> {
  return mode === 'user' ? userAt(portal.url, name) : contactAt(portal.url, name)
}

const settings = [
  'currency_decimal_separator',
  'currency_grouping_pattern',
  'currency_grouping_separator',
  'currency_symbol_placement',
  'date_format',
  'first_name',
  'id',
  'language',
  'last_name',
]

t.test('a contact is told the name, the language and the formats of its user, and no rights', async (t) => {
  for (const mode of modes) {
    const portal = await startPortal(t, { mode })
    const client = await enter(portal, mode, 'alice')
    const told = await client.call('getPortalUserInfo')
    t.strictSame(Object.keys(told.result ?? {}).sort(), settings, mode)
    t.match(told.result, { id: client.userId, date_format: 'yyyy-mm-dd' })

    const outside = new WebserviceClient(portal.url)
    const answers = await Promise.all([
      outside.call('getchallenge', { username: 'alice@example.com' }),
      client.call('extendsession'),
      client.call('getPortalUserDateFormat'),
      client.call('listtypes'),
      portal.as('alice', 'GET', '/auth/session'),
    ])
    const login = await new WebserviceClient(portal.url).tryPortal('alice@example.com', 'alice-pw', 'md5')
    for (const { text } of [told, login, ...answers])
      t.notMatch(
        text,
        /is_admin|roleid|rolename|profileid|accesskey|email1/i,
        `${mode}: ${text.slice(0, 200)}`,
      )
  }
})
