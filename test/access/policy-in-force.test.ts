/** The policy in force: how it is held against the installation, at start, at SIGHUP and by the readiness probe. */
import { copyFileSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { ConfigError, readConfig } from '../../src/config/config.ts'
import { startDemoCorebos } from '../../src/demo/server.ts'
import { announce, startService } from '../../src/service.ts'
import { usualModes, policyFile, startPortal, type Portal } from '../support/portal.ts'
import type { Started } from '../support/start.ts'

const categoryNot = { where: "ticketcategories != 'Internal'" }

/** Sends SIGHUP and waits for a line of the log. */
async function reread({ log }: Started, line: RegExp): Promise<void> {
  const before = log.length
  process.kill(process.pid, 'SIGHUP')
  while (!log.slice(before).some((each) => line.test(each))) await setTimeout(5)
}

const idsOf = async (portal: Portal, name: string, path: string): Promise<readonly string[]> =>
  ((await portal.as(name, 'GET', path)).body.records ?? []).map(({ id }) => String(id)).sort()

/** Tickets that the store ties to contacts and accounts, without those of one category. */
function tickets({ corebos: { database } }: Started, owners: readonly number[], without: string): string[] {
  return database
    .records('HelpDesk')
    .filter(({ values }) => owners.includes(Number(values.get('parent_id'))))
    .filter(({ values }) => (values.get('ticketcategories') ?? '') !== without)
    .map((record) => database.webserviceId(record))
    .sort()
}

/** Some tickets become internal, some have no category: null or the empty text. */
function categorise({ corebos: { database } }: Started): void {
  const values = ['Internal', '', 'Other Problem']
  for (const [i, record] of database.records('HelpDesk').entries())
    record.values.set('ticketcategories', i % 4 === 3 ? null : (values[i % 4] ?? ''))
}

for (const mode of usualModes) {
  t.test(`${mode} mode: an empty field satisfies the negated condition of a rule`, async (t) => {
    const POLICY_FILE = await policyFile(t, { HelpDesk: categoryNot })
    const portal = await startPortal(t, { mode, env: { POLICY_FILE } })
    categorise(portal)
    const expected = tickets(portal, [8549, 8546], 'Internal')
    const all = tickets(portal, [8549, 8546], '')
    t.ok(expected.length > 0 && all.length !== expected.length)
    t.strictSame(await idsOf(portal, 'alice', '/modules/HelpDesk/records?fields=ticket_title'), expected)
    const counted = await portal.as('alice', 'GET', '/modules/HelpDesk/records?count=true&limit=1')
    t.equal(counted.body['total'], expected.length)
    t.equal(portal.log.filter((line) => line.includes('withheld')).length, 0)
  })
}

t.test(
  'the condition holds where more owners tie records than the dialect for empty fields takes',
  async (t) => {
    const POLICY_FILE = await policyFile(t, { HelpDesk: { ...categoryNot, level: 'company' } })
    const portal = await startPortal(t, { env: { POLICY_FILE } })
    for (let i = 0; i < 60; i += 1)
      await portal.admin.result('create', {
        elementType: 'Contacts',
        element: { lastname: `colleague ${i}`, account_id: '11x8546', assigned_user_id: '19x1' },
      })
    categorise(portal)
    const colleagues = portal.corebos.database
      .records('Contacts')
      .filter(({ values }) => Number(values.get('account_id')) === 8546)
      .map(({ number }) => number)
    t.ok(colleagues.length > 50)
    const expected = tickets(portal, [8546, ...colleagues], 'Internal')
    t.strictSame(await idsOf(portal, 'alice', '/modules/HelpDesk/records?fields=ticket_title'), expected)
  },
)

/** Conditions of a rule that hold a look-up or a reference beside fields that may be empty. */
const besideLookUps: readonly (readonly [where: string, parents: readonly number[]])[] = [
  // A ticket of the contact itself points to no account, and its reference is not empty.
  ["Accounts.accountname != 'x'", [8546]],
  ["Accounts.accountname != 'x' and ticketcategories != 'Internal'", [8546]],
  ["assigned_user_id != '$user' and parent_id != '$self'", [8546]],
  ["parent_id != '$self' and ticketcategories != 'Internal, too'", [8546]],
]

t.test('a rule may negate conditions on referenced records and on references', async (t) => {
  for (const [where, parents] of besideLookUps) {
    const POLICY_FILE = await policyFile(t, { HelpDesk: { where } })
    const portal = await startPortal(t, { env: { POLICY_FILE } })
    categorise(portal)
    const expected = tickets(portal, parents, where.endsWith("'Internal'") ? 'Internal' : 'none')
    t.ok(expected.length > 0)
    t.strictSame(
      await idsOf(portal, 'alice', '/modules/HelpDesk/records?fields=ticket_title'),
      expected,
      where,
    )
    t.equal(portal.log.filter((line) => line.includes('withheld')).length, 0, where)
  }
})

t.test('a misspelt name closes its module, and log, probe and metric say so', async (t) => {
  const POLICY_FILE = await policyFile(t, {
    HelpDesk: { hide: ['descripton'] },
    Project: { ties: { contact: ['linktoaccountcontacts'] } },
  })
  const portal = await startPortal(t, { env: { POLICY_FILE } })
  for (const module of ['HelpDesk', 'Project', 'ProjectTask'])
    t.match(await portal.as('alice', 'GET', `/modules/${module}/records`), {
      status: module === 'ProjectTask' ? 200 : 404,
    })
  t.match(await portal.as('alice', 'GET', '/modules/Invoice/records'), { status: 200 })
  const log = portal.log.join('\n')
  t.match(log, "/modules/HelpDesk/hide/0: HelpDesk has no field 'descripton'; did you mean 'description'?")
  t.match(log, /\/modules\/Project\/ties\/contact\/0: .*did you mean 'linktoaccountscontacts'/)
  const ready = await portal.as(undefined, 'GET', '/health/ready')
  t.match(ready, {
    status: 503,
    body: { errors: [{ field: 'policy', message: '/modules/HelpDesk/hide/0' }] },
  })
  const metrics = await (await fetch(`${portal.operatorUrl}/metrics`)).text()
  t.match(metrics, /^portal_policy_closed_modules 2$/m)
  t.match(metrics, /^portal_policy_info\{hash="[0-9a-f]{12}"\} 1$/m)

  writeFileSync(POLICY_FILE, JSON.stringify({ level: 'account', modules: { HelpDesk: { open: true } } }))
  await reread(portal, /reloaded/)
  t.match(await portal.as('alice', 'GET', '/modules/HelpDesk/records'), { status: 200 })
  writeFileSync(POLICY_FILE, JSON.stringify({ level: 'account', modules: { Helpdesk: { open: true } } }))
  await reread(portal, /reloaded/)
  t.match(portal.log.join('\n'), "no module 'Helpdesk'; did you mean 'HelpDesk'?")
  t.match(await portal.as('alice', 'GET', '/modules/HelpDesk/records'), { status: 404 })
})

t.test('a value that no picklist has is a warning at start and at SIGHUP', async (t) => {
  const POLICY_FILE = await policyFile(t, { HelpDesk: { where: "ticketstatus != 'Clsoed'" } })
  const portal = await startPortal(t, { env: { POLICY_FILE } })
  const said =
    "/modules/HelpDesk/where: 'ticketstatus' of HelpDesk has no value 'Clsoed'; did you mean 'Closed'?"
  const warned = () => portal.log.filter((line) => line.includes(said) && line.includes('"level":40')).length
  t.equal(warned(), 1)
  t.match(await portal.as('alice', 'GET', '/modules/HelpDesk/records'), { status: 200 })
  t.match(await portal.as(undefined, 'GET', '/health/ready'), { status: 200 })
  await reread(portal, /reloaded/)
  t.equal(warned(), 2)
})

const OPERATOR_TOKEN = 'an-operator-token'
const withoutService = { COREBOS_USER: '', COREBOS_ACCESS_KEY: '', COREBOS_PASSWORD_TYPE: 'md5' }

for (const mode of ['portal', 'user'] as const) {
  t.test(
    `${mode} mode without a service user: the first contact's CRM user says what there is`,
    async (t) => {
      const misspelt = { HelpDesk: { hide: ['descripton'] }, Invoice: { where: "subject not like 'x%'" } }
      const POLICY_FILE = await policyFile(t, misspelt)
      const portal = await startPortal(t, { mode, env: { POLICY_FILE, OPERATOR_TOKEN, ...withoutService } })
      const authorization = `Basic ${btoa(`operator:${OPERATOR_TOKEN}`)}`
      const operators = async (path: string) =>
        fetch(`${portal.operatorUrl}/${path}`, { headers: { authorization } })
      const ready = async () => portal.as(undefined, 'GET', '/health/ready')
      t.match(await portal.as('alice', 'GET', '/modules/Project/records'), { status: 200 })
      for (const module of ['HelpDesk', 'Invoice'])
        t.match(await portal.as('alice', 'GET', `/modules/${module}/records`), { status: 404 })
      const log = portal.log.join('\n')
      t.match(
        log,
        "/modules/HelpDesk/hide/0: HelpDesk has no field 'descripton'; did you mean 'description'?",
      )
      t.match(log, /\/modules\/Invoice\/where: it cannot be enforced/)
      t.match(await ready(), { status: 503, body: { errors: [{ field: 'policy', message: '/hide/0' }] } })
      t.match(
        await (await fetch(`${portal.operatorUrl}/metrics`)).text(),
        /^portal_policy_closed_modules 2$/m,
      )
      t.match(await (await operators('')).text(), /<li>\/modules\/HelpDesk\/hide\/0: HelpDesk has no/)
      t.match(await portal.as('erin', 'GET', '/modules/HelpDesk/records'), { status: 404 })
      t.equal(portal.log.filter((line) => line.includes('descripton')).length, 1, 'said once')

      writeFileSync(POLICY_FILE, JSON.stringify({ level: 'account', modules: { Helpdesk: { open: true } } }))
      await reread(portal, /reloaded/)
      t.match(await portal.as('alice', 'GET', '/modules/HelpDesk/records'), { status: 404 })
      t.match(portal.log.join('\n'), "no module 'Helpdesk'; did you mean 'HelpDesk'?")
    },
  )
}

t.test('user mode without a service user: a field of levels that contacts lack closes all', async (t) => {
  const POLICY_FILE = await policyFile(t, {}, { levelField: 'portal_level' })
  const portal = await startPortal(t, { mode: 'user', env: { POLICY_FILE, ...withoutService } })
  t.match(await portal.as('alice', 'GET', '/modules/HelpDesk/records'), { status: 404 })
  t.match(
    portal.log.join('\n'),
    /levelField: Contacts has no field 'portal_level'.*every module stays closed/,
  )
})

t.test('what one CRM user does not see, another one may: the module is open again', async (t) => {
  const POLICY_FILE = await policyFile(t, {
    HelpDesk: { hide: ['solution', 'nothing'] },
    Nowhere: { open: true },
  })
  const portal = await startPortal(t, { env: { POLICY_FILE, ...withoutService } })
  const withoutField = (answer: { readonly result?: unknown }) =>
    JSON.parse(JSON.stringify(answer).replaceAll('"name":"solution"', '"name":"solution_2"')) as unknown
  portal.relay.alter = ({ operation, answer }) =>
    operation === 'describe' && portal.relay.count('describe') === 1 ? withoutField(answer) : answer
  t.match(await portal.as('alice', 'GET', '/modules/Project/records'), { status: 200 })
  t.match(portal.log.join('\n'), /no field 'solution'/)
  await portal.as('erin', 'GET', '/modules/Project/records')
  const ready = await portal.as(undefined, 'GET', '/health/ready')
  t.notMatch(ready.text, '/modules/HelpDesk/hide/0')
  t.match(ready.text, '/modules/HelpDesk/hide/1')
})

t.test('several blanks in a condition cannot be enforced in sessions of contacts', async (t) => {
  const POLICY_FILE = await policyFile(t, { HelpDesk: { where: "ticket_title != 'zz  two'" } })
  const portal = await startPortal(t, { env: { POLICY_FILE, ...withoutService } })
  t.match(await portal.as('alice', 'GET', '/modules/HelpDesk/records'), { status: 404 })
  t.match(portal.log.join('\n'), /HelpDesk\/where: it cannot be enforced: .*several blanks/)
})

t.test('POST /cache/clear holds the policy against what coreBOS has now, and says so', async (t) => {
  const POLICY_FILE = await policyFile(t, { HelpDesk: { hide: ['solution'] } })
  const portal = await startPortal(t, { env: { POLICY_FILE, OPERATOR_TOKEN } })
  const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` }
  const listed = async () => portal.as('alice', 'GET', '/modules/HelpDesk/records')
  t.match(await listed(), { status: 200 })
  portal.relay.alter = ({ operation, answer }) =>
    operation === 'describe'
      ? (JSON.parse(JSON.stringify(answer).replaceAll('"name":"solution"', '"name":"answer"')) as unknown)
      : answer
  const clear = async () =>
    t.equal((await fetch(`${portal.operatorUrl}/cache/clear`, { method: 'POST', headers })).status, 204)
  await clear()
  t.match(portal.log.join('\n'), /no field 'solution'/)
  t.match(await listed(), { status: 404 })
  t.match(await portal.as(undefined, 'GET', '/health/ready'), { status: 503 })
  t.equal(portal.log.filter((line) => line.includes("no field 'solution'")).length, 1, 'said once')
  portal.relay.alter = undefined
  await clear()
  t.match(await listed(), { status: 200 })
  t.match(await portal.as(undefined, 'GET', '/health/ready'), { status: 200 })
})

const settingsFor = (url: string) => ({
  COREBOS_URL: url,
  COREBOS_USER: 'portal',
  COREBOS_ACCESS_KEY: 'portal-access-key',
  PORT: '0',
  METRICS_PORT: '0',
  LOG_LEVEL: 'silent',
})

async function refused(
  t: Test,
  rules: Readonly<Record<string, object>>,
  others: object = {},
): Promise<string> {
  const POLICY_FILE = await policyFile(t, rules, others)
  const corebos = await startDemoCorebos({ port: 0 })
  t.teardown(() => corebos.close())
  const env = { ...settingsFor(corebos.url), POLICY_FILE }
  const error = await startService(readConfig(env)).then(
    (service) => service.close(),
    (reason: unknown) => reason,
  )
  return error instanceof ConfigError ? error.problems.join('\n') : 'it started'
}

t.test('a policy that cannot be enforced does not start, and does not replace another one', async (t) => {
  t.match(
    await refused(t, { HelpDesk: { where: "description not like 'x%'" } }),
    /^POLICY_FILE: \/modules\/HelpDesk\/where: it cannot be enforced: .*'not like' with %/,
  )
  t.match(
    await refused(t, {}, { levelField: 'portal_level' }),
    /^POLICY_FILE: \/levelField: Contacts has no field 'portal_level'/,
  )
  const POLICY_FILE = await policyFile(t, {})
  const portal = await startPortal(t, { env: { POLICY_FILE } })
  const hours = { HelpDesk: { open: true, where: 'hours is null' } }
  writeFileSync(POLICY_FILE, JSON.stringify({ level: 'account', modules: hours }))
  await reread(
    portal,
    /'hours': coreBOS does not distinguish an empty value.*the policy in force stays|policy in force stays/,
  )
  t.match(await portal.as('alice', 'GET', '/modules/Invoice/records'), { status: 200 })
})

t.test('a tightened level reaches a running session at its next request', async (t) => {
  const POLICY_FILE = await policyFile(t, {}, { level: 'account' })
  const portal = await startPortal(t, { env: { POLICY_FILE, ACCESS_RECHECK: '3600' } })
  const path = '/modules/HelpDesk/records?fields=ticket_title'
  t.strictSame(await idsOf(portal, 'alice', path), tickets(portal, [8549, 8546], 'none'))
  const narrow = await policyFile(t, {}, { level: 'own' })
  copyFileSync(narrow, POLICY_FILE)
  await reread(portal, /reloaded/)
  t.strictSame(await idsOf(portal, 'alice', path), tickets(portal, [8549], 'none'))
})

t.test('the probe and the start name the setting that keeps coreBOS away', async (t) => {
  const corebos = await startDemoCorebos({ port: 0 })
  t.teardown(() => corebos.close())
  for (const [change, field, message] of [
    [
      { COREBOS_ACCESS_KEY: 'wrong' },
      'serviceUser',
      'COREBOS_USER and COREBOS_ACCESS_KEY: coreBOS rejects this name or key',
    ],
    [
      { COREBOS_USER: 'nobody' },
      'serviceUser',
      'COREBOS_USER and COREBOS_ACCESS_KEY: coreBOS rejects this name or key',
    ],
    [{ COREBOS_URL: 'http://corebos.invalid' }, 'corebos', 'COREBOS_URL: the host does not resolve'],
    [{ COREBOS_URL: 'http://127.0.0.1:9' }, 'corebos', 'COREBOS_URL: coreBOS is unreachable'],
  ] as const) {
    const env = { ...settingsFor(corebos.url), ...change }
    const service = await startService(readConfig(env))
    t.teardown(() => service.close())
    const answer = await fetch(`${service.url}/health/ready`)
    t.equal(answer.status, 503)
    t.match(await answer.json(), { errors: [{ field, message }] })
    t.strictSame(await service.missing(), [message])
  }
})

t.test('the ready line comes when nothing is missing any more', async (t) => {
  const said: string[] = []
  const print = (line: string) => void said.push(line)
  let looks = 0
  await announce(
    {
      ready: 'ready gateway=x',
      missing: async () => ((looks += 1) < 3 ? ['COREBOS_URL: the host does not resolve'] : []),
    },
    { log: print, error: print },
    0,
  )
  t.strictSame(said, [
    'listening gateway=x',
    'not ready: COREBOS_URL: the host does not resolve',
    'ready gateway=x',
  ])
})
