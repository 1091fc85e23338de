/** Texts for people: `display=true`, the names of users, and the language of labels. */
import t, { type Test } from 'tap'
import { policyFile, startPortal, usualModes, type Portal } from '../support/portal.ts'

type Texts = Readonly<Record<string, string>>
interface Shown extends Readonly<Record<string, unknown>> {
  readonly display?: Texts
  readonly expanded?: Readonly<Record<string, unknown>>
}

const ticket = '17x8625'
const alice = '12x8549'
const displayedModules = [
  'HelpDesk',
  'Invoice',
  'Quotes',
  'SalesOrder',
  'Potentials',
  'Project',
  'ProjectTask',
  'Assets',
  'ServiceContracts',
  'Contacts',
  'Documents',
  'Faq',
  'InventoryDetails',
]

async function shown(portal: Portal, path: string, name = 'alice'): Promise<readonly Shown[]> {
  const { status, body, text } = await portal.as(name, 'GET', path)
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`)
  return body.records ?? [body]
}

async function one(portal: Portal, path: string, name = 'alice'): Promise<Shown> {
  const [first = {}] = await shown(portal, path, name)
  return first
}

async function rejects(t: Test, portal: Portal, path: string, parameter: string, accepted: RegExp) {
  const { status, body } = await portal.as('alice', 'GET', path)
  t.ok(status >= 400 && status < 500, `${path.slice(0, 80)}: ${status} ${String(body['detail'])}`)
  t.equal(body.errors?.[0]?.parameter, parameter, 'names the parameter')
  t.match(body.errors?.[0]?.message, accepted, 'says what is accepted')
}

t.test('display=true shows names of records and users, labels and codes of currencies', async (t) => {
  const portal = await startPortal(t)
  const expected = {
    parent_id: 'alice Aliceson',
    assigned_user_id: 'portal portal',
    created_user_id: 'Administrator',
    ticketstatus: 'Open',
  }
  t.match(await one(portal, `/records/${ticket}?display=true`), { parent_id: alice, display: expected })
  const path = '/modules/HelpDesk/records?display=true&fields=parent_id,ticketstatus&sort=-ticketstatus,id'
  const own = (await shown(portal, path)).find(({ id }) => id === ticket)
  t.strictSame(
    own?.display,
    { parent_id: 'alice Aliceson', ticketstatus: 'Open' },
    'of the fields in the answer',
  )
  t.match(await one(portal, '/modules/Invoice/records?display=true&limit=1'), {
    display: { currency_id: 'EUR' },
  })
  t.match(await one(portal, `/records/${alice}/related/HelpDesk?display=true`), { display: expected })
  const select = 'select ticketstatus,parent_id from HelpDesk where id='
  const query = encodeURIComponent(`${select}'${ticket}';`)
  t.match(await one(portal, `/query?display=true&q=${query}`), { display: { parent_id: 'alice Aliceson' } })
  const posted = await portal.as('alice', 'POST', '/query?display=true', {
    body: { query: `${select}'${ticket}';` },
  })
  t.match(posted.body.records?.[0], { display: { parent_id: 'alice Aliceson' } })
  const { body } = await portal.as('alice', 'GET', '/search?q=alice%20ticket&modules=HelpDesk&display=true')
  t.match(body, { results: [{ records: [{ display: expected }] }] })
  const patched = await portal.as('alice', 'PATCH', `/records/${ticket}?display=true`, {
    body: { description: 'x' },
  })
  t.match(patched.body, { description: 'x', display: expected })
  const again = { headers: { 'if-match': String(patched.headers['etag']) }, body: { description: 'y' } }
  t.equal(
    (await portal.as('alice', 'PATCH', `/records/${ticket}`, again)).status,
    200,
    'the tag is of the record alone',
  )
  const plain = await one(portal, `/records/${ticket}`)
  t.notOk('display' in plain, 'nothing unless it is wanted')
  const lines = await shown(
    portal,
    `/records/${String((await one(portal, '/modules/Invoice/records?limit=1'))['id'])}/related/Products?display=true`,
  )
  t.ok(
    lines.every(({ display }) => display !== undefined),
    'lines have texts too',
  )
})

t.test('a record that was read with display and expand can be sent back unchanged', async (t) => {
  const portal = await startPortal(t)
  const path = `/records/${ticket}`
  const read = await one(portal, `${path}?display=true&expand=parent_id(lastname),comments`)
  t.ok(read.display !== undefined && read.expanded !== undefined)
  const display = { ...read.display, ticketstatus: 'Closed' }
  const before = await one(portal, path)
  const sent = await portal.as('alice', 'PATCH', path, { body: { ...read, display } })
  t.equal(sent.status, 200, sent.text)
  t.strictSame({ ...sent.body, modifiedtime: 0 }, { ...before, modifiedtime: 0 }, 'texts change nothing')
  for (const name of ['display', 'expanded'])
    t.match(await portal.as('alice', 'PATCH', path, { body: { [name]: 'Closed' } }), {
      status: 400,
      body: { errors: [{ field: name, code: 'UNKNOWN_FIELD' }] },
    })
})

t.test('expanded records have texts of their own, and owners and authors are id and name', async (t) => {
  const portal = await startPortal(t)
  const path = `/records/${ticket}?expand=parent_id(account_id),assigned_user_id(name),created_user_id&display=true`
  const { expanded, display } = await one(portal, path)
  t.match(display, { parent_id: 'alice Aliceson' })
  t.strictSame(expanded, {
    parent_id: { account_id: '11x8546', id: alice, display: { account_id: 'Acme' } },
    assigned_user_id: { id: '19x5', name: 'portal portal' },
    created_user_id: { id: '19x1', name: 'Administrator' },
  })
  const names = /accepted are 'id' and 'name'/
  for (const wrong of ['user_name', 'accesskey', 'email1', 'reports_to_id(name)', 'name(x)']) {
    await rejects(t, portal, `/records/${ticket}?expand=assigned_user_id(${wrong})`, 'expand', names)
  }
  await rejects(t, portal, `/records/${ticket}?expand=created_user_id.name`, 'expand', names)
  await rejects(
    t,
    portal,
    `/modules/HelpDesk/records?fields=Users.user_name`,
    'fields',
    /unknown module 'Users'/,
  )
})

t.test('display=true shows the groups of an aggregate as the records of a list', async (t) => {
  const portal = await startPortal(t)
  const groupsOf = async (module: string, parameters: string, name = 'alice') => {
    const { status, body, text, headers } = await portal.as(
      name,
      'GET',
      `/modules/${module}/aggregate?count=true&${parameters}`,
    )
    if (!Array.isArray(body['groups'])) throw new Error(`${status} ${text}`)
    return { groups: body['groups'] as readonly Shown[], headers } // as described
  }
  for (const [module, names] of [
    ['HelpDesk', ['parent_id', 'ticketstatus', 'assigned_user_id', 'created_user_id']],
    ['Invoice', ['contact_id', 'account_id', 'currency_id', 'invoicestatus', 'salesorder_id']],
    ['InventoryDetails', ['productid', 'related_to']],
  ] as const) {
    const rows = await shown(portal, `/modules/${module}/records?display=true&limit=200&lang=es`)
    for (const name of names) {
      const { groups, headers } = await groupsOf(module, `groupBy=${name}&display=true&lang=es`)
      t.ok(groups.length > 0, `${module}.${name}`)
      t.equal(headers['content-language'], 'es-ES')
      for (const { [name]: value, display, ...rest } of groups) {
        const text = rows.find((row) => row[name] === value)?.display?.[name]
        t.strictSame(
          display,
          text === undefined ? {} : { [name]: text },
          `${module}.${name}: ${String(value)}`,
        )
        t.strictSame(Object.keys(rest), ['count'], 'nothing else is added')
      }
    }
  }
  const [first] = (await groupsOf('HelpDesk', 'groupBy=ticketstatus,parent_id&display=true')).groups
  t.same(Object.keys(first?.display ?? {}).sort(), ['parent_id', 'ticketstatus'], 'of all fields of groupBy')
  t.strictSame((await groupsOf('HelpDesk', 'max=createdtime&display=true')).groups[0]?.display, {})
  t.notOk(
    'display' in ((await groupsOf('HelpDesk', 'groupBy=ticketstatus')).groups[0] ?? {}),
    'unless wanted',
  )
  await rejects(t, portal, '/modules/HelpDesk/aggregate?count=true&display=maybe', 'display', /true|boolean/)
  await rejects(t, portal, '/modules/HelpDesk/aggregate?count=true&lang=xx', 'lang', /accepted are/)
})

t.test('what the contact does not see has no text', async (t) => {
  const POLICY_FILE = await policyFile(t, {
    Contacts: { hide: ['lastname'], level: 'own', update: undefined },
    HelpDesk: {
      hide: ['created_user_id', 'modifiedby', 'ticketpriorities'],
      create: undefined,
      update: undefined,
    },
    Accounts: { level: 'own' },
  })
  const portal = await startPortal(t, { env: { POLICY_FILE } })
  const tickets = await shown(portal, '/modules/HelpDesk/records?display=true&limit=50')
  t.ok(tickets.length > 3)
  for (const { parent_id: parent, display = {} } of tickets) {
    t.equal(
      display['parent_id'],
      parent === alice ? 'alice' : undefined,
      `${String(parent)}: own records, readable fields`,
    )
    t.notOk('created_user_id' in display || 'ticketpriorities' in display, 'hidden fields have no text')
  }
  const { body } = await portal.as(
    'alice',
    'GET',
    '/modules/HelpDesk/aggregate?groupBy=parent_id,assigned_user_id&count=true&display=true',
  )
  const groups = body['groups'] as readonly Shown[] // as described
  t.ok(groups.length > 1)
  for (const { parent_id: parent, display = {} } of groups)
    t.equal(display['parent_id'], parent === alice ? 'alice' : undefined, `group of ${String(parent)}`)
  for (const hidden of ['created_user_id', 'ticketpriorities'])
    await rejects(
      t,
      portal,
      `/modules/HelpDesk/aggregate?groupBy=${hidden}&display=true&count=true`,
      'groupBy',
      /has no field/,
    )
  const texts = JSON.stringify([tickets, groups])
  for (const hidden of ['Aliceson', 'Administrator', 'Acme"', 'bob']) t.notMatch(texts, `"${hidden}`, hidden)
})

/** The modules whose records the rows refer to, without CRM users, groups and currencies, by the prefixes of ids. */
function referred(rows: readonly Shown[]): Set<string> {
  const ids = rows.flatMap((row) => Object.entries(row)).filter(([name]) => name !== 'id')
  const prefixes = ids.map(([, value]) => /^([0-9]+)x[0-9]+$/.exec(String(value))?.[1] ?? '')
  return new Set(prefixes.filter((prefix) => !['', '19', '20', '21'].includes(prefix)))
}

/** Not of a request: log-ins of the service user, whose sessions are as many as reads of all requests run at once. */
const ofSessions = ['getchallenge', 'login', 'logout']

async function callsOf(portal: Portal, path: string, name = 'alice') {
  portal.relay.calls.length = 0
  const rows = await shown(portal, path, name)
  const operations = portal.relay.calls.map(({ operation }) => operation)
  return { rows, calls: operations.filter((operation) => !ofSessions.includes(operation)) }
}

// Lines of inventories point to more modules than two, each with a rule of its own, and a query of coreBOS reads one.
const mostAdded = (module: string, rows: readonly Shown[]) =>
  module === 'InventoryDetails' ? referred(rows).size : 2

t.test('the first request after a start costs two calls more than one without names', async (t) => {
  for (const mode of usualModes)
    for (const module of ['HelpDesk', 'Invoice', 'Assets', 'InventoryDetails']) {
      const list = `/modules/${module}/records?limit=50`
      const [one, other] = [await startPortal(t, { mode }), await startPortal(t, { mode })]
      for (const portal of [one, other]) await portal.as('alice', 'GET', '/auth/session')
      const { calls: plain } = await callsOf(one, list)
      const { rows, calls } = await callsOf(other, `${list}&display=true`)
      const { calls: next } = await callsOf(other, `${list}&display=true`, 'carol')
      t.comment(
        `${mode}, ${module}: list ${plain.join(', ')}; with names ${calls.join(', ')}; next contact ${next.join(', ')}`,
      )
      const added = calls.length - plain.length
      t.ok(added <= mostAdded(module, rows), `${module}: ${calls.length} instead of ${plain.length}`)
      t.notOk(calls.includes('gettranslation'), `${module}: labels are read by the start`)
    }
})

/** Alice sees what these modules hold. Of each: the calls of coreBOS that `display` adds to those of the list. */
t.test('display adds two calls of coreBOS at most, and none where names are remembered', async (t) => {
  for (const mode of usualModes) {
    const portal = await startPortal(t, { mode, env: { READ_CACHE_TTL: '60' } })
    // Describes all modules to the CRM user of the contact, if that is not the service user.
    await portal.as('alice', 'GET', '/modules')
    for (const module of displayedModules) {
      const list = `/modules/${module}/records?limit=50`
      const plain = await callsOf(portal, list)
      const first = await callsOf(portal, `${list}&display=true`)
      const kept = await callsOf(portal, `${list}&display=true`)
      t.comment(
        `${mode}, ${module}: list ${plain.calls.length}, display adds ${first.calls.join(', ') || 'none'}, then ${kept.calls.length}`,
      )
      t.ok(first.calls.length <= mostAdded(module, first.rows), `${module}: at most two calls`)
      const modules = referred(first.rows).size
      t.ok(first.calls.length <= modules, `${module}: one for each module that references point to`)
      t.equal(kept.calls.length, 0, `${module}: none when remembered`)
    }
  }
})

t.test('another language than those of the contacts costs one call for the labels of a module', async (t) => {
  const portal = await startPortal(t, { env: { READ_CACHE_TTL: '60' } })
  const list = '/modules/HelpDesk/records?limit=50&display=true'
  await callsOf(portal, list)
  t.strictSame((await callsOf(portal, `${list}&lang=es`)).calls, ['gettranslation'])
  t.strictSame((await callsOf(portal, `${list}&lang=es`)).calls, [])
})

t.test('no record is read twice for lack of a description', async (t) => {
  const portal = await startPortal(t)
  const queries = async (path: string, module: string) => {
    portal.relay.calls.length = 0
    await shown(portal, path)
    const statements = portal.relay.calls.map(({ params }) => params.get('query') ?? '')
    return statements.filter((each) => each.includes(` from ${module} `)).length
  }
  t.equal(await queries('/modules/HelpDesk/records?display=true&limit=50', 'HelpDesk'), 1)
  const statement = encodeURIComponent('select * from Invoice;')
  t.equal(await queries(`/query?display=true&q=${statement}`, 'Invoice'), 1)
})

t.test('lang and Accept-Language choose the language of labels', async (t) => {
  const portal = await startPortal(t)
  const get = (path: string, language?: string) =>
    portal.as('alice', 'GET', path, {
      ...(language !== undefined && { headers: { 'accept-language': language } }),
    })
  const field = (body: object, name: string) =>
    (
      body as { fields: { name: string; label: string; values?: { value: string; label: string }[] }[] }
    ).fields.find((each) => each.name === name)
  const spanish = await get('/modules/HelpDesk', 'fr-XX;q=0, es-AR;q=0.8, en;q=0.5')
  t.equal(field(spanish.body, 'ticket_title')?.label, 'Referencia')
  t.match(field(spanish.body, 'ticketstatus'), {
    label: 'Estado',
    values: [{ value: 'Open', label: 'Abierta' }],
  })
  t.equal(field(spanish.body, 'hours')?.label, 'Hours', 'without a translation: as the CRM user sees it')
  t.equal(spanish.headers['content-language'], 'es-ES')
  t.match(spanish.headers['vary'], /Accept-Language/)
  const english = await get('/modules/HelpDesk')
  t.equal(field(english.body, 'ticketstatus')?.label, 'Status')
  t.equal(english.headers['content-language'], 'en-US', "the contact's own language")
  t.not(english.headers['etag'], spanish.headers['etag'])
  const known = await portal.as('alice', 'GET', '/modules/HelpDesk?lang=es', {
    headers: { 'if-none-match': String(spanish.headers['etag']) },
  })
  t.equal(known.status, 304)
  t.equal(known.headers['content-language'], 'es-ES')

  const path = `/records/${ticket}?fields=ticketstatus`
  t.match((await get(`${path}&display=true&lang=es_es`)).body, { display: { ticketstatus: 'Abierta' } })
  t.match((await get(`${path}&display=true`, 'es')).body, {
    ticketstatus: 'Open',
    display: { ticketstatus: 'Abierta' },
  })
  t.match((await get(`${path}&display=true&lang=en`, 'es')).body, { display: { ticketstatus: 'Open' } })
  t.equal((await get(path, 'es')).headers['content-language'], undefined, 'values have no language')
  t.equal((await get('/modules', 'tlh, *')).status, 200, 'an unknown Accept-Language falls back')
  for (const url of [
    '/modules?lang=tlh',
    `${path}&display=true&lang=xx-XX`,
    '/search?q=x&lang=',
    '/modules/Faq?lang=1',
  ])
    await rejects(t, portal, url, 'lang', /accepted are de-DE, en-GB, en-US, es-ES/)
  const failed = await get('/modules/Nothing?lang=es')
  t.match(failed.body, { code: 'UNKNOWN_MODULE', detail: /unknown module/ }, 'errors stay in English')
  t.equal(failed.headers['content-language'], undefined)
  await rejects(t, portal, `${path}&display=maybe`, 'display', /true|boolean/)
})

t.test('LANGUAGES names the languages that coreBOS has', async (t) => {
  const portal = await startPortal(t, { env: { LANGUAGES: 'en_us,es_mx' } })
  await rejects(t, portal, '/modules?lang=de', 'lang', /accepted are en-US, es-MX$/)
  const { headers } = await portal.as('alice', 'GET', '/modules', { headers: { 'accept-language': 'es-ES' } })
  t.equal(headers['content-language'], 'es-MX', 'the same language of another country')
})

t.test('what is not accepted is rejected by name, and no record is read for it', async (t) => {
  const portal = await startPortal(t)
  const { relay } = portal
  await shown(portal, '/modules/HelpDesk/records?limit=1')
  relay.calls.length = 0
  const list = '/modules/Contacts/records?'
  const filters = (count: number) => Array.from({ length: count }, (_, i) => `filter[city${i}]=x`).join('&')
  await rejects(t, portal, list + filters(501), 'filter', /500 filters at most/)
  const { status } = await portal.as('alice', 'GET', list + filters(10_000))
  t.ok(status >= 400 && status < 500, `10,000 filters: ${status}`)
  const circle = Array.from({ length: 5 }, () => 'account_id').join('.')
  await rejects(t, portal, `/modules/Accounts/records?expand=${circle}`, 'expand', /4 hops/)
  const nested = `${'account_id('.repeat(40)}accountname${')'.repeat(40)}`
  await rejects(t, portal, `/modules/Accounts/records?expand=${nested}`, 'expand', /4 hops/)
  const wide = Array.from({ length: 501 }, () => 'account_id').join(',')
  await rejects(t, portal, `/modules/Accounts/records?expand=${wide}`, 'expand', /500 fields/)
  for (const [path, parameter, accepted] of [
    ['display=maybe', 'display', /true|boolean/],
    ['display=true&display=true', 'display', /true or false/],
    ['lang=klingon', 'lang', /accepted are/],
    ['lang=es&lang=en', 'lang', /once|string/],
    ['sort=-Users.user_name', 'sort', /./],
    ['filter[accesskey]=x', 'filter[accesskey]', /no field/],
    ['filter[createdtime][gt]=2026-02-30', 'filter[createdtime][gt]', /calendar|date/],
    ['expand=firstname', 'expand', /reference/],
    ['expand=assigned_user_id(accesskey)', 'expand', /accepted are/],
  ] as const)
    await rejects(t, portal, list + path, parameter, accepted)
  t.strictSame(
    relay.calls.filter(({ operation }) => operation !== 'describe'),
    [],
    'coreBOS was not asked for records',
  )
})
