/** The operations of `/webservice.php` answer as the other routes do. */
import pMap from 'p-map'
import t, { type Test } from 'tap'
import { inJson } from '../support/json-types.ts'
import { sample, times } from '../support/thorough.ts'
import { usualModes, policyFile, startPortal, type Mode, type Portal } from '../support/portal.ts'
import {
  at,
  contactAt,
  rowsAt,
  textAt,
  textsAt,
  userAt,
  type WebserviceClient,
} from '../support/webservice-client.ts'

const people = ['alice', 'bob', 'carol', 'dave', 'erin']

/** The rows of an answer by their ids; names of what references point to are left out. */
function byId(rows: readonly Readonly<Record<string, unknown>>[]): Map<string, unknown> {
  return new Map(
    rows.map((row) => [
      textAt(row, 'id'),
      Object.fromEntries(Object.entries(row).filter(([, value]) => typeof value === 'string')),
    ]),
  )
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** All contacts that a mode admits. */
const letIn: Readonly<Record<Mode, readonly string[]>> = {
  portal: [...people, 'emil'],
  service: [...people, 'grace'],
  user: people,
}

async function enter(portal: Portal, mode: Mode, name: string): Promise<WebserviceClient> {
  return mode === 'user' ? userAt(portal.url, name) : contactAt(portal.url, name)
}

/** One contact at /webservice.php and at the other routes, whose answers are compared. */
class BothInterfaces {
  readonly name: string
  readonly client: WebserviceClient
  readonly portal: Portal

  private constructor(name: string, client: WebserviceClient, portal: Portal) {
    this.name = name
    this.client = client
    this.portal = portal
  }

  static async enter(portal: Portal, mode: Mode, name: string): Promise<BothInterfaces> {
    return new BothInterfaces(name, await enter(portal, mode, name), portal)
  }

  rest(path: string) {
    return this.portal.as(this.name, 'GET', path)
  }

  /** Compares the answers to a statement. @returns the rows */
  async query(t: Test, statement: string) {
    const [here, there] = await Promise.all([
      this.client.call('query', { query: statement }),
      this.rest(`/query?q=${encodeURIComponent(statement)}`),
    ])
    if (there.status !== 200) {
      t.equal(here.success, false, statement)
      return []
    }
    const [, module = ''] = /from (\w+)/.exec(statement) ?? []
    const rows = rowsAt(here.result)
    const shown = rows.map((row) => inJson(row, module, this.portal.corebos.database))
    t.strictSame(shown, there.body.records, statement)
    const total = there.body['total']
    t.strictSame(here.moreinfo, typeof total === 'number' ? { totalrows: String(total) } : {})
    return rows
  }

  /** Compares the fields of a module. @returns the modules of its related lists */
  async describe(t: Test, module: string): Promise<readonly string[]> {
    const [summary, described] = await Promise.all([
      this.rest(`/modules/${module}`),
      this.client.call('describe', { elementType: module }),
    ])
    const namesIn = (fields: unknown) => rowsAt(fields, 'fields').map((field) => textAt(field, 'name'))
    t.strictSame(
      namesIn(described.result).toSorted(),
      namesIn(summary.body).toSorted(),
      `the fields of ${module}`,
    )
    const relations = Object.values(objectOf(at(described.result, 'relatedModules')))
    return relations.map((each) => textAt(each, 'related_module'))
  }

  /** Compares what a search finds. */
  async search(t: Test, text: string): Promise<void> {
    const params = { query: text, search_onlyin: '', restrictionids: {} }
    const [found, { result }] = await Promise.all([
      this.rest(`/search?limit=100&q=${encodeURIComponent(text)}`),
      this.client.call('getSearchResultsArrayWithTotals', params),
    ])
    const results = rowsAt(found.body, 'results')
    const idsIn = (of: unknown) => rowsAt(of, 'records').map((row) => textAt(row, 'id'))
    t.strictSame(
      Object.entries(objectOf(at(result, 'totals'))).filter(([, total]) => total !== 0),
      results.map((each) => [textAt(each, 'module'), at(each, 'total')]).sort(),
      `a search for ${text}`,
    )
    t.strictSame(idsIn(result).toSorted(), results.flatMap(idsIn).sort())
  }

  /** Compares the answers about one record. */
  async retrieve(t: Test, id: string): Promise<void> {
    const [here, there] = await Promise.all([
      this.client.call('retrieve', { id }),
      this.rest(`/records/${id}`),
    ])
    t.equal(there.status === 200, here.success, id)
    if (here.success === true) {
      const row = objectOf(byId([objectOf(here.result)]).get(id))
      const [prefix = ''] = id.split('x')
      const { database } = this.portal.corebos
      t.strictSame(inJson(row, database.moduleByPrefix(prefix)?.name ?? '', database), there.body)
    } else t.match(here, { code: 'ACCESS_DENIED', message: 'Permission to read given object is denied' })
  }

  async massRetrieve(ids: readonly string[]): Promise<Map<string, unknown>> {
    const found = new Map<string, unknown>()
    for (let from = 0; from < ids.length; from += 200) {
      const some = ids.slice(from, from + 200).join(',')
      const { result } = await this.client.call('MassRetrieve', { ids: some })
      const rows = Object.values(result ?? {}).map((row: unknown) => ({ ...objectOf(row) }))
      for (const [id, row] of byId(rows)) found.set(id, row)
    }
    return found
  }
}

const statements = [
  'select ticket_title, Contacts.lastname from HelpDesk order by ticket_title desc limit 1,2;',
  "select ticket_title from HelpDesk where ticketstatus in ('Open','Closed') and description like '%e%';",
  'select distinct ticketstatus from HelpDesk;',
  'select Users.accesskey from HelpDesk;',
  'select id from Leads;',
  "select id from HelpDesk where parent_id='12x8551';",
  "select id from Contacts where portal='1';",
]

for (const mode of usualModes) {
  t.test(`${mode} mode: each contact gets the same answers from both interfaces`, async (t) => {
    const portal = await startPortal(t, { mode })
    const { database } = portal.corebos
    const everyRecord = [...database.modules.keys()]
      .flatMap((module) => database.records(module))
      .map((record) => database.webserviceId(record))
    t.ok(everyRecord.length > 200)
    const contacts = sample(letIn[mode], 1)
    t.jobs = contacts.length
    const compared = contacts.map((name) =>
      t.test(name, { buffered: true }, async (t) => {
        const both = await BothInterfaces.enter(portal, mode, name)
        // The own user is a row of coreBOS's protocol alone.
        const ids = everyRecord.filter((id) => id !== both.client.userId)
        await compareInterfaces(t, both, ids)
      }),
    )
    await Promise.all(compared)
    await t.test('and the same relations that no field holds', (t) => compareRelations(t, portal, mode))
  })
}

async function compareInterfaces(t: Test, both: BothInterfaces, ids: readonly string[]): Promise<void> {
  const { client } = both
  const modules = rowsAt((await both.rest('/modules')).body, 'modules').map((module) =>
    textAt(module, 'name'),
  )
  const seen = new Map<string, unknown>()

  await t.test('the same modules', async (t) => {
    const { result } = await client.call('listtypes')
    t.strictSame(textsAt(result, 'types').toSorted(), modules.toSorted())
  })

  for (const module of modules) {
    await t.test(`the same fields, records and count of ${module}, and its related lists`, async (t) => {
      const related = await both.describe(t, module)
      const found = byId(await both.query(t, `select * from ${module};`))
      const id = [...found.keys()].find((each) => !seen.has(each))
      for (const [each, row] of found) seen.set(each, row)
      for (const relatedModule of id === undefined ? [] : related) {
        // coreBOS offers parts of products as well, and knows no such relation when it is asked.
        if (relatedModule === module) continue
        const { success, text } = await client.call('getRelatedRecords', { id, module, relatedModule })
        t.equal(success, true, `${relatedModule} is offered`, { text })
      }
      await both.query(t, `select count(*) from ${module};`)
    })
  }

  await t.test('the same rows for a statement', async (t) => {
    for (const statement of statements) await both.query(t, statement)
  })

  await t.test('the same records for a text that is searched for', async (t) => {
    for (const text of [both.name, 'ticket', "it's 100%", 'e']) await both.search(t, text)
  })

  await t.test('records by their ids are those that statements find', async (t) => {
    const massed = await both.massRetrieve(ids)
    t.strictSame(new Map([...massed].sort()), new Map([...seen].sort()), 'MassRetrieve')
    // All that is seen, and of the rest, which have one answer, enough.
    const some = ids.filter((id, index) => seen.has(id) || index % times(25, 5) === 0)
    await pMap(some, (id) => both.retrieve(t, id), { concurrency: 8 })
  })
}

/** Relations that the administrator sets, and whether alice sees the record at their other end. */
const relations = [
  ['12x8549', 'Contacts', '14x8556', 'Products', true],
  ['12x8549', 'Contacts', '10x8999', 'Leads', false],
  ['12x8551', 'Contacts', '14x8556', 'Products', false],
] as const

async function compareRelations(t: Test, portal: Portal, mode: Mode): Promise<void> {
  const admin = await userAt(portal.corebos.url)
  const client = await enter(portal, mode, 'alice')
  for (const [id, module, other, relatedModule, seen] of relations) {
    await admin.call('SetRelation', { relate_this_id: id, with_these_ids: [other] })
    const here = await client.call('getRelatedRecords', { id, module, relatedModule })
    const there = await portal.as('alice', 'GET', `/records/${id}/related/${relatedModule}`)
    t.equal(here.success, there.status === 200, `${relatedModule} of ${id}`, { text: here.text })
    const rows = byId(rowsAt(here.result, 'records'))
    t.equal(rows.has(other), seen, other, { text: here.text })
    t.strictSame(
      [...rows.values()].map((row) => inJson(objectOf(row), relatedModule, portal.corebos.database)),
      there.body.records ?? [],
    )
  }
}

t.test('files come with records that the contact sees, and with no others', async (t) => {
  const portal = await startPortal(t)
  const alice = await contactAt(portal.url, 'alice')
  const direct = await contactAt(portal.corebos.url, 'alice')
  const admin = await userAt(portal.corebos.url)
  const own = { id: '15x8644,15x8584', returnfile: 'true' }
  const stored = (await admin.call('retrievedocattachment', own)).result
  t.strictSame((await alice.call('retrievedocattachment', own)).result, stored)
  t.equal(Buffer.from(textAt(stored, '15x8644', 'attachment'), 'base64').toString(), 'hello alice\n')
  const about = await alice.call('retrievedocattachment', { id: '15x8644' })
  t.strictSame(about.result, { '15x8644': { ...objectOf(at(stored, '15x8644')), attachment: '' } })
  for (const id of ['15x8684', '15x8644,15x8684', '15x99999999']) {
    const rejected = await alice.call('retrievedocattachment', { id, returnfile: 'true' })
    t.match(rejected, { code: 'ACCESS_DENIED', message: /^Permission to read given object \(15x/ })
  }
  t.strictSame((await alice.call('retrievedocattachment', { id: '17x8625' })).result, [])

  for (const id of ['7x8628', '4x8632', '6x8634']) {
    t.strictSame(
      (await alice.call('getpdfdata', { id })).result,
      (await direct.call('getpdfdata', { id })).result,
    )
  }
  for (const id of ['7x8668', '7x99999999']) {
    t.match(await alice.call('getpdfdata', { id }), {
      code: 'ACCESS_DENIED',
      message: 'Permission to read given object is denied',
    })
  }
  t.equal(
    (await alice.call('getpdfdata', { id: '17x8625' })).text,
    (await direct.call('getpdfdata', { id: '17x8625' })).text,
  )

  for (const id of ['12x8549', '14x8556', '12x8551']) {
    t.equal(
      (await alice.call('getRecordImages', { id })).text,
      (await direct.call('getRecordImages', { id })).text,
    )
  }
})

/** Views are offered by two operations. */
const viewOperations = ['getfiltersbymodule', 'getViewsByModule'] as const

t.test('views, actions and translations say nothing of what is closed', async (t) => {
  const portal = await startPortal(t)
  const alice = await contactAt(portal.url, 'alice')
  const direct = await contactAt(portal.corebos.url, 'alice')
  const narrow = await startPortal(t, { env: { POLICY_FILE: await narrowPolicy(t) } })
  const bob = await contactAt(narrow.url, 'bob')

  for (const operation of viewOperations) {
    const views = async (client: WebserviceClient, module: string) =>
      objectOf(at((await client.call(operation, { module })).result, 'filters'))

    await t.test(`${operation} gives the views of coreBOS, but for their owners and SQL`, async (t) => {
      const here = await views(alice, 'HelpDesk')
      const there = await views(direct, 'HelpDesk')
      t.strictSame(Object.keys(here), ['13', '14', '15'])
      for (const [id, view] of Object.entries(here)) {
        const { userid, ...expected } = objectOf(there[id])
        const [shown, kept] = [objectOf(view), expected].map((each) => ({ ...each, advcriteriaWQL: '' }))
        t.strictSame(shown, kept, String(userid))
      }
      t.strictSame(Object.keys(await views(alice, 'Contacts')), ['7', '8'], 'none that has SQL in it')
    })

    await t.test(`${operation}: both forms of a condition find the same records`, async (t) => {
      let found = 0
      for (const view of Object.values(await views(alice, 'HelpDesk'))) {
        const conditions = ['advcriteriaWQL', 'advcriteriaEVQL'].map((key) => textAt(view, key))
        if (conditions[0] === '') continue
        const ask = async (condition: string) =>
          rowsAt((await alice.call('query', { query: `select id from HelpDesk where ${condition};` })).result)
        const [words, fields] = await Promise.all(conditions.map(ask))
        t.ok(fields)
        t.strictSame(fields, words)
        found += fields?.length ?? 0
      }
      t.ok(found > 0)
    })

    await t.test(`${operation} rejects modules that are closed`, async (t) => {
      for (const module of ['Leads', 'Nope', '']) {
        t.match(await alice.call(operation, { module }), {
          code: 'ACCESS_DENIED',
          message: `Permission to perform the operation is denied for ${module}`,
        })
      }
    })
  }

  await t.test('a view whose condition names a hidden field is not offered', async (t) => {
    const { result } = await bob.call('getfiltersbymodule', { module: 'HelpDesk' })
    t.strictSame(Object.keys(objectOf(at(result, 'filters'))), ['13', '15'])
    t.strictSame(textsAt(result, 'filters', '13', 'fields').includes('ticketstatus'), false)
    t.notMatch(JSON.stringify(result), /Administrator|ticketstatus|"status":"Closed/)
  })

  await t.test('only actions that the policy names are offered, on records in scope', async (t) => {
    const actions = { view: 'DetailView', module: 'Contacts', linktype: 'DETAILVIEWBASIC' }
    const offered = async (client: WebserviceClient, id: string) =>
      client.call('getBusinessActions', { ...actions, id })
    t.strictSame((await offered(alice, '12x8549')).result, { DETAILVIEWBASIC: [] })
    t.match(await offered(alice, '12x8551'), { code: 'ACCESS_DENIED' })
    const { result } = await offered(bob, '12x8550')
    const labels = rowsAt(result, 'DETAILVIEWBASIC').map((action) => textAt(action, 'linklabel'))
    t.strictSame(labels, ['LBL_SHOW_CONTACT_HIERARCHY'])
    t.notMatch(JSON.stringify(result), /handler/)
  })

  await t.test('texts are translated for visible modules, and nothing else is sent', async (t) => {
    const translate = async (params: Readonly<Record<string, unknown>>) =>
      (await alice.call('gettranslation', params)).result
    const totranslate = { Title: 'Title', Status: 'Status', nosuch: 'nosuch text' }
    t.strictSame(await translate({ totranslate, language: 'es_es', module: 'HelpDesk' }), {
      Title: ' Referencia',
      Status: 'Estado',
      nosuch: 'nosuch text',
    })
    const sent = portal.relay.count('gettranslation')
    for (const [language, module] of [
      ['../../x', 'HelpDesk'],
      ['es_es', '../HelpDesk'],
      ['es_es', 'Leads'],
    ])
      t.strictSame(await translate({ totranslate: ['Title'], language, module }), ['Title'])
    t.equal(portal.relay.count('gettranslation'), sent, 'coreBOS makes names of files of both')
  })
})

async function narrowPolicy(t: Test): Promise<string> {
  return policyFile(t, {
    HelpDesk: { hide: ['ticketstatus'], create: undefined, update: undefined },
    Contacts: { actions: ['LBL_SHOW_CONTACT_HIERARCHY'] },
  })
}
