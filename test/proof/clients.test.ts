/** Clients of other projects, driven as portals drive them. */
import t, { type Test } from 'tap'
import { install, nodeVtiger, reactAdmin, type ListParams } from '../support/foreign-clients.ts'
import { ownerIdsOf, Oracle } from '../support/oracle.ts'
import { startPortal } from '../support/portal.ts'
import { at, rowsAt, textAt } from '../support/webservice-client.ts'

const tally = { passed: 0, all: 0 }

async function operation<T>(t: Test, name: string, work: () => Promise<T>, check: (found: T) => boolean) {
  tally.all++
  const found = await work().catch((error: unknown) => String(error))
  // A rejection is a text, which no check below takes.
  const passed = typeof found !== 'string' && check(found)
  if (passed) tally.passed++
  t.ok(passed, name, passed ? {} : { found })
  return found
}

const list = (filter: ListParams['filter'], sort = 'ticket_title'): ListParams => ({
  filter,
  sort: { field: sort, order: 'ASC' },
  pagination: { page: 1, perPage: 10 },
})

const page = new EventTarget()
Object.assign(globalThis, { window: page })

const installed = await install().then(
  () => true,
  (error: unknown) => {
    t.comment(`test/clients cannot be installed: ${String(error).slice(0, 200)}`)
    return false
  },
)
const skip = installed ? {} : { skip: 'test/clients is not installed' }

const open = { fieldname: 'ticketstatus', operation: 'is', value: 'Open', valuetype: 'raw', groupid: 'a' }

/** Filters of the portal, each with the condition that says the same. */
const filters: readonly (readonly [name: string, filter: ListParams['filter'], where: string])[] = [
  ['a list', {}, 'true'],
  ['a search', { ticket_title: 'alice' }, "ticket_title like '%alice%'"],
  ['tickets of an account', { parent_id: '11x8546', relatedModule: 'Accounts' }, "parent_id='11x8546'"],
  ['tickets of a contact', { parent_id: '12x8549', relatedModule: 'Contacts' }, "parent_id='12x8549'"],
  ['tickets of another contact', { parent_id: '12x8551', relatedModule: 'Contacts' }, "parent_id='12x8551'"],
  ['a search by name', { cblistsearch_HelpDesk: 'Acme' }, "ticket_title like '%Acme%'"],
  ['a filter of its own', { cbfilter_a: open }, "ticketstatus='Open'"],
  [
    'filters in JSON',
    { cbfiltersearch_a: JSON.stringify([open]), ticket_title: 'Acme' },
    "ticketstatus='Open' and ticket_title like '%Acme%'",
  ],
]

t.test("coreBOS's React portal runs on its own data provider", skip, async (t) => {
  const portal = await startPortal(t)
  const { provider, connection } = await reactAdmin()
  connection.setURL(`${portal.url}/`)
  const login = await connection.doLoginPortal('alice@example.com', 'alice-pw', 'md5', 'Contacts')
  const sessionName = textAt(login, 'result', 'sessionName')
  const userId = textAt(login, 'result', 'user', 'id')
  connection.setSession({ sessionName, userId })
  const idsIn = (data: unknown) => rowsAt(data).map((row) => textAt(row, 'id'))

  const described = await operation(
    t,
    'it describes all modules of its menu at once',
    () => connection.doDescribe('HelpDesk,Leads,Contacts,Accounts,Invoice,Products,Documents'),
    (found) => at(found, 'Leads') === undefined && rowsAt(found, 'HelpDesk', 'fields').length > 10,
  )
  Object.assign(at(globalThis, 'window', 'coreBOS') ?? {}, { Describe: described })

  await operation(
    t,
    'it lists users to assign to',
    async () => ({
      users: JSON.parse(String(await connection.doInvoke('getAssignedUserList', {}, 'GET'))) as unknown,
    }),
    (found) => textAt(found, 'users', 0, 'userid') === userId,
  )

  await t.test('each filter finds the tickets that it names', async (t) => {
    const { database } = portal.corebos
    const oracle = new Oracle(database, ownerIdsOf(database, 8549, 'account'))
    for (const [name, filter, where] of filters) {
      const { rows, total } = oracle.answer(
        `select * from HelpDesk where ${where} order by ticket_title limit 0,10`,
      )
      const expected = rows.map(({ id }) => id).join()
      for (const kind of ['getList', 'getManyReference'] as const)
        await operation(
          t,
          `${kind}: ${name}`,
          () => provider[kind]('HelpDesk', list(filter)),
          (found) => found.total === total && idsIn(found.data).join() === expected,
        )
    }
  })

  await t.test('records are read one by one, several, and by their relation', async (t) => {
    const related = { moduleRelationType: 'N:N', relatedModule: 'Contacts', 'Related.Contacts': '12x8549' }
    await operation(
      t,
      'getManyReference: documents, many to many',
      () => provider.getManyReference('Documents', list(related, 'notes_title')),
      ({ data }) => idsIn(data).includes('15x8644'),
    )
    for (const [module, id] of [
      ['HelpDesk', '17x8625'],
      ['Users', userId],
    ] as const)
      await operation(
        t,
        `getOne: ${module}`,
        () => provider.getOne(module, { id }),
        ({ data }) => textAt(data, 'id') === id,
      )
    await operation(
      t,
      'getMany',
      () => provider.getMany('Accounts', { ids: ['11x8546', '11x8547'] }),
      ({ data }) =>
        rowsAt(data)
          .map((row) => textAt(row, 'accountname'))
          .join() === 'Acme',
    )
  })

  await t.test('tickets are created and changed, and not deleted', async (t) => {
    const values = { ticket_title: 'of react-admin', ticketstatus: 'Open' }
    const created = await operation(
      t,
      'create',
      () => provider.create('HelpDesk', { data: values }),
      ({ data }) => textAt(data, 'parent_id') === '12x8549',
    )
    const changed = { ...values, id: textAt(created, 'data', 'id'), ticket_title: 'again' }
    await operation(
      t,
      'update',
      () => provider.update('HelpDesk', { data: changed }),
      ({ data }) => textAt(data, 'ticket_title') === 'again',
    )
    await operation(
      t,
      'deleteMany is rejected, record by record',
      () => provider.deleteMany('HelpDesk', { ids: ['17x8625'] }),
      ({ data }) => rowsAt(data, 'failed_deletes').length === 1,
    )
  })
})

t.test('node-vtiger connects as a CRM user and works', skip, async (t) => {
  const portal = await startPortal(t, { mode: 'user' })
  const client = nodeVtiger(portal.url, 'alice', 'alice-access-key')
  const promised = (call: (done: (error: unknown, result: unknown) => void) => void) =>
    new Promise<unknown>((resolve, reject) => {
      // It calls back with `null` and with `false` where nothing went wrong.
      call((error, result) => (error ? reject(new Error(JSON.stringify(error))) : resolve(result)))
    })
  const step = (name: string, call: Parameters<typeof promised>[0], check: (found: unknown) => boolean) =>
    operation(t, `node-vtiger: ${name}`, () => promised(call), check)

  const login = await step(
    'login',
    (done) => client.doLogin(done),
    (found) => textAt(found, 'sessionName') !== '',
  )
  const user = textAt(login, 'userId')
  await step(
    'query of the own user',
    (done) => client.doQuery("select id from Users where user_name='alice'", done),
    (found) => textAt(found, 0, 'id') === user,
  )
  await step(
    'retrieve the own user',
    (done) => client.doRetrieve(user, done),
    (found) => textAt(found, 'id') === user,
  )
  await step(
    'query',
    (done) => client.doQuery('select ticket_title from HelpDesk where parent_id = 12x8549', done),
    (found) => rowsAt(found).length === 3,
  )
  await step(
    'describe',
    (done) => client.doDescribe('HelpDesk', done),
    (found) => textAt(found, 'idPrefix') === '17',
  )
  const created = await step(
    'create',
    (done) => client.doCreate('HelpDesk', { ticket_title: 'of node-vtiger', ticketstatus: 'Open' }, done),
    (found) => textAt(found, 'parent_id') === '12x8549',
  )
  const id = textAt(created, 'id')
  await step(
    'update',
    (done) =>
      client.doUpdate({ id, ticket_title: 'again', ticketstatus: 'Open', assigned_user_id: user }, done),
    (found) => textAt(found, 'ticket_title') === 'again',
  )
  await step(
    'sync',
    (done) => client.doSync(1_577_836_800, 'HelpDesk', done),
    (found) => rowsAt(found, 'updated').some((row) => textAt(row, 'id') === id),
  )
  await t.rejects(
    promised((done) => client.doDelete('17x8717', done)),
    /ACCESS_DENIED/,
  )
  await t.rejects(
    promised((done) => client.doRetrieve('19x1', done)),
    /ACCESS_DENIED/,
  )
})

t.test('client operations are counted', async (t) => {
  t.comment(`client operations passed ${tally.passed} of ${tally.all}`)
  t.equal(tally.passed, tally.all)
})
