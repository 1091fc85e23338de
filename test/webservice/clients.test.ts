/** coreBOS's own JavaScript clients against `/webservice.php`. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import t, { type Test } from 'tap'
import { startPortal, type Portal } from '../support/portal.ts'
import {
  at,
  contactAt,
  rowsAt,
  textAt,
  textsAt,
  WebserviceClient,
  type Answer,
  type Sent,
} from '../support/webservice-client.ts'

/** What coreBOS's own clients for JavaScript export, as far as it is driven here. They bring no types. */
interface OfficialClient {
  setURL(url: string): void
  setSession(login: { readonly sessionName: string; readonly userId: string }): void
  doLogin(username: string, key: string, withPassword?: boolean): Promise<unknown>
  doLoginPortal(username: string, password: string, hash: string, entity: string): Promise<unknown>
  doLogout(): Promise<unknown>
  extendSession(): Promise<unknown>
  doListTypes(): Promise<unknown>
  doDescribe(module: string): Promise<unknown>
  doQuery(query: string): Promise<unknown>
  doQueryWithTotal(query: string): Promise<unknown>
  doRetrieve(id: string): Promise<unknown>
  doMassRetrieve(ids: string): Promise<unknown>
  doCreate(module: string, values: Values): Promise<unknown>
  doUpdate(module: string, values: Values): Promise<unknown>
  doRevise(module: string, values: Values): Promise<unknown>
  doUpsert(module: string, values: Values, searchOn: string, updated: string): Promise<unknown>
  doMassUpsert(elements: readonly unknown[]): Promise<unknown>
  doMassUpdate(elements: readonly Values[]): Promise<unknown>
  doMassDelete(ids: string): Promise<unknown>
  doDelete(id: string): Promise<unknown>
  doValidateInformation(record: string, module: string, values: Values): Promise<unknown>
  doGetRelatedRecords(id: string, module: string, related: string, parameters: Values): Promise<unknown>
  doSetRelated(id: string, ids: readonly string[]): Promise<unknown>
  doInvoke(operation: string, params: Values, type: string): Promise<unknown>
}

type Values = Record<string, unknown>

/** Browsers have it, and pages that use coreBOS's client include the library of this name. */
const page = new EventTarget()
const hashed = (type: string) => (text: string) => createHash(type).update(text).digest('hex')
Object.assign(globalThis, {
  window: page,
  CryptoJS: { SHA256: hashed('sha256'), SHA512: hashed('sha512') },
})

async function load(name: string): Promise<OfficialClient> {
  const file = createRequire(import.meta.url).resolve(name)
  // By its text, since a loader for tests takes a package without a type for CommonJS.
  const client: unknown = await import(
    `data:text/javascript,${encodeURIComponent(readFileSync(file, 'utf8'))}`
  )
  return client as OfficialClient // the source is coreBOS's own
}

const tally = { passed: 0, all: 0 }

/** One operation of a client: what it resolves with must pass. */
async function operation<T>(t: Test, name: string, work: () => Promise<T>, check: (found: T) => boolean) {
  tally.all++
  try {
    const found = await work()
    const passed = check(found)
    t.ok(passed, name, passed ? {} : { found })
    if (passed) tally.passed++
    return found
  } catch (error) {
    t.fail(name, { error: String(error) })
    return undefined
  }
}

const isTrue = (value: unknown) => value === true

/** Performs steps one after the other. @returns what each of them resolved with, by its name */
async function perform(t: Test, who: string, steps: readonly Step[]): Promise<ReadonlyMap<string, unknown>> {
  const found = new Map<string, unknown>()
  for (const [name, work, check] of steps) found.set(name, await operation(t, `${who}: ${name}`, work, check))
  return found
}

type Step = readonly [name: string, work: () => Promise<unknown>, check: (found: unknown) => boolean]

/** A client of coreBOS with a contact that is logged in. */
interface Driven {
  readonly client: OfficialClient
  readonly portal: Portal
  readonly contact: string
  /** The webservice id of the contact. */
  readonly id: string
  /** The user on whose behalf coreBOS works. */
  readonly user: string
}

function readingSteps({ client, contact, id }: Driven): readonly Step[] {
  const titles = `select ticket_title from HelpDesk where ticket_title like '${contact}%' order by ticket_title`
  return [
    [
      'listtypes',
      () => client.doListTypes(),
      (found) => textAt(found, 'HelpDesk', 'name') === 'HelpDesk' && at(found, 'Leads') === undefined,
    ],
    [
      'describe',
      () => client.doDescribe('HelpDesk'),
      (found) => textAt(found, 'idPrefix') === '17' && rowsAt(found, 'fields').length > 10,
    ],
    ['query', () => client.doQuery(titles), (found) => rowsAt(found).length >= 3],
    [
      'query with total',
      () => client.doQueryWithTotal('select id from HelpDesk limit 1,2;'),
      (found) => rowsAt(found, 'result').length === 2 && Number(textAt(found, 'totalrows')) >= 3,
    ],
    ['retrieve', () => client.doRetrieve(id), (found) => textAt(found, 'firstname') === contact],
    [
      'MassRetrieve',
      () => client.doMassRetrieve(`${id},17x8717`),
      (found) => Object.keys(found ?? {}).join() === id,
    ],
  ]
}

const firstTicket = (contact: string) => ({ ticket_title: `${contact} 50% + ünï`, ticketstatus: 'Open' })

/** Changes one ticket in every way. */
function writingSteps({ client, contact }: Driven, ticket: string): readonly Step[] {
  const first = firstTicket(contact)
  const again = { ticket_title: `${contact} again`, ticketstatus: 'Open' }
  const mass = {
    elementType: 'HelpDesk',
    referenceId: 'a',
    searchon: '',
    element: { ...first, ticket_title: 'mass' },
  }
  return [
    [
      'revise',
      () => client.doRevise('HelpDesk', { id: ticket, description: 'b' }),
      (found) => textAt(found, 'description') === 'b',
    ],
    [
      'update',
      () => client.doUpdate('HelpDesk', { ...first, id: ticket, description: 'c' }),
      (found) => textAt(found, 'description') === 'c',
    ],
    [
      'upsert',
      () => client.doUpsert('HelpDesk', again, 'ticket_title', 'ticketstatus'),
      (found) => /^17x/.test(textAt(found, 'id')),
    ],
    ['ValidateInformation', () => client.doValidateInformation('', 'HelpDesk', { ...first }), isTrue],
    [
      'MassCreate',
      () => client.doMassUpsert([mass]),
      (found) => rowsAt(found, 'success_creates').length === 1,
    ],
    [
      'MassUpdate',
      () => client.doMassUpdate([{ id: ticket, description: 'd' }]),
      (found) => rowsAt(found, 'success_updates').length === 1,
    ],
  ]
}

/** Relates a document to a ticket and removes the relation. */
function relationSteps({ client }: Driven, ticket: string, document: string): readonly Step[] {
  const parameters = { unrelate_this_id: ticket, with_these_ids: JSON.stringify([document]) }
  return [
    ['SetRelation', () => client.doSetRelated(ticket, [document]), isTrue],
    [
      'getRelatedRecords',
      () => documentsOf(client, ticket),
      (found) => rowsAt(found, 'records').some((row) => textAt(row, 'id') === document),
    ],
    ['UnsetRelation', () => client.doInvoke('UnsetRelation', parameters, 'POST'), isTrue],
  ]
}

async function documentsOf(client: OfficialClient, ticket: string): Promise<unknown> {
  return client.doGetRelatedRecords(ticket, 'HelpDesk', 'Documents', { limit: '5' })
}

function otherSteps({ client, contact, user }: Driven, ticket: string): readonly Step[] {
  const comment = { id: ticket, values: JSON.stringify({ comments: 'hi' }) }
  const search = { query: `${contact} again`, search_onlyin: 'HelpDesk', restrictionids: '{}' }
  return [
    [
      'comment',
      () => client.doInvoke('addTicketFaqComment', comment, 'POST'),
      (found) => textAt(found, 'id') === ticket,
    ],
    [
      'search',
      () => client.doInvoke('getSearchResultsArray', search, 'POST'),
      (found) => rowsAt(found).length === 1,
    ],
    [
      'getPortalUserInfo',
      () => client.doInvoke('getPortalUserInfo', {}, 'POST'),
      (found) => textAt(found, 'id') === user,
    ],
    ['extendsession', () => client.extendSession(), (found) => textAt(found, 'userId') === user],
    [
      'delete rejected',
      () => client.doDelete('17x8717').then(() => 'done', String),
      (found) => String(found).includes('ACCESS_DENIED'),
    ],
    [
      'MassDelete rejected',
      () => client.doMassDelete('17x8717'),
      (found) => rowsAt(found, 'failed_deletes').length === 1,
    ],
    ['logout', () => client.doLogout(), (found) => textAt(found, 'message') === 'successfull'],
  ]
}

/** Everything that a portal does with such a client, as one contact. */
async function drive(t: Test, driven: Driven): Promise<void> {
  const { client, portal, contact, id, user } = driven
  await perform(t, contact, readingSteps(driven))

  const created = await perform(t, contact, [
    [
      'create',
      () => client.doCreate('HelpDesk', { ...firstTicket(contact), description: 'a' }),
      (found) => /^17x/.test(textAt(found, 'id')) && textAt(found, 'parent_id') === id,
    ],
  ])
  const ticket = textAt(created.get('create'), 'id')
  const stored = async () => portal.admin.result('retrieve', { id: ticket })
  t.match(await stored(), { parent_id: id, assigned_user_id: user })
  await perform(t, contact, writingSteps(driven, ticket))
  t.match(await stored(), { description: 'd' })

  const [own] = rowsAt(await client.doQuery(`select id from Documents where related.Contacts='${id}';`))
  await perform(t, contact, relationSteps(driven, ticket, textAt(own, 'id')))
  t.strictSame(rowsAt(await documentsOf(client, ticket), 'records'), [])
  await perform(t, contact, otherSteps(driven, ticket))

  const asked = new Promise<string>((resolve) => {
    page.addEventListener('coreBOSAuthorizationRequiredEvent', ({ type }) => resolve(type), { once: true })
  })
  await perform(t, contact, [
    [
      'query without a session',
      () => client.doQuery('select id from HelpDesk;').then(() => '', String),
      (found) => String(found).includes('AUTHENTICATION_REQUIRED'),
    ],
  ])
  t.equal(await asked, 'coreBOSAuthorizationRequiredEvent', 'it asks for a log-in')
}

t.test("coreBOS's own clients work unchanged", async (t) => {
  const portal = await startPortal(t)
  const people = [
    ['corebos-ws-lib', 'alice', 'md5'],
    ['corebos-ws-lib', 'bob', 'sha256'],
    ['@corebos/ws-lib', 'carol', 'sha512'],
    ['@corebos/ws-lib', 'dave', 'plaintext'],
  ] as const
  for (const [name, contact, type] of people) {
    const client = await load(name)
    client.setURL(portal.url)
    const login = await operation(
      t,
      `${contact}: log-in by ${name}`,
      () => client.doLoginPortal(`${contact}@example.com`, `${contact}-pw`, type, 'Contacts'),
      (found) => textAt(found, 'result', 'sessionName') !== '',
    )
    const user = textAt(login, 'result', 'user', 'id')
    client.setSession({ sessionName: textAt(login, 'result', 'sessionName'), userId: user })
    const access = portal.corebos.database.portalAccess.find(
      ({ userName }) => userName === `${contact}@example.com`,
    )
    await drive(t, { client, portal, contact, id: `12x${access?.owner}`, user })
  }
})

t.test("coreBOS's own clients log CRM users in", async (t) => {
  const portal = await startPortal(t, { mode: 'user' })
  for (const name of ['corebos-ws-lib', '@corebos/ws-lib']) {
    const client = await load(name)
    client.setURL(`${portal.url}/`)
    const login = await operation(
      t,
      `${name}: login`,
      () => client.doLogin('alice', 'alice-access-key'),
      (found) => textAt(found, 'result', 'userId') !== '',
    )
    client.setSession({
      sessionName: textAt(login, 'result', 'sessionName'),
      userId: textAt(login, 'result', 'userId'),
    })
    await operation(
      t,
      `${name}: query`,
      () => client.doQuery('select count(*) from HelpDesk'),
      (found) => textAt(found, 0, 'count') === '6',
    )
    await operation(
      t,
      `${name}: logout`,
      () => client.doLogout(),
      (found) => textAt(found, 'message') === 'successfull',
    )
    await operation(
      t,
      `${name}: log-in with a password`,
      () => client.doLogin('alice', 'alice-password', true),
      (found) => textAt(found, 'result', 'userId') !== '',
    )
  }
})

/** The ways in which PHP clients call. @throws Error for what is rejected */
function phpOf(url: string) {
  const outside = new WebserviceClient(url)
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const send = async (sent: Sent): Promise<unknown> => {
    const { success, result, text } = await outside.send(sent)
    if (success !== true) throw new Error(text)
    return result
  }
  return {
    get: (query: string) => send({ method: 'GET', query }),
    post: (body: string) => send({ body, headers }),
  }
}

type Php = ReturnType<typeof phpOf>

function phpReads({ get, post }: Php, session: string): readonly Step[] {
  const like = 'select+*+from+HelpDesk+where+ticket_title+like+%27alice%25%27%3B'
  const list = ['productDiscriminator=', 'columns=', 'limit=2', 'offset=0', 'orderby=']
    .map((each) => `&queryParameters[${each.replace('=', ']=')}`)
    .join('')
  const related = 'id=12x8549&module=Contacts&relatedModule=HelpDesk'
  return [
    [
      'listtypes',
      () => get(`&operation=listtypes&sessionName=${session}`),
      (found) => textsAt(found, 'types').includes('HelpDesk'),
    ],
    [
      'listtypes by types of fields',
      () => get(`&operation=listtypes&sessionName=${session}&fieldTypeList[]=file`),
      (found) => textsAt(found, 'types').join() === 'Documents,Emails',
    ],
    [
      'describe',
      () => get(`&operation=describe&sessionName=${session}&elementType=HelpDesk`),
      (found) => textAt(found, 'name') === 'HelpDesk',
    ],
    [
      'query',
      () => get(`&operation=query&sessionName=${session}&query=${like}`),
      (found) => rowsAt(found).length >= 3,
    ],
    [
      'retrieve',
      () => get(`&operation=retrieve&sessionName=${session}&id=17x8625`),
      (found) => textAt(found, 'id') === '17x8625',
    ],
    [
      'getRelatedRecords',
      () => post(`operation=getRelatedRecords&sessionName=${session}&${related}${list}`),
      (found) => rowsAt(found, 'records').length === 2,
    ],
  ]
}

async function drivePhp(t: Test, url: string): Promise<void> {
  const php = phpOf(url)
  const { get, post } = php
  const asked = await perform(t, 'PHP', [
    [
      'getchallenge',
      () => get('&operation=getchallenge&username=alice%40example.com'),
      (found) => textAt(found, 'token') !== '',
    ],
  ])
  const password = hashed('md5')(`${textAt(asked.get('getchallenge'), 'token')}alice-pw`)
  const credentials = `username=alice%40example.com&password=${password}&entity=Contacts`
  const login = await perform(t, 'PHP', [
    [
      'loginPortal',
      () => get(`&operation=loginPortal&${credentials}`),
      (found) => textAt(found, 'user', 'contactid') === '12x8549',
    ],
  ])
  const session = textAt(login.get('loginPortal'), 'sessionName')
  const user = textAt(login.get('loginPortal'), 'user', 'id')
  await perform(t, 'PHP', phpReads(php, session))

  const values = { ticket_title: 'of PHP', ticketstatus: 'Open', assigned_user_id: user }
  const element = encodeURIComponent(JSON.stringify(values))
  const created = await perform(t, 'PHP', [
    [
      'create',
      () => post(`operation=create&sessionName=${session}&elementType=HelpDesk&element=${element}`),
      (found) => textAt(found, 'parent_id') === '12x8549',
    ],
  ])
  const ticket = textAt(created.get('create'), 'id')
  const revised = encodeURIComponent(JSON.stringify({ id: ticket, description: 'x' }))
  const relation = `sessionName=${session}&relate_this_id=${ticket}&with_these_ids[]=15x8644`
  await perform(t, 'PHP', [
    [
      'revise',
      () => post(`operation=revise&sessionName=${session}&element=${revised}`),
      (found) => textAt(found, 'description') === 'x',
    ],
    ['SetRelation', () => post(`operation=SetRelation&${relation}`), isTrue],
    [
      'logout',
      () => post(`operation=logout&sessionName=${session}`),
      (found) => textAt(found, 'message') === 'successfull',
    ],
  ])
}

/** Two conditions as coreBOS's interface writes them. */
const conditions = JSON.stringify([
  {
    fieldname: 'ticket_title',
    operation: 'contains',
    value: 'alice',
    valuetype: 'raw',
    joincondition: 'and',
    groupid: '0',
  },
  {
    fieldname: '$(parent_id : (Contacts) lastname)',
    operation: 'starts with',
    value: 'Ali',
    valuetype: 'raw',
    joincondition: '',
    groupid: '0',
  },
])

/** What a page of react-admin calls, and what must come back. */
const reactAdminCalls: readonly (readonly [
  name: string,
  operation: string,
  params: Readonly<Record<string, unknown>>,
  check: (answer: Answer) => boolean,
])[] = [
  [
    'getList',
    'query',
    { query: "select * from HelpDesk where ticketstatus='Open' order by ticket_title asc limit 0,2;" },
    ({ result, moreinfo }) => rowsAt(result).length === 2 && Number(textAt(moreinfo, 'totalrows')) > 2,
  ],
  [
    'getManyReference',
    'query',
    { query: "select * from Documents where Related.Contacts='12x8549' limit 0,10;" },
    ({ result }) => rowsAt(result).length > 0,
  ],
  [
    'a filter in JSON',
    'query',
    { query: `select ticket_title from HelpDesk where ${conditions} limit 0,10;` },
    ({ result }) => rowsAt(result).length === 3,
  ],
  [
    'getMany',
    'MassRetrieve',
    { ids: '17x8625,17x8626' },
    ({ result }) => Object.keys(result ?? {}).length === 2,
  ],
  ['getOne', 'retrieve', { id: '17x8625' }, ({ result }) => textAt(result, 'id') === '17x8625'],
  [
    'count',
    'query',
    { query: 'select count(*) from HelpDesk;' },
    ({ result }) => Number(textAt(result, 0, 'count')) > 3,
  ],
  [
    'updateMany',
    'MassUpdate',
    { elements: [{ id: '17x8625', description: 'm' }] },
    ({ result }) => rowsAt(result, 'success_updates').length === 1,
  ],
]

t.test('requests in other styles work unchanged', async (t) => {
  const { url } = await startPortal(t)

  await t.test('of PHP', (t) => drivePhp(t, url))

  await t.test('of react-admin', async (t) => {
    const client = await contactAt(url, 'alice')
    for (const [name, called, params, check] of reactAdminCalls)
      await operation(t, `react-admin: ${name}`, () => client.call(called, params), check)
  })
})

t.test('client operations are counted', async (t) => {
  t.comment(`client operations passed ${tally.passed} of ${tally.all}`)
  t.equal(tally.passed, tally.all)
})
