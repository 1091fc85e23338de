import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { Database } from '../src/demo/database.ts'
import { startDemoCorebos } from '../src/demo/server.ts'
import { builtinPolicy } from '../src/policy/builtin.ts'
import { adminOf, contactAt, modes, startPortal, type Session } from './portal.ts'
import { scratch } from './redis-server.ts'

const ids = {
  alice: '12x8549',
  bob: '12x8550',
  carol: '12x8551',
  acme: '11x8546',
  globex: '11x8547',
  acmeTicket: '17x8565',
  aliceTicket: '17x8625',
  bobTicket: '17x8645',
  carolTicket: '17x8665',
  aliceInvoice: '7x8628',
  bobInvoice: '7x8648',
  acmeInvoice: '7x8568',
  aliceProject: '33x8636',
  carolProject: '33x8676',
  aliceDocument: '15x8644',
  bobDocument: '15x8664',
  acmeDocument: '15x8584',
  product: '14x8558',
  publishedFaq: '3x8561',
} as const

/** Everything that coreBOS holds, as text: two that are equal mean that nothing was written in between. */
function contents(database: Database): string {
  const { documentRelations, emailRelations, relations, productLines, comments, settings, portalAccess } =
    database
  return JSON.stringify([
    [...database.modules.keys()].map((name) =>
      database.allRecords(name).map(({ number, values, deleted }) => [number, [...values], deleted]),
    ),
    [documentRelations, emailRelations, relations, productLines, comments],
    [[...settings], portalAccess, [...database.userPasswords], [...database.attachments.keys()]],
  ])
}

type Values = Readonly<Record<string, string>>

async function read(admin: Session, id: string): Promise<Values> {
  return (await admin.result('retrieve', { id })) as Values // as recorded
}

async function isThere(admin: Session, id: string): Promise<boolean> {
  return (await admin.call('retrieve', { id })).success
}

async function idsWhere(admin: Session, module: string, where: string): Promise<readonly string[]> {
  const rows = await admin.result('query', { query: `select id from ${module} where ${where};` })
  return (rows as readonly Values[]).map(({ id = '' }) => id) // as recorded
}

async function relatedIds(admin: Session, id: string, module: string, relatedModule: string) {
  const params = { id, module, relatedModule, queryParameters: {} }
  const { records } = (await admin.result('getRelatedRecords', params)) as { records: readonly Values[] } // as recorded
  return records.map((row) => (relatedModule === 'ModComments' ? row['creator'] : row['id']))
}

const actors = ['alice', 'bob', 'carol', undefined] as const

interface Row {
  readonly method: string
  readonly path: string
  readonly body?: object
  /** What becomes of it for whoever it belongs to, a colleague, another company and nobody: a status, or a code. */
  readonly expected: readonly [own: number | string, colleague: number | string, other: number | string]
  /** Whether it was done, as the administrator sees it. */
  readonly done?: (admin: Session) => Promise<boolean>
}

/** @param uploaded a document that alice has uploaded */
function table(uploaded: string): readonly Row[] {
  const absent = ['NOT_FOUND', 'NOT_FOUND'] as const
  const closed = ['NOT_WRITABLE', 'NOT_WRITABLE', 'NOT_WRITABLE'] as const
  const title = { ticket_title: 'changed' }
  return [
    { method: 'GET', path: `/records/${ids.aliceTicket}`, expected: [200, ...absent] },
    { method: 'GET', path: `/records/${ids.aliceTicket}/comments`, expected: [200, ...absent] },
    { method: 'GET', path: `/records/${ids.aliceTicket}/related/Documents`, expected: [200, ...absent] },
    { method: 'GET', path: `/records/${ids.aliceInvoice}`, expected: [200, 200, 'NOT_FOUND'] },
    { method: 'GET', path: `/records/${ids.alice}`, expected: [200, 200, 'NOT_FOUND'] },
    { method: 'GET', path: '/records/17x99999', expected: ['NOT_FOUND', ...absent] },

    {
      method: 'POST',
      path: '/records/HelpDesk',
      body: { ticket_title: 'of alice', ticketstatus: 'Open', parent_id: ids.alice },
      expected: [201, 'FIELD_NOT_WRITABLE', 'FIELD_NOT_WRITABLE'],
      done: async (admin) =>
        (await idsWhere(admin, 'HelpDesk', `ticket_title='of alice' and parent_id='${ids.alice}'`)).length ===
        1,
    },
    {
      method: 'POST',
      path: '/records/ModComments',
      body: { commentcontent: 'a word', related_to: ids.aliceProject },
      expected: [201, 'REFERENCE_OUT_OF_SCOPE', 'REFERENCE_OUT_OF_SCOPE'],
      done: async (admin) =>
        (
          await idsWhere(
            admin,
            'ModComments',
            `commentcontent like 'a word%' and related_to='${ids.aliceProject}'`,
          )
        ).length === 1,
    },
    { method: 'POST', path: '/records/Invoice', body: { subject: 'x' }, expected: closed },
    { method: 'POST', path: '/records/Contacts', body: { lastname: 'x' }, expected: closed },
    {
      method: 'POST',
      path: '/records/Users',
      body: { user_name: 'x' },
      expected: ['UNKNOWN_MODULE', 'UNKNOWN_MODULE', 'UNKNOWN_MODULE'],
    },

    {
      method: 'PATCH',
      path: `/records/${ids.aliceTicket}`,
      body: title,
      expected: [200, ...absent],
      done: async (admin) => (await read(admin, ids.aliceTicket))['ticket_title'] === 'changed',
    },
    {
      method: 'PATCH',
      path: `/records/${ids.acmeTicket}`,
      body: title,
      expected: ['NOT_WRITABLE', 'NOT_WRITABLE', 'NOT_FOUND'],
    },
    {
      method: 'PATCH',
      path: `/records/${ids.alice}`,
      body: { phone: '555' },
      expected: [200, 'NOT_WRITABLE', 'NOT_FOUND'],
      done: async (admin) => (await read(admin, ids.alice))['phone'] === '555',
    },
    {
      method: 'PATCH',
      path: `/records/${uploaded}`,
      body: { notes_title: 'changed' },
      expected: [200, ...absent],
      done: async (admin) => (await read(admin, uploaded))['notes_title'] === 'changed',
    },
    {
      method: 'PATCH',
      path: `/records/${ids.aliceDocument}`,
      body: { notes_title: 'changed' },
      expected: ['NOT_WRITABLE', ...absent],
    },
    { method: 'PATCH', path: `/records/${ids.aliceInvoice}`, body: { subject: 'changed' }, expected: closed },
    { method: 'PATCH', path: `/records/${ids.acme}`, body: { accountname: 'changed' }, expected: closed },

    {
      method: 'POST',
      path: `/records/${ids.aliceTicket}/comments`,
      body: { text: 'a word' },
      expected: [201, ...absent],
      done: async (admin) =>
        (await relatedIds(admin, ids.aliceTicket, 'HelpDesk', 'ModComments')).length === 3,
    },
    {
      method: 'POST',
      path: `/records/${ids.aliceProject}/comments`,
      body: { text: 'another' },
      expected: [201, ...absent],
      done: async (admin) =>
        (await idsWhere(admin, 'ModComments', "commentcontent like 'another%'")).length === 1,
    },
    {
      method: 'PUT',
      path: `/records/${ids.aliceTicket}/related/${ids.aliceDocument}`,
      expected: [204, ...absent],
      done: async (admin) =>
        (await relatedIds(admin, ids.aliceTicket, 'HelpDesk', 'Documents')).includes(ids.aliceDocument),
    },
    {
      method: 'DELETE',
      path: `/records/${ids.aliceTicket}/related/${ids.aliceDocument}`,
      expected: [204, ...absent],
      done: async (admin) =>
        !(await relatedIds(admin, ids.aliceTicket, 'HelpDesk', 'Documents')).includes(ids.aliceDocument),
    },

    { method: 'DELETE', path: `/records/${ids.acme}`, expected: closed },
    { method: 'DELETE', path: `/records/${ids.alice}`, expected: closed },
    { method: 'DELETE', path: `/records/${ids.product}`, expected: closed },
    {
      method: 'DELETE',
      path: `/records/${ids.acmeInvoice}`,
      expected: ['NOT_WRITABLE', 'NOT_WRITABLE', 'NOT_FOUND'],
    },
    {
      method: 'DELETE',
      path: `/records/${ids.aliceInvoice}`,
      expected: [204, 'NOT_WRITABLE', 'NOT_FOUND'],
      done: async (admin) => !(await isThere(admin, ids.aliceInvoice)),
    },
    {
      method: 'DELETE',
      path: `/records/${ids.aliceTicket}`,
      expected: [204, ...absent],
      done: async (admin) => !(await isThere(admin, ids.aliceTicket)),
    },
  ]
}

/** The built-in policy, and tickets and invoices may be deleted. */
const withDeleting = {
  ...builtinPolicy,
  modules: {
    ...builtinPolicy.modules,
    HelpDesk: { ...builtinPolicy.modules['HelpDesk'], delete: true },
    Invoice: { ...builtinPolicy.modules['Invoice'], delete: true },
  },
}

for (const mode of modes) {
  t.test(`${mode} mode: what is written is written by whom it belongs to, and nobody else`, async (t) => {
    const file = join(await scratch(t), 'policy.json')
    await writeFile(file, JSON.stringify(withDeleting))
    const portal = await startPortal(t, { mode, env: { POLICY_FILE: file } })
    const { admin, corebos } = portal
    const upload = await portal.as('alice', 'POST', '/records/Documents', { body: { notes_title: 'mine' } })
    for (const name of ['bob', 'carol']) await portal.as(name, 'GET', '/modules')

    for (const { method, path, body, expected, done } of table(upload.body.id ?? '')) {
      // Whoever it belongs to comes last, since that may change who else may do what.
      for (const index of [3, 2, 1, 0] as const) {
        const outcome = index === 3 ? 'AUTHENTICATION_REQUIRED' : expected[index]
        const what = `${method} ${path} by ${actors[index] ?? 'nobody'}`
        const before = contents(corebos.database)
        const answer = await portal.as(actors[index], method, path, body === undefined ? {} : { body })
        t.equal(typeof outcome === 'number' ? answer.status : answer.body.code, outcome, what)
        if (typeof outcome === 'string') t.ok(contents(corebos.database) === before, `${what} leaves nothing`)
        else if (done !== undefined) t.ok(await done(admin), `${what} is done`)
      }
    }
  })
}

interface Hole {
  readonly name: string
  /** How coreBOS is asked by alice. */
  readonly operation: string
  readonly params: Readonly<Record<string, unknown>>
  /** The same by way of the gateway's own routes. */
  readonly rest?: { readonly method: string; readonly path: string; readonly body?: object }
  readonly happened: (admin: Session) => Promise<boolean>
}

const change = (name: string, id: string, field: string, value: string, module = 'Contacts'): Hole[] => {
  const happened = async (admin: Session) => (await read(admin, id))[field] === value
  const rest = { method: 'PATCH', path: `/records/${id}`, body: { [field]: value } }
  const element = { id, [field]: value }
  const mandatory = module === 'Contacts' ? { lastname: 'Aliceson', assigned_user_id: '19x5' } : {}
  return [
    { name: `${name}, by revise`, operation: 'revise', params: { element }, rest, happened },
    {
      name: `${name}, by update`,
      operation: 'update',
      params: { element: { ...mandatory, ...element } },
      happened,
    },
    { name: `${name}, by MassUpdate`, operation: 'MassUpdate', params: { elements: [element] }, happened },
    {
      name: `${name}, by upsert`,
      operation: 'upsert',
      params: {
        elementType: module,
        element: { ...mandatory, email: 'alice@example.com', [field]: value },
        searchOn: field === 'email' ? 'lastname' : 'email',
        updatedfields: field,
      },
      happened,
    },
  ]
}

const create = (name: string, module: string, title: string, element: Values): Hole[] => {
  const given = { ...element, assigned_user_id: '19x5' }
  const entries = Object.entries(element).map(([field, value]) => `${field}='${value}'`)
  const happened = async (admin: Session) => (await idsWhere(admin, module, entries.join(' and '))).length > 0
  const rest = { method: 'POST', path: `/records/${module}`, body: element }
  return [
    { name, operation: 'create', params: { elementType: module, element: given }, rest, happened },
    {
      name: `${name}, by MassCreate`,
      operation: 'MassCreate',
      params: { elements: [{ elementType: module, referenceId: title, element: given }] },
      happened,
    },
  ]
}

const remove = (name: string, id: string): Hole[] => {
  const happened = async (admin: Session) => !(await isThere(admin, id))
  const rest = { method: 'DELETE', path: `/records/${id}` }
  return [
    { name: `${name} is deleted`, operation: 'delete', params: { id }, rest, happened },
    { name: `${name} is deleted, by MassDelete`, operation: 'MassDelete', params: { ids: id }, happened },
  ]
}

const holes: readonly Hole[] = [
  ...change('another account of her own', ids.alice, 'account_id', ids.globex),
  ...change('an administrator for her user', ids.alice, 'portalloginuser', '19x1'),
  ...change("another customer's log-in name", ids.alice, 'email', 'carol@example.com'),
  ...create('a ticket for another customer', 'HelpDesk', 'a', {
    ticket_title: 'planted',
    ticketstatus: 'Open',
    parent_id: ids.carol,
  }),
  ...create('a ticket for another account', 'HelpDesk', 'b', {
    ticket_title: 'planted too',
    ticketstatus: 'Open',
    parent_id: ids.globex,
  }),
  ...create("a comment on another customer's project", 'ModComments', 'c', {
    commentcontent: 'planted',
    related_to: ids.carolProject,
  }),
  ...create('a contact of another account', 'Contacts', 'd', { lastname: 'Planted', account_id: ids.globex }),
  ...remove("a colleague's invoice", ids.bobInvoice),
  ...remove('her own account', ids.acme),
  ...remove('a product', ids.product),
  ...remove('an FAQ', ids.publishedFaq),
  {
    name: "a colleague's document is linked to her",
    operation: 'SetRelation',
    params: { relate_this_id: ids.alice, with_these_ids: [ids.bobDocument] },
    rest: { method: 'PUT', path: `/records/${ids.alice}/related/${ids.bobDocument}` },
    happened: async (admin) =>
      (await relatedIds(admin, ids.alice, 'Contacts', 'Documents')).includes(ids.bobDocument),
  },
  {
    name: "a colleague's document is linked to her ticket",
    operation: 'SetRelation',
    params: { relate_this_id: ids.aliceTicket, with_these_ids: [ids.bobDocument] },
    rest: { method: 'PUT', path: `/records/${ids.aliceTicket}/related/${ids.bobDocument}` },
    happened: async (admin) =>
      (await relatedIds(admin, ids.aliceTicket, 'HelpDesk', 'Documents')).includes(ids.bobDocument),
  },
  {
    name: "her account's document is taken from it",
    operation: 'UnsetRelation',
    params: { unrelate_this_id: ids.acme, with_these_ids: [ids.acmeDocument] },
    rest: { method: 'DELETE', path: `/records/${ids.acme}/related/${ids.acmeDocument}` },
    happened: async (admin) =>
      !(await relatedIds(admin, ids.acme, 'Accounts', 'Documents')).includes(ids.acmeDocument),
  },
  {
    name: 'a comment in the name of another',
    operation: 'addTicketFaqComment',
    params: { id: ids.aliceTicket, values: { from_portal: 1, parent_id: ids.carol, comments: 'forged' } },
    rest: {
      method: 'POST',
      path: `/records/${ids.aliceTicket}/comments`,
      body: { text: 'forged', author: ids.carol },
    },
    happened: async (admin) =>
      (await relatedIds(admin, ids.aliceTicket, 'HelpDesk', 'ModComments')).includes(ids.carol),
  },
  {
    name: 'a setting of the installation',
    operation: 'setSetting',
    params: { key: 'planted', value: '1' },
    happened: async (admin) => (await admin.result('getSetting', { key: 'planted', default: '0' })) === '1',
  },
]

t.test('what coreBOS lets a contact write to others stays closed', async (t) => {
  const portal = await startPortal(t)
  const { admin, corebos } = portal
  const atGateway = await contactAt(portal, 'alice', 'md5')
  await portal.as('alice', 'GET', '/modules')

  for (const { name, operation, params, rest, happened } of holes) {
    await t.test(name, async (t) => {
      const open = await startDemoCorebos({ port: 0 })
      t.teardown(open.close)
      const [openAdmin, alice] = await Promise.all([adminOf(open), contactAt(open, 'alice', 'md5')])
      t.notOk(await happened(openAdmin), 'it is not so to begin with')
      await alice.call(operation, params)
      t.ok(await happened(openAdmin), 'coreBOS does it')

      const untouched = contents(corebos.database)
      await atGateway.call(operation, params)
      t.notOk(await happened(admin), 'not by way of /webservice.php')
      // There the gateway names the author of a comment itself.
      if (operation !== 'addTicketFaqComment')
        t.ok(contents(corebos.database) === untouched, 'nothing is left')
      if (rest === undefined) return
      const before = contents(corebos.database)
      const { method, path, body } = rest
      const answer = await portal.as('alice', method, path, body === undefined ? {} : { body })
      t.ok(answer.status >= 400 && answer.status < 500, `${answer.status} ${answer.body.code ?? ''}`)
      t.notOk(await happened(admin), 'not by way of a route')
      t.ok(contents(corebos.database) === before, 'nothing is left')
    })
  }
})
