/** A document is changed, through every interface, without losing its file or any other value. */
import t, { type Test } from 'tap'
import { FormData } from 'undici'
import { startPortal, stored, usualModes, type Mode, type Portal } from '../support/portal.ts'
import { at, contactAt, textAt, type WebserviceClient } from '../support/webservice-client.ts'

const ticket = '17x8625'
const text = 'what was uploaded\n'

function upload(fields: Readonly<Record<string, string>>, content: string): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries({ notes_title: 'first', notecontent: 'a note', ...fields }))
    form.append(name, value)
  form.append('file', new Blob([content], { type: 'text/plain' }), 'note.txt')
  return form
}

async function uploaded(portal: Portal, name = 'alice', fields = {}, content = text): Promise<string> {
  const { status, body } = await portal.as(name, 'POST', '/documents', { body: upload(fields, content) })
  if (status !== 201) throw new Error(`the upload was answered with ${status}`)
  return String(body['id'])
}

/** What a client reads of a document that a change of its title and notes must leave as it is. */
async function file(portal: Portal, id: string): Promise<readonly unknown[]> {
  const { status, text, headers } = await portal.as('alice', 'GET', `/documents/${id}/content`)
  return [status, text, headers['content-type'], headers['content-disposition']]
}

const whole = (content: string): readonly unknown[] => [
  200,
  content,
  'text/plain',
  'attachment; filename=note.txt',
]

const changing = new Set(['notes_title', 'notecontent', 'modifiedtime', 'modifiedby', 'filedownloadcount'])

/** Everything that coreBOS holds of a document but the title, the notes and the traces of a change. */
async function rest(portal: Portal, id: string): Promise<unknown> {
  const values = Object.entries(await stored(portal.admin, id)).filter(
    ([name]) => !changing.has(name) && !name.endsWith('ename'),
  )
  const links = portal.corebos.database.documentRelations
  return [Object.fromEntries(values), links.filter(({ document }) => `15x${document}` === id)]
}

type Change = (id: string, values: Readonly<Record<string, string>>) => Promise<boolean>

function changes(portal: Portal, client: WebserviceClient): Readonly<Record<string, Change>> {
  const call = async (operation: string, params: Readonly<Record<string, unknown>>): Promise<boolean> =>
    (await client.call(operation, params)).success === true
  const retrieved = async (id: string): Promise<Record<string, unknown>> => {
    const { result } = await client.call('retrieve', { id })
    return { ...(result as Record<string, unknown>) } // a record is an object
  }
  return {
    PATCH: async (id, values) =>
      (await portal.as('alice', 'PATCH', `/records/${id}`, { body: values })).status === 200,
    revise: async (id, values) => call('revise', { element: { id, ...values } }),
    ReviseWithValidation: async (id, values) => call('ReviseWithValidation', { element: { id, ...values } }),
    MassUpdate: async (id, values) => call('MassUpdate', { elements: [{ id, ...values }] }),
    'update with the whole record': async (id, values) =>
      call('update', { element: { ...(await retrieved(id)), ...values } }),
    'update without the name of the file': async (id, values) => {
      const others = Object.entries(await retrieved(id)).filter(([name]) => name !== 'filename')
      return call('update', { element: { ...Object.fromEntries(others), ...values } })
    },
    UpdateWithValidation: async (id, values) =>
      call('UpdateWithValidation', { element: { ...(await retrieved(id)), ...values } }),
    upsert: async (id, values) =>
      call('upsert', {
        elementType: 'Documents',
        element: {
          ...values,
          filesize: textAt(await retrieved(id), 'filesize'),
          createdtime: textAt(await retrieved(id), 'createdtime'),
        },
        searchOn: 'filesize,createdtime',
        updatedfields: Object.keys(values).join(','),
      }),
  }
}

async function changesEachWay(t: Test, mode: Mode): Promise<void> {
  const portal = await startPortal(t, { mode })
  const { PATCH, ...others } = changes(portal, await contactAt(portal.url, 'alice'))
  for (const [index, [name, change]] of Object.entries({
    PATCH,
    ...(mode === 'portal' && others),
  }).entries()) {
    if (change === undefined) continue
    // `upsert` finds the document by its size and second: each has a size of its own.
    const content = text.repeat(index + 1)
    const id = await uploaded(portal, 'alice', { relatedTo: ticket }, content)
    const before = await rest(portal, id)
    const steps = [
      { notes_title: 'second' },
      { notecontent: 'other notes' },
      { notes_title: 'third', notecontent: '' },
    ]
    for (const step of steps) {
      t.ok(await change(id, step), `${mode}, ${name}: ${JSON.stringify(step)}`)
      t.match(await stored(portal.admin, id), step)
      t.strictSame(await file(portal, id), whole(content), `${name}: the file is there`)
    }
    t.strictSame(await rest(portal, id), before, `${name}: nothing else has changed`)
  }
}

t.test('a document keeps its file, whatever changes its title and notes', async (t) => {
  for (const mode of usualModes.filter((each) => each !== 'user')) await changesEachWay(t, mode)
})

t.test('a CRM user of one contact changes what it uploaded', async (t) => {
  const portal = await startPortal(t, { mode: 'user' })
  const id = await uploaded(portal)
  t.match(await portal.as('alice', 'PATCH', `/records/${id}`, { body: { notes_title: 'new' } }), {
    status: 200,
  })
  t.strictSame(await file(portal, id), whole(text))
})

t.test('only what the contact itself has uploaded is changed', async (t) => {
  const portal = await startPortal(t)
  const { database } = portal.corebos
  const change = async (
    id: string,
    body: object = { notes_title: 'mine now' },
  ): Promise<readonly unknown[]> => {
    const before = await stored(portal.admin, id)
    const answer = await portal.as('alice', 'PATCH', `/records/${id}`, { body })
    t.strictSame(await stored(portal.admin, id), before, `${id} is as it was`)
    return [answer.status, answer.body['code']]
  }
  t.strictSame(await change('15x8644'), [403, 'NOT_WRITABLE'], 'put there by the staff')
  t.strictSame(await change('15x8684'), [404, 'NOT_FOUND'], "carol's")
  const colleague = await uploaded(portal, 'bob')
  t.strictSame(await change(colleague), [404, 'NOT_FOUND'], "a colleague's")
  const link = database.documentRelations.find(({ document }) => `15x${document}` === colleague)
  database.documentRelations.push({ record: Number(ticket.slice(3)), document: link?.document ?? 0 })
  t.strictSame(await change(colleague), [403, 'NOT_WRITABLE'], "a colleague's, on a ticket of alice")
  const own = await uploaded(portal)
  for (const field of ['filelocationtype', 'filetype', 'folderid', 'filestatus', 'assigned_user_id'])
    t.strictSame(await change(own, { [field]: '0' }), [403, 'FIELD_NOT_WRITABLE'], field)
  t.strictSame(await change(own, { filename: 'x.php' }), [400, 'INVALID_VALUE'], 'a name is no file')
  database.entity(Number(own.slice(3)))?.values.set('filelocationtype', 'E')
  t.strictSame(await change(own), [403, 'NOT_WRITABLE'], 'a link to another server')
})

t.test('a new file replaces the old one, and is checked as in an upload', async (t) => {
  const portal = await startPortal(t)
  const client = await contactAt(portal.url, 'alice')
  const content = Buffer.from('%PDF').toString('base64')
  const filename = { name: 'new.pdf', size: 4, type: 'application/x-pdf', content }
  for (const operation of ['update', 'revise', 'UpdateWithValidation', 'ReviseWithValidation']) {
    const id = await uploaded(portal, 'alice', { relatedTo: ticket })
    const { result } = await client.call('retrieve', { id })
    const given = { ...(result as Record<string, unknown>), notecontent: 'with a new file' } // a record is an object
    const before = await rest(portal, id)
    for (const bad of [{ name: '.user.ini' }, { name: 'x.php.pdf' }, { name: 'x.exe' }, { content: '?' }]) {
      const answer = await client.call(operation, {
        element: { ...given, filename: { ...filename, ...bad } },
      })
      t.equal(answer.success, false, `${operation}: ${JSON.stringify(bad)}`)
      t.strictSame(await rest(portal, id), before)
    }
    const answer = await client.call(operation, { element: { ...given, filename } })
    t.equal(answer.success, true, `${operation}: ${answer.text}`)
    t.strictSame(await file(portal, id), [200, '%PDF', 'application/pdf', 'attachment; filename=new.pdf'])
    t.match(await stored(portal.admin, id), { notes_title: 'first', notecontent: 'with a new file' })
    t.strictSame(at(await rest(portal, id), 1), at(before, 1), 'the relations are the same')
  }
  const element = { id: ticket, filename }
  t.match(await client.call('revise', { element }), { success: false }, 'a ticket has no file')
})
