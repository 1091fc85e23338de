/** The holes of coreBOS: open there, closed at the gateway. */
import { request } from 'undici'
import t, { type Test } from 'tap'
import type { Database } from '../../src/demo/database.ts'
import { startDemoCorebos, type DemoCorebos } from '../../src/demo/server.ts'
import { operations } from '../../src/webservice/operations.ts'
import { usualModes } from '../support/portal.ts'
import { startGateway } from '../support/start.ts'
import {
  contactAt,
  rowsAt,
  textAt,
  textsAt,
  userAt,
  WebserviceClient,
  type Params,
} from '../support/webservice-client.ts'

t.jobs = 4

const id = {
  alice: '12x8549',
  bob: '12x8550',
  carol: '12x8551',
  acme: '11x8546',
  globex: '11x8547',
  ticket: '17x8625',
  globexTicket: '17x8585',
  carolTicket: '17x8665',
  bobInvoice: '7x8648',
  carolDocument: '15x8684',
  product: '14x8556',
  publishedFaq: '3x8562',
  internalFaq: '3x8563',
  login: '53x1',
  workflow: '51x2',
} as const

/** Alice, at coreBOS itself or at the gateway in front of it, and what the administrator of that coreBOS reads. */
interface Attack {
  readonly alice: WebserviceClient
  readonly corebos: DemoCorebos
  readonly admin: WebserviceClient
  /** Another log-in of a contact, at the same interface. */
  readonly login: (name: string) => Promise<WebserviceClient>
}

/** What of it came off; nothing where the hole is closed. */
type Hole = (attack: Attack) => Promise<readonly string[]>

/** Everything that coreBOS holds: two that are equal mean that nothing was written in between. */
function contents(database: Database): string {
  const { documentRelations, emailRelations, relations, productLines, comments, settings } = database
  return JSON.stringify([
    [...database.modules.keys()].map((name) =>
      database.allRecords(name).map(({ number, values, deleted }) => [number, [...values], deleted]),
    ),
    [documentRelations, emailRelations, relations, productLines, comments, [...settings]],
    database.portalAccess.map(({ userName, password }) => [userName, password]),
  ])
}

/** The names of those that are true. */
function cameOff(found: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(found).flatMap(([name, isSo]) => (isSo ? [name] : []))
}

async function each(
  names: readonly string[],
  attempt: (name: string) => Promise<boolean>,
): Promise<readonly string[]> {
  const found: string[] = []
  for (const name of names) if (await attempt(name)) found.push(name)
  return found
}

const answers = async (client: WebserviceClient, operation: string, params: Params = {}): Promise<string> => {
  const { success, text } = await client.call(operation, params)
  return success === false ? '' : text
}

const reading: Readonly<Record<string, Hole>> = {
  'any path to Users gives keys and hashes': async ({ alice }) =>
    each(
      [
        "select Users.accesskey from HelpDesk where id='17x8625';",
        "select accesskey from HelpDesk where (id!='17x1');",
        'select Users.user_hash from Invoice;',
        'select Users.user_password from Contacts;',
      ],
      async (query) => /access-key|[0-9a-f]{32}|\$2y\$/.test(await answers(alice, 'query', { query })),
    ),

  'an order of rows is SQL': async ({ alice }) => {
    const secret = (letter: string) =>
      `(if((select left(accesskey,1) from vtiger_users where id=1)='${letter}',1,-1)*ticketid)`
    const first = async (order: string) =>
      answers(alice, 'query', {
        query: `select ticket_title from HelpDesk where (id!='17x1') order by ${order} limit 1`,
      })
    const related = async (orderby: string) =>
      answers(alice, 'getRelatedRecords', {
        id: id.alice,
        module: 'Contacts',
        relatedModule: 'HelpDesk',
        queryParameters: { orderby },
      })
    return cameOff({
      query: (await first(secret('a'))) !== (await first(secret('b'))),
      getRelatedRecords: (await related('if(1=1,-ticketid,ticketid)')) !== '',
    })
  },

  'what follows a relation is SQL': async ({ alice }) => {
    const query =
      "select ticket_title from HelpDesk where related.Contacts='12x8549' or ticketstatus = 'Closed'"
    return cameOff({ or: (await answers(alice, 'query', { query })).includes('carol') })
  },

  'rows that cannot be seen are counted': async ({ alice }) => {
    const conditions: Readonly<Record<string, string>> = {
      ProjectMilestone: "projectmilestonename like 'carol%'",
      Leads: "lastname like 'l%'",
      Vendors: "vendorname like 'v%'",
      cbTermConditions: "formodule='Invoice'",
    }
    return each(Object.keys(conditions), async (module) => {
      const counted = await alice.call('query', {
        query: `select count(*) from ${module} where ${conditions[module]};`,
      })
      const listed = await alice.call('query', {
        query: `select id from ${module} where ${conditions[module]};`,
      })
      return [textAt(counted.result, 0, 'count'), textAt(listed.moreinfo, 'totalrows')].some(
        (number) => Number(number) > 0,
      )
    })
  },

  'modules of the staff are read': async ({ alice }) =>
    each(['LoginHistory', 'Workflow', 'Groups', 'CompanyDetails', 'Users'], async (module) => {
      const { result } = await alice.call('query', { query: `select * from ${module};` })
      const isOwnUser = (row: object) => textAt(row, 'id') === alice.userId && !('is_admin' in row)
      return rowsAt(result).some((row) => !isOwnUser(row))
    }),

  'records are read by their ids': async ({ alice }) => {
    const secrets = [id.internalFaq, id.login, id.workflow]
    const massed = await alice.call('MassRetrieve', { ids: secrets.join(',') })
    return [
      ...(await each(secrets, async (secret) => (await answers(alice, 'retrieve', { id: secret })) !== '')),
      ...Object.keys(massed.result ?? {}),
    ]
  },

  'searches find what cannot be seen': async ({ alice }) => {
    const secrets: Readonly<Record<string, readonly [field: string, secret: RegExp]>> = {
      ProjectMilestone: ['projectmilestonename', /carol milestone/],
      Leads: ['lastname', /lead1/],
      Vendors: ['vendorname', /vendor1/],
      Users: ['email1', /carol@example\.com|grace Graceson/],
    }
    const tries = Object.entries(secrets).flatMap(([module, [field, secret]]) => {
      const restrictionids = { userId: alice.userId, accountId: id.acme, contactId: id.alice }
      const search = { query: 'e', search_onlyin: module, restrictionids }
      const suggest = { term: 'e', filter: 'contains', limit: '50' }
      const fields = { ...suggest, searchinmodule: module, fields: field, returnfields: field }
      const references = { ...suggest, searchinmodules: module }
      const calls: readonly (readonly [string, Params])[] = [
        ['getSearchResults', search],
        ['getSearchResultsArray', search],
        ['getSearchResultsArrayWithTotals', search],
        ['getFieldAutocomplete', fields],
        ['getReferenceAutocomplete', references],
      ]
      return calls.map(([operation, params]) => ({ module, operation, params, secret }))
    })
    const found: string[] = []
    for (const { module, operation, params, secret } of tries)
      if (secret.test(await answers(alice, operation, params))) found.push(`${operation} ${module}`)
    return found
  },

  "ids of others' deleted records are told": async ({ alice }) => {
    const { result } = await alice.call('sync', { modifiedTime: '1795500000', elementType: 'HelpDesk' })
    return textsAt(result, 'deleted')
  },

  'statements of SQL are shown': async ({ alice }) =>
    cameOff({
      sql: /vtiger_/.test(
        await answers(alice, 'showqueryfromwsdoquery', { query: 'select ticket_title from HelpDesk;' }),
      ),
    }),

  'the staff is listed': async ({ alice }) =>
    each(['getAllUsers', 'getAssignedUserList'], async (operation) =>
      (await answers(alice, operation, { module: 'HelpDesk' })).includes('Administrator'),
    ),

  'answers hold addresses of files that need no session': async ({ alice }) => {
    const { result } = await alice.call('query', { query: 'select * from Documents;' })
    const [document] = rowsAt(result)
    const texts = [
      JSON.stringify(result),
      await answers(alice, 'retrieve', { id: textAt(document, 'id') }),
      await answers(alice, 'MassRetrieve', { ids: textAt(document, 'id') }),
    ]
    return texts.filter((text) => /_downloadurl|fullpath|storage\\?\//.test(text))
  },

  'raw rows and other ways to read a call': async ({ alice }) => {
    const query = 'select ticket_title from HelpDesk limit 1;'
    return cameOff({
      streamraw: (await answers(alice, 'query', { query, format: 'streamraw' })).includes('parent_id'),
    })
  },

  'log-in by SAML sends a call elsewhere': async ({ alice, corebos: { database } }) => {
    const settings = { SAML_ISACTIVEWS: '1', SAML_IPSSO: 'https://elsewhere.example/' }
    for (const [key, value] of Object.entries(settings)) database.settings.set(key, value)
    const { headers } = await alice.call('listtypes', { mode: 'LoginPortal' })
    for (const key of Object.keys(settings)) database.settings.delete(key)
    return [headers['location'] ?? []].flat()
  },
}

const ticketOf = (parent: string) => ({
  ticket_title: 'planted',
  ticketstatus: 'Open',
  assigned_user_id: '19x5',
  parent_id: parent,
})

const writing: Readonly<Record<string, Hole>> = {
  'work is put into a queue, to be done later': async ({ alice, admin }) => {
    const put = async (operation: string, params: Params, options: unknown) => {
      await alice.call(operation, { ...params, cbwsOptions: options })
      // The queue is emptied before another call.
      await admin.call('listtypes')
    }
    await put('MassDelete', { ids: id.bobInvoice }, { launchfromqueue: 1 })
    const element = { id: id.alice, account_id: id.globex }
    await put('revise', { element }, '{"launchfromqueue":true,"queuedelay":0}')
    const { result } = await admin.call('retrieve', { id: id.alice })
    return cameOff({
      MassDelete: (await admin.call('retrieve', { id: id.bobInvoice })).success !== true,
      revise: textAt(result, 'account_id') === id.globex,
    })
  },

  'a contact moves to another company': async ({ alice, admin }) => {
    const kept = { lastname: 'Aliceson', assigned_user_id: alice.userId }
    const ways: Readonly<Record<string, (to: Readonly<Record<string, string>>) => Promise<unknown>>> = {
      revise: async (to) => alice.call('revise', { element: { id: id.alice, ...to } }),
      update: async (to) => alice.call('update', { element: { id: id.alice, ...kept, ...to } }),
      MassUpdate: async (to) => alice.call('MassUpdate', { elements: [{ id: id.alice, ...to }] }),
      upsert: async (to) =>
        alice.call('upsert', {
          elementType: 'Contacts',
          element: { ...kept, ...to },
          searchOn: 'lastname',
          updatedfields: Object.keys(to).join(','),
        }),
    }
    return each(Object.keys(ways), async (operation) => {
      await ways[operation]?.({ account_id: id.globex })
      const { result } = await admin.call('retrieve', { id: id.alice })
      const sees = await alice.call('retrieve', { id: id.globexTicket })
      const moved = textAt(result, 'account_id') === id.globex
      if (moved) await admin.call('revise', { element: { id: id.alice, account_id: id.acme } })
      return moved || sees.success === true
    })
  },

  'a contact becomes somebody else': async ({ alice, admin }) =>
    each(['portalloginuser', 'email', 'portal', 'support_end_date', 'portalpasswordtype'], async (field) => {
      const values: Readonly<Record<string, string>> = {
        portalloginuser: '19x1',
        email: 'carol@example.com',
        portal: '0',
        support_end_date: '2099-12-31',
        portalpasswordtype: 'plaintext',
      }
      await alice.call('revise', { element: { id: id.alice, [field]: values[field] } })
      const { result } = await admin.call('retrieve', { id: id.alice })
      return textAt(result, field) === values[field]
    }),

  'records are created for others': async ({ alice, corebos: { database } }) => {
    const ways: Readonly<Record<string, () => Promise<unknown>>> = {
      create: async () => alice.call('create', { elementType: 'HelpDesk', element: ticketOf(id.carol) }),
      MassCreate: async () =>
        alice.call('MassCreate', {
          elements: [{ elementType: 'HelpDesk', referenceId: 'a', element: ticketOf(id.globex) }],
        }),
      // With an id of the web service coreBOS rejects it, with the number of the record it does not.
      CreateWithValidation: async () =>
        alice.call('CreateWithValidation', { elementType: 'HelpDesk', element: ticketOf('8551') }),
      upsert: async () =>
        alice.call('upsert', {
          elementType: 'HelpDesk',
          element: { ...ticketOf(id.carol), ticket_title: 'upserted' },
          searchOn: 'ticket_title',
          updatedfields: 'description',
        }),
      GlobalVariable: async () =>
        alice.call('create', {
          elementType: 'GlobalVariable',
          element: { gvname: 'x', value: '1', assigned_user_id: '19x5' },
        }),
      Contacts: async () =>
        alice.call('create', {
          elementType: 'Contacts',
          element: { lastname: 'x', account_id: id.globex, assigned_user_id: '19x5' },
        }),
    }
    return each(Object.keys(ways), async (name) => {
      const before = contents(database)
      await ways[name]?.()
      return contents(database) !== before
    })
  },

  'records of others are changed': async ({ alice, admin }) => {
    await alice.call('MassUpdate', { elements: [{ id: id.bob, firstname: 'renamed' }] })
    const { result } = await admin.call('retrieve', { id: id.bob })
    return cameOff({ colleague: textAt(result, 'firstname') === 'renamed' })
  },

  'somebody speaks in the name of another': async ({ alice, corebos: { database } }) =>
    each(['1', '0'], async (fromPortal) => {
      const before = database.comments.length
      const values = { comments: 'not mine', from_portal: fromPortal, parent_id: id.carol }
      await alice.call('addTicketFaqComment', { id: id.ticket, values })
      return database.comments.length > before
    }),

  'documents of others are linked and read': async ({ alice, admin }) => {
    const ids = { with_these_ids: [id.carolDocument] }
    await alice.call('SetRelation', { ...ids, relate_this_id: id.alice })
    const file = await answers(alice, 'retrievedocattachment', { id: id.carolDocument, returnfile: 'true' })
    const linked = file.includes(Buffer.from('hello carol\n').toString('base64'))
    const relations = async () => {
      const { result } = await admin.call('getRelatedRecords', {
        id: id.carol,
        module: 'Contacts',
        relatedModule: 'Documents',
      })
      return rowsAt(result, 'records').length
    }
    const before = await relations()
    await alice.call('UnsetRelation', { unrelate_this_id: id.carol, ...ids })
    await alice.call('UnsetRelation', { unrelate_this_id: id.alice, ...ids })
    return cameOff({ linked, unlinked: (await relations()) < before })
  },

  'records of others are deleted': async ({ alice, admin }) => {
    await alice.call('delete', { id: id.bobInvoice })
    await alice.call('MassDelete', { ids: [id.bob, id.product, id.publishedFaq].join(',') })
    await alice.call('delete', { id: id.acme })
    return each([id.bobInvoice, id.bob, id.product, id.publishedFaq, id.acme], async (each_) => {
      const { success } = await admin.call('retrieve', { id: each_ })
      return success === false
    })
  },

  'the key of the CRM user is changed': async ({ alice, corebos }) => {
    await alice.call('changeAccessKey', { id: alice.userId })
    const [number] = alice.userId.split('x').slice(1)
    const user = corebos.database.row('Users', Number(number))
    return cameOff({ key: !/-access-key$/.test(user?.values.get('accesskey') ?? '') })
  },

  "others' passwords are guessed and changed": async ({ login, corebos: { database } }) => {
    const erin = await login('erin')
    const bob = { email: 'bob@example.com' }
    for (let tries = 0; tries < 8; tries++) {
      await erin.call('changePortalUserPassword', { ...bob, password: 'x', current_password: `${tries}` })
    }
    await erin.call('changePortalUserPassword', { ...bob, password: 'taken', current_password: 'BOB-pw' })
    const access = database.portalAccess.find(({ userName }) => userName === bob.email)
    const told = await erin.call('authenticateContact', { ...bob, password: access?.password ?? '' })
    return cameOff({
      changed: access?.password === 'taken',
      told: told.success === true && told.result === id.bob,
    })
  },

  'the web service is switched off': async ({ alice, corebos: { database } }) => {
    await alice.call('setSetting', { key: 'mine', value: 'something' })
    const kept = (await alice.call('getSetting', { key: 'mine', default: 'nothing' })).result
    await alice.call('setSetting', { key: 'cbSMActive', value: '1' })
    return cameOff({ read: kept === 'something', off: database.settings.has('cbSMActive') })
  },
}

async function atCorebos(t: Test): Promise<Attack> {
  const corebos = await startDemoCorebos({ port: 0 })
  t.teardown(async () => corebos.close())
  const login = async (name: string) => contactAt(corebos.url, name)
  return { corebos, login, alice: await login('alice'), admin: await userAt(corebos.url) }
}

async function atGateway(t: Test, mode: string): Promise<Attack> {
  const { url, corebos } = await startGateway(t, { env: { LOGIN_MODE: mode } })
  const login = async (name: string) => (mode === 'user' ? userAt(url, name) : contactAt(url, name))
  return { corebos, login, alice: await login('alice'), admin: await userAt(corebos.url) }
}

/** Beside the plain holes of coreBOS: how many ways each of them has. */
const ways: Readonly<Record<string, number>> = {
  'any path to Users gives keys and hashes': 4,
  'work is put into a queue, to be done later': 2,
  'an order of rows is SQL': 2,
  'rows that cannot be seen are counted': 4,
  'modules of the staff are read': 5,
  'records are read by their ids': 6,
  'searches find what cannot be seen': 17,
  'the staff is listed': 2,
  'a contact moves to another company': 4,
  'a contact becomes somebody else': 5,
  'records are created for others': 6,
  'documents of others are linked and read': 1,
  'records of others are deleted': 5,
  "others' passwords are guessed and changed": 2,
  'the web service is switched off': 2,
}

t.test('coreBOS is open', async (t) => {
  const shared = await atCorebos(t)
  for (const [name, hole] of Object.entries(reading)) {
    const found = await hole(shared)
    t.ok(found.length >= (ways[name] ?? 1), `${name}: ${found.join(', ')}`)
  }
  const { result } = await shared.admin.call('retrieve', { id: id.carolDocument })
  const file = await request(textAt(result, '_downloadurl'))
  t.equal(await file.body.text(), 'hello carol\n', 'whoever knows the address has the file')
  for (const [name, hole] of Object.entries(writing)) {
    const found = await hole(await atCorebos(t))
    t.ok(found.length >= (ways[name] ?? 1), `${name}: ${found.join(', ')}`)
  }
})

for (const mode of usualModes) {
  t.test(`the gateway is closed where coreBOS is open, in ${mode} mode`, async (t) => {
    const attack = await atGateway(t, mode)
    const { corebos, alice } = attack
    for (const [name, hole] of Object.entries({ ...reading, ...writing })) {
      const before = contents(corebos.database)
      t.strictSame(await hole(attack), [], name)
      t.equal(contents(corebos.database), before, `${name}: nothing is left behind`)
    }
    t.match(await alice.call('retrieve', { id: id.ticket }), { success: true }, 'and works')
    for (const params of [{ cbwsOptions: '[{"x":1}]' }, { mode: 'saml' }, { format: 'streamraw' }]) {
      t.match(await alice.call('listtypes', params), { code: 'ACCESS_DENIED' })
    }
  })
}

/** What coreBOS has beside what is let through. */
const closed =
  `addProductImages authenticateContact cbQuestionAnswer cbRule changeAccessKey changePassword convertlead
  deleteUser delSetting executeBusinessAction ExecuteWorkflow ExecuteWorkflowWithContext findByPortalUserName
  gendoc_convert getAllUsers getEntityNum getLoginPage getMaxLoadSize getmergedtemplate
  getModulePermissionQuery getOTPAccess getProductImages getQueuedOperationResult getRelatedRecordsThroughModule
  getSetting getUsersInSameGroup jsLog loginSession ProcessMap SearchGlobalVar sendRecoverPassword setSetting
  showqueryfromwsdoquery StripeHandler wsapp_deregister wsapp_get wsapp_map wsapp_put wsapp_register`.split(
    /\s+/,
  )

t.test('what is not on the list is unknown, with and without a session', async (t) => {
  const { url } = await startGateway(t)
  const alice = await contactAt(url, 'alice')
  const unknown =
    '{"success":false,"error":{"message":"Unknown operation requested","code":"UNKNOWN_OPERATION"},"moreinfo":null}'
  for (const name of closed) {
    t.notOk(operations.some((operation) => operation.name.toLowerCase() === name.toLowerCase()))
    t.equal((await alice.call(name)).text, unknown, name)
    t.equal((await new WebserviceClient(url).call(name.toUpperCase())).text, unknown, name)
  }
  t.equal(
    closed.length + operations.length,
    90,
    'every operation that coreBOS has is on one of the two lists',
  )
})
