/** What a client of `/webservice.php` learns about the CRM user behind its session. */
import t from 'tap'
import { startPortal, usualModes, type Mode, type Portal } from '../support/portal.ts'
import { contactAt, textAt, userAt, WebserviceClient } from '../support/webservice-client.ts'

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
  for (const mode of usualModes) {
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

/** A row of the own user as it is shown; every other field of it stays closed. */
const shown = ['user_name', ...settings]

t.test('a client reads the row of its own user, so that it can connect', async (t) => {
  for (const mode of usualModes) {
    const portal = await startPortal(t, { mode })
    const client = await enter(portal, mode, 'alice')
    const { userId: id } = client
    const before = portal.relay.count('query')
    const row = (await client.call('retrieve', { id })).result
    t.strictSame(Object.keys(row ?? {}).sort(), [...shown].sort(), mode)
    const name = textAt(row, 'user_name')
    t.equal(textAt(row, 'id'), id)
    for (const [query, rows] of [
      [`select id from Users where user_name='${name}';`, [{ id }]],
      [
        `select id, user_name from users where user_name = '${name.toUpperCase()}' limit 1;`,
        [{ user_name: name, id }],
      ],
      [
        `select user_name from Users where id in (${id}, 19x1) order by user_name;`,
        [{ user_name: name, id }],
      ],
      [`select id from Users where id='${id}' and (user_name='${name}' or language='de_de');`, [{ id }]],
      ['select * from Users;', [row]],
      ["select id from Users where user_name='admin';", []],
      ["select id from Users where id='19x1';", []],
      ['select id from Users limit 1,1;', []],
    ] as const) {
      const answer = await client.call('query', { query })
      t.match(answer, { success: true, moreinfo: { totalrows: String(rows.length) } }, `${mode}: ${query}`)
      t.strictSame(answer.result, rows)
    }
    const massed = await client.call('MassRetrieve', { ids: `${id},19x1` })
    t.strictSame(massed.result, { [id]: row })
    t.equal(portal.relay.count('query'), before, 'coreBOS is not queried')
  }
})

t.test('nothing else of users can be read, counted, ordered or inferred', async (t) => {
  for (const mode of usualModes) {
    const portal = await startPortal(t, { mode })
    const client = await enter(portal, mode, 'alice')
    for (const query of [
      "select id from Users where is_admin='off';",
      "select id from Users where user_name='alice' or accesskey like 'a%';",
      "select id from Users where user_name like 'a%';",
      "select id from Users where user_name != 'admin';",
      "select id from Users where not user_name = 'admin';",
      "select id from Users where user_name in ('alice') and email1='alice@example.com';",
      'select id from Users order by accesskey;',
      'select accesskey from Users;',
      'select Users.accesskey from Users;',
      'select count(*) from Users;',
      'select distinct user_name from Users;',
      "select id from Users where related.Contacts='12x8549';",
      'select Users.user_name from HelpDesk;',
      "select id from HelpDesk where Users.user_name='alice';",
    ]) {
      const { code, text } = await client.call('query', { query })
      t.equal(code, 'ACCESS_DENIED', `${mode}: ${query}: ${text}`)
    }
    for (const other of ['19x1', '19x99999', '20x1'])
      t.match(await client.call('retrieve', { id: other }), {
        code: 'ACCESS_DENIED',
        message: 'Permission to read given object is denied',
      })
    const element = { id: client.userId, language: 'de_de' }
    t.equal((await client.call('revise', { element })).success, false)
    t.equal((await portal.as('alice', 'GET', `/records/${client.userId}`)).status, 404)
    t.equal((await client.call('describe', { elementType: 'Users' })).code, 'ACCESS_DENIED')
  }
})

t.test('a list of users to assign to holds the own user, and no staff', async (t) => {
  for (const mode of usualModes) {
    const portal = await startPortal(t, { mode })
    const client = await enter(portal, mode, 'alice')
    const user = (await client.call('getPortalUserInfo')).result
    const username = `${textAt(user, 'first_name')} ${textAt(user, 'last_name')}`.trim()
    const { success, result } = await client.call('getAssignedUserList', { module: 'HelpDesk' })
    t.equal(success, true)
    t.strictSame(JSON.parse(String(result)), [{ userid: client.userId, username }])
    t.equal((await client.call('getAssignedUserList')).result, result)
    for (const module of ['Leads', 'Nope'])
      t.equal((await client.call('getAssignedUserList', { module })).code, 'ACCESS_DENIED')
    t.equal(portal.relay.count('getAssignedUserList'), 0, 'coreBOS, which names all staff, is not asked')
  }
})
