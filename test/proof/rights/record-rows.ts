/** Rows about reading one record and what lies around it: comments, PDF, actions, files, related records. */
import { openModules } from '../../../src/tools/attack/scope.ts'
import type { CrmRecord } from '../../../src/demo/database.ts'
import { at, textAt } from '../../support/webservice-client.ts'
import { all, none, reads, type Row } from './row.ts'
import { named, type Vocabulary } from './vocabulary.ts'

export function recordRows(words: Vocabulary): readonly Row[] {
  const { tested } = words
  return [
    ...tested.among(...openModules).map((record): Row => ({
      route: 'GET /records/:id',
      ...words.about(record),
      right: reads(record),
      holds: words.shows,
    })),
    ...tested.among('HelpDesk', 'Project', 'Invoice', 'Assets').map((record): Row => ({
      route: 'GET /records/:id',
      ...words.about(record),
      ask: () => ({ query: { display: 'true', expand: 'assigned_user_id(name)' } }),
      right: reads(record),
      holds: (t, { body }, { oracle }) => {
        const display = (body['display'] ?? {}) as Readonly<Record<string, string>> // as described
        const visible = openModules.flatMap((name) => oracle.visible(name))
        const seen = new Set(visible.map((each) => tested.id(each)))
        for (const [field, value] of Object.entries(body)) {
          if (field === 'id' || typeof value !== 'string' || !/^[0-9]+x[0-9]+$/.test(value)) continue
          const isNamed = seen.has(value) || /^(19|20|21)x/.test(value)
          t.equal(field in display, isNamed, `${field} ${value}: a name where the record is seen`)
        }
        t.strictSame(Object.keys(at(body, 'expanded', 'assigned_user_id') ?? {}), ['id', 'name'])
      },
    })),
    ...tested.among('HelpDesk', 'Project', 'Invoice').map((record): Row => ({
      route: 'GET /records/:id',
      ...words.about(record),
      ask: () => ({ query: { expand: 'assigned_user_id(user_name)' } }),
      right: (context) => (reads(record)(context) === 'done' ? 'UNKNOWN_FIELD' : 'absent'),
    })),
  ]
}

/** What is read beside a record. */
export function surroundingRows(words: Vocabulary): readonly Row[] {
  const { tested } = words
  const { database } = tested
  return [
    ...tested.among('HelpDesk', 'Project', 'Invoice', 'Faq').map((record): Row => ({
      route: 'GET /records/:id/comments',
      ...words.about(record),
      right: reads(record),
      holds: (t, answer, { oracle }) => {
        const { number } = record
        const kept = oracle
          .visible('ModComments')
          .filter(({ values }) => values.get('related_to') === String(number))
          .map(({ values }) => values.get('commentcontent'))
        const said = database.comments.filter(({ parent }) => parent === number).map(({ text }) => text)
        t.same(named(answer, 'comments', 'text'), [...said, ...kept])
      },
    })),
    ...tested.among('Invoice', 'Quotes', 'SalesOrder', 'HelpDesk').map((record): Row => ({
      route: 'GET /records/:id/pdf',
      ...words.about(record),
      right: record.module === 'HelpDesk' ? none : reads(record),
      holds: (t, { text }) => t.match(text, new RegExp(`^%PDF-[^]*\\(${database.displayName(record)}\\)`)),
    })),
    ...tested.among('Contacts', 'HelpDesk').map((record): Row => ({
      route: 'GET /records/:id/actions',
      ...words.about(record),
      right: reads(record),
      holds: (t, answer) =>
        t.same(named(answer, 'actions'), record.module === 'Contacts' ? ['call_back'] : []),
    })),
  ]
}

/** Files, and links that open them without a session. */
export function fileRows(words: Vocabulary): readonly Row[] {
  const { tested, subjects } = words
  const { portal } = tested
  const { document } = subjects
  const documents = tested.among('Documents')
  return [
    ...documents.map((record): Row => ({
      route: 'GET /documents/:id/content',
      ...words.about(record),
      right: reads(record),
      holds: (t, { text }) => t.equal(text, words.fileOf(record)),
    })),
    ...documents.map((record): Row => ({
      route: 'POST /documents/:id/link',
      ...words.about(record),
      right: reads(record),
      holds: async (t, { body }) => {
        const { pathname } = new URL(textAt(body, 'url'))
        t.equal((await portal.as(undefined, 'GET', pathname)).text, words.fileOf(record))
        t.equal((await portal.as('alice', 'GET', pathname)).status, 404, 'it works once')
      },
    })),
    {
      // The link itself is the permission.
      route: 'GET /downloads/:secret',
      ask: async () => {
        const { body } = await portal.as('alice', 'POST', `/documents/${tested.id(document)}/link`)
        return { params: { secret: textAt(body, 'url').replace(/.*\//, '') } }
      },
      right: all,
      nobody: 'done',
      alike: true,
      holds: (t, { text }) => t.equal(text, words.fileOf(document)),
    },
    {
      route: 'GET /downloads/:secret',
      about: 'guessed',
      right: () => 'NOT_FOUND',
      nobody: 'NOT_FOUND',
      alike: true,
    },
  ]
}

export function relatedRows(words: Vocabulary): readonly Row[] {
  const { tested, subjects } = words
  const me = tested.alice.contact
  const lists: readonly (readonly [record: CrmRecord, module: string])[] = [
    [me, 'HelpDesk'],
    [me, 'Documents'],
    [subjects.ticket, 'Documents'],
    [tested.the('HelpDesk', 'company'), 'Documents'],
    [tested.the('HelpDesk', 'foreign'), 'Documents'],
    [tested.the('Accounts', 'company'), 'Contacts'],
    [tested.the('Accounts', 'foreign'), 'Contacts'],
  ]
  return lists.map(([record, module]) => ({
    route: 'GET /records/:id/related/:other',
    ...words.about(record),
    ask: () => ({ params: { other: module }, query: { count: 'true' } }),
    right: reads(record),
    holds: words.finds(`select * from ${module} where related.${record.module} = '${tested.id(record)}'`),
  }))
}
