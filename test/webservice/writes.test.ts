/** Writing operations of `/webservice.php`. */
import t, { type Test } from 'tap'
import { operations } from '../../src/webservice/operations.ts'
import { auditIn, policyFile, startPortal, type Portal } from '../support/portal.ts'
import { at, contactAt, rowsAt, textAt, WebserviceClient, type Answer } from '../support/webservice-client.ts'

const alice = '12x8549'
const carol = '12x8551'
const own = '17x8625'
const foreign = '17x8665'

/** Tickets of one's own may be deleted and relate to documents. */
async function generous(t: Test): Promise<Readonly<Record<string, string>>> {
  return { POLICY_FILE: await policyFile(t, { HelpDesk: { delete: true } }) }
}

/** How the administrator sees a record; empty where it is not there (any more). */
async function stored({ admin }: Portal, id: string): Promise<unknown> {
  const { result } = await admin.call('retrieve', { id })
  return result ?? {}
}

/** Everything that a write could leave behind. */
function state({ corebos: { database } }: Portal): string {
  const records = [...database.modules.keys()]
    .filter((module) => module !== 'Users')
    .flatMap((module) => database.records(module))
    .map(({ number, deleted, values }) => [number, deleted, [...values]])
  const { documentRelations, relations, comments, portalAccess } = database
  return JSON.stringify([records, documentRelations, relations, comments, portalAccess])
}

const untitled = { elementType: 'HelpDesk', element: { ticketstatus: 'Open' } }
const titleIsMissing = {
  code: 'MANDATORY_FIELDS_MISSING',
  message: 'Title (ticket_title) does not have a value',
}

/** What coreBOS keeps by itself, as an old form has it. */
const stale = {
  modifiedtime: '2020-01-01 00:00:00',
  modifiedby: '19x6',
  update_log: 'as it was',
  ticket_no: 'TT0',
}

t.test('records are written as at coreBOS, within the policy', async (t) => {
  const portal = await startPortal(t, { env: await generous(t) })
  const client = await contactAt(portal.url, 'alice')
  const ticket = { ticket_title: "it's 5 < 6 & ünï", ticketstatus: 'Open', assigned_user_id: client.userId }
  const created = await client.call('create', { elementType: 'HelpDesk', element: ticket })
  const id = textAt(created.result, 'id')

  await t.test("a new ticket is the contact's, with the texts that were sent", async (t) => {
    t.match(created, { success: true, result: { ...ticket, parent_id: alice } })
    t.match(await stored(portal, id), { ...ticket, parent_id: alice })
    const { result } = await client.call('retrieve', { id })
    t.strictSame(textAt(result, 'parent_idename', 'reference'), 'alice Aliceson')
  })

  await t.test('revise changes the fields that it names, update the whole record', async (t) => {
    const revised = await client.call('revise', { element: { id, ticketpriorities: 'High' } })
    t.match(revised, { result: { ticketpriorities: 'High', ticket_title: ticket.ticket_title } })
    t.match(revised.result, { parent_idename: { module: 'Contacts', reference: 'alice Aliceson' } })
    const whole = { ...rowOf(revised.result), description: 'line 1\nline 2' }
    t.match(await client.call('update', { element: whole }), { result: { description: 'line 1\nline 2' } })
  })

  await t.test('what coreBOS keeps by itself may be out of date in a form', async (t) => {
    const whole = rowOf((await client.call('retrieve', { id })).result)
    for (const operation of ['update', 'revise', 'UpdateWithValidation']) {
      const answer = await client.call(operation, { element: { ...whole, ...stale } })
      t.match(answer, { success: true, result: { description: 'line 1\nline 2' } }, operation)
    }
    t.notMatch(JSON.stringify(await stored(portal, id)), /2020-01-01|as it was|TT0"/)
  })

  await t.test('what lacks an id or a required field is not written', async (t) => {
    t.match(await client.call('update', { element: { id, ticketpriorities: 'Low' } }), titleIsMissing)
    t.match(await client.call('revise', { element: { ticket_title: 'x' } }), { code: 'INVALID_ID_ATTRIBUTE' })
    t.match(await stored(portal, id), { description: 'line 1\nline 2', ticketpriorities: 'High' })
    t.match(await client.call('create', untitled), titleIsMissing)
  })

  await t.test('the user to whom a record is assigned stays, whatever a client sends', async (t) => {
    const staffed = '17x8565'
    const assigned = { id: staffed, assigned_user_id: '19x1', parent_id: alice }
    await portal.admin.result('revise', { element: assigned })
    const sent = { ticket_title: 'told', ticketstatus: 'Open', assigned_user_id: client.userId }
    const answer = await client.call('update', { element: { id: staffed, ...sent } })
    t.match(answer, { result: { ticket_title: 'told' } })
    t.match(await stored(portal, staffed), { assigned_user_id: '19x1' })
  })

  await t.test('upsert changes the named fields of the record that it finds', async (t) => {
    const upsert = async (element: Readonly<Record<string, string>>) =>
      client.call('upsert', {
        elementType: 'HelpDesk',
        searchOn: 'ticket_title',
        updatedfields: 'ticketstatus,description',
        element,
      })
    const once = await upsert({ ticket_title: 'upsert', ticketstatus: 'Open' })
    const closed = { ticket_title: 'upsert', ticketstatus: 'Closed', ticketpriorities: 'High' }
    const twice = await upsert(closed)
    t.equal(textAt(twice.result, 'id'), textAt(once.result, 'id'))
    t.match(twice.result, { ticketstatus: 'Closed', ticketpriorities: '' })
    t.match(await upsert({ description: 'x' }), { code: 'SEARCH_VALUE_NOT_PROVIDED' })
  })

  await t.test("a comment is the contact's", async (t) => {
    const commented = await client.call('addTicketFaqComment', { id, values: { comments: 'well?' } })
    t.match(commented, { success: true, result: { id } })
    t.match(portal.corebos.database.comments.at(-1), { text: 'well?', owner: 8549, ownertype: 'customer' })
  })

  await t.test('a record that was deleted is not there any more', async (t) => {
    t.strictSame((await client.call('delete', { id })).result, { status: 'successful' })
    t.match(await client.call('retrieve', { id }), { code: 'ACCESS_DENIED' })
    t.match(await client.call('delete', { id }), { code: 'ACCESS_DENIED' })
  })

  await t.test('the audit names operations and outcomes, and no values', async (t) => {
    const audit = auditIn(portal)
    t.ok(audit.some(({ operation, outcome }) => operation === 'delete' && outcome === 'ok'))
    t.notMatch(JSON.stringify(audit), /ünï|well\?/)
  })
})

/** One call of an operation that writes, and the outcome of each record in the audit. */
type Attempt = readonly [params: Readonly<Record<string, unknown>>, ...outcomes: readonly string[]]
type Attempts = Readonly<Record<string, readonly Attempt[]>>

/** Two tickets of alice's, and the user to whom tickets are assigned. */
interface Written {
  readonly id: string
  readonly spare: string
  readonly assigned_user_id: string
}

const lead = { elementType: 'Leads', element: { ticket_title: 'secret' } }

/** `OPERATION WRITE`: what is tried with an operation of /webservice.php, and the write that the audit calls it. */
function singleAttempts({ id, assigned_user_id }: Written): Attempts {
  const title = { ticket_title: 'secret', ticketstatus: 'Open', assigned_user_id }
  const ticket = { elementType: 'HelpDesk', element: title }
  const noText = { elementType: 'HelpDesk', element: { ...title, description: ['secret'] } }
  const filename = { name: 'secret.html', size: 1, type: 'text/html', content: 'eA==' }
  const page = { elementType: 'Documents', element: { notes_title: 'secret', filename } }
  return {
    'create create': [
      [ticket, 'ok'],
      [lead, 'UNKNOWN_MODULE'],
      [noText, 'INVALID_VALUE'],
      [page, 'UNSUPPORTED_MEDIA_TYPE'],
      [{ ...ticket, mode: 'secret' }, 'ACCESS_DENIED'],
      [{ ...ticket, format: 'streamraw' }, 'ACCESS_DENIED'],
    ],
    'revise update': [
      [{ element: { id, description: 'secret' } }, 'ok'],
      [{ element: { id, description: 'secret' } }, 'unchanged'],
      [{ element: title }, 'INVALID_ID_ATTRIBUTE'],
      [{ element: { id: foreign } }, 'NOT_FOUND'],
    ],
    'update update': [
      [{ element: { id, ...title, description: 'secret too' } }, 'ok'],
      [{ element: { id, description: 'secret' } }, 'MANDATORY_FIELDS_MISSING'],
      [{ element: { id: 'x' } }, 'NOT_FOUND'],
    ],
    'upsert create': [
      [{ ...ticket, element: { ...title, ticket_title: 'secret upsert' }, searchOn: 'ticket_title' }, 'ok'],
      [{ ...ticket, searchOn: '' }, 'SEARCH_VALUE_NOT_PROVIDED'],
      [{ ...ticket, searchOn: 'secret' }, 'SEARCH_VALUE_NOT_PROVIDED'],
    ],
  }
}

function checkedAttempts({ id, assigned_user_id }: Written): Attempts {
  const title = { ticket_title: 'secret', ticketstatus: 'Open', assigned_user_id }
  const ticket = { elementType: 'HelpDesk', element: title }
  const picked = { ...title, ticketstatus: 'secret' }
  return {
    'CreateWithValidation create': [
      [ticket, 'ok'],
      [untitled, 'MANDATORY_FIELDS_MISSING'],
      [{ elementType: 'HelpDesk', element: picked }, 'INVALID_VALUE'],
      [lead, 'UNKNOWN_MODULE'],
    ],
    'ReviseWithValidation update': [
      [{ element: { id, description: 'secret again' } }, 'ok'],
      [{ element: { id, ticket_title: '' } }, 'MANDATORY_FIELDS_MISSING'],
      [{ element: title }, 'INVALID_PARAMETER'],
    ],
    'UpdateWithValidation update': [
      [{ element: { id, ...title, description: 'secret and again' } }, 'ok'],
      [{ element: { id, description: 'secret' } }, 'MANDATORY_FIELDS_MISSING'],
      [{ element: { id, ...picked } }, 'INVALID_VALUE'],
      [{ element: { id: foreign } }, 'NOT_FOUND'],
    ],
    'ValidateInformation ': [
      [{ context: { module: 'HelpDesk', record: id, description: 'secret' } }],
      [{ context: { module: 'HelpDesk', record: '' } }],
      [{ context: { module: 'HelpDesk', record: foreign } }],
      [{ context: 'secret' }],
    ],
  }
}

function massAttempts({ id, spare, assigned_user_id }: Written): Attempts {
  const title = { ticket_title: 'secret', ticketstatus: 'Open', assigned_user_id }
  const ticket = { elementType: 'HelpDesk', element: title }
  const noText = { elementType: 'HelpDesk', element: { ...title, description: ['secret'] } }
  const changed = { id, description: 'secret mass' }
  return {
    'MassCreate create': [
      [{ elements: [ticket, ticket] }, 'ok', 'ok'],
      [
        { elements: [ticket, untitled, lead, noText] },
        'MANDATORY_FIELDS_MISSING',
        'UNKNOWN_MODULE',
        'INVALID_VALUE',
      ],
      [{ elements: 'secret' }, 'BAD_REQUEST'],
      [{ elements: Array.from({ length: 51 }, () => ticket) }, 'QUERY_TOO_LARGE'],
      [{ elements: [] }],
    ],
    'MassUpdate update': [
      [{ elements: [changed, { id: own, description: 'secret' }] }, 'ok', 'ok'],
      [
        { elements: [{ id }, { id: foreign }, { id: 'x' }, { id, x: ['secret'] }] },
        'NOT_FOUND',
        'NOT_FOUND',
        'INVALID_VALUE',
      ],
    ],
    'MassDelete delete': [[{ ids: spare }, 'ok'], [{ ids: `${id},${foreign}` }, 'NOT_FOUND'], [{ ids: '' }]],
  }
}

function otherAttempts({ id }: Written): Attempts {
  const documents = Array.from({ length: 51 }, () => '15x8644')
  return {
    'SetRelation relate': [
      [{ relate_this_id: id, with_these_ids: ['15x8644'] }, 'ok'],
      [{ relate_this_id: id, with_these_ids: ['15x8644', '15x8684'] }, 'NOT_FOUND'],
      [{ relate_this_id: foreign, with_these_ids: [] }, 'NOT_FOUND'],
    ],
    'UnsetRelation unrelate': [
      [{ unrelate_this_id: id, with_these_ids: ['15x8644'] }, 'ok'],
      [{ unrelate_this_id: id, with_these_ids: documents }, 'QUERY_TOO_LARGE'],
    ],
    'addTicketFaqComment comment': [
      [{ id, values: { comments: 'secret' } }, 'ok'],
      [{ id, values: { comments: '' } }, 'MANDATORY_FIELDS_MISSING'],
      [{ id, values: { comments: 'secret', parent_id: carol } }, 'NOT_WRITABLE'],
      [{ id: alice, values: { comments: 'secret' } }, 'INVALID_ID_ATTRIBUTE'],
    ],
    'delete delete': [
      [{ id }, 'ok'],
      [{ id }, 'NOT_FOUND'],
      [{ id: 'x' }, 'NOT_FOUND'],
      [{ id: ['secret'] }, 'NOT_FOUND'],
    ],
    'changePortalUserPassword password': [
      [newPassword('alice@example.com', 'secret'), 'WRONG_PASSWORD'],
      [newPassword('carol@example.com', 'carol-pw'), 'WRONG_PASSWORD'],
      [newPassword('alice@example.com', 'alice-pw', '<b>secret</b>'), 'INVALID_VALUE'],
      [newPassword('alice@example.com', 'alice-pw'), 'ok'],
    ],
  }
}

function newPassword(email: string, current_password: string, password = 'secret enough') {
  return { email, current_password, password }
}

t.test('every attempt of an operation that writes is one line of the audit by record', async (t) => {
  const portal = await startPortal(t, { env: await generous(t) })
  const client = await contactAt(portal.url, 'alice')
  const title = { ticket_title: 'secret', ticketstatus: 'Open', assigned_user_id: client.userId }
  const create = async () =>
    textAt((await client.call('create', { elementType: 'HelpDesk', element: title })).result, 'id')
  const written = { id: await create(), spare: await create(), assigned_user_id: client.userId }
  const attempts = {
    ...singleAttempts(written),
    ...checkedAttempts(written),
    ...massAttempts(written),
    ...otherAttempts(written),
  }
  t.strictSame(
    Object.keys(attempts)
      .map((each) => each.split(' ')[0])
      .sort(),
    operations
      .filter(({ by }) => by === 'author')
      .map(({ name }) => name)
      .sort(),
    'these are all operations',
  )
  for (const [called, tries] of Object.entries(attempts)) {
    const [name = '', operation] = called.split(' ')
    for (const [params, ...outcomes] of tries) {
      const before = auditIn(portal).length
      const { text } = await client.call(name, params)
      const lines = auditIn(portal).slice(before)
      const expected = outcomes.map((outcome) => ({ operation, outcome, contact: alice }))
      t.match(lines, expected, `${name} ${outcomes.join()}`)
      t.equal(lines.length, outcomes.length, text)
    }
  }
  portal.relay.lost.add('changePortalUserPassword')
  const again = newPassword('alice@example.com', 'secret enough', 'secret for ever')
  await client.call('changePortalUserPassword', again)
  t.match(auditIn(portal).at(-1), { operation: 'password', outcome: 'COREBOS_UNAVAILABLE' })
  t.notMatch(JSON.stringify(auditIn(portal)), /secret|alice-pw|carol-pw/)
})

t.test('forms are checked before they are written', async (t) => {
  const portal = await startPortal(t)
  const client = await contactAt(portal.url, 'alice')
  const before = state(portal)
  const forms: readonly (readonly [
    operation: string,
    params: Readonly<Record<string, unknown>>,
    result: unknown,
  ])[] = [
    [
      'CreateWithValidation',
      { elementType: 'HelpDesk', element: { ticketstatus: 'Open' } },
      { ticket_title: ['Title is required'] },
    ],
    [
      'CreateWithValidation',
      { elementType: 'HelpDesk', element: { ticket_title: 'x', ticketstatus: 'Nonsense' } },
      { ticketstatus: [/picklist/] },
    ],
    [
      'ReviseWithValidation',
      { element: { id: own, ticket_title: '' } },
      { ticket_title: ['Title is required'] },
    ],
    [
      'UpdateWithValidation',
      { element: { id: own, ticket_title: 'x' } },
      { ticketstatus: ['Status is required'] },
    ],
    [
      'ValidateInformation',
      { context: { module: 'HelpDesk', record: '' } },
      { ticket_title: ['Title is required'] },
    ],
  ]
  for (const [operation, params, result] of forms) {
    t.match(await client.call(operation, params), { success: false, code: '', result }, operation)
  }
  t.match(
    await client.call('ValidateInformation', {
      context: { module: 'HelpDesk', record: own, description: 'x' },
    }),
    {
      success: true,
      result: true,
    },
  )
  for (const record of [foreign, '17x99999999']) {
    t.match(await client.call('ValidateInformation', { context: { module: 'HelpDesk', record } }), {
      code: 'ACCESS_DENIED',
    })
  }
  t.equal(state(portal), before)
  const complete = { ticket_title: 'valid', ticketstatus: 'Open', assigned_user_id: client.userId }
  const created = await client.call('CreateWithValidation', { elementType: 'HelpDesk', element: complete })
  const id = textAt(created.result, 'id')
  t.match(await stored(portal, id), complete)
  t.match(await client.call('ReviseWithValidation', { element: { id, description: 'x' } }), {
    result: { description: 'x' },
  })
  t.match(await client.call('UpdateWithValidation', { element: { ...complete, id, description: 'y' } }), {
    result: { description: 'y' },
  })
})

t.test('a mass write with one rejected element writes nothing', async (t) => {
  const portal = await startPortal(t, { env: await generous(t) })
  const client = await contactAt(portal.url, 'alice')
  const before = state(portal)
  const ticket = (title: string, more = {}) => ({
    elementType: 'HelpDesk',
    referenceId: title,
    element: { ticket_title: title, ticketstatus: 'Open', ...more },
  })
  for (const bad of [
    ticket('x', { parent_id: carol }),
    ticket('x', { parent_id: '@{good}' }),
    ticket(''),
    { ...ticket('x'), elementType: 'Leads' },
    { ...ticket('x'), element: { ticket_title: ['x'] } },
  ]) {
    const answer = await client.call('MassCreate', { elements: [ticket('good'), bad] })
    t.equal(answer.success, false)
    t.strictSame(at(answer.result, 'success_creates'), [])
    t.strictSame(
      rowsAt(answer.result, 'failed_creates').map(({ record }) => record),
      [ticket('good'), bad],
    )
    t.equal(state(portal), before)
  }
  for (const bad of [foreign, '17x99999999', '17x8645', 'x']) {
    const updated = await client.call('MassUpdate', {
      elements: [
        { id: own, description: 'mass' },
        { id: bad, description: 'mass' },
      ],
    })
    t.match(updated, {
      success: true,
      result: { success_updates: [], failed_updates: [{ id: own }, { id: bad }] },
    })
    const deleted = await client.call('MassDelete', { ids: `${own},${bad}` })
    t.match(deleted, {
      success: true,
      result: { success_deletes: [], failed_deletes: [{ id: own }, { id: bad }] },
    })
    t.equal(state(portal), before, bad)
  }
  const created = await client.call('MassCreate', { elements: [ticket('one'), ticket('two')] })
  t.match(created, { success: true, result: { failed_creates: [] } })
  const ids = rowsAt(created.result, 'success_creates').map((row) => textAt(row, 'id'))
  t.equal(ids.length, 2)
  const again = await client.call('MassCreate', {
    elements: [{ ...ticket('one', { ticketpriorities: 'High' }), searchon: 'ticket_title' }],
  })
  t.match(again.result, { success_creates: [{ id: ids[0], ticketpriorities: 'High' }] })
  const twins = await client.call('MassCreate', {
    elements: [ticket('twin'), ticket('twin', { description: 'the second' })].map((each) => ({
      ...each,
      searchon: 'ticket_title',
    })),
  })
  const [first, second] = rowsAt(twins.result, 'success_creates')
  t.equal(textAt(first, 'id'), textAt(second, 'id'), 'what one has made is found by the next')
  t.match(await stored(portal, textAt(first, 'id')), { ticket_title: 'twin', description: 'the second' })
  const updated = await client.call('MassUpdate', {
    elements: ids.map((id) => ({ id, description: 'mass' })),
  })
  t.strictSame(
    rowsAt(updated.result, 'success_updates').map((row) => textAt(row, 'description')),
    ['mass', 'mass'],
  )
  for (const id of ids) t.match(await stored(portal, id), { description: 'mass' })
  const deleted = await client.call('MassDelete', { ids: ids.join(',') })
  t.strictSame(deleted.result, { success_deletes: ids, failed_deletes: [] })
  t.match(await client.call('MassCreate', { elements: 'oops' }), { code: 'BAD_REQUEST' })
  const many = Array.from({ length: 51 }, (_, index) => ticket(`t${index}`))
  t.match(await client.call('MassCreate', { elements: many }), { code: 'QUERY_TOO_LARGE' })
})

t.test('documents come with their files', async (t) => {
  const portal = await startPortal(t, { env: { UPLOAD_MAX_BYTES: '3 MiB' } })
  const client = await contactAt(portal.url, 'alice')
  const content = Buffer.from('hello from alice').toString('base64')
  const filename = { name: 'note.txt', size: 16, type: 'text/plain', content }
  const document = { notes_title: 'a note', filelocationtype: 'I', filename, relations: [own] }
  const upload = async (more: Readonly<Record<string, unknown>>) =>
    client.call('create', { elementType: 'Documents', element: { ...document, ...more } })
  const created = await upload({})
  const id = textAt(created.result, 'id')
  t.match(created, { success: true, result: { notes_title: 'a note', filename: 'note.txt' } })
  const { result } = await client.call('retrievedocattachment', { id, returnfile: 'true' })
  t.match(at(result, id), { filename: 'note.txt', filetype: 'text/plain', attachment: content })
  const { result: seen } = await client.call('getRelatedRecords', {
    id: own,
    module: 'HelpDesk',
    relatedModule: 'Documents',
  })
  t.ok(rowsAt(seen, 'records').some((row) => textAt(row, 'id') === id))

  const encoded = (bytes: number) =>
    Buffer.alloc(bytes, 'longer than what anybody may send ').toString('base64')
  const large = encoded(3 * 2 ** 20)
  const stored = await upload({ filename: { ...filename, content: large } })
  const whole = await client.call('retrievedocattachment', {
    id: textAt(stored.result, 'id'),
    returnfile: 'true',
  })
  t.equal(textAt(whole.result, textAt(stored.result, 'id'), 'attachment'), large, 'as large as an upload')

  const forms: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ['lines', { content: content.replace(/.{8}/g, '$&\r\n') }, 'note.txt'],
    ['a line after it', { content: `${content}\n` }, 'note.txt'],
    ['no padding', { content: content.replace(/=+$/, '') }, 'note.txt'],
    ['another name of the type', { name: 'note.jpg', type: 'image/jpg' }, 'note.jpg'],
    ['no type', { type: '' }, 'note.txt'],
    ['a path', { name: 'C:\\letters\\note.txt' }, 'note.txt'],
  ]
  for (const [why, more, name] of forms) {
    const made = textAt((await upload({ filename: { ...filename, ...more } })).result, 'id')
    const { result: back } = await client.call('retrievedocattachment', { id: made, returnfile: 'true' })
    t.match(at(back, made), { filename: name, attachment: content }, why)
  }

  const before = state(portal)
  const rejected: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
    ['a name with a dot', { filename: { ...filename, name: '.user.ini' } }, 'VALIDATION_FAILED'],
    ['the same below a path', { filename: { ...filename, name: '../.user.ini' } }, 'VALIDATION_FAILED'],
    ['a program with two endings', { filename: { ...filename, name: 'x.php.txt' } }, 'VALIDATION_FAILED'],
    [
      'two texts in base64',
      { filename: { ...filename, content: `${content}==${content}` } },
      'VALIDATION_FAILED',
    ],
    ['a program', { filename: { ...filename, name: 'x.php' } }, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a page', { filename: { ...filename, type: 'text/html' } }, 'UNSUPPORTED_MEDIA_TYPE'],
    ['no base64', { filename: { ...filename, content: '?' } }, 'VALIDATION_FAILED'],
    ['no content', { filename: { name: 'x.txt' } }, 'INVALID_VALUE'],
    ["on a ticket of carol's", { relations: [foreign] }, 'ACCESS_DENIED'],
    ['too large', { filename: { ...filename, content: encoded(4 * 2 ** 20 - 1000) } }, 'BODY_TOO_LARGE'],
    ['far too large', { filename: { ...filename, content: encoded(6 * 2 ** 20) } }, 'BODY_TOO_LARGE'],
  ]
  for (const [why, more, code] of rejected) t.match(await upload(more), { code }, why)
  t.equal(state(portal), before)
})

t.test('relations need both ends', async (t) => {
  const portal = await startPortal(t)
  const client = await contactAt(portal.url, 'alice')
  const document = '15x8644'
  const related = async () => {
    const { result } = await client.call('getRelatedRecords', {
      id: own,
      module: 'HelpDesk',
      relatedModule: 'Documents',
    })
    return rowsAt(result, 'records').map((row) => textAt(row, 'id'))
  }
  t.strictSame(await related(), [])
  const set = { relate_this_id: own, with_these_ids: [document] }
  for (const unreadable of [document, `[${document}]`, '{"id":"15x8644"}', '[8644]', '[["15x8644"]]']) {
    const answer = await client.call('SetRelation', { ...set, with_these_ids: unreadable })
    t.match(answer, { code: 'BAD_REQUEST', message: /^'with_these_ids' is expected/ }, unreadable)
    t.strictSame(await related(), [])
  }
  t.match(await client.call('SetRelation', set), { success: true, result: true })
  t.strictSame(await related(), [document])
  t.match(
    await client.call('UnsetRelation', { unrelate_this_id: own, with_these_ids: JSON.stringify(document) }),
    {
      result: true,
    },
  )
  t.strictSame(await related(), [])
  const before = state(portal)
  const rejected: readonly (readonly [string, string, readonly string[]])[] = [
    ['a foreign document', own, ['15x8684']],
    ['one of two', own, [document, '15x8684']],
    ['none such', own, ['15x99999999']],
    ['a foreign ticket', foreign, [document]],
    ['no first id', '', [document]],
    ['what the policy does not relate', own, ['14x8557']],
    ["a colleague's ticket", '17x8645', [document]],
  ]
  for (const [why, id, ids] of rejected) {
    for (const operation of ['SetRelation', 'UnsetRelation']) {
      const name = operation === 'SetRelation' ? 'relate_this_id' : 'unrelate_this_id'
      t.match(
        await client.call(operation, { [name]: id, with_these_ids: ids }),
        { code: 'ACCESS_DENIED' },
        why,
      )
    }
  }
  t.equal(state(portal), before)
})

t.test("a contact changes its own password and nobody else's", async (t) => {
  const portal = await startPortal(t)
  const [client, other] = await Promise.all([contactAt(portal.url, 'bob'), contactAt(portal.url, 'bob')])
  const change = async (params: Readonly<Record<string, string>>): Promise<Answer> =>
    client.call('changePortalUserPassword', {
      email: 'bob@example.com',
      current_password: 'bob-pw',
      ...params,
    })
  const before = state(portal)
  for (const params of [
    { password: 'new', current_password: 'wrong' },
    { password: 'new', current_password: 'BOB-PW' },
    { password: 'new', email: 'carol@example.com', current_password: 'carol-pw' },
    { password: 'new', email: 'nobody@example.com', current_password: 'x' },
  ]) {
    t.match(await change(params), {
      code: 'INVALID_OLD_PASSWORD',
      message: 'Invalid value given for old password.',
    })
  }
  t.match(await change({ password: '' }), { success: false })
  portal.corebos.database.portalAccess.forEach((access) => (access.failures = 0))
  t.equal(state(portal), before)
  t.match(await change({ password: 'bob-new', email: 'BOB@example.com' }), { success: true, result: true })
  t.match(await new WebserviceClient(portal.url).tryPortal('bob@example.com', 'bob-new', 'sha256'), {
    success: true,
  })
  t.match(await client.call('extendsession'), { success: true })
  t.match(await other.call('listtypes'), { code: 'AUTHENTICATION_REQUIRED' }, 'other sessions end')
})

function rowOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
