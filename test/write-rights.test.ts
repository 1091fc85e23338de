/** Attempts to write what is not the contact's, which coreBOS itself would accept. */
import t from 'tap'
import { startDemoCorebos } from '../src/demo/server.ts'
import {
  adminOf,
  contactAt,
  contents,
  idsWhere,
  related,
  startPortal,
  stored,
  type Session,
} from './support/portal.ts'

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

type Values = Readonly<Record<string, string>>

async function relatedIds(admin: Session, id: string, module: string, relatedModule: string) {
  const rows = await related(admin, id, module, relatedModule)
  return rows.map((row) => (relatedModule === 'ModComments' ? row['creator'] : row['id']))
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
  const happened = async (admin: Session) => (await stored(admin, id))[field] === value
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
  const rest = { method: 'POST', path: `/modules/${module}/records`, body: element }
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
  const happened = async (admin: Session) => !('id' in (await stored(admin, id)))
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
