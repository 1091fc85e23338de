/** Comments, related records and other things around a record. */
import t, { type Test } from 'tap'
import { levels } from '../../src/model/contact.ts'
import { builtinPolicy } from '../../src/policy/builtin.ts'
import { limits } from '../../src/model/limits.ts'
import { contents, usualModes, policyFile, related, startPortal } from '../support/portal.ts'
import { sample } from '../support/thorough.ts'

const ids = {
  alice: '12x8549',
  bob: '12x8550',
  carol: '12x8551',
  acme: '11x8546',
  aliceTicket: '17x8625',
  bobTicket: '17x8645',
  acmeTicket: '17x8565',
  carolTicket: '17x8665',
  acmeProject: '33x8576',
  aliceProject: '33x8636',
  bobProject: '33x8656',
  aliceInvoice: '7x8628',
  aliceDocument: '15x8644',
  bobDocument: '15x8664',
  acmeDocument: '15x8584',
  publishedFaq: '3x8561',
  draftFaq: '3x8563',
} as const

type Comments = readonly { readonly author: object; readonly text: string; readonly time: string }[]

function commentsIn(body: Readonly<Record<string, unknown>>): Comments {
  return body['comments'] as Comments // as the schema of the route says
}

const me = { kind: 'contact', id: ids.alice, name: 'alice Aliceson' }

/** Attempts of alice, and how each is rejected. */
const rejectedComments = [
  ['GET', ids.bobTicket, 'NOT_FOUND'],
  ['GET', ids.carolTicket, 'NOT_FOUND'],
  ['GET', ids.draftFaq, 'NOT_FOUND'],
  ['POST', ids.carolTicket, 'NOT_FOUND'],
  ['POST', ids.draftFaq, 'NOT_FOUND'],
  ['POST', ids.publishedFaq, 'NOT_WRITABLE'],
  ['POST', ids.aliceInvoice, 'NOT_WRITABLE'],
] as const

const withoutTime = (body: Readonly<Record<string, unknown>>) =>
  commentsIn(body).map(({ author, text }) => ({ author, text }))

for (const mode of usualModes) {
  t.test(`${mode} mode: comments look alike wherever coreBOS keeps them`, async (t) => {
    const portal = await startPortal(t, { mode })
    const pathOf = (id: string) => `/records/${id}/comments`
    const read = async (id: string) => (await portal.as('alice', 'GET', pathOf(id))).body
    const say = (name: string, id: string, text: string) =>
      portal.as(name, 'POST', pathOf(id), { body: { text } })
    const contentOf = async (id: string | undefined) => {
      const record = (await portal.admin.result('retrieve', { id })) as Record<string, string> // as recorded
      return record['commentcontent'] ?? ''
    }

    await t.test('on a ticket the contact is their author', async (t) => {
      const text = `it's <b>me</b> & "you" &lt;\nsecond line`
      const said = await say('alice', ids.aliceTicket, text)
      t.match(said, { status: 201, body: { text, author: me } })
      const body = await read(ids.aliceTicket)
      t.match(withoutTime(body), [
        { author: me, text: 'When will this be done?' },
        { author: { kind: 'user', name: 'portal portal' }, text: 'Tomorrow.' },
        { author: me, text },
      ])
      t.match(commentsIn(body).at(-1), said.body)
      const stored = await related(portal.admin, ids.aliceTicket, 'HelpDesk', 'ModComments')
      t.equal(stored.at(-1)?.['creator'], ids.alice)
    })

    await t.test('on a project the text names the author, and no other text can', async (t) => {
      const said = await say('alice', ids.aliceProject, 'on it')
      t.match(said, { status: 201, body: { id: /^30x/, text: 'on it', author: me } })
      const commentcontent = await contentOf(said.body.id)
      t.match(commentcontent, new RegExp(`^on it\n\n\\(contact ${ids.alice}, `), 'the staff reads who it was')
      const disguised = await contentOf((await say('bob', ids.bobProject, 'of bob')).body.id)
      t.match(disguised, ids.bob)
      await say('alice', ids.aliceProject, disguised)
      const quoted = `As you said:\n\n${commentcontent}`
      const element = { commentcontent: quoted, related_to: ids.aliceProject, assigned_user_id: '19x1' }
      await portal.admin.result('create', { elementType: 'ModComments', element })
      t.match(withoutTime(await read(ids.aliceProject)), [
        { author: { kind: 'user' }, text: 'alice project comment' },
        { author: me, text: 'on it' },
        { author: me, text: disguised },
        { author: { kind: 'user' }, text: quoted },
      ])
    })

    await t.test('on an FAQ the author of a comment of the staff is unknown', async (t) => {
      const values = { comments: 'of the staff' }
      await portal.admin.result('addTicketFaqComment', { id: ids.publishedFaq, values })
      const shown = commentsIn(await read(ids.publishedFaq))
      t.match(shown, [{ author: { kind: 'unknown', name: '' }, text: 'of the staff' }])
    })

    await t.test('where a contact may not read or comment, nothing is sent', async (t) => {
      for (const [method, id, code] of rejectedComments) {
        const sent = method === 'POST' ? { body: { text: 'planted' } } : {}
        t.equal((await portal.as('alice', method, pathOf(id), sent)).body.code, code, `${method} ${id}`)
      }
      t.equal(portal.relay.count('addTicketFaqComment'), 1, 'what is rejected is not sent')
      t.same(commentsIn(await read(ids.aliceInvoice)), [])
    })

    await t.test('a comment has a text of a bounded length and no other author', async (t) => {
      for (const text of ['', '  ', 'x'.repeat(70_000)])
        t.equal((await say('alice', ids.aliceTicket, text)).status, 400)
      const forged = { body: { text: 'x', author: ids.bob } }
      t.equal((await portal.as('alice', 'POST', pathOf(ids.aliceTicket), forged)).status, 400)
    })
  })

  t.test(`${mode} mode: of comments in one second each is answered with its own words`, async (t) => {
    const second = Date.now()
    const portal = await startPortal(t, { mode, corebosNow: () => second })
    const say = (name: string, text: string, key: string) =>
      portal.as(name, 'POST', `/records/${ids.acmeTicket}/comments`, {
        body: { text },
        headers: { 'idempotency-key': key },
      })
    const [first, last] = ['first & foremost', 'last']
    await say('alice', first, 'a')
    await say('bob', last, 'b')
    for (const [text, key] of [
      [last, 'c'],
      [first, 'a'],
    ] as const) {
      const { status, body } = await say('alice', text, key)
      t.match({ status, ...body }, { status: 201, text, author: me }, key)
    }
    const list = commentsIn((await portal.as('alice', 'GET', `/records/${ids.acmeTicket}/comments`)).body)
    t.same(
      list.map(({ text }) => text),
      [first, last, last],
    )
    t.equal(new Set(list.map(({ time }) => time)).size, 1, 'coreBOS keeps no more than the second')

    portal.relay.alter = ({ params, answer }) => {
      if (params.get('relatedModule') !== 'ModComments') return answer
      const { records } = answer.result as { readonly records: readonly object[] } // as recorded
      return {
        ...answer,
        result: { records: records.map((row) => ({ ...row, commentcontent: 'otherwise' })) },
      }
    }
    const altered = await say('alice', 'written otherwise', 'd')
    t.match(altered, { status: 409, body: { code: 'STORED_OTHERWISE' } }, 'coreBOS stored another text')
  })

  t.test(`${mode} mode: what is seen can be commented on, at each level`, async (t) => {
    for (const level of sample(levels, 2)) {
      const POLICY_FILE = await policyFile(t, { HelpDesk: { level }, Project: { level } })
      const portal = await startPortal(t, { mode, env: { POLICY_FILE } })
      const statuses = new Map<string, readonly number[]>()
      for (const id of [ids.aliceTicket, ids.bobTicket, ids.bobProject, ids.carolTicket]) {
        const read = await portal.as('alice', 'GET', `/records/${id}`)
        const said = await portal.as('alice', 'POST', `/records/${id}/comments`, { body: { text: level } })
        statuses.set(id, [read.status, said.status])
        const isSeen = read.status === 200
        t.equal(said.status, isSeen ? 201 : 404, `${level} ${id} ${said.body.code ?? ''}`)
        if (isSeen) t.match(said.body, { text: level, author: { id: ids.alice } })
      }
      const seesColleagues = level !== 'own' && level !== 'account'
      t.same(statuses.get(ids.bobTicket), seesColleagues ? [200, 201] : [404, 404], level)
    }
  })

  t.test(`${mode} mode: a contact changes and deletes its own comments where it may`, async (t) => {
    const opened = { update: { fields: ['commentcontent'] }, delete: { level: 'account' } }
    const portal = await startPortal(t, {
      mode,
      env: { POLICY_FILE: await policyFile(t, { ModComments: opened }) },
    })
    const say = async (name: string, id: string) => {
      const { body } = await portal.as(name, 'POST', `/records/${id}/comments`, { body: { text: name } })
      return body.id ?? ''
    }
    const change = { body: { commentcontent: 'changed' } }
    const own = await say('alice', ids.aliceProject)
    t.match(await portal.as('alice', 'PATCH', `/records/${own}`, change), { status: 200 })
    const onProject = async () =>
      commentsIn((await portal.as('alice', 'GET', `/records/${ids.aliceProject}/comments`)).body)
    t.match((await onProject()).at(-1), { text: 'changed', author: { id: ids.alice } })

    const [ofStaff] = await related(portal.admin, ids.aliceProject, 'Project', 'ModComments')
    const ofAccount = await say('alice', ids.acmeProject)
    const rejected = [
      ['alice', ofStaff?.['id'] ?? '', 'NOT_WRITABLE'],
      ['alice', await say('bob', ids.acmeProject), 'NOT_WRITABLE'],
      ['alice', await say('bob', ids.bobProject), 'NOT_FOUND'],
      ['bob', own, 'NOT_FOUND'],
    ] as const
    const before = contents(portal.corebos.database)
    for (const [name, id, code] of rejected) {
      t.equal((await portal.as(name, 'PATCH', `/records/${id}`, change)).body.code, code, `${name} ${id}`)
      t.equal((await portal.as(name, 'DELETE', `/records/${id}`)).body.code, code, `${name} ${id}`)
    }
    t.ok(contents(portal.corebos.database) === before, 'nothing is left')
    const beyond = await portal.as('alice', 'PATCH', `/records/${ofAccount}`, change)
    t.equal(beyond.body.code, 'NOT_WRITABLE', 'changing reaches no further than her own project')
    for (const id of [own, ofAccount])
      t.equal((await portal.as('alice', 'DELETE', `/records/${id}`)).status, 204, 'and deleting does')
    t.match(await onProject(), { length: 1 })
  })

  t.test(`${mode} mode: a comment on an FAQ has its author, of whom coreBOS keeps nothing`, async (t) => {
    const { ties } = builtinPolicy.modules['ModComments'] ?? {}
    const through = [...(ties?.through ?? []), { field: 'related_to', module: 'Faq' }]
    const ModComments = { ties: { through } }
    const path = `/records/${ids.publishedFaq}/comments`
    const portal = await startPortal(t, { mode, env: { POLICY_FILE: await policyFile(t, { ModComments }) } })
    const said = []
    for (const [name, text] of [
      ['alice', `it's <b>me</b> & "you"\nsecond line`],
      ['bob', 'me too'],
      ['carol', 'and me'],
    ] as const) {
      const { status, body } = await portal.as(name, 'POST', path, { body: { text } })
      t.match({ status, ...body }, { status: 201, text, author: { kind: 'contact', name: new RegExp(name) } })
      said.push(body)
    }
    const values = { comments: 'of the staff' }
    await portal.admin.result('addTicketFaqComment', { id: ids.publishedFaq, values })
    const [ofAlice, ofBob, ofCarol, ofStaff] = commentsIn((await portal.as('alice', 'GET', path)).body)
    t.same([ofAlice, ofBob], said.slice(0, 2), 'as it was answered to those who wrote it')
    t.match(ofCarol, { text: 'and me', author: { kind: 'contact', id: undefined, name: '' } })
    t.match(ofStaff, { text: 'of the staff', author: { kind: 'unknown', name: '' } })
    const shown = await related(portal.admin, ids.publishedFaq, 'Faq', 'ModComments')
    t.match(shown[1]?.['commentcontent'], `(contact ${ids.bob}, `, 'the staff reads who it was')
  })

  t.test(`${mode} mode: records are related where both are seen and one is the contact's own`, async (t) => {
    const portal = await startPortal(t, { mode })
    const put = (id: string, otherId: string) =>
      portal.as('alice', 'PUT', `/records/${id}/related/${otherId}`)
    const documents = async (id: string) => {
      const { body } = await portal.as('alice', 'GET', `/records/${id}/related/Documents?fields=notes_title`)
      return body.records?.map((row) => row['notes_title'])
    }
    t.same(await documents(ids.aliceTicket), [])
    t.equal((await put(ids.aliceTicket, ids.aliceDocument)).status, 204)
    t.equal((await put(ids.acmeTicket, ids.aliceDocument)).status, 204)
    t.equal((await put(ids.acmeDocument, ids.aliceTicket)).status, 204, 'in either order')
    t.same((await documents(ids.aliceTicket))?.sort(), ['Acme doc', 'alice doc'])
    t.same(await documents(ids.alice), ['alice doc'])
    const gone = await portal.as(
      'alice',
      'DELETE',
      `/records/${ids.aliceTicket}/related/${ids.aliceDocument}`,
    )
    t.equal(gone.status, 204)
    t.same(await documents(ids.aliceTicket), ['Acme doc'])

    const sent = portal.relay.count('SetRelation')
    const rejected = [
      [ids.aliceTicket, ids.bobDocument, 'NOT_FOUND'],
      [ids.bobDocument, ids.aliceTicket, 'NOT_FOUND'],
      [ids.alice, ids.bobDocument, 'NOT_FOUND'],
      [ids.alice, ids.acmeDocument, 'NOT_WRITABLE'],
      [ids.acmeTicket, ids.acmeDocument, 'NOT_WRITABLE'],
      [ids.carolTicket, ids.aliceDocument, 'NOT_FOUND'],
      [ids.aliceTicket, ids.alice, 'NOT_WRITABLE'],
      [ids.aliceInvoice, ids.aliceDocument, 'NOT_WRITABLE'],
    ] as const
    for (const [one, other, code] of rejected)
      t.equal((await put(one, other)).body.code, code, `${one} ${other}`)
    t.equal(portal.relay.count('SetRelation'), sent, 'what is rejected is not sent')
    t.same(await related(portal.admin, ids.alice, 'Contacts', 'Documents').then((rows) => rows.length), 1)

    const list = async (path: string) => portal.as('alice', 'GET', path)
    t.match(await list(`/records/${ids.acme}/related/Contacts?fields=lastname&count=true&limit=2`), {
      body: { total: 4, records: { length: 2 }, next: new RegExp(`^/records/${ids.acme}/related/Contacts`) },
    })
    t.match(await list(`/records/${ids.alice}/related/HelpDesk?where=ticketstatus='Open'`), { status: 200 })
    t.match(await list(`/records/${ids.bobTicket}/related/Documents`), { body: { code: 'NOT_FOUND' } })
    t.match(await list(`/records/${ids.aliceTicket}/related/Users`), { body: { code: 'UNKNOWN_MODULE' } })
    for (const path of [
      `/records/${ids.aliceTicket}/related/Invoice`,
      `/records/${ids.aliceTicket}/related/ModComments`,
      `/records/${ids.acmeTicket}/related/ModComments`,
      `/records/${ids.publishedFaq}/related/ModComments`,
    ]) {
      t.match(await list(path), { body: { code: 'QUERY_NOT_EXPRESSIBLE' } }, path)
    }
    t.match(await list(`/records/${ids.carolTicket}/related/ModComments`), { body: { code: 'NOT_FOUND' } })
    t.match(await list(`/records/${ids.aliceProject}/related/ModComments`), {
      body: { records: { length: 1 } },
    })
  })
}

t.test('where nobody can read comments, that is what is said', async (t) => {
  const env = { COREBOS_USER: '', COREBOS_ACCESS_KEY: '', COREBOS_PASSWORD_TYPE: 'md5' }
  const portal = await startPortal(t, { env })
  for (const path of [
    `/records/${ids.aliceTicket}/comments`,
    `/records/${ids.acmeTicket}/comments`,
    `/records/${ids.aliceProject}/comments`,
    `/records/${ids.aliceTicket}?expand=comments`,
    '/modules/HelpDesk/records?expand=comments',
    "/modules/HelpDesk/records?expand=comments&where=ticket_title='none'",
  ]) {
    const { status, headers, body } = await portal.as('alice', 'GET', path)
    t.match({ status, ...body }, { status: 422, code: 'QUERY_NOT_EXPRESSIBLE', detail: /service user/ }, path)
    t.notOk('retry-after' in headers, 'there is no use in asking again')
  }
  t.equal(portal.relay.count('getRelatedRecords'), 0)
  const text = 'written all the same'
  const said = await portal.as('alice', 'POST', `/records/${ids.aliceTicket}/comments`, { body: { text } })
  t.match(said, { status: 201, body: { text, author: { id: ids.alice, name: 'alice Aliceson' } } })
  t.match(await portal.as('alice', 'GET', `/records/${ids.aliceInvoice}/comments`), {
    body: { comments: [] },
  })
})

/** Names of what comes along, and how each is rejected. */
const rejectedNames = [
  ['ticket_title', 'INVALID_VALUE'],
  ['Contacts.account_id', 'UNKNOWN_FIELD'],
  ['parent_id.lastname', 'INVALID_VALUE'],
  ['parent_id.portalloginuser', 'UNKNOWN_FIELD'],
  ['comments.parent_id', 'UNKNOWN_FIELD'],
  ['parent_id.', 'QUERY_SYNTAX'],
  [
    Array(limits.hops + 1)
      .fill('contact_id')
      .join('.'),
    'QUERY_TOO_LARGE',
  ],
] as const

const hidden = /portalloginuser|support_end_date/

t.test('what a record points to comes along under its own rule, in few calls', async (t) => {
  const portal = await startPortal(t)
  const { relay, admin } = portal
  const read = (path: string) => portal.as('alice', 'GET', path)
  const revise = (element: Readonly<Record<string, string>>) => admin.result('revise', { element })
  // Describes every module, so that nothing of that is counted below.
  await read('/modules')
  await revise({ id: ids.aliceTicket, product_id: '14x8556' })
  // A record that points out of the scope.
  await revise({ id: ids.bob, contact_id: ids.carol })

  const calls = async (t: Test, path: string) => {
    const before = relay.calls.length
    const answer = await read(path)
    // The service user logs in whenever it needs one more session.
    const made = relay.calls
      .slice(before)
      .map(({ operation }) => operation)
      .filter((operation) => operation !== 'getchallenge' && operation !== 'login')
    t.comment(`${made.length} calls: GET ${path}: ${made.join(', ')}`)
    return { made, answer }
  }

  await t.test('a list alone is one call, and one more for each module that it points to', async (t) => {
    const plain = await calls(t, '/modules/HelpDesk/records?fields=ticket_title&limit=5&count=true')
    t.equal(plain.made.length, 1)
    const expand = 'expand=parent_id,product_id&orderBy=ticket_title'
    const { made, answer } = await calls(t, `/modules/HelpDesk/records?fields=ticket_title&${expand}`)
    t.equal(made.length, 4, 'the list, and one for each of Contacts, Accounts and Products')
    const tickets = answer.body.records ?? []
    t.ok(tickets.length >= 6)
    for (const { parent_id, product_id, expanded } of tickets) {
      const product = product_id === null ? null : { id: product_id }
      t.match(expanded, { parent_id: { id: parent_id }, product_id: product })
    }
    t.ok(tickets.some(({ product_id }) => product_id === '14x8556'))
    t.notMatch(answer.text, hidden, 'hidden fields stay hidden')
  })

  await t.test('comments are one call for each ticket, and none where there are none', async (t) => {
    const where = "where=ticket_title like 'alice%25'"
    const few = await calls(t, `/modules/HelpDesk/records?fields=ticket_title&expand=comments&${where}`)
    t.match(few.answer.body.records, [
      { expanded: { comments: [{ text: 'When will this be done?' }, { text: 'Tomorrow.' }] } },
      { expanded: { comments: [] } },
      { expanded: { comments: [] } },
    ])
    t.equal(few.made.length, 5, 'the list, the comments of each ticket, the names of those who wrote them')
    const { made } = await calls(t, '/modules/Project/records?fields=projectname&expand=comments')
    const reads = made.filter((each) => each === 'getRelatedRecords')
    t.equal(reads.length, 1, 'for names, where there are comments')
    t.match(await read('/modules/HelpDesk/records?expand=comments&limit=101'), { status: 200 })
  })

  await t.test('comments come along with what a record points to as with the record itself', async (t) => {
    const tasks = await read('/modules/ProjectTask/records?fields=projecttaskname&expand=projectid.comments')
    for (const { expanded } of tasks.body.records ?? []) {
      const { projectid } = expanded as {
        readonly projectid: { readonly id: string; readonly expanded: object }
      } // as asked
      const comments = await read(`/records/${projectid.id}/comments`)
      t.same(projectid.expanded, comments.body)
    }
  })

  await t.test('a name that is not a visible reference is rejected', async (t) => {
    const contacts = `/records/${ids.acme}/related/Contacts?fields=lastname&expand=account_id,portalloginuser`
    t.match(await read(contacts), { status: 400, body: { code: 'UNKNOWN_FIELD' } })
    for (const [names, code] of rejectedNames) {
      for (const path of ['/modules/HelpDesk/records', `/records/${ids.aliceTicket}`])
        t.match(await read(`${path}?expand=${names}`), { status: 400, body: { code } }, `${path} ${names}`)
    }
  })

  await t.test('a record out of the scope does not come along', async (t) => {
    const { body } = await read(
      `/modules/Contacts/records?fields=lastname&expand=contact_id&where=id='${ids.bob}'`,
    )
    t.match(body.records, [{ expanded: { contact_id: null } }])
  })

  await t.test(
    'far references come along as each module shows them, as far as they are in scope',
    async (t) => {
      // alice reports to bob, and bob, as before, to a contact of another company.
      await revise({ id: ids.alice, contact_id: ids.bob })
      const contacts = await read('/modules/Contacts/records')
      const accounts = await read('/modules/Accounts/records')
      const seen = new Map([...(contacts.body.records ?? []), ...(accounts.body.records ?? [])].map(byId))
      const expand = 'parent_id.account_id,parent_id.contact_id.contact_id,product_id'
      const far = await calls(t, `/modules/HelpDesk/records?fields=ticket_title&expand=${expand}`)
      for (const { parent_id, expanded } of far.answer.body.records ?? []) {
        const parent = seen.get(parent_id)
        const superior = seen.get(parent?.['contact_id'])
        const account_id = seen.get(parent?.['account_id']) ?? null
        const contact_id = superior === undefined ? null : { ...superior, expanded: { contact_id: null } }
        t.match(expanded, { parent_id: { ...parent, expanded: { account_id, contact_id } } })
      }
      t.match(far.answer.text, `"id":"${ids.bob}"`)
      t.notMatch(far.answer.text, /carol|portalloginuser|support_end_date/)
      t.equal(
        far.made.length,
        1 + 3 + 2 + 1,
        'the list; Contacts, Accounts and Products; what these point to; the contact above, whose account is known by then',
      )
    },
  )

  await t.test('an answer holds a bounded number of records that come along', async (t) => {
    // A page as long as may be, of tickets with which more comes along than an answer may hold.
    relay.alter = ({ params, answer }) =>
      params.get('query')?.includes(`from HelpDesk`) === true && Array.isArray(answer.result)
        ? { ...answer, result: Array<unknown>(limits.rows).fill(answer.result[0]) }
        : answer
    const perRecord = ['parent_id', 'account_id', 'contact_id', 'account_id', 'product_id'].length
    t.ok(limits.rows * perRecord <= limits.expanded && limits.rows * (perRecord + 1) > limits.expanded)
    const page = `/modules/HelpDesk/records?fields=id&limit=${limits.rows}&where=id='${ids.aliceTicket}'`
    const many = `${page}&expand=parent_id.account_id,parent_id.contact_id.account_id,product_id`
    t.equal((await read(many)).body.records?.length, limits.rows)
    await revise({ id: ids.bob, contact_id: ids.alice })
    const answer = await read(`${many},parent_id.contact_id.contact_id`)
    t.match(answer, { status: 400, body: { code: 'QUERY_TOO_LARGE' } })
  })
})

function byId(record: Readonly<Record<string, unknown>>) {
  return [record['id'], record] as const
}

t.test('one record is shown with the fields and references that the list shows it with', async (t) => {
  const portal = await startPortal(t)
  const get = (path: string, headers: Record<string, string> = {}) =>
    portal.as('alice', 'GET', path, { headers })
  const one = `/records/${ids.aliceTicket}`
  const tags = new Set<unknown>()
  for (const shown of [
    '',
    'fields=ticket_title',
    'fields=ticket_title,Contacts.lastname',
    'expand=parent_id.account_id,comments',
    'fields=ticketstatus&expand=parent_id,product_id',
  ]) {
    const listed = await get(`/modules/HelpDesk/records?where=id='${ids.aliceTicket}'&${shown}`)
    const single = await get(`${one}?${shown}`)
    t.equal(single.status, 200)
    t.same(single.body, listed.body.records?.[0], shown)
    const tag = String(single.headers['etag'])
    t.notOk(tags.has(tag), 'another answer has another tag')
    tags.add(tag)
    t.equal((await get(`${one}?${shown}`, { 'if-none-match': tag })).status, 304)
    t.equal((await get(`${one}?fields=modifiedtime`, { 'if-none-match': tag })).status, 200)
  }
  for (const shown of [
    'fields=',
    'fields=nothing',
    'fields=Users.accesskey',
    'expand=nothing',
    'where=id',
    'x=1',
  ]) {
    const [single, listed] = [await get(`${one}?${shown}`), await get(`/modules/HelpDesk/records?${shown}`)]
    t.ok(single.status >= 400, shown)
    if (shown !== 'where=id') t.equal(single.body.code, listed.body.code, shown)
  }
  for (const id of [ids.carolTicket, '17x9999999', '63x1'])
    t.match(await get(`/records/${id}?fields=id&expand=comments`), {
      status: 404,
      body: { code: 'NOT_FOUND' },
    })
})
