import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { startDemoCorebos, type DemoCorebosOptions } from '../src/demo/server.ts'

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

interface Envelope {
  success: boolean
  result?: unknown
  error?: { code: string; message: string }
  moreinfo: unknown
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** The value at a path of keys, as text; '' where there is none. */
const at = (value: unknown, ...path: (string | number)[]): string => {
  let held = value
  for (const key of path) held = isRecord(held) ? held[key] : undefined
  return typeof held === 'string' || typeof held === 'number' ? String(held) : ''
}

const rowsOf = (answer: Envelope): unknown[] => (Array.isArray(answer.result) ? answer.result : [])

const start = async (t: Test, options: Partial<DemoCorebosOptions> = {}) => {
  const corebos = await startDemoCorebos({ port: 0, ...options })
  t.teardown(corebos.close)
  const post = async (body: string | URLSearchParams | FormData, headers: Record<string, string> = {}) =>
    fetch(`${corebos.url}/webservice.php`, {
      method: 'POST',
      headers: { 'user-agent': 'test/1', ...headers },
      body,
    })
  const call = async (
    parameters: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Envelope> => {
    const answer: unknown = await (await post(new URLSearchParams(parameters), headers)).json()
    if (!isRecord(answer)) throw new Error('no envelope')
    return { success: answer['success'] === true, moreinfo: answer['moreinfo'], ...answer }
  }
  const challenge = async (username: string): Promise<string> =>
    at(await call({ operation: 'getchallenge', username }), 'result', 'token')
  const user = async (name: string, key = `${name}-access-key`): Promise<Envelope> =>
    call({ operation: 'login', username: name, accessKey: md5((await challenge(name)) + key) })
  const contact = async (username: string, password: string): Promise<Envelope> =>
    call({ operation: 'loginPortal', username, password: md5((await challenge(username)) + password) })
  const session = async (name: string): Promise<string> =>
    at(await contact(`${name}@example.com`, `${name}-pw`), 'result', 'sessionName')
  const service = async (name = 'portal'): Promise<string> => at(await user(name), 'result', 'sessionName')
  const as =
    (sessionName: string) =>
    (operation: string, parameters: Record<string, unknown> = {}): Promise<Envelope> => {
      const texts = Object.entries(parameters).map(([name, value]): [string, string] => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ])
      return call({ operation, sessionName, ...Object.fromEntries(texts) })
    }
  return { ...corebos, post, call, challenge, user, contact, session, service, as }
}

t.test(
  'a challenge is handed out again for two hours, its time a number first and a text later',
  async (t) => {
    let clock = Date.UTC(2026, 10, 24, 8)
    const { call } = await start(t, { now: () => clock })
    const ask = async () => call({ operation: 'getchallenge', username: 'alice@example.com' })
    const first = await ask()
    clock += 7_100_000
    const second = await ask()
    clock += 200_000
    const third = await ask()
    t.equal(at(first, 'result', 'token'), at(second, 'result', 'token'))
    t.equal(at(first, 'result', 'expireTime'), at(second, 'result', 'expireTime'))
    t.not(at(second, 'result', 'token'), at(third, 'result', 'token'))
    const typeOf = ({ result }: Envelope): string =>
      typeof (isRecord(result) ? result['expireTime'] : undefined)
    t.strictSame([first, second, third].map(typeOf), ['number', 'string', 'number'])
  },
)

t.test('a session ends after 1800 s idle, after 86400 s, and with another User-Agent', async (t) => {
  let clock = Date.UTC(2026, 10, 24, 8)
  const { call, service } = await start(t, { now: () => clock })
  const works = async (sessionName: string, agent = 'test/1'): Promise<boolean> =>
    (await call({ operation: 'getPortalUserDateFormat', sessionName }, { 'user-agent': agent })).success

  const idle = await service()
  clock += 1_800_000
  t.ok(await works(idle))
  clock += 1_801_000
  t.notOk(await works(idle))

  const old = await service()
  for (let passed = 0; passed < 86_400; passed += 1_800) {
    t.ok(await works(old))
    clock += 1_800_000
  }
  t.ok(await works(old))
  clock += 1_000
  t.notOk(await works(old))

  const moved = await service()
  t.notOk(await works(moved, 'other/2'))
  t.notOk(await works(moved))
})

t.test(
  'more than five failures lock a contact out for good; a success before that forgives them',
  async (t) => {
    let clock = Date.UTC(2026, 10, 24, 8)
    const { contact, as, service } = await start(t, { now: () => clock })
    const code = ({ error }: Envelope): string => error?.code ?? ''
    for (let tries = 0; tries < 5; tries += 1) await contact('alice@example.com', 'wrong')
    t.ok((await contact('alice@example.com', 'alice-pw')).success)
    // Spellings that the database does not tell apart count for one contact.
    const spellings = ['ALICE@example.com', 'álice@example.com', 'alice@example.com ']
    for (const name of [...spellings, ...spellings])
      t.equal(code(await contact(name, 'wrong')), 'INVALID_USER_CREDENTIALS')
    t.equal(code(await contact('alice@example.com', 'alice-pw')), 'AUTHENTICATION_FAILURE')
    clock += 365 * 86_400_000
    t.equal(code(await contact('alice@example.com', 'alice-pw')), 'AUTHENTICATION_FAILURE')

    const ask = as(await service())
    const guess = async (password: string) =>
      (await ask('authenticateContact', { email: 'erin@example.com', password })).result
    for (let tries = 0; tries < 20; tries += 1) t.equal(await guess('wrong'), false)
    t.equal(await guess('ERIN-PW'), '12x8553')
    t.ok((await contact('erin@example.com', 'erin-pw')).success, 'guessing there counts nothing')
  },
)

t.test(
  'the calls of one session take their time one after the other, those of others do not wait',
  async (t) => {
    const { as, service } = await start(t, { delayMs: 40 })
    const [first, second] = [as(await service()), as(await service('portal2'))]
    const done: string[] = []
    const began = performance.now()
    const note = (name: string) => (): number => done.push(name)
    await Promise.all([
      first('getPortalUserDateFormat').then(note('a1')),
      first('getPortalUserDateFormat').then(note('a2')),
      first('getPortalUserDateFormat').then(note('a3')),
      second('getPortalUserDateFormat').then(note('b1')),
    ])
    t.ok(performance.now() - began >= 115, 'three delays')
    t.strictSame(done.filter((name) => name.startsWith('a')).length, 3)
    t.ok(done.indexOf('b1') < 3, 'the other session is served in between')
  },
)

t.test('parameters are read as PHP reads them', async (t) => {
  const { post, as, service, url } = await start(t)
  const sessionName = await service()
  const result = async (response: Response): Promise<unknown> => {
    const answer: unknown = await response.json()
    return isRecord(answer) ? answer['result'] : undefined
  }
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const related = `operation=getRelatedRecords&id=12x8549&module=Contacts&relatedModule=HelpDesk&sessionName=${sessionName}`
  const limited = await result(
    await post(`${related}&queryParameters[limit]=1&queryParameters[columns]=ticket_title`, form),
  )
  t.equal(isRecord(limited) && Array.isArray(limited['records']) ? limited['records'].length : 0, 1)
  const last = `operation=nothing&operation=getPortalUserDateFormat&sessionName=${sessionName}`
  t.equal(await result(await post(last, form)), 'yyyy-mm-dd')
  const like = "select ticket_title from HelpDesk where ticket_title like '%alice ticket%' limit 1"
  const lone = `operation=query&query=${like}&sessionName=${sessionName}`
  t.equal(at(await result(await post(lone, form)), 0, 'ticket_title'), 'alice ticket 1', 'a lone % stays')
  const multipart = new FormData()
  multipart.set('operation', 'getPortalUserDateFormat')
  multipart.set('sessionName', sessionName)
  t.equal(await result(await post(multipart)), 'yyyy-mm-dd')
  const json = JSON.stringify({ operation: 'getportaluserdateformat', sessionName })
  t.equal(await result(await post(json, { 'content-type': 'application/json' })), 'yyyy-mm-dd')
  for (const header of ['corebos-authorization', 'corebos_authorization']) {
    const answer = await post('operation=getPortalUserDateFormat&sessionName=undefined', {
      ...form,
      [header]: sessionName,
    })
    t.equal(await result(answer), 'yyyy-mm-dd', `${header} wins`)
  }
  const stream = await fetch(
    `${url}/webservice.php?operation=query&format=stream&query=${encodeURIComponent(like)}`,
    {
      headers: { 'user-agent': 'test/1', 'corebos-authorization': sessionName },
    },
  )
  t.match(
    await stream.text(),
    /^\{"ticket_title":"alice ticket 1","id":"17x8625"\}\n\{"success":true,"result":\[\],/,
  )
  t.equal((await as(sessionName)('nothing')).error?.code, 'UNKNOWN_OPERATION')
})

t.test('the state demo serves all log-in modes: each contact has a CRM user of its own', async (t) => {
  const { as, user, contact, service, call, challenge } = await start(t)
  const admin = as(await service('admin'))
  for (const name of [
    'alice',
    'bob',
    'carol',
    'dave',
    'erin',
    'frank',
    'grace',
    'portal',
    'portal2',
    'admin',
  ]) {
    t.ok((await user(name)).success, name)
  }
  const mapped = await admin('query', { query: 'select firstname,portalloginuser from Contacts;' })
  const users = new Map(rowsOf(mapped).map((row) => [at(row, 'firstname'), at(row, 'portalloginuser')]))
  t.equal(new Set(['alice', 'bob', 'carol', 'dave', 'erin', 'frank'].map((name) => users.get(name))).size, 6)
  t.equal(users.get('grace'), '19x1', 'mapped to the administrator')
  const alice = await contact('alice@example.com', 'alice-pw')
  t.equal(at(alice, 'result', 'user', 'user_name'), 'alice')
  t.equal(at(alice, 'result', 'user', 'id'), users.get('alice'))
  t.notOk((await contact('frank@example.com', 'frank-pw')).success)
  const password = createHash('sha256')
    .update(`${await challenge('emil@example.com')}emil-pw`)
    .digest('hex')
  const emil = await call({
    operation: 'loginPortal',
    username: 'emil@example.com',
    password,
    entity: 'Employee',
  })
  t.match(at(emil, 'result', 'user', 'contactid'), /^62x/)
  const accounts = await admin('query', {
    query: "select accountname from Accounts where Accounts.accountname='Holding';",
  })
  t.strictSame(
    rowsOf(accounts).map((row) => at(row, 'accountname')),
    ['Acme', 'Globex'],
  )
})

t.test('it leaks where coreBOS leaks: reading', async (t) => {
  const { as, session, service, url } = await start(t)
  const [alice, admin] = [as(await session('alice')), as(await service('admin'))]
  const query = async (text: string) => alice('query', { query: text })
  const one = await query("select Users.accesskey from HelpDesk where id='17x8625'")
  t.equal(at(one, 'result', 0, 'accesskey'), 'portal-access-key')
  const keys = await query("select Users.accesskey from HelpDesk where (ticket_title='alice ticket 1')")
  t.match(JSON.stringify(keys.result), /portal-access-key/)
  t.equal(at(await query('select count(*) from ProjectMilestone;'), 'result', 0, 'count'), '10')
  t.equal(at(await query('select id from Leads;'), 'moreinfo', 'totalrows'), '1')
  for (const module of ['LoginHistory', 'Workflow', 'Groups', 'CompanyDetails']) {
    t.ok(rowsOf(await query(`select * from ${module};`)).length > 0, module)
  }
  t.equal(at(await alice('retrieve', { id: '3x8563' }), 'result', 'question'), 'Internal secret')
  t.equal(at(await alice('retrieve', { id: '53x1' }), 'result', 'user_ip'), '192.0.2.17')
  const find = { term: 'e', filter: 'contains', limit: '50' }
  const names = await alice('getFieldAutocomplete', {
    ...find,
    searchinmodule: 'Users',
    fields: 'email1',
    returnfields: 'user_name,email1',
  })
  t.match(JSON.stringify(names.result), /carol@example\.com/)
  const milestones = await alice('getReferenceAutocomplete', { ...find, searchinmodules: 'ProjectMilestone' })
  t.match(JSON.stringify(milestones.result), /carol milestone/)
  t.match(JSON.stringify((await alice('getAllUsers')).result), /Administrator/)
  await admin('delete', { id: '17x8666' })
  const changes = await alice('sync', { modifiedTime: '1795503000', elementType: 'HelpDesk' })
  t.strictSame(at(changes, 'result', 'updated', 0), '')
  const shown = await alice('showqueryfromwsdoquery', { query: 'select ticket_title from HelpDesk;' })
  t.match(at(shown, 'result', 'sql'), /FROM vtiger_troubletickets/)
  const document = await admin('retrieve', { id: '15x8684' })
  const file = await fetch(at(document, 'result', '_downloadurl'))
  t.equal(await file.text(), 'hello carol\n', 'without any session')
  t.equal((await fetch(`${url}/storage/2026/November/week4/`)).status, 403)
  const raw = await fetch(`${url}/webservice.php`, {
    method: 'POST',
    headers: { 'user-agent': 'test/1' },
    body: new URLSearchParams({
      operation: 'query',
      query: 'select ticket_title from HelpDesk limit 1;',
      format: 'streamraw',
      sessionName: await session('alice'),
    }),
  })
  t.match(await raw.text(), /"parent_id":"8546"/, 'columns that nobody asked for')
})

t.test('it leaks where coreBOS leaks: writing', async (t) => {
  const { as, session, service, user, contact, call, database } = await start(t)
  const [alice, admin] = [as(await session('alice')), as(await service('admin'))]
  const sees = async (id: string): Promise<boolean> => (await alice('retrieve', { id })).success

  const ticket = {
    ticket_title: 'planted',
    ticketstatus: 'Open',
    assigned_user_id: '19x5',
    parent_id: '12x8551',
  }
  const planted = await alice('create', { elementType: 'HelpDesk', element: ticket })
  t.ok((await admin('retrieve', { id: at(planted, 'result', 'id') })).success, 'a ticket for another contact')
  t.ok((await alice('delete', { id: '7x8648' })).success, "a colleague's invoice")

  t.notOk(await sees('15x8684'))
  await alice('SetRelation', { relate_this_id: '12x8549', with_these_ids: ['15x8684'] })
  t.ok(await sees('15x8684'), "another customer's document, once linked")

  const setting = {
    elementType: 'GlobalVariable',
    element: { gvname: 'x', value: '1', assigned_user_id: '19x5' },
  }
  await t.rejects(alice('create', setting), 'an empty answer')
  t.equal(database.records('GlobalVariable').length, 1, 'and the row is written')

  t.notOk(await sees('17x8585'))
  await alice('revise', { element: { id: '12x8549', account_id: '11x8547' } })
  t.ok(await sees('17x8585'), 'a ticket of the company that she moved to')

  await alice('revise', { element: { id: '12x8549', email: 'carol@example.com' } })
  const refused = await call({ operation: 'getchallenge', username: 'carol@example.com' })
  t.equal(refused.error?.code, 'AUTHENTICATION_REQUIRED', 'two contacts of one name: neither gets in')
  await alice('revise', { element: { id: '12x8549', email: 'alice@example.com', portalloginuser: '19x1' } })
  t.equal(at(await contact('alice@example.com', 'alice-pw'), 'result', 'user', 'user_name'), 'admin')

  const erin = as(await session('erin'))
  const id = at(await erin('getPortalUserInfo'), 'result', 'id')
  const key = at(await erin('changeAccessKey', { id }), 'result', 'accesskey')
  t.notOk((await user('erin')).success, 'the old key is worthless')
  t.ok((await user('erin', key)).success)

  t.ok((await erin('setSetting', { key: 'cbSMActive', value: '1' })).success)
  await t.rejects(admin('listtypes'), 'no envelope any more')
})

t.test('the program says when it is ready, ends with 0 on Ctrl-C, and names a wrong value', async (t) => {
  const run = (env: Record<string, string>) => {
    const child = spawn(process.execPath, [...process.execArgv, 'src/demo/main.ts'], {
      env: { ...process.env, COREBOS_DEMO_PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.teardown(() => child.kill('SIGKILL'))
    return child
  }
  const wrong = run({ COREBOS_DEMO_STATE: 'nowhere' })
  const right = run({ COREBOS_DEMO_STATE: 'recorded' })
  const [said] = (await once(wrong.stderr, 'data')) as [Buffer]
  t.match(said.toString(), /COREBOS_DEMO_STATE .*"nowhere"/)
  t.equal((await once(wrong, 'close'))[0], 1)
  const [line] = (await once(right.stdout, 'data')) as [Buffer]
  const [, url = ''] = /^ready corebos=(http:\/\/127\.0\.0\.1:\d+)\n$/.exec(line.toString()) ?? []
  t.equal((await fetch(`${url}/webservice.php?operation=getchallenge&username=portal`)).status, 200)
  right.kill('SIGINT')
  t.equal((await once(right, 'close'))[0], 0)
})
