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

for (const mode of usualModes) {
  t.test(`in ${mode} mode everybody is told the same here and at the other door`, async (t) =>
    sameAtBothDoors(t, mode),
  )
}

async function sameAtBothDoors(t: Test, mode: Mode): Promise<void> {
  const portal = await startPortal(t, { mode })
  const { database } = portal.corebos
  const everyRecord = [...database.modules.keys()]
    .flatMap((module) => database.records(module))
    .map((record) => database.webserviceId(record))
  t.ok(everyRecord.length > 200)

  const compare = async (name: string): Promise<void> => {
    const client = await enter(portal, mode, name)
    // The own user is a row of coreBOS's protocol alone.
    const others = everyRecord.filter((id) => id !== client.userId)
    const rest = async (path: string) => portal.as(name, 'GET', path)
    const ask = async (statement: string) => {
      const [here, there] = await Promise.all([
        client.call('query', { query: statement }),
        rest(`/query?q=${encodeURIComponent(statement)}`),
      ])
      if (there.status !== 200) {
        t.equal(here.success, false, `${name}: ${statement}`)
        return []
      }
      const [, module = ''] = /from (\w+)/.exec(statement) ?? []
      const rows = rowsAt(here.result)
      t.strictSame(
        rows.map((row) => inJson(row, module, database)),
        there.body.records,
        `${name}: ${statement}`,
      )
      const total = there.body['total']
      t.strictSame(here.moreinfo, typeof total === 'number' ? { totalrows: String(total) } : {})
      return rows
    }

    const modules = rowsAt((await rest('/modules')).body, 'modules').map((module) => textAt(module, 'name'))
    const listed = (await client.call('listtypes')).result
    t.strictSame(textsAt(listed, 'types').toSorted(), modules.toSorted(), name)

    const seen = new Map<string, unknown>()
    const firstOf = new Map<string, string>()
    for (const module of modules) {
      const [summary, described] = await Promise.all([
        rest(`/modules/${module}`),
        client.call('describe', { elementType: module }),
      ])
      t.strictSame(
        rowsAt(described.result, 'fields')
          .map((field) => textAt(field, 'name'))
          .sort(),
        rowsAt(summary.body, 'fields')
          .map((field) => textAt(field, 'name'))
          .sort(),
        `${name}: the fields of ${module}`,
      )
      for (const [id, row] of byId(await ask(`select * from ${module};`))) {
        if (!seen.has(id) && firstOf.get(module) === undefined) firstOf.set(module, id)
        seen.set(id, row)
      }
      const id = firstOf.get(module)
      const relations = Object.values(objectOf(at(described.result, 'relatedModules')))
      for (const related of id === undefined ? [] : relations.map((each) => textAt(each, 'related_module'))) {
        // coreBOS offers parts of products as well, and knows no such relation when it is asked.
        if (related === module) continue
        const answer = await client.call('getRelatedRecords', { id, module, relatedModule: related })
        t.equal(answer.success, true, `${name}: ${related} of ${module}, which is offered: ${answer.text}`)
      }
      await ask(`select count(*) from ${module};`)
    }
    for (const statement of [
      'select ticket_title, Contacts.lastname from HelpDesk order by ticket_title desc limit 1,2;',
      "select ticket_title from HelpDesk where ticketstatus in ('Open','Closed') and description like '%e%';",
      'select distinct ticketstatus from HelpDesk;',
      'select Users.accesskey from HelpDesk;',
      'select id from Leads;',
      "select id from HelpDesk where parent_id='12x8551';",
      "select id from Contacts where portal='1';",
    ]) {
      await ask(statement)
    }

    for (const text of [name, 'ticket', "it's 100%", 'e']) {
      const [found, totals] = await Promise.all([
        rest(`/search?limit=100&q=${encodeURIComponent(text)}`),
        client.call('getSearchResultsArrayWithTotals', {
          query: text,
          search_onlyin: '',
          restrictionids: {},
        }),
      ])
      const results = rowsAt(found.body, 'results')
      t.strictSame(
        Object.entries(objectOf(at(totals.result, 'totals'))).filter(([, total]) => total !== 0),
        results.map((each) => [textAt(each, 'module'), at(each, 'total')]).sort(),
        `${name} searches for ${text}`,
      )
      t.strictSame(
        rowsAt(totals.result, 'records')
          .map((row) => textAt(row, 'id'))
          .sort(),
        results.flatMap((each) => rowsAt(each, 'records').map((row) => textAt(row, 'id'))).sort(),
      )
    }

    const massed = new Map<string, unknown>()
    for (let from = 0; from < others.length; from += 200) {
      const { result } = await client.call('MassRetrieve', {
        ids: others.slice(from, from + 200).join(','),
      })
      const rows = Object.values(result ?? {}).map((row: unknown) => ({ ...objectOf(row) }))
      for (const [id, row] of byId(rows)) massed.set(id, row)
    }
    t.strictSame(new Map([...massed].sort()), new Map([...seen].sort()), `${name}: MassRetrieve`)

    // All that is seen, and of the rest, which have one answer, enough.
    await pMap(
      others.filter((id, index) => seen.has(id) || index % times(25, 5) === 0),
      async (id) => {
        const [here, there] = await Promise.all([client.call('retrieve', { id }), rest(`/records/${id}`)])
        t.equal(there.status === 200, here.success, `${name}: ${id}`)
        if (here.success === true) {
          const row = objectOf(byId([objectOf(here.result)]).get(id))
          const [prefix = ''] = id.split('x')
          const module = database.moduleByPrefix(prefix)?.name ?? ''
          t.strictSame(inJson(row, module, database), there.body)
        } else t.match(here, { code: 'ACCESS_DENIED', message: 'Permission to read given object is denied' })
      },
      { concurrency: 8 },
    )
  }
  await Promise.all(sample(letIn[mode], 1).map(compare))
}

t.test('relations that no field holds are read at both doors alike', async (t) => {
  for (const mode of usualModes) {
    const portal = await startPortal(t, { mode })
    const admin = await userAt(portal.corebos.url)
    const client = await enter(portal, mode, 'alice')
    for (const [id, module, other, relatedModule, seen] of [
      ['12x8549', 'Contacts', '14x8556', 'Products', true],
      ['12x8549', 'Contacts', '10x8999', 'Leads', false],
      ['12x8551', 'Contacts', '14x8556', 'Products', false],
    ] as const) {
      await admin.call('SetRelation', { relate_this_id: id, with_these_ids: [other] })
      const here = await client.call('getRelatedRecords', { id, module, relatedModule })
      const there = await portal.as('alice', 'GET', `/records/${id}/related/${relatedModule}`)
      t.equal(here.success, there.status === 200, `${mode}: ${relatedModule} of ${id}: ${here.text}`)
      const rows = rowsAt(here.result, 'records')
      t.equal(
        rows.some((row) => textAt(row, 'id') === other),
        seen,
        here.text,
      )
      t.strictSame(
        [...byId(rows).values()].map((row) => inJson(objectOf(row), relatedModule, portal.corebos.database)),
        there.body.records ?? [],
      )
    }
  }
})

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

t.test('views, actions and translations say nothing of what is closed', async (t) => {
  const portal = await startPortal(t)
  const alice = await contactAt(portal.url, 'alice')
  const direct = await contactAt(portal.corebos.url, 'alice')
  const views = async (operation: string, module: string) =>
    objectOf(at((await alice.call(operation, { module })).result, 'filters'))
  for (const operation of ['getfiltersbymodule', 'getViewsByModule']) {
    const there = (await direct.call(operation, { module: 'HelpDesk' })).result
    for (const [id, view] of Object.entries(await views(operation, 'HelpDesk'))) {
      const { userid, ...expected } = objectOf(at(there, 'filters', id))
      t.strictSame(
        { ...objectOf(view), advcriteriaWQL: '' },
        { ...expected, advcriteriaWQL: '' },
        String(userid),
      )
    }
    t.strictSame(Object.keys(await views(operation, 'HelpDesk')), ['13', '14', '15'])
    let asked = 0
    for (const view of Object.values(await views(operation, 'HelpDesk'))) {
      const [byWords = '', byFields = ''] = ['advcriteriaWQL', 'advcriteriaEVQL'].map((key) =>
        textAt(view, key),
      )
      if (byWords === '') continue
      const [words, fields] = await Promise.all(
        [byWords, byFields].map(async (condition) =>
          rowsAt(
            (await alice.call('query', { query: `select id from HelpDesk where ${condition};` })).result,
          ),
        ),
      )
      t.ok(fields)
      t.strictSame(fields, words, 'a client may ask with either form of the condition')
      asked += fields?.length ?? 0
    }
    t.ok(asked > 0)
    t.strictSame(Object.keys(await views(operation, 'Contacts')), ['7', '8'], 'none that has SQL in it')
    for (const module of ['Leads', 'Nope', '']) {
      t.match(await alice.call(operation, { module }), {
        code: 'ACCESS_DENIED',
        message: `Permission to perform the operation is denied for ${module}`,
      })
    }
  }
  const narrow = await startPortal(t, { env: { POLICY_FILE: await narrowPolicy(t) } })
  const bob = await contactAt(narrow.url, 'bob')
  const few = (await bob.call('getfiltersbymodule', { module: 'HelpDesk' })).result
  t.strictSame(Object.keys(objectOf(at(few, 'filters'))), ['13', '15'], 'a condition names a hidden field')
  t.strictSame(textsAt(few, 'filters', '13', 'fields').includes('ticketstatus'), false)
  t.notMatch(JSON.stringify(few), /Administrator|ticketstatus|"status":"Closed/)

  const actions = { view: 'DetailView', module: 'Contacts', linktype: 'DETAILVIEWBASIC' }
  t.strictSame((await alice.call('getBusinessActions', { ...actions, id: '12x8549' })).result, {
    DETAILVIEWBASIC: [],
  })
  t.match(await alice.call('getBusinessActions', { ...actions, id: '12x8551' }), { code: 'ACCESS_DENIED' })
  const offered = (await bob.call('getBusinessActions', { ...actions, id: '12x8550' })).result
  t.strictSame(
    rowsAt(offered, 'DETAILVIEWBASIC').map((action) => textAt(action, 'linklabel')),
    ['LBL_SHOW_CONTACT_HIERARCHY'],
    'the policy names it',
  )
  t.notMatch(JSON.stringify(offered), /handler/)

  const translate = async (params: Readonly<Record<string, unknown>>) =>
    (await alice.call('gettranslation', params)).result
  const words = { Title: 'Title', Status: 'Status', nosuch: 'nosuch text' }
  t.strictSame(await translate({ totranslate: words, language: 'es_es', module: 'HelpDesk' }), {
    Title: ' Referencia',
    Status: 'Estado',
    nosuch: 'nosuch text',
  })
  const sent = portal.relay.count('gettranslation')
  for (const odd of [
    { totranslate: ['Title'], language: '../../x', module: 'HelpDesk' },
    { totranslate: ['Title'], language: 'es_es', module: '../HelpDesk' },
    { totranslate: ['Title'], language: 'es_es', module: 'Leads' },
  ]) {
    t.strictSame(await translate(odd), ['Title'])
  }
  t.equal(portal.relay.count('gettranslation'), sent, 'coreBOS makes names of files of both')
})

async function narrowPolicy(t: Test): Promise<string> {
  return policyFile(t, {
    HelpDesk: { hide: ['ticketstatus'], create: undefined, update: undefined },
    Contacts: { actions: ['LBL_SHOW_CONTACT_HIERARCHY'] },
  })
}
