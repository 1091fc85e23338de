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

const texts = (value: unknown, ...path: string[]) => textsAt(value, ...path)
const isTrue = (value: unknown) => value === true

/** Everything that a portal does with such a client, as one contact. */
async function drive(
  t: Test,
  client: OfficialClient,
  user: string,
  contact: string,
  portal: Portal,
): Promise<void> {
  const step = <T>(name: string, work: () => Promise<T>, check: (found: T) => boolean) =>
    operation(t, `${contact}: ${name}`, work, check)
  const record = portal.corebos.database.portalAccess.find(
    ({ userName }) => userName === `${contact}@example.com`,
  )
  const id = `12x${record?.owner}`
  const first = { ticket_title: `${contact} 50% + ünï`, ticketstatus: 'Open' }

  await step(
    'listtypes',
    () => client.doListTypes(),
    (found) => textAt(found, 'HelpDesk', 'name') === 'HelpDesk' && at(found, 'Leads') === undefined,
  )
  await step(
    'describe',
    () => client.doDescribe('HelpDesk'),
    (found) => textAt(found, 'idPrefix') === '17' && rowsAt(found, 'fields').length > 10,
  )
  await step(
    'query',
    () =>
      client.doQuery(
        `select ticket_title from HelpDesk where ticket_title like '${contact}%' order by ticket_title`,
      ),
    (found) => rowsAt(found).length >= 3,
  )
  await step(
    'query with total',
    () => client.doQueryWithTotal('select id from HelpDesk limit 1,2;'),
    (found) => rowsAt(found, 'result').length === 2 && Number(textAt(found, 'totalrows')) >= 3,
  )
  await step(
    'retrieve',
    () => client.doRetrieve(id),
    (found) => textAt(found, 'firstname') === contact,
  )
  await step(
    'MassRetrieve',
    () => client.doMassRetrieve(`${id},17x8717`),
    (found) => Object.keys(found ?? {}).join() === id,
  )
  const created = await step(
    'create',
    () => client.doCreate('HelpDesk', { ...first, description: 'a' }),
    (found) => /^17x/.test(textAt(found, 'id')) && textAt(found, 'parent_id') === id,
  )
  const ticket = textAt(created, 'id')
  const stored = async () => portal.admin.result('retrieve', { id: ticket })
  t.match(await stored(), { parent_id: id, assigned_user_id: user })
  await step(
    'revise',
    () => client.doRevise('HelpDesk', { id: ticket, description: 'b' }),
    (found) => textAt(found, 'description') === 'b',
  )
  await step(
    'update',
    () => client.doUpdate('HelpDesk', { ...first, id: ticket, description: 'c' }),
    (found) => textAt(found, 'description') === 'c',
  )
  await step(
    'upsert',
    () =>
      client.doUpsert(
        'HelpDesk',
        { ticket_title: `${contact} again`, ticketstatus: 'Open' },
        'ticket_title',
        'ticketstatus',
      ),
    (found) => /^17x/.test(textAt(found, 'id')),
  )
  await step('ValidateInformation', () => client.doValidateInformation('', 'HelpDesk', { ...first }), isTrue)
  const mass = {
    elementType: 'HelpDesk',
    referenceId: 'a',
    searchon: '',
    element: { ...first, ticket_title: 'mass' },
  }
  await step(
    'MassCreate',
    () => client.doMassUpsert([mass]),
    (found) => rowsAt(found, 'success_creates').length === 1,
  )
  await step(
    'MassUpdate',
    () => client.doMassUpdate([{ id: ticket, description: 'd' }]),
    (found) => rowsAt(found, 'success_updates').length === 1,
  )
  t.match(await stored(), { description: 'd' })
  const documents = async () => client.doGetRelatedRecords(ticket, 'HelpDesk', 'Documents', { limit: '5' })
  const [own] = rowsAt(await client.doQuery(`select id from Documents where related.Contacts='${id}';`))
  const document = textAt(own, 'id')
  await step('SetRelation', () => client.doSetRelated(ticket, [document]), isTrue)
  await step('getRelatedRecords', documents, (found) =>
    rowsAt(found, 'records').some((row) => textAt(row, 'id') === document),
  )
  await step(
    'UnsetRelation',
    () =>
      client.doInvoke(
        'UnsetRelation',
        { unrelate_this_id: ticket, with_these_ids: JSON.stringify([document]) },
        'POST',
      ),
    isTrue,
  )
  t.strictSame(rowsAt(await documents(), 'records'), [])
  await step(
    'comment',
    () =>
      client.doInvoke(
        'addTicketFaqComment',
        { id: ticket, values: JSON.stringify({ comments: 'hi' }) },
        'POST',
      ),
    (found) => textAt(found, 'id') === ticket,
  )
  await step(
    'search',
    () =>
      client.doInvoke(
        'getSearchResultsArray',
        { query: `${contact} again`, search_onlyin: 'HelpDesk', restrictionids: '{}' },
        'POST',
      ),
    (found) => rowsAt(found).length === 1,
  )
  await step(
    'getPortalUserInfo',
    () => client.doInvoke('getPortalUserInfo', {}, 'POST'),
    (found) => textAt(found, 'id') === user,
  )
  await step(
    'extendsession',
    () => client.extendSession(),
    (found) => textAt(found, 'userId') === user,
  )
  await step(
    'delete rejected',
    () => client.doDelete('17x8717').then(() => 'done', String),
    (found) => found.includes('ACCESS_DENIED'),
  )
  await step(
    'MassDelete rejected',
    () => client.doMassDelete('17x8717'),
    (found) => rowsAt(found, 'failed_deletes').length === 1,
  )
  await step(
    'logout',
    () => client.doLogout(),
    (found) => textAt(found, 'message') === 'successfull',
  )
  const asked = new Promise<string>((resolve) => {
    page.addEventListener('coreBOSAuthorizationRequiredEvent', ({ type }) => resolve(type), { once: true })
  })
  await step(
    'query without a session',
    () => client.doQuery('select id from HelpDesk;').then(() => '', String),
    (found) => found.includes('AUTHENTICATION_REQUIRED'),
  )
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
    await drive(t, client, user, contact, portal)
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

t.test('so do requests in the style of PHP and of react-admin', async (t) => {
  const portal = await startPortal(t)
  const outside = new WebserviceClient(portal.url)
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const get = async (query: string): Promise<unknown> => {
    const { success, result, text } = await outside.send({ method: 'GET', query })
    if (success !== true) throw new Error(text)
    return result
  }
  const post = async (sent: Omit<Sent, 'headers'>): Promise<unknown> => {
    const { success, result, text } = await outside.send({ ...sent, headers: form })
    if (success !== true) throw new Error(text)
    return result
  }
  const php = <T>(name: string, work: () => Promise<T>, check: (found: T) => boolean) =>
    operation(t, `PHP: ${name}`, work, check)
  const challenge = await php(
    'getchallenge',
    () => get('&operation=getchallenge&username=alice%40example.com'),
    (found) => textAt(found, 'token') !== '',
  )
  const password = hashed('md5')(`${textAt(challenge, 'token')}alice-pw`)
  const login = await php(
    'loginPortal',
    () => get(`&operation=loginPortal&username=alice%40example.com&password=${password}&entity=Contacts`),
    (found) => textAt(found, 'user', 'contactid') === '12x8549',
  )
  const session = textAt(login, 'sessionName')
  const user = textAt(login, 'user', 'id')
  await php(
    'listtypes',
    () => get(`&operation=listtypes&sessionName=${session}`),
    (found) => texts(found, 'types').includes('HelpDesk'),
  )
  await php(
    'listtypes by types of fields',
    () => get(`&operation=listtypes&sessionName=${session}&fieldTypeList[]=file`),
    (found) => texts(found, 'types').join() === 'Documents,Emails',
  )
  await php(
    'describe',
    () => get(`&operation=describe&sessionName=${session}&elementType=HelpDesk`),
    (found) => textAt(found, 'name') === 'HelpDesk',
  )
  await php(
    'query',
    () =>
      get(
        `&operation=query&sessionName=${session}&query=select+*+from+HelpDesk+where+ticket_title+like+%27alice%25%27%3B`,
      ),
    (found) => rowsAt(found).length >= 3,
  )
  await php(
    'retrieve',
    () => get(`&operation=retrieve&sessionName=${session}&id=17x8625`),
    (found) => textAt(found, 'id') === '17x8625',
  )
  const related = `operation=getRelatedRecords&sessionName=${session}&id=12x8549&module=Contacts&relatedModule=HelpDesk&queryParameters[productDiscriminator]=&queryParameters[columns]=&queryParameters[limit]=2&queryParameters[offset]=0&queryParameters[orderby]=`
  await php(
    'getRelatedRecords',
    () => post({ body: related }),
    (found) => rowsAt(found, 'records').length === 2,
  )
  const element = encodeURIComponent(
    JSON.stringify({ ticket_title: 'of PHP', ticketstatus: 'Open', assigned_user_id: user }),
  )
  const created = await php(
    'create',
    () => post({ body: `operation=create&sessionName=${session}&elementType=HelpDesk&element=${element}` }),
    (found) => textAt(found, 'parent_id') === '12x8549',
  )
  const ticket = textAt(created, 'id')
  const revised = encodeURIComponent(JSON.stringify({ id: ticket, description: 'x' }))
  await php(
    'revise',
    () => post({ body: `operation=revise&sessionName=${session}&element=${revised}` }),
    (found) => textAt(found, 'description') === 'x',
  )
  const relation = `sessionName=${session}&relate_this_id=${ticket}&with_these_ids[]=15x8644`
  await php('SetRelation', () => post({ body: `operation=SetRelation&${relation}` }), isTrue)
  await php(
    'logout',
    () => post({ body: `operation=logout&sessionName=${session}` }),
    (found) => textAt(found, 'message') === 'successfull',
  )

  const client = await contactAt(portal.url, 'alice')
  const admin = <T>(name: string, work: () => Promise<T>, check: (found: T) => boolean) =>
    operation(t, `react-admin: ${name}`, work, check)
  await admin(
    'getList',
    () =>
      client.call('query', {
        query: "select * from HelpDesk where ticketstatus='Open' order by ticket_title asc limit 0,2;",
      }),
    ({ result, moreinfo }) => rowsAt(result).length === 2 && Number(textAt(moreinfo, 'totalrows')) > 2,
  )
  await admin(
    'getManyReference',
    () =>
      client.call('query', { query: "select * from Documents where Related.Contacts='12x8549' limit 0,10;" }),
    ({ result }) => rowsAt(result).length > 0,
  )
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
  await admin(
    'a filter in JSON',
    () =>
      client.call('query', { query: `select ticket_title from HelpDesk where ${conditions} limit 0,10;` }),
    ({ result }) => rowsAt(result).length === 3,
  )
  await admin(
    'getMany',
    () => client.call('MassRetrieve', { ids: '17x8625,17x8626' }),
    ({ result }) => Object.keys(result ?? {}).length === 2,
  )
  await admin(
    'getOne',
    () => client.call('retrieve', { id: '17x8625' }),
    ({ result }) => textAt(result, 'id') === '17x8625',
  )
  await admin(
    'count',
    () => client.call('query', { query: 'select count(*) from HelpDesk;' }),
    ({ result }) => Number(textAt(result, 0, 'count')) > 3,
  )
  await admin(
    'updateMany',
    () => client.call('MassUpdate', { elements: [{ id: '17x8625', description: 'm' }] }),
    ({ result }) => rowsAt(result, 'success_updates').length === 1,
  )
})

t.test('client operations are counted', async (t) => {
  t.comment(`client operations passed ${tally.passed} of ${tally.all}`)
  t.equal(tally.passed, tally.all)
})
