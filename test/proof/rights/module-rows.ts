/** Rows about modules, their lists, statements and the search. */
import { openModules } from '../../../src/tools/attack/scope.ts'
import { at, rowsAt, textAt } from '../../support/webservice-client.ts'
import { all, none, reads, type Holds, type Row } from './row.ts'
import { named, statement, type Vocabulary } from './vocabulary.ts'

/** What the list of modules says about rights: the modules with a right, and what is named for a module. */
const holdsRights: Holds = (t, answer) => {
  const rows = rowsAt(answer.body, 'modules')
  const having = (right: string) =>
    rows.flatMap((row) => (at(row, 'rights', right) === true ? [textAt(row, 'name')] : [])).sort()
  const told = (right: string) =>
    rows.flatMap((row) => {
      const names: unknown = at(row, 'rights', right)
      return Array.isArray(names) ? names.map((name) => `${textAt(row, 'name')} ${String(name)}`) : []
    })
  t.same(named(answer, 'modules').sort(), [...openModules].sort())
  t.same(having('create'), ['Documents', 'HelpDesk', 'ModComments'])
  t.same(having('update'), ['Contacts', 'Documents', 'HelpDesk'])
  t.same(having('delete'), ['HelpDesk', 'Invoice'])
  t.same(having('comment'), ['HelpDesk', 'Project'])
  t.same(told('relate').sort(), [
    'Documents HelpDesk',
    'Documents Project',
    'HelpDesk Documents',
    'Project Documents',
  ])
  t.same(told('actions'), ['Contacts call_back', 'Contacts not_offered'])
}

/** One module: its description, its list and its count. */
function rowsOfModule(
  words: Vocabulary,
  { name, prefix }: { readonly name: string; readonly prefix: string },
): readonly Row[] {
  const row = { about: name, absent: 'Nothing', right: openModules.includes(name) ? all : none }
  return [
    {
      ...row,
      route: 'GET /modules/:module',
      holds: (t, answer, { oracle }) => {
        t.equal(answer.body['idPrefix'], prefix)
        t.same(named(answer, 'fields').sort(), [...oracle.readable(name), 'id'].sort())
        const changed = rowsAt(answer.body, 'fields').filter((field) => at(field, 'updateable') === true)
        t.notOk(changed.some((field) => textAt(field, 'type') === 'file'))
      },
    },
    {
      ...row,
      route: 'GET /modules/:module/records',
      ask: () => ({ query: { count: 'true', limit: '200' } }),
      holds: words.finds(`select * from ${name} limit 200`),
    },
    {
      ...row,
      route: 'GET /modules/:module/aggregate',
      ask: () => ({ query: { count: 'true' } }),
      holds: (t, { body }, { oracle }) => t.same(body, { groups: [{ count: oracle.visible(name).length }] }),
    },
  ]
}

export function moduleRows(words: Vocabulary): readonly Row[] {
  const { database } = words.tested
  const tried = [...database.modules.values()].filter(
    ({ name }) => database.records(name).length > 0 || openModules.includes(name),
  )
  return [
    {
      route: 'GET /modules/openapi.json',
      right: all,
      holds: (t, { body }) => {
        for (const module of openModules)
          t.ok(at(body, 'paths', `/modules/${module}/records`) !== undefined, module)
      },
    },
    { route: 'GET /modules', right: all, holds: holdsRights },
    ...tried.flatMap((module) => rowsOfModule(words, module)),
  ]
}

/** One ticket in a list, in a group and by a statement. */
export function queryRows(words: Vocabulary): readonly Row[] {
  const { tested, subjects } = words
  const { ticket } = subjects
  const module = 'HelpDesk'
  const finds = words.finds(statement(tested.id(ticket)))
  const row = { ...words.about(ticket), right: reads(ticket), holds: finds }
  return [
    {
      ...row,
      route: 'GET /modules/:module/records',
      ask: (id) => ({ params: { module }, query: { where: `id='${id}'`, count: 'true' } }),
    },
    {
      ...row,
      route: 'GET /modules/:module/records',
      ask: (id) => ({
        params: { module },
        query: { 'filter[id][in]': id, sort: '-ticketstatus,id', count: 'true' },
      }),
    },
    {
      ...row,
      route: 'GET /modules/:module/aggregate',
      ask: (id) => ({ params: { module }, query: { groupBy: 'id', count: 'true', 'filter[id]': id } }),
      holds: (t, { body }) => t.same(body, { groups: [{ id: tested.id(ticket), count: 1 }] }),
    },
    {
      ...row,
      route: 'GET /modules/:module/aggregate',
      ask: (id) => ({
        params: { module },
        query: { groupBy: 'id,parent_id', count: 'true', 'filter[id]': id, display: 'true' },
      }),
      holds: (t, { body }, { oracle }) => {
        const [group] = rowsAt(body, 'groups')
        const parent = textAt(group, 'parent_id')
        const seen = openModules.flatMap((name) => oracle.visible(name)).map((each) => tested.id(each))
        const isNamed = at(group, 'display', 'parent_id') !== undefined
        t.equal(isNamed, seen.includes(parent), `${parent}: a name where the record is seen`)
      },
    },
    ...[ticket.values.get('ticket_title') ?? '', 'carol', 'a'].map(search),
    { ...row, route: 'GET /query', ask: (id) => ({ query: { q: statement(id) } }) },
    { ...row, route: 'POST /query', ask: (id) => ({ body: { query: statement(id) } }) },
    {
      route: 'POST /query',
      about: 'Users',
      absent: 'Nothing',
      ask: (name) => ({ body: { query: `select * from ${name}` } }),
      right: none,
    },
    {
      // Nothing is looked up: it cannot matter whose it is.
      route: 'POST /query/explain',
      ...words.about(ticket),
      ask: (id) => ({ body: { query: statement(id) } }),
      right: none,
    },
  ]
}

function search(word: string): Row {
  return {
    route: 'GET /search',
    about: word,
    absent: 'nothing of the kind',
    ask: (q) => ({ query: { q, limit: '100' } }),
    right: ({ oracle }) => (oracle.search(word, openModules).size > 0 ? 'done' : 'absent'),
    holds: (t, { body }, { oracle }) => {
      const found = rowsAt(body, 'results').map(
        (each) => [textAt(each, 'module'), rowsAt(each, 'records').map((row) => row['id'])] as const,
      )
      t.same(new Map(found.map(([module, ids]) => [module, ids.sort()])), oracle.search(word, openModules))
    },
  }
}
