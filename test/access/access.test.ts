import { setTimeout as pause } from 'node:timers/promises'
import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { levels, type Level } from '../../src/model/contact.ts'
import type { CrmRecord } from '../../src/demo/database.ts'
import { GatewayError, type ErrorCode } from '../../src/model/errors.ts'
import { builtinPolicy } from '../../src/policy/builtin.ts'
import { generatedStatements, recordedStatements } from '../support/corpus.ts'
import { keeping } from '../support/keeping.ts'
import { ownerIdsOf, numberIn, Oracle } from '../support/oracle.ts'
import { startPortal, usualModes } from '../support/portal.ts'
import { until } from '../support/redis-server.ts'
import { startRelay } from '../support/relay.ts'
import { startGateway, type Started, type StartOptions } from '../support/start.ts'
import { isThorough, sample, times } from '../support/thorough.ts'
import { at, contactAt, rowsAt, textAt, userAt } from '../support/webservice-client.ts'

const people = { alice: 8549, bob: 8550, carol: 8551, dave: 8552, erin: 8553 } as const
type Name = keyof typeof people
const names: readonly Name[] = ['alice', 'bob', 'carol', 'dave', 'erin']

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  readonly body: unknown
}

/** A contact that has logged in at a gateway. */
class Portal {
  readonly #url: string
  readonly #token: string

  private constructor(url: string, token: string) {
    this.#url = url
    this.#token = token
  }

  static async of({ url }: Started, name: string, mode = 'portal'): Promise<Portal> {
    const credentials =
      mode === 'user'
        ? { username: name, password: `${name}-access-key` }
        : { username: `${name}@example.com`, password: `${name}-pw` }
    const { body, text } = await new Portal(url, '').send('POST', '/auth/login', {
      ...credentials,
      ...(name === 'emil' && { entity: 'Employee' }),
    })
    const token = textAt(body, 'accessToken')
    if (token === '') throw new Error(`${name} cannot log in: ${text}`)
    return new Portal(url, token)
  }

  async send(method: 'GET' | 'POST', path: string, content?: unknown): Promise<Reply> {
    const response = await request(`${this.#url}${path}`, {
      method,
      headers: {
        ...(this.#token !== '' && { authorization: `Bearer ${this.#token}` }),
        ...(content !== undefined && { 'content-type': 'application/json' }),
      },
      ...(content !== undefined && { body: JSON.stringify(content) }),
    })
    const text = await response.body.text()
    return { status: response.statusCode, headers: response.headers, text, body: JSON.parse(text) as unknown }
  }

  async get(path: string): Promise<Reply> {
    return this.send('GET', path)
  }

  async query(query: string): Promise<Reply> {
    return this.send('POST', '/query', { query })
  }

  /** The ids of the rows, in their order. */
  async ids(query: string): Promise<string[]> {
    const { status, text, body } = await this.query(query)
    if (status !== 200) throw new Error(`${query}: ${text}`)
    return rowsAt(body, 'records').map((row) => textAt(row, 'id'))
  }

  async explain(query: string): Promise<unknown> {
    return (await this.send('POST', '/query/explain', { query })).body
  }
}

function policyFile(t: Test, policy: object): string {
  const file = `${t.testdir({})}/policy.json`
  writeFileSync(file, JSON.stringify(policy))
  return file
}

const openModules = Object.keys(builtinPolicy.modules)

t.test('what coreBOS leaves open to whoever reads is closed at the door', async (t) => {
  const gateway = await startGateway(t)
  const direct = await contactAt(gateway.corebos.url, 'alice')
  const alice = await Portal.of(gateway, 'alice')
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

t.test('explain tells what would be sent, and sends nothing', async (t) => {
  const relay = await startRelay(t)
  const gateway = await startGateway(t, { env: { COREBOS_URL: relay.url } })
  relay.to(gateway.corebos.url)
  const alice = await Portal.of(gateway, 'alice')
  await alice.ids('select id from HelpDesk limit 1')
  const before = relay.count('query')
  const explained = await alice.explain(
    "select ticket_title from HelpDesk where ticketstatus = 'Open' limit 5",
  )
  t.match(explained, {
    rule: 'HelpDesk',
    level: 'account',
    dialect: 'basic',
    statement:
      "select ticket_title,id,parent_id from HelpDesk where parent_id in ($scope) and ticketstatus='Open' limit 5;",
    lookups: [],
  })
  t.match(await alice.explain('select projecttaskname from ProjectTask'), {
    rule: 'ProjectTask',
    statement: /projectid in \(\$scope\)/,
    lookups: [
      {
        label: '$scope',
        explanation: { rule: 'Project', statement: /linktoaccountscontacts in \(\$scope\)/ },
      },
    ],
  })
  t.match(await alice.explain("select ticket_title from HelpDesk where Contacts.lastname = 'x'"), {
    lookups: [{ explanation: { rule: 'Contacts' } }],
  })
  t.match(await alice.explain('select accesskey from Users'), {
    rejected: { code: 'UNKNOWN_MODULE', detail: /Users/ },
  })
  t.match(await alice.explain("select ticket_title from HelpDesk where 'x"), {
    rejected: { code: 'QUERY_SYNTAX' },
  })
  t.match(await alice.explain("select ticket_title from HelpDesk where ticket_title not like 'x'"), {
    rejected: { code: 'QUERY_NOT_EXPRESSIBLE' },
  })
  // Both the statement and what it looks up are rejected; neither may end the process.
  const tab = "select ticket_title from HelpDesk where ticket_title = 'a\tb'"
  t.match(await alice.explain(tab), { rejected: { code: 'QUERY_NOT_EXPRESSIBLE' } })
  t.equal(relay.count('query'), before)
  const sent = await alice.query("select ticket_title from HelpDesk where ticketstatus = 'Open' limit 5")
  t.equal(sent.status, 200)
  t.equal(
    relay.calls
      .at(-1)
      ?.params.get('query')
      ?.replace(/in \([^)]*\)/, 'in ($scope)'),
    textAt(explained, 'statement'),
    'and that is what is sent',
  )
})

t.test('each level reaches as far as it says, in every module', async (t) => {
  for (const level of levels) {
    for (const mode of sample(['portal', 'service'], 1)) {
      const file = policyFile(t, { ...builtinPolicy, level })
      const gateway = await startGateway(t, { env: { POLICY_FILE: file, LOGIN_MODE: mode } })
      const { database } = gateway.corebos
      const id = (record: CrmRecord) => database.webserviceId(record)
      for (const name of ['alice', 'carol', 'erin'] as const) {
        const portal = await Portal.of(gateway, name, mode)
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
    const portal = await Portal.of(gateway, name)
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
  const emil = await Portal.of(gateway, 'emil')
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
  const other = await Portal.of(byDefault, 'emil')
  t.match(
    rowsAt((await other.get('/modules')).body, 'modules').map((row) => row['name']),
    ['Products', 'Services', 'Faq'],
  )
})

t.test('a coreBOS that answers more than it was asked for tells a contact nothing', async (t) => {
  for (const mode of ['portal', 'service', 'user']) {
    const relay = await startRelay(t)
    const gateway = await startGateway(t, { env: { COREBOS_URL: relay.url, LOGIN_MODE: mode } })
    relay.to(gateway.corebos.url)
    const { database } = gateway.corebos
    const admin = await userAt(gateway.corebos.url)
    const alice = await Portal.of(gateway, 'alice', mode)
    const oracle = new Oracle(database, ownerIdsOf(database, people.alice, 'account'))
    const modules = [
      'HelpDesk',
      'Contacts',
      'Accounts',
      'Invoice',
      'Assets',
      'Project',
      'ProjectTask',
      'Documents',
      'Faq',
    ]
    const everything = new Map<string, unknown>()
    for (const module of modules) {
      everything.set(
        module,
        (await admin.call('query', { query: `select * from ${module} limit 1000;` })).result,
      )
    }
    relay.alter = ({ operation, params, answer }) => {
      const module = / from (\w+)/.exec(params.get('query') ?? '')?.[1] ?? ''
      return operation === 'query' && !params.get('query')?.includes('count(*)')
        ? { ...answer, result: everything.get(module), moreinfo: { totalrows: '9999' } }
        : answer
    }
    let withheld = 0
    for (const module of modules) {
      const reply = await alice.query(`select * from ${module} limit 1000`)
      const expected = oracle.visible(module).map((record) => database.webserviceId(record))
      t.same(
        rowsAt(reply.body, 'records')
          .map((row) => textAt(row, 'id'))
          .sort(),
        expected.sort(),
        module,
      )
      t.equal(at(reply.body, 'total'), undefined, 'nor how many there are')
      withheld += database.records(module).length - expected.length
      for (const record of database.records(module)) {
        if (oracle.sees(record)) continue
        const id = database.webserviceId(record)
        t.match(await alice.get(`/records/${id}`), { status: 404, body: { code: 'NOT_FOUND' } }, id)
        break
      }
    }
    const lines = gateway.log.filter((line) => line.includes('withheld'))
    t.ok(lines.length >= modules.length)
    t.notMatch(lines.join('\n'), /secret|ticket 1/)
    for (const line of lines) {
      const { withheld: named } = JSON.parse(line) as { withheld: { id: string; failed: string }[] } // every line is JSON
      t.ok(named.length > 0, 'the line names rows')
      for (const { id, failed } of named)
        t.match(`${id} ${failed}`, /^\d+x\d+ \S/, 'the id and the failed condition')
    }
    const metrics = await (await fetch(`${gateway.operatorUrl}/metrics`)).text()
    const counted = [...metrics.matchAll(/^portal_rows_withheld_total\{[^}]*\} (\d+)$/gm)].map(([, n]) =>
      Number(n),
    )
    t.ok(counted.reduce((sum, n) => sum + n, 0) >= withheld, `${mode}: ${withheld} rows, each counted`)
  }
})

t.test('a policy that is read again counts at once, and a bad one changes nothing', async (t) => {
  const closed = { level: 'account', modules: { Invoice: builtinPolicy.modules['Invoice'] } }
  const file = policyFile(t, closed)
  const gateway = await startGateway(t, { env: { POLICY_FILE: file } })
  const alice = await Portal.of(gateway, 'alice')
  const reread = async (content: string, line: RegExp) => {
    const before = gateway.log.length
    writeFileSync(file, content)
    process.kill(process.pid, 'SIGHUP')
    while (!gateway.log.slice(before).some((each) => line.test(each))) await pause(1)
  }
  t.equal((await alice.query('select id from HelpDesk')).status, 404)
  await reread(JSON.stringify(builtinPolicy), /reloaded/)
  t.equal((await alice.query('select id from HelpDesk')).status, 200)
  const { HelpDesk } = builtinPolicy.modules
  const spoilt = {
    ...builtinPolicy,
    modules: { ...builtinPolicy.modules, HelpDesk: { ...HelpDesk, hidden: ['x'] } },
  }
  await reread(JSON.stringify(spoilt), /policy\.json.*\/modules\/HelpDesk\/hidden/)
  await reread('{ no json', /policy\.json/)
  t.equal((await alice.query('select id from HelpDesk')).status, 200, 'the old one stays')
  await reread(JSON.stringify(closed), /reloaded/)
  t.equal((await alice.query('select id from HelpDesk')).status, 404)
  t.equal((await alice.query('select id from Invoice')).status, 200)
})

t.test('ids that make up a scope are not used for longer than ACCESS_RECHECK', async (t) => {
  let now = Date.now()
  const gateway = await startGateway(t, { env: { ACCESS_RECHECK: '60' }, now: () => now })
  const { database } = gateway.corebos
  const alice = await Portal.of(gateway, 'alice')
  const tasks = async () => (await alice.ids('select id from ProjectTask limit 1000')).length
  const before = await tasks()
  t.ok(before > 0)
  for (const project of database.records('Project'))
    project.values.set('linktoaccountscontacts', String(people.carol))
  now += 61_000
  t.equal(await tasks(), 0)

  const documents = async () => (await alice.ids('select id from Documents limit 1000')).includes('15x8644')
  t.ok(await documents())
  const relation = database.documentRelations.findIndex((each) => each.document === 8644)
  database.documentRelations.splice(relation, 1)
  t.ok(await documents(), 'a list may be a minute old')
  const content = await alice.get('/documents/15x8644/content')
  t.match(content, { status: 404, body: { code: 'NOT_FOUND' } }, 'what a file hangs on is looked at anew')
  t.match((await alice.send('POST', '/documents/15x8644/link', {})).status, 404)
})

/** Reads that did not ask coreBOS. */
async function shared(
  { operatorUrl }: Started,
  how: 'kept' | 'awaited',
  cache: 'records' | 'answers' = 'records',
): Promise<number> {
  const metrics = await (await fetch(`${operatorUrl}/metrics`)).text()
  return Number(
    new RegExp(`^portal_cache_requests_total\\{cache="${cache}",how="${how}"\\} (\\d+)`, 'm').exec(
      metrics,
    )?.[1] ?? 0,
  )
}

const titles = '/modules/HelpDesk/records?fields=ticket_title&limit=1000'

t.test('rows that are on their way are asked for once, and kept for nobody', async (t) => {
  const portal = await startPortal(t, { mode: 'service' })
  const asking = ['alice', 'alice', 'alice', 'bob', 'carol']
  const alone = await Promise.all(asking.map(async (name) => (await portal.as(name, 'GET', titles)).body))
  const before = portal.relay.count('query')
  const known = await shared(portal, 'awaited')
  let release = (): void => undefined
  portal.relay.held = new Promise((resolve) => (release = resolve))
  const together = asking.map(async (name) => portal.as(name, 'GET', titles))
  await until('all have asked', async () => (await shared(portal, 'awaited')) === known + 2)
  await until('and coreBOS was asked', async () => portal.relay.count('query') === before + 3)
  release()
  const answers = await Promise.all(together)
  t.same(
    answers.map(({ status }) => status),
    asking.map(() => 200),
  )
  t.same(
    answers.map(({ body }) => body),
    alone,
    'each got what is its own',
  )
  portal.relay.held = undefined
  await portal.as('alice', 'GET', titles)
  t.equal(portal.relay.count('query'), before + 4, 'whoever comes later asks again')
  t.equal(await shared(portal, 'kept'), 0)

  portal.relay.alter = () => ({ success: false, error: { code: 'QUERY_SYNTAX_ERROR', message: 'no' } })
  const failed = await portal.as('alice', 'GET', titles)
  portal.relay.alter = undefined
  t.ok(failed.status >= 500)
  t.equal((await portal.as('alice', 'GET', titles)).status, 200, 'a failure is not kept either')
})

for (const mode of usualModes) {
  t.test(
    `with READ_CACHE_TTL rows are used again, for the same scope and until something is written, in ${mode} mode`,
    async (t) => {
      let now = Date.now()
      const portal = await startPortal(t, { mode, now: () => now, env: { READ_CACHE_TTL: '60' } })
      const seen = async (name: string, path = titles) =>
        (await portal.as(name, 'GET', path)).body.records ?? []
      const first = await seen('alice')
      t.ok(first.length > 0)
      const asked = portal.relay.count('query')
      t.same(await seen('alice'), first)
      t.equal(portal.relay.count('query'), asked, 'coreBOS is not asked again')
      t.equal(await shared(portal, 'kept', 'answers'), 1)
      const others = await seen('carol')
      t.notOk(
        others.some(({ id }) => first.some((own) => own['id'] === id)),
        'nobody else gets them',
      )

      await portal.admin.result('revise', {
        element: { id: '17x8625', ticket_title: 'changed by the staff' },
      })
      const isChanged = async () =>
        (await seen('alice')).some(({ ticket_title }) => ticket_title === 'changed by the staff')
      now += 59_000
      t.notOk(await isChanged(), 'the staff is not noticed at once')
      now += 1_001
      t.ok(await isChanged(), 'but when the time is over')

      await seen('bob')
      const title = { ticket_title: 'a new one', ticketstatus: 'Open' }
      t.equal((await portal.as('alice', 'POST', '/modules/HelpDesk/records', { body: title })).status, 201)
      const written = portal.relay.count('query')
      t.ok((await seen('alice')).some(({ ticket_title }) => ticket_title === 'a new one'))
      await seen('bob')
      t.equal(portal.relay.count('query'), written + 2, 'after a write nobody gets what was kept before')

      const record = '/records/17x8625'
      const rejected = async () =>
        (await portal.as('alice', 'PATCH', record, { body: { ticket_no: 'x' } })).status
      t.equal((await portal.as('alice', 'GET', record)).status, 200)
      t.equal(await rejected(), 403)
      await portal.admin.result('revise', { element: { id: '17x8625', parent_id: '12x8551' } })
      t.equal((await portal.as('alice', 'GET', record)).status, 200, 'a record may be as old as the rest')
      t.equal(await rejected(), 404, 'what is written to is looked at anew')

      await seen('carol')
      await seen('alice', '/modules/Products/records')
      const open = portal.relay.count('query')
      await seen('carol', '/modules/Products/records')
      const more = portal.relay.count('query') - open
      t.equal(
        more,
        mode === 'service' ? 0 : 1,
        'what is open to all is shared where all have the same rights',
      )
    },
  )
}

t.test(
  'ids that make up a scope are looked up anew after ACCESS_RECHECK, whatever READ_CACHE_TTL is',
  async (t) => {
    let now = Date.now()
    const env = { READ_CACHE_TTL: '3600', ACCESS_RECHECK: '60' }
    const portal = await startPortal(t, { now: () => now, env })
    const tasks = async () =>
      (await portal.as('alice', 'GET', '/modules/ProjectTask/records?limit=1000')).body.records
    t.not((await tasks())?.length, 0)
    for (const project of portal.corebos.database.records('Project'))
      project.values.set('linktoaccountscontacts', String(people.carol))
    now += 61_000
    t.same(await tasks(), [])
  },
)

const withText = {
  HelpDesk: 'ticket_title',
  Contacts: 'lastname',
  Invoice: 'subject',
  Products: 'productname',
} as const

t.test('the laws of scoped conditions', async (t) => {
  const gateway = await startGateway(t, { env: { LOGIN_MODE: 'service', LOG_LEVEL: 'warn' } })
  const { database } = gateway.corebos
  const portals = await Promise.all(
    names.map(async (name) => [name, await Portal.of(gateway, name, 'service')] as const),
  )
  const where = (module: string, condition: string) =>
    `select id from ${module} where ${condition} limit 10000`
  const value = (module: keyof typeof withText) =>
    fc.constantFrom(...database.records(module).map((record) => record.values.get(withText[module]) ?? ''))
  const atomOn = fc.constantFrom(...(Object.keys(withText) as (keyof typeof withText)[])).chain((module) =>
    fc
      .tuple(value(module), value(module), fc.integer({ min: 1, max: 6 }), fc.nat(5))
      .map(([one, two, length, form]) => {
        const field = withText[module]
        const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`
        const atoms = [
          `${field} = ${quoted(one)}`,
          `${field} != ${quoted(one)}`,
          `${field} < ${quoted(one)}`,
          `${field} in (${quoted(one)}, ${quoted(two)})`,
          `${field} not in (${quoted(one)}, ${quoted(two)})`,
          `${field} like '%${one.slice(0, length).trim().replaceAll("'", "''")}%'`,
        ]
        return { module, field, atom: atoms[form] ?? '' }
      }),
  )
  const who = fc.constantFrom(...portals)

  await t.test('what a condition and its opposite and nothing find is all there is', async (t) => {
    await fc.assert(
      fc.asyncProperty(who, atomOn, async ([name, portal], { module, field, atom }) => {
        const all = new Set(await portal.ids(`select id from ${module} limit 10000`))
        const parts = await Promise.all(
          [atom, `not ${atom}`, `${field} is null`].map((condition) => portal.ids(where(module, condition))),
        )
        t.same(new Set(parts.flat()), all, `${name}: ${atom}`)
      }),
      { numRuns: times(30, 120) },
    )
  })

  await t.test('neither a condition nor an or adds a row from outside', async (t) => {
    await fc.assert(
      fc.asyncProperty(who, atomOn, atomOn, async ([name, portal], { module, atom }, other) => {
        const all = await portal.ids(`select id from ${module} limit 10000`)
        const one = await portal.ids(where(module, atom))
        t.same(
          one.filter((id) => !all.includes(id)),
          [],
          `${name}: ${atom}`,
        )
        if (other.module !== module) return
        const either = await portal.ids(where(module, `${atom} or ${other.atom}`))
        const two = await portal.ids(where(module, other.atom))
        t.same(new Set(either), new Set([...one, ...two]), `${name}: ${atom} or ${other.atom}`)
      }),
      { numRuns: times(40, 150) },
    )
  })

  await t.test('every own row can be reached, whole and by its id', async (t) => {
    for (const [name, portal] of portals) {
      const oracle = new Oracle(database, ownerIdsOf(database, people[name], 'account'))
      for (const module of openModules) {
        for (const record of sample(oracle.visible(module), 3)) {
          const id = database.webserviceId(record)
          const { status, body } = await portal.get(`/records/${id}`)
          if (status !== 200 || textAt(body, 'id') !== id) t.fail(`${name} cannot reach ${id}`)
        }
      }
    }
    t.pass('all of them')
  })
})

/** Headers that tell when a request came, and which one it was. */
const varying = new Set(['date', 'x-request-id', 'x-ratelimit-reset', 'x-ratelimit-remaining', 'ratelimit'])

/** What is changed of others begins with 'other'. */
const listings = [
  '/modules/HelpDesk/records?count=true&filter[ticket_title][contains]=other',
  '/modules/HelpDesk/records?count=true&filter[ticket_title][ne]=x&sort=-ticket_title,id&limit=3',
  '/modules/HelpDesk/records?filter[update_log][contains]=other',
  '/modules/HelpDesk/records?sort=-update_log,id',
  '/modules/HelpDesk/records?limit=5&expand=parent_id(lastname,accountname,account_id(accountname)),product_id(productname)',
  '/modules/Contacts/records?count=true&filter[lastname][nin]=other,x&expand=account_id(accountname),comments',
  '/modules/HelpDesk/aggregate?groupBy=ticketstatus,ticket_title&count=true&sum=hours&max=createdtime',
  '/modules/HelpDesk/aggregate?groupBy=update_log&count=true',
  '/modules/Contacts/aggregate?count=true&filter[lastname][startsWith]=other',
  '/modules/Documents/aggregate?groupBy=notes_title&count=true',
  // Names of what records point to, which may be others'.
  ...['HelpDesk', 'Contacts', 'Invoice', 'InventoryDetails', 'Project', 'Assets', 'Documents'].map(
    (module) => `/modules/${module}/records?display=true&limit=50`,
  ),
  '/modules/HelpDesk/records?display=true&expand=parent_id(account_id),product_id,assigned_user_id(name),comments',
  '/modules/HelpDesk/aggregate?groupBy=parent_id,ticketstatus&count=true',
  ...['HelpDesk', 'Invoice', 'Documents'].map(
    (module) => `/modules/${module}/aggregate?groupBy=id,assigned_user_id&count=true&display=true`,
  ),
  '/modules/HelpDesk/aggregate?groupBy=parent_id,product_id,ticketstatus&count=true&display=true&lang=es',
  '/modules/InventoryDetails/aggregate?groupBy=related_to,productid,contact_id,account_id&count=true&display=true',
  '/modules/HelpDesk/aggregate?groupBy=update_log&count=true&display=true',
  '/search?q=other',
  '/search?q=alice&display=true',
]

t.test('what a contact may not see changes nothing of what it is answered', async (t) => {
  const keys = {
    SESSION_KEYS: Buffer.alloc(32, 7).toString('base64'),
    PUBLIC_URL: 'https://portal.example.com',
  }
  const start = async (options: StartOptions) => {
    const gateway = await startGateway(t, { ...options, corebosNow: () => Date.UTC(2026, 10, 26) })
    return { gateway, database: gateway.corebos.database }
  }
  const variants = [
    ...usualModes.map((mode) => ({ mode, settings: {} })),
    { mode: 'portal', settings: keeping } as const,
  ]
  for (const { mode, settings } of variants) {
    const env = { ...keys, LOGIN_MODE: mode, LOG_LEVEL: 'warn', ...settings }
    const [one, two] = await Promise.all([start({ env }), start({ env })])
    const oracle = new Oracle(two.database, ownerIdsOf(two.database, people.alice, 'account'))
    const hidden = [...two.database.modules.keys()].flatMap((module) =>
      two.database.records(module).filter((record) => !oracle.sees(record)),
    )
    let changed = 0
    for (const record of hidden) {
      // Accounts, contacts and users that only log-ins and hops look at keep who they are.
      if (['Users', 'Groups', 'Currency'].includes(record.module)) continue
      const module = two.database.module(record.module)
      for (const field of module?.fields ?? []) {
        if (!['string', 'text', 'picklist', 'url', 'phone'].includes(field.type.name)) continue
        if (field.name === 'faqstatus' || /portal/.test(field.name)) continue
        record.values.set(field.name, `other ${record.number}`)
        changed++
      }
    }
    t.ok(changed > 500, `${changed} values differ`)
    const [here, there] = await Promise.all(
      [one, two].map(({ gateway }) => Portal.of(gateway, 'alice', mode)),
    )
    if (here === undefined || there === undefined) throw new Error('alice is not there twice')
    const requests: (readonly ['GET' | 'POST', string, unknown?])[] = [
      ...[
        ...(isThorough && mode === 'service' ? recordedStatements() : []),
        ...generatedStatements(one.database, times(30, 100)),
      ].map((query) => ['POST', '/query', { query }] as const),
      ...openModules.flatMap((module) => [
        ['GET', `/modules/${module}`] as const,
        ['GET', `/modules/${module}/records?count=true&limit=3`] as const,
        ['GET', `/modules/${module}/records?count=true&limit=3&offset=2`] as const,
      ]),
      ['GET', '/modules'],
      ...listings.map((path) => ['GET', path] as const),
      ...hidden
        .slice(0, times(20, 60))
        .map((record) => ['GET', `/records/${one.database.webserviceId(record)}`] as const),
      ...new Oracle(one.database, ownerIdsOf(one.database, people.alice, 'account'))
        .visible('HelpDesk')
        .map((record) => ['GET', `/records/${one.database.webserviceId(record)}`] as const),
    ]
    const comparable = ({ status, headers, text }: Reply) => {
      const rest = Object.entries(headers).filter(([header]) => !varying.has(header))
      return JSON.stringify([status, rest, text.replace(/"requestId":"[^"]*"/, '')])
    }
    const different: string[] = []
    const rejected: string[] = []
    for (const each of requests) {
      const [a, b] = await Promise.all([here, there].map((portal) => portal.send(...each)))
      if (a === undefined || b === undefined || comparable(a) !== comparable(b))
        different.push(JSON.stringify(each))
      if (a?.status !== 200 && listings.includes(each[1])) rejected.push(each[1])
    }
    t.same(
      rejected,
      listings.filter((path) => path.includes('update_log')),
      'what is rejected for everybody would prove nothing but for a hidden field',
    )
    t.same(different.slice(0, 5), [], `${mode}: ${requests.length} answers, ${different.length} different`)
  }
})
