/** Levels and employees: each sees what the policy says, in every module, also after the policy was read again. */
import { writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { levels, type Level } from '../../src/model/contact.ts'
import type { CrmRecord } from '../../src/demo/database.ts'
import { builtinPolicy } from '../../src/policy/builtin.ts'
import { ownerIdsOf, numberIn, Oracle } from '../support/oracle.ts'
import type { Mode } from '../support/portal.ts'
import { until } from '../support/redis-server.ts'
import { startGateway } from '../support/start.ts'
import { sample } from '../support/thorough.ts'
import { rowsAt } from '../support/webservice-client.ts'
import { people, names, ContactPortal, openModules } from '../support/levels.ts'
import { policyWith } from '../support/policy.ts'

function policyFile(t: Test, policy: object): string {
  const file = `${t.testdir({})}/policy.json`
  writeFileSync(file, JSON.stringify(policy))
  return file
}

t.test('each level reaches as far as it says, in every module', async (t) => {
  for (const level of levels) {
    for (const mode of sample<Mode>(['portal', 'service'], 1)) {
      const file = policyFile(t, { ...builtinPolicy, level })
      const gateway = await startGateway(t, { env: { POLICY_FILE: file, LOGIN_MODE: mode } })
      const { database } = gateway.corebos
      const id = (record: CrmRecord) => database.webserviceId(record)
      for (const name of ['alice', 'carol', 'erin'] as const) {
        const portal = await ContactPortal.of(gateway, name, mode)
        const oracle = new Oracle(database, ownerIdsOf(database, people[name], level))
        for (const module of sample(openModules, 8)) {
          const expected = oracle.visible(module).map(id).sort()
          const got = (await portal.ids(`select id from ${module} limit 10000`)).sort()
          t.same(got, expected, `${mode}, ${level}: ${name} sees ${expected.length} of ${module}`)
        }
      }
    }
  }
  const { database } = (await startGateway(t)).corebos
  const seen = levels.map(
    (level) => new Oracle(database, ownerIdsOf(database, people.alice, level)).visible('HelpDesk').length,
  )
  t.ok(
    seen.every((count, i) => count > (seen[i - 1] ?? 0)),
    `every level shows more tickets than the one before: ${seen.join(', ')}`,
  )
})

t.test('a level may differ by module, and by a field of the contact', async (t) => {
  const { HelpDesk, ...others } = builtinPolicy.modules
  const file = policyFile(t, {
    level: 'account',
    levelField: 'department',
    modules: { ...others, HelpDesk: { ...HelpDesk, level: 'own' } },
  })
  const gateway = await startGateway(t, { env: { POLICY_FILE: file } })
  const { database } = gateway.corebos
  const levelOf = { alice: 'group', bob: 'company', carol: 'nonsense', dave: '', erin: 'own' } as const
  for (const name of names) database.entity(people[name])?.values.set('department', levelOf[name])
  for (const name of names) {
    const portal = await ContactPortal.of(gateway, name)
    const level = levels.find((each) => each === levelOf[name]) ?? 'account'
    const visible = (module: string, at: Level) =>
      new Oracle(database, ownerIdsOf(database, people[name], at))
        .visible(module)
        .map((record) => database.webserviceId(record))
        .sort()
    t.same((await portal.ids('select id from Invoice limit 1000')).sort(), visible('Invoice', level), name)
    t.same((await portal.ids('select id from HelpDesk limit 1000')).sort(), visible('HelpDesk', 'own'), name)
    t.match((await portal.get('/auth/session')).body, { contact: { level } })
  }
})

t.test('employees see what their section of the policy says', async (t) => {
  const file = policyFile(t, {
    ...builtinPolicy,
    employees: {
      Products: {},
      HelpDesk: { where: "assigned_user_id = '$user' and ticketstatus = 'Open'", hide: ['solution'] },
      cbEmployee: { where: "id = '$self'", only: ['nombre', 'work_email'] },
    },
  })
  const gateway = await startGateway(t, { env: { POLICY_FILE: file } })
  const { database } = gateway.corebos
  const emil = await ContactPortal.of(gateway, 'emil')
  const [me] = database.records('cbEmployee')
  if (me === undefined) throw new Error('there is no employee')
  const tickets = database
    .records('HelpDesk')
    .filter((each) => numberIn(each, 'assigned_user_id') === numberIn(me, 'portalloginuser'))
    .filter((each) => each.values.get('ticketstatus') === 'Open')
    .map((each) => database.webserviceId(each))
  t.ok(tickets.length > 0 && tickets.length < database.records('HelpDesk').length)
  t.same((await emil.ids('select id from HelpDesk limit 1000')).sort(), tickets.sort())
  t.match((await emil.query('select * from cbEmployee')).body, {
    records: [{ nombre: 'Emil Employee' }],
    total: 1,
  })
  t.equal((await emil.ids('select id from Products')).length, database.records('Products').length)
  t.match(await emil.query('select solution from HelpDesk'), { status: 400, body: { code: 'UNKNOWN_FIELD' } })
  t.match(await emil.query('select portalpasswordtype from cbEmployee'), { status: 400 })
  for (const module of ['Contacts', 'Invoice', 'Documents', 'Faq', 'Users']) {
    t.match(await emil.query(`select id from ${module}`), { status: 404, body: { code: 'UNKNOWN_MODULE' } })
  }
  const byDefault = await startGateway(t)
  const other = await ContactPortal.of(byDefault, 'emil')
  t.match(
    rowsAt((await other.get('/modules')).body, 'modules').map((row) => row['name']),
    ['Products', 'Services', 'Faq'],
  )
})

t.test('a policy that is read again counts at once, and a bad one changes nothing', async (t) => {
  const closed = { level: 'account', modules: { Invoice: builtinPolicy.modules['Invoice'] } }
  const file = policyFile(t, closed)
  const gateway = await startGateway(t, { env: { POLICY_FILE: file } })
  const alice = await ContactPortal.of(gateway, 'alice')
  const reread = async (content: string, line: RegExp) => {
    const before = gateway.log.length
    writeFileSync(file, content)
    process.kill(process.pid, 'SIGHUP')
    await until(String(line), async () => gateway.log.slice(before).some((each) => line.test(each)))
  }
  t.equal((await alice.query('select id from HelpDesk')).status, 404)
  await reread(JSON.stringify(builtinPolicy), /reloaded/)
  t.equal((await alice.query('select id from HelpDesk')).status, 200)
  await reread(
    JSON.stringify(policyWith({ HelpDesk: { hidden: ['x'] } })),
    /policy\.json.*\/modules\/HelpDesk\/hidden/,
  )
  await reread('{ no json', /policy\.json/)
  t.equal((await alice.query('select id from HelpDesk')).status, 200, 'the old one stays')
  await reread(JSON.stringify(closed), /reloaded/)
  t.equal((await alice.query('select id from HelpDesk')).status, 404)
  t.equal((await alice.query('select id from Invoice')).status, 200)
})
