/** Rows about writing: creating, uploading, commenting, running actions, changing, relating and deleting. */
import { stored } from '../../support/portal.ts'
import type { CrmRecord } from '../../../src/demo/database.ts'
import { all, comments, hers, none, reads, relates, uploads, type ReadContext, type Row } from './row.ts'
import { titles, upload, type Vocabulary } from './vocabulary.ts'

export function createRows(words: Vocabulary): readonly Row[] {
  const { tested } = words
  const me = tested.alice.contact
  const route = 'POST /modules/:module/records'
  return [
    {
      route,
      ...words.about(me),
      ask: (parent_id) => ({
        params: { module: 'HelpDesk' },
        body: { ticket_title: 'made', ticketstatus: 'Open', parent_id },
      }),
      right: hers,
      holds: words.writesDown('parent_id', tested.id(me)),
    },
    ...tested.among('Project').map((record): Row => ({
      route,
      ...words.about(record),
      ask: (related_to) => ({
        params: { module: 'ModComments' },
        body: { commentcontent: 'a comment', related_to },
      }),
      right: reads(record),
      holds: words.writesDown('related_to', tested.id(record)),
    })),
    {
      route,
      ask: () => ({ params: { module: 'Documents' }, body: { notes_title: 'without a file' } }),
      right: all,
      holds: words.writesDown('notes_title', 'without a file'),
    },
    ...['Invoice', 'Contacts', 'Accounts'].map((module): Row => ({
      route,
      ask: () => ({ params: { module }, body: { [titles[module] ?? '']: 'made' } }),
      right: () => 'NOT_WRITABLE',
    })),
    {
      route,
      about: 'Users',
      absent: 'Nothing',
      ask: () => ({ body: { user_name: 'made' } }),
      right: none,
    },
  ]
}

/** What is added to a record: a document, a comment, the run of an action. */
export function addingRows(words: Vocabulary): readonly Row[] {
  const { tested } = words
  const { portal } = tested
  const targets = tested.among('Contacts', 'Accounts', 'HelpDesk', 'Project', 'Invoice', 'Products')
  return [
    ...targets.map((record): Row => ({
      route: 'POST /documents',
      ...words.about(record),
      ask: (relatedTo) => ({ body: upload({ relatedTo }) }),
      right: uploads(record),
      holds: async (t, answer, context) => {
        words.shows(t, answer, context)
        for (const each of [record, context.contact]) {
          const ids = await words.relatedBy(each, 'Documents', 'id')
          t.ok(ids.includes(answer.body.id), 'the administrator sees it')
        }
        const { text } = await portal.as(context.name, 'GET', `/documents/${answer.body.id ?? ''}/content`)
        t.equal(text, 'what was uploaded')
      },
    })),
    ...tested.among('HelpDesk', 'Project', 'Invoice', 'Faq').map((record): Row => ({
      route: 'POST /records/:id/comments',
      ...words.about(record),
      ask: (_, context) => ({ body: { text: `of ${context?.name ?? 'nobody'}` } }),
      right: comments(record),
      holds: async (t, { body }, { name, contact }) => {
        t.match(body, { text: `of ${name}`, author: { id: tested.id(contact) } })
        const last = (await words.relatedBy(record, 'ModComments', 'commentcontent')).at(-1)
        t.match(last, new RegExp(`^of ${name}`), 'the administrator sees it')
      },
    })),
    ...tested.among('Contacts', 'HelpDesk').map((record): Row => ({
      route: 'POST /records/:id/actions/:name',
      ...words.about(record),
      ask: () => ({ params: { name: 'call_back' } }),
      right: record.module === 'Contacts' ? reads(record) : none,
      holds: (t, { body }) => {
        t.same(body, { result: 'done' })
        const run = portal.relay.calls.findLast(({ operation }) => operation === 'executeBusinessAction')
        t.equal(run?.params.get('context'), `{"ID":"${tested.id(record)}"}`)
      },
    })),
    ...['unlisted', 'not_offered', 'LBL_ADD_NOTE'].map((name): Row => ({
      route: 'POST /records/:id/actions/:name',
      about: name,
      absent: 'nothing',
      ask: () => ({ params: { id: tested.id(tested.alice.contact) } }),
      right: none,
    })),
  ]
}

export function changeRows(words: Vocabulary): readonly Row[] {
  const { tested, subjects } = words
  return [...tested.among(...Object.keys(titles)), subjects.uploaded].map((record) => {
    const title = titles[record.module] ?? ''
    return {
      route: 'PATCH /records/:id',
      ...words.about(record),
      ask: () => ({ body: { [title]: 'changed' } }),
      right: words.writes(record, ['HelpDesk', 'Contacts', 'Documents']),
      holds: words.writesDown(title, 'changed'),
    }
  })
}

export function relationRows(words: Vocabulary): readonly Row[] {
  const { tested, subjects, ownTicket } = words
  const { ticket, document } = subjects
  const pairs: readonly (readonly [one: (context: ReadContext) => CrmRecord, other: CrmRecord])[] = [
    [() => ticket, document],
    [ownTicket, document],
    [() => tested.the('HelpDesk', 'company'), document],
    [() => tested.the('HelpDesk', 'company'), tested.the('Documents', 'company')],
    [() => tested.the('HelpDesk', 'foreign'), document],
    [({ contact }) => contact, tested.the('Documents', 'company')],
    [ownTicket, tested.the('Documents', 'foreign')],
  ]
  return (['PUT', 'DELETE'] as const).flatMap((method) =>
    pairs.map(([one, other]): Row => ({
      route: `${method} /records/:id/related/:other`,
      ...words.about(other),
      ask: (_, context = tested.alice) => ({ params: { id: tested.id(one(context)) } }),
      right: relates(one, other),
      holds: async (t, _, context) => {
        const ids = await words.relatedBy(one(context), 'Documents', 'id')
        t.equal(ids.includes(tested.id(other)), method === 'PUT', 'the administrator sees it')
      },
    })),
  )
}

export function deleteRows(words: Vocabulary): readonly Row[] {
  const { tested } = words
  const records = tested.among('SalesOrder', 'HelpDesk', 'Accounts', 'Contacts', 'Documents', 'Products')
  return records.map((record) => ({
    route: 'DELETE /records/:id',
    ...words.about(record),
    right: words.writes(record, ['Invoice', 'HelpDesk']),
    holds: async (t) =>
      t.same(await stored(tested.portal.admin, tested.id(record)), {}, 'the administrator misses it'),
  }))
}
