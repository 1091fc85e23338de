/** What coreBOS leaves open to a contact that reads, shown there first and closed through the gateway second. */
import t from 'tap'
import { GatewayError, type ErrorCode } from '../../src/model/errors.ts'
import { ownerIdsOf, Oracle } from '../support/oracle.ts'
import { startGateway } from '../support/start.ts'
import { contactAt, rowsAt, textAt } from '../support/webservice-client.ts'
import { people, type Reply, ContactPortal } from '../support/levels.ts'

t.test('what coreBOS leaves open to a contact that reads is closed at the gateway', async (t) => {
  const gateway = await startGateway(t)
  const direct = await contactAt(gateway.corebos.url, 'alice')
  const alice = await ContactPortal.of(gateway, 'alice')
  const asked = async (query: string) => direct.call('query', { query })
  const rejected = async (query: string, code: ErrorCode) => {
    const reply = await alice.query(query)
    t.match(reply, { status: new GatewayError(code).status, body: { code } }, query)
    t.notMatch(reply.text, /access-key|192\.0\.2|Internal secret/)
  }

  await t.test('paths to CRM users', async (t) => {
    const keys = "select Users.accesskey from HelpDesk where (ticket_title = 'alice ticket 1')"
    t.match(rowsAt((await asked(keys)).result), [{ accesskey: 'portal-access-key' }])
    for (const statement of [
      keys,
      'select Users.accesskey from HelpDesk',
      "select ticket_title from HelpDesk where Users.accesskey like 'p%'",
      'select Users.user_name from HelpDesk',
      'select user_name, accesskey from Users',
    ]) {
      await rejected(statement, 'UNKNOWN_MODULE')
    }
    await rejected('select ticket_title from HelpDesk order by Users.accesskey', 'QUERY_NOT_EXPRESSIBLE')
    t.match((await alice.get('/modules/HelpDesk/records?fields=Users.accesskey')).body, {
      code: 'UNKNOWN_MODULE',
    })
    t.match((await alice.get('/records/19x1')).body, { code: 'NOT_FOUND' })
  })

  await t.test('SQL of the caller in an order', async (t) => {
    const ordered = (by: string) =>
      `select ticket_title from HelpDesk where (ticket_title like '%ticket%') order by ${by} limit 50`
    const titles = async (by: string) =>
      rowsAt((await asked(ordered(by))).result).map((row) => row['ticket_title'])
    t.notSame(await titles('(ticketid*-1)'), await titles('(ticketid*1)'), 'coreBOS carries it out')
    for (const by of ['(ticketid*-1)', 'ticketid*-1', 'rand()', '1', 'if(1=1,title,ticketid)', 'sleep(1)']) {
      t.match(await alice.query(ordered(by)), { status: 400 }, by)
    }
  })

  await t.test('what stands behind a relation', async (t) => {
    const rest = "select ticket_title from HelpDesk where related.Contacts='12x8551' or 1=1 limit 500"
    t.ok((await asked(rest)).success === true || (await asked(rest)).code !== 'QUERY_SYNTAX')
    await rejected(rest, 'QUERY_SYNTAX')
    t.same(await alice.ids("select ticket_title from HelpDesk where related.Contacts='12x8551'"), [])
    t.same(await alice.ids("select notes_title from Documents where related.Contacts='12x8551'"), [])
  })

  await t.test('counts and totals over rows of others', async (t) => {
    const { database } = gateway.corebos
    const own = new Oracle(database, ownerIdsOf(database, people.alice, 'account'))
    for (const module of ['ProjectMilestone', 'Leads', 'Vendors', 'cbTermConditions']) {
      const count = Number(textAt((await asked(`select count(*) from ${module};`)).result, 0, 'count'))
      const mine = module === 'ProjectMilestone' ? own.visible(module).length : 0
      t.ok(count > mine, `${module}: coreBOS counts ${count}`)
      if (module === 'ProjectMilestone') {
        t.match((await alice.query(`select count(*) from ${module}`)).body, {
          records: [{ count: String(mine) }],
          total: mine,
        })
        t.match((await alice.get(`/modules/${module}/records?limit=1&count=true`)).body, { total: mine })
      } else await rejected(`select count(*) from ${module}`, 'UNKNOWN_MODULE')
    }
  })

  await t.test('modules that no contact has a use for', async (t) => {
    for (const module of ['LoginHistory', 'Workflow', 'Groups', 'CompanyDetails', 'Users']) {
      const found = await asked(`select * from ${module};`)
      t.ok(rowsAt(found.result).length > 0, `coreBOS shows ${module}`)
      await rejected(`select * from ${module}`, 'UNKNOWN_MODULE')
      t.match(await alice.get(`/modules/${module}/records`), {
        status: 404,
        body: { code: 'UNKNOWN_MODULE' },
      })
      t.match((await alice.get(`/modules/${module}`)).status, 404)
      t.notOk((await alice.get('/modules')).text.includes(`"${module}"`))
    }
  })

  await t.test('records by their ids', async (t) => {
    for (const id of ['3x8563', '53x1', '19x1']) {
      t.notMatch((await alice.get(`/records/${id}`)).text, /Internal secret|192\.0\.2|admin/)
    }
    t.match((await direct.call('retrieve', { id: '3x8563' })).result, { question: 'Internal secret' })
    t.match((await direct.call('retrieve', { id: '53x1' })).result, { user_ip: '192.0.2.17' })
    const absent = await alice.get('/records/17x999999')
    const withoutId = ({ status, text }: Reply) => [status, text.replace(/"requestId":"[^"]*"/, '')]
    t.match(absent, { status: 404, body: { code: 'NOT_FOUND' } })
    for (const id of ['3x8563', '53x1', '17x8665', '12x8551', '11x8547', '1x1', '999x1']) {
      t.same(
        withoutId(await alice.get(`/records/${id}`)),
        withoutId(absent),
        `${id} is like one that is not there`,
      )
    }
  })

  await t.test('addresses of files', async (t) => {
    const shown = await direct.call('query', { query: 'select * from Documents;' })
    t.match(shown.text, /_downloadurl/)
    for (const path of ['/modules/Documents/records', '/modules/Products/records', '/modules/Documents']) {
      const { status, text } = await alice.get(path)
      t.equal(status, 200)
      t.notMatch(text, /_downloadurl|fullpath|storage\//)
    }
    for (const field of ['_downloadurl', 'filenamefullpath']) {
      await rejected(`select ${field} from Documents`, 'UNKNOWN_FIELD')
      await rejected(`select notes_title from Documents where ${field} like '%a%'`, 'UNKNOWN_FIELD')
    }
  })

  await t.test('fields that say who may come in', async (t) => {
    for (const field of [
      'portal',
      'portalloginuser',
      'portalpasswordtype',
      'support_end_date',
      'template_language',
    ]) {
      await rejected(`select ${field} from Contacts`, 'UNKNOWN_FIELD')
      await rejected(`select firstname from Contacts where ${field} = '1'`, 'UNKNOWN_FIELD')
      await rejected(`select firstname from Contacts order by ${field}`, 'UNKNOWN_FIELD')
      await rejected(`select ticket_title from HelpDesk where Contacts.${field} = '1'`, 'UNKNOWN_FIELD')
      await rejected(`select Contacts.${field} from HelpDesk`, 'UNKNOWN_FIELD')
      t.notMatch((await alice.get('/modules/Contacts')).text, new RegExp(`"${field}"`))
      t.notMatch((await alice.get(`/records/12x${people.alice}`)).text, new RegExp(`"${field}"`))
    }
  })
  t.equal(gateway.log.filter((line) => line.includes('withheld')).length, 0)
})
