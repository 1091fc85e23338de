/** The demo coreBOS, against what is known of a real one. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { startDemoCorebos, type DemoCorebosOptions } from '../../src/demo/server.ts'
import type { State } from '../../src/demo/states.ts'
import { program } from '../support/program.ts'

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
    const { as, service } = await start(t, { delayMs: 400 })
    const [first, second] = [as(await service()), as(await service('portal2'))]
    const done: string[] = []
    const note = (name: string) => (): number => done.push(name)
    await Promise.all([
      first('getPortalUserDateFormat').then(note('a1')),
      first('getPortalUserDateFormat').then(note('a2')),
      first('getPortalUserDateFormat').then(note('a3')),
      second('getPortalUserDateFormat').then(note('b1')),
    ])
    t.strictSame(
      done.filter((name) => name.startsWith('a')),
      ['a1', 'a2', 'a3'],
    )
    t.ok(done.indexOf('b1') < done.indexOf('a3'), 'the other session does not wait for these three')
  },
)

t.test('parameters are read as PHP reads them', async (t) => {
  const { post, service, url } = await start(t)
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

/** Dates are counted from the day of most recordings; what is written is later than all of them. */
const hasRecordedDays = async (
  as: (operation: string, parameters: Record<string, unknown>) => Promise<Envelope>,
): Promise<boolean> => {
  const element = { projectname: 'new', assigned_user_id: '19x5' }
  const project = await as('create', { elementType: 'Project', element })
  return (
    at(project, 'result', 'startdate') === '2026-11-24' &&
    at(project, 'result', 'createdtime') > '2026-11-30 02:13:22'
  )
}

t.test('each state holds what the recordings of its name start from', async (t) => {
  const facts = async (state: State): Promise<boolean[]> => {
    const { as, service } = await start(t, { state })
    const [portal, admin] = [as(await service()), as(await service('admin'))]
    const ticket = { ticket_title: 'new', ticketstatus: 'Open', assigned_user_id: '19x5' }
    const created = await portal('create', { elementType: 'HelpDesk', element: ticket })
    const hacked = await admin('retrieve', { id: '17x8665' })
    return [
      at(hacked, 'result', 'ticket_title') === 'hacked',
      created.success,
      (await admin('describe', { elementType: 'cbEmployee' })).success,
      JSON.stringify((await admin('getAllUsers')).result).includes('Aliceson'),
      await hasRecordedDays(admin),
    ]
  }
  t.strictSame(await facts('recorded'), [true, false, false, false, true])
  t.strictSame(await facts('recorded-helpdesk'), [true, true, false, false, true])
  t.strictSame(await facts('recorded-employee'), [true, true, true, false, true])
  t.strictSame((await facts('demo')).slice(0, 4), [false, true, true, true])
})

t.test('values that are too long are cut without a word, in characters or in bytes', async (t) => {
  const { as, service } = await start(t)
  const portal = as(await service())
  const stored = async (elementType: string, name: string, text: string): Promise<string> => {
    const rest = {
      HelpDesk: { ticket_title: 'long', ticketstatus: 'Open' },
      Contacts: { lastname: 'long' },
    }[elementType]
    const element = { ...rest, assigned_user_id: '19x5', [name]: text }
    return at(await portal('create', { elementType, element }), 'result', name)
  }
  const euros = '€'.repeat(70_000)
  t.equal(await stored('Contacts', 'firstname', euros), euros.slice(0, 40))
  t.equal(await stored('Contacts', 'mailingcity', euros), euros.slice(0, 200))
  t.equal(await stored('HelpDesk', 'ticket_title', euros), euros.slice(0, 255))
  t.equal(await stored('HelpDesk', 'solution', `x${euros}`), `x${euros.slice(0, (65_535 - 3) / 3)}`)
  t.equal(await stored('HelpDesk', 'description', euros), euros)
})

t.test('the file of a document stays where a change says that it is an internal one', async (t) => {
  const { as, service } = await start(t)
  const portal = as(await service())
  const file = (name: string) => ({ name, size: 5, type: 'text/plain', content: 'aGVs\r\nbG8=' })
  const kept = async (operation: string, change: Record<string, unknown>): Promise<string> => {
    const document = {
      notes_title: 'a',
      filelocationtype: 'I',
      assigned_user_id: '19x5',
      filename: file('a.txt'),
    }
    const created = await portal('create', { elementType: 'Documents', element: document })
    const id = at(created, 'result', 'id')
    await portal(operation, { element: { id, ...change } })
    const { result } = await portal('retrievedocattachment', { id, returnfile: '1' })
    return `${at(result, id, 'filename')} ${at(result, id, 'attachment')}`.trim()
  }
  const whole = { notes_title: 'b', filelocationtype: 'I', assigned_user_id: '19x5' }
  const outcomes: readonly [operation: string, change: Record<string, unknown>, expected: string][] = [
    ['revise', { notes_title: 'b' }, ''],
    ['revise', { notes_title: 'b', filelocationtype: 'I' }, 'a.txt aGVsbG8='],
    ['revise', { ...whole, filename: 'a.txt' }, 'a.txt aGVsbG8='],
    ['revise', { ...whole, filename: file('b.txt') }, ''],
    ['update', whole, 'a.txt aGVsbG8='],
    ['update', { ...whole, filename: file('b.txt') }, 'b.txt aGVsbG8='],
    ['update', { ...whole, filelocationtype: 'E', filename: 'https://x' }, 'https://x'],
  ]
  for (const [operation, change, expected] of outcomes) {
    t.equal(await kept(operation, change), expected, `${operation} ${JSON.stringify(change)}`)
  }
})

t.test('a description of several modules leaves out what is in no list of types', async (t) => {
  const { as, session } = await start(t)
  const alice = as(await session('alice'))
  const described = async (elementType: string): Promise<unknown> => {
    const { result, error } = await alice('describe', { elementType })
    return error?.message ?? Object.keys(isRecord(result) ? result : {})
  }
  t.strictSame(await described('HelpDesk,faq,Users'), ['HelpDesk', 'Users'])
  t.equal(await described('HelpDesk,Nope'), 'Permission to perform the operation is denied for Nope')
})

t.test('a cbuuid stands for the id of its record', async (t) => {
  const { as, session } = await start(t)
  const [alice, erin] = [as(await session('alice')), as(await session('erin'))]
  const cbuuid = at(await alice('retrieve', { id: '17x8625' }), 'result', 'cbuuid')
  t.equal(at(await alice('retrieve', { id: cbuuid }), 'result', 'id'), '17x8625')
  t.equal((await erin('retrieve', { id: cbuuid })).error?.code, 'ACCESS_DENIED')
  t.equal((await alice('retrieve', { id: '0'.repeat(40) })).error?.code, 'ACCESS_DENIED')
})

t.test('it leaks where coreBOS leaks: statements', async (t) => {
  const { as, session, service, post } = await start(t)
  const sessionName = await session('alice')
  const [alice, admin] = [as(sessionName), as(await service('admin'))]
  const query = async (text: string) => alice('query', { query: text })
  const first = async (text: string, field: string) => at(await query(text), 'result', 0, field)
  const total = async (text: string) => at(await query(text), 'moreinfo', 'totalrows')

  t.equal(
    await first("select Users.accesskey from HelpDesk where id='17x8625'", 'accesskey'),
    'portal-access-key',
  )
  t.equal(await first("select accesskey from HelpDesk where (id!='17x1')", 'accesskey'), 'portal-access-key')
  t.equal(await first('select Users.user_hash from Invoice', 'user_hash'), md5('portal-password'))
  t.match(await first('select Users.user_password from Contacts', 'user_password'), /^\$2y\$10\$/)

  const ordered = (order: string) =>
    first(`select ticket_title from HelpDesk where (id!='17x1') order by ${order} limit 1`, 'ticket_title')
  const guess = (letter: string) =>
    ordered(`(if((select left(accesskey,1) from vtiger_users where id=1)='${letter}',1,-1)*ticketid)`)
  t.not(await guess('a'), await guess('b'), 'one letter of a key, told by an order')
  const listed = async (orderby: string) => {
    const list = { id: '12x8549', module: 'Contacts', relatedModule: 'HelpDesk' }
    const answer = await alice('getRelatedRecords', { ...list, queryParameters: { orderby } })
    return at(answer, 'result', 'records', 0, 'title')
  }
  t.not(await listed('ticketid'), await listed('if(1=1,-ticketid,ticketid)'), 'the same in a related list')

  const related = await query(
    "select ticket_title from HelpDesk where related.Contacts='12x8549' or ticketstatus = 'Closed'",
  )
  t.match(JSON.stringify(related.result), /carol ticket 3/, 'an or leaves the relation')

  for (const [module, condition] of Object.entries({
    ProjectMilestone: "projectmilestonename like 'carol%'",
    Leads: "lastname like 'l%'",
    Vendors: "vendorname like 'v%'",
    cbTermConditions: "formodule='Invoice'",
  })) {
    const other = condition.replace(/'(\w).*'/, "'zz$1'")
    t.strictSame(rowsOf(await query(`select id from ${module} where ${condition}`)), [], `${module}: no rows`)
    t.equal(await total(`select id from ${module} where ${condition}`), '1', 'but their number')
    t.equal(await first(`select count(*) from ${module} where ${condition}`, 'count'), '1')
    t.equal(await first(`select count(*) from ${module} where ${other}`, 'count'), '0')
  }

  t.equal(await first('select user_ip from LoginHistory;', 'user_ip'), '192.0.2.17')
  t.match(await first('select summary from Workflow;', 'summary'), /Inventory/)
  for (const module of ['Groups', 'CompanyDetails', 'Users']) {
    t.ok(rowsOf(await query(`select * from ${module};`)).length > 0, module)
  }

  const show = async (text: string) => alice('showqueryfromwsdoquery', { query: text })
  const shown = await show('select ticket_title from HelpDesk;')
  t.match(at(shown, 'result', 'sql'), /FROM vtiger_troubletickets/)
  const wrong = await show("select ticket_title from HelpDesk where (id!='17x1') order by nosuch;")
  t.match(at(wrong, 'result', 'msg'), /Unknown column 'nosuch'/, "the database's own words")

  const streamed = async (format: string) => {
    const text = 'select ticket_title from HelpDesk limit 1;'
    return (await post(new URLSearchParams({ operation: 'query', query: text, format, sessionName }))).text()
  }
  t.notMatch(await streamed('stream'), /parent_id/)
  t.match(await streamed('streamraw'), /"parent_id":"8546"/, 'columns that nobody asked for')

  const faq = await query('select question from Faq;')
  t.equal(faq.error?.code, 'DATABASE_QUERY_ERROR', 'and every query on Faq fails, published or not')
  t.ok(rowsOf(await admin('query', { query: 'select question from Faq;' })).length > 0)
})

t.test('it leaks where coreBOS leaks: other reads', async (t) => {
  const { as, session, service, url } = await start(t)
  const [alice, admin] = [as(await session('alice')), as(await service('admin'))]
  const text = ({ result }: Envelope): string => JSON.stringify(result)
  const own = at(await alice('getPortalUserInfo'), 'result', 'id')

  t.equal(at(await alice('retrieve', { id: '3x8563' }), 'result', 'question'), 'Internal secret')
  t.equal(at(await alice('retrieve', { id: '53x1' }), 'result', 'user_ip'), '192.0.2.17')
  t.equal(at(await alice('retrieve', { id: '51x2' }), 'result', 'module_name'), 'Contacts')
  const many = await alice('MassRetrieve', { ids: '3x8563,53x1,51x1,17x8665' })
  t.strictSame(isRecord(many.result) ? Object.keys(many.result) : [], ['3x8563', '53x1', '51x1'])

  const find = { term: 'e', filter: 'contains', limit: '50' }
  const fields = {
    ProjectMilestone: ['projectmilestonename', /carol milestone/],
    Leads: ['lastname', /lead1/],
    Vendors: ['vendorname', /vendor1/],
  } as const
  for (const [module, [field, secret]] of Object.entries(fields)) {
    const ids = { userId: own, accountId: '11x8546', contactId: '12x8549' }
    const search = { query: 'e', search_onlyin: module, restrictionids: ids }
    t.match(text(await alice('getSearchResults', search)), secret)
    t.match(text(await alice('getSearchResultsArray', search)), secret)
    t.match(text(await alice('getSearchResultsArrayWithTotals', search)), secret)
    const suggest = { ...find, searchinmodule: module, fields: field, returnfields: field }
    t.match(text(await alice('getFieldAutocomplete', suggest)), secret)
    t.match(text(await alice('getReferenceAutocomplete', { ...find, searchinmodules: module })), secret)
  }
  const users = { searchinmodule: 'Users', fields: 'email1', returnfields: 'user_name,email1' }
  t.match(text(await alice('getFieldAutocomplete', { ...find, ...users })), /carol@example\.com/)
  t.match(
    text(await alice('getReferenceAutocomplete', { ...find, searchinmodules: 'Users' })),
    /grace Graceson/,
  )

  t.match(text(await alice('getAllUsers')), /Administrator/)
  t.match(text(await alice('getAssignedUserList', { module: 'HelpDesk' })), /Administrator/)

  const changes = await alice('sync', { modifiedTime: '1795500000', elementType: 'HelpDesk' })
  const withdrawn = at(changes, 'result', 'deleted', 0)
  t.match(withdrawn, /^17x/, "the id of a deleted ticket of carol's")

  const download = at(await admin('retrieve', { id: '15x8684' }), 'result', '_downloadurl')
  t.equal(await (await fetch(download)).text(), 'hello carol\n', 'a file without any session')
  t.equal((await fetch(`${url}/storage/2026/November/week4/`)).status, 403)
})

t.test('it leaks where coreBOS leaks: the contact itself', async (t) => {
  const { as, session, contact, call, service } = await start(t)
  const [alice, admin] = [as(await session('alice')), as(await service('admin'))]
  const sees = async (id: string): Promise<boolean> => (await alice('retrieve', { id })).success
  const kept = { lastname: 'Aliceson', assigned_user_id: '19x5' }
  const goes = {
    revise: (to: object) => alice('revise', { element: { id: '12x8549', ...to } }),
    update: (to: object) => alice('update', { element: { id: '12x8549', ...kept, portal: '1', ...to } }),
    MassUpdate: (to: object) => alice('MassUpdate', { elements: [{ id: '12x8549', ...to }] }),
    upsert: (to: object) =>
      alice('upsert', {
        elementType: 'Contacts',
        element: { ...kept, ...to },
        searchOn: 'lastname',
        updatedfields: Object.keys(to).join(','),
      }),
  }
  for (const [operation, change] of Object.entries(goes)) {
    t.notOk(await sees('17x8585'))
    t.ok((await change({ account_id: '11x8547' })).success, operation)
    t.ok(await sees('17x8585'), 'a ticket of the company that she moved to')
    await change({ account_id: '11x8546' })
  }
  await goes.revise({ email: 'carol@example.com' })
  const rejected = await call({ operation: 'getchallenge', username: 'carol@example.com' })
  t.equal(rejected.error?.code, 'AUTHENTICATION_REQUIRED', 'two contacts of one name: neither gets in')
  const guess = await alice('authenticateContact', { email: 'carol@example.com', password: 'carol-pw' })
  t.equal(guess.result, '12x8551', 'though the other operation still answers one of them')
  await goes.revise({ email: 'alice@example.com', portalloginuser: '19x1' })
  const again = await contact('alice@example.com', 'alice-pw')
  t.equal(at(again, 'result', 'user', 'user_name'), 'admin')
  const mapped = as(at(again, 'result', 'sessionName'))
  t.equal(at(await mapped('getPortalUserInfo'), 'result', 'is_admin'), 'on')
  t.ok((await mapped('retrieve', { id: '17x8665' })).success, 'nothing restricts an administrator')
  t.equal(at(await admin('retrieve', { id: '12x8549' }), 'result', 'portalloginuser'), '19x1')
})

t.test('it leaks where coreBOS leaks: records of others', async (t) => {
  const { as, session, service, database } = await start(t)
  const [alice, admin, carol] = [
    as(await session('alice')),
    as(await service('admin')),
    as(await service('carol')),
  ]
  const exists = async (id: string): Promise<boolean> => (await admin('retrieve', { id })).success
  const ticket = { ticket_title: 'planted', ticketstatus: 'Open', assigned_user_id: '19x5' }
  const carols = { ...ticket, parent_id: '12x8551' }

  const single = await alice('create', { elementType: 'HelpDesk', element: carols })
  const mass = await alice('MassCreate', {
    elements: [{ elementType: 'HelpDesk', referenceId: 'one', element: { ...ticket, parent_id: '11x8547' } }],
  })
  const validated = { elementType: 'HelpDesk', element: { ...ticket, parent_id: '8551' } }
  const checked = await alice('CreateWithValidation', validated)
  const planted = [
    [at(single, 'result', 'id'), '12x8551'],
    [at(mass, 'result', 'success_creates', 0, 'id'), '11x8547'],
    [at(checked, 'result', 'id'), '12x8551'],
  ]
  for (const [id, parent] of planted) {
    t.equal(at(await admin('retrieve', { id }), 'result', 'parent_id'), parent, 'a ticket for somebody else')
  }
  const byId = await alice('CreateWithValidation', { elementType: 'HelpDesk', element: carols })
  t.notOk(byId.success, 'with validation a web service id is rejected')

  const setting = {
    elementType: 'GlobalVariable',
    element: { gvname: 'x', value: '1', assigned_user_id: '19x5' },
  }
  await t.rejects(alice('create', setting), 'an empty answer')
  t.equal(database.records('GlobalVariable').length, 1, 'and the row is written')

  t.ok((await alice('SetRelation', { relate_this_id: '12x8549', with_these_ids: '15x8684' })).success)
  t.notOk((await alice('retrieve', { id: '15x8684' })).success, 'a bare id answers true and does nothing')
  await alice('SetRelation', { relate_this_id: '12x8549', with_these_ids: ['15x8684'] })
  t.ok((await alice('retrieve', { id: '15x8684' })).success, "carol's document, once linked")
  const file = await alice('retrievedocattachment', { id: '15x8684', returnfile: 'true' })
  t.equal(
    Buffer.from(at(file, 'result', '15x8684', 'attachment'), 'base64').toString(),
    'hello carol\n',
    'and its content',
  )
  await alice('UnsetRelation', { unrelate_this_id: '12x8549', with_these_ids: ['15x8684'] })
  t.notOk((await alice('retrieve', { id: '15x8684' })).success)
  t.ok(await exists('15x8684'))

  t.ok((await alice('MassUpdate', { elements: [{ id: '12x8550', firstname: 'renamed' }] })).success)
  t.equal(at(await admin('retrieve', { id: '12x8550' }), 'result', 'firstname'), 'renamed', 'a colleague')
  const comment = { comments: 'not mine', from_portal: '1', parent_id: '12x8551' }
  await alice('addTicketFaqComment', { id: '17x8625', values: comment })
  t.equal(database.comments.at(-1)?.owner, 8551, 'in the name of somebody else')

  t.ok((await alice('delete', { id: '7x8648' })).success, "a colleague's invoice")
  const list = await alice('MassDelete', { ids: '12x8550,14x8556,3x8562,17x8665' })
  const deleted = isRecord(list.result) ? list.result['success_deletes'] : []
  t.strictSame(deleted, ['12x8550', '14x8556', '3x8562'], 'a colleague, a product, an FAQ')
  t.ok((await alice('delete', { id: '11x8546' })).success, 'her own account')
  for (const id of ['7x8648', '12x8550', '14x8556', '3x8562', '11x8546']) t.notOk(await exists(id), id)
  t.notOk((await alice('delete', { id: '17x8665' })).success, 'not what belongs to another company')
  t.ok((await carol('retrieve', { id: '17x8665' })).success)
})

t.test('it leaks where coreBOS leaks: the installation', async (t) => {
  const { as, session, service, user, contact, call } = await start(t, { state: 'recorded-helpdesk' })
  const alice = as(await session('alice'))
  const id = at(await alice('getPortalUserInfo'), 'result', 'id')
  t.equal(id, '19x5', 'the service user')
  const key = at(await alice('changeAccessKey', { id }), 'result', 'accesskey')
  t.notOk((await user('portal')).success, 'everybody else is locked out')
  t.ok((await user('portal', key)).success, 'and she has a log-in')
  t.notOk((await alice('changeAccessKey', { id: '19x1' })).success, "not the administrator's")

  const erin = as(await session('erin'))
  for (let tries = 0; tries < 20; tries += 1) {
    const wrong = { email: 'alice@example.com', password: 'taken', current_password: `guess ${tries}` }
    t.notOk((await erin('changePortalUserPassword', wrong)).success)
  }
  const right = { email: 'alice@example.com', password: 'taken', current_password: 'ALICE-pw' }
  t.ok((await erin('changePortalUserPassword', right)).success, 'twenty misses lock nothing')
  t.ok((await contact('alice@example.com', 'taken')).success)

  t.equal((await erin('getSetting', { key: 'mine', default: 'nothing' })).result, 'nothing')
  await erin('setSetting', { key: 'mine', value: 'something' })
  t.equal((await erin('getSetting', { key: 'mine', default: 'nothing' })).result, 'something')
  await erin('delSetting', { key: 'mine' })
  t.equal((await erin('getSetting', { key: 'mine', default: 'nothing' })).result, 'nothing')
  const admin = as(await service('admin'))
  t.ok((await erin('setSetting', { key: 'cbSMActive', value: '1' })).success)
  await t.rejects(admin('listtypes'), 'no envelope any more')
  await t.rejects(call({ operation: 'getchallenge', username: 'admin' }), 'for anybody')
})

t.test('operations that it does not know, or want a session, are told apart as there', async (t) => {
  const { as, call, service } = await start(t)
  const code = ({ error }: Envelope): string => error?.code ?? ''
  t.equal(code(await call({ operation: 'nothing' })), 'UNKNOWN_OPERATION')
  t.equal(code(await call({})), 'UNKNOWN_OPERATION')
  t.equal(code(await call({ operation: 'ExecuteWorkflow' })), 'AUTHENTICATION_REQUIRED')
  t.equal(code(await call({ operation: 'LISTTYPES' })), 'AUTHENTICATION_REQUIRED')
  const portal = as(await service())
  t.equal(code(await portal('executeworkflow')), 'UNKNOWN_OPERATION')
  t.ok((await portal('LISTTYPES')).success)
})

t.test('the program says when it is ready, ends with 0 on Ctrl-C, and names a wrong value', async (t) => {
  const run = (env: Record<string, string>) => {
    const child = spawn(process.execPath, program('src/demo/main.ts'), {
      env: { ...process.env, COREBOS_DEMO_PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.teardown(() => child.kill('SIGKILL'))
    return child
  }
  const wrong = run({ COREBOS_DEMO_STATE: 'nowhere' })
  const right = run({ COREBOS_DEMO_STATE: 'recorded', COREBOS_DEMO_DELAY_MS: '50' })
  const [said] = (await once(wrong.stderr, 'data')) as [Buffer]
  t.match(said.toString(), /COREBOS_DEMO_STATE .*"nowhere"/)
  t.equal((await once(wrong, 'close'))[0], 1)
  const [line] = (await once(right.stdout, 'data')) as [Buffer]
  const [, url = ''] = /^ready corebos=(http:\/\/127\.0\.0\.1:\d+)\n$/.exec(line.toString()) ?? []
  const began = performance.now()
  t.equal((await fetch(`${url}/webservice.php?operation=getchallenge&username=portal`)).status, 200)
  t.ok(performance.now() - began >= 49, 'after the delay')
  right.kill('SIGINT')
  t.equal((await once(right, 'close'))[0], 0)
})
