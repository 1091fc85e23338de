/**
 * Every route of the running gateway, requested by the owner, a colleague, another company and without a session.
 * What each may do is said here once more in plain words, over the demo's store; a route without a row fails.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { FormData } from 'undici'
import type { CrmRecord, Database } from '../../src/demo/database.ts'
import type { ErrorCode } from '../../src/model/errors.ts'
import { openModules } from '../../src/tools/attack/scope.ts'
import { inJson } from '../support/json-types.ts'
import { keeping } from '../support/keeping.ts'
import { ownerIdsOf, difference, Oracle } from '../support/oracle.ts'
import {
  contents,
  credentialsOf,
  modes,
  offerActions,
  policyFile,
  related,
  startPortal,
  stored,
  type Answer,
  type Mode,
  type Portal,
} from '../support/portal.ts'
import { at, passwordTypes, rowsAt, textAt, WebserviceClient } from '../support/webservice-client.ts'

/** `done`; a rejection; or `absent`: to the letter what is said of something that is not there. */
type Right = 'done' | 'absent' | ErrorCode | 'ACCESS_DENIED'

interface ReadContext {
  readonly name: string
  readonly contact: CrmRecord
  /** What it sees. */
  readonly oracle: Oracle
  /** What is its own. */
  readonly own: Oracle
  /** Of coreBOS's own protocol. */
  readonly session: string
}

type Rights = (context: ReadContext) => Right

interface Asked {
  /** Of the path; what is not given is what the row is about. */
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

interface Row {
  /** As the gateway has it. */
  readonly route: string
  readonly about?: string
  /** The like of which there is none. */
  readonly absent?: string
  readonly ask?: (about: string, context: ReadContext | undefined) => Asked | Promise<Asked>
  readonly right: Rights
  /** Without a token, where none is needed. */
  readonly nobody?: Right
  /** Every caller gets the same answer. */
  readonly alike?: true
  /** What the answer says to its receiver, and its effect. */
  readonly holds?: (t: Test, answer: Answer, context: ReadContext) => unknown
}

/** The routes of each Fastify that is started, as `GET /records/:id`. */
const started: Set<string>[] = []
subscribe('fastify.initialization', (message) => {
  const { fastify } = message as { fastify: FastifyInstance } // as Fastify says
  const routes = new Set<string>()
  started.push(routes)
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) routes.add(`${each} ${url.replace(/\(.*?\)|(?<=.)\/$/g, '')}`)
  })
})

class Desk {
  readonly portal: Portal
  readonly mode: Mode
  readonly routes: ReadonlySet<string>
  readonly operatorRoutes: ReadonlySet<string>
  readonly database: Database
  readonly alice: ReadContext
  readonly bob: ReadContext
  readonly carol: ReadContext
  /** What there was after the last request, by what that was about; empty where that has changed it. */
  readonly unchanged = new Map<string, string>()
  /** Which kinds of GET have been tried as HEAD. */
  readonly headed = new Set<string>()

  private constructor(portal: Portal, mode: Mode, sessions: Readonly<Record<string, string>>) {
    this.portal = portal
    this.mode = mode
    const [operatorRoutes = new Set(), routes = new Set()] = started.toReversed()
    this.routes = routes
    this.operatorRoutes = operatorRoutes
    this.database = portal.corebos.database
    const context = (name: string, number: number): ReadContext => ({
      name,
      contact: this.record(`12x${number}`),
      oracle: new Oracle(this.database, ownerIdsOf(this.database, number, 'account')),
      own: new Oracle(this.database, ownerIdsOf(this.database, number, 'own')),
      session: sessions[name] ?? '',
    })
    this.alice = context('alice', 8549)
    this.bob = context('bob', 8550)
    this.carol = context('carol', 8551)
  }

  static async start(t: Test, mode: Mode, settings: Readonly<Record<string, string>>): Promise<Desk> {
    // What the built-in policy closes would be rejected for every contact.
    const POLICY_FILE = await policyFile(t, {
      HelpDesk: { delete: true },
      Invoice: { delete: true },
      Contacts: { actions: ['call_back', 'not_offered'] },
    })
    const portal = await startPortal(t, {
      mode,
      env: {
        POLICY_FILE,
        OPERATOR_TOKEN: 'an-operator-token',
        LOG_LEVEL: 'silent',
        ACCESS_TOKEN_TTL: '86400',
        ...settings,
      },
    })
    offerActions(portal, 'call_back', 'unlisted')
    const sessions: Record<string, string> = {}
    for (const name of ['alice', 'bob', 'carol']) {
      const client = new WebserviceClient(portal.url)
      const { username, password } = credentialsOf(name, mode)
      await (mode === 'user'
        ? client.tryUser(username, password)
        : client.tryPortal(username, password, passwordTypes[name] ?? 'md5'))
      sessions[name] = client.session
    }
    return new Desk(portal, mode, sessions)
  }

  /** One more session of a contact. */
  async login({ name }: ReadContext, password = credentialsOf(name, this.mode).password) {
    const body = { ...credentialsOf(name, this.mode), password }
    const answer = await this.portal.as(undefined, 'POST', '/auth/login', { body })
    const headers = { authorization: `Bearer ${textAt(answer.body, 'accessToken')}` }
    const session = await this.session(headers)
    return { status: answer.status, headers, refreshToken: textAt(answer.body, 'refreshToken'), session }
  }

  /** The id of a session that runs, and whose it is. */
  async session(headers: Readonly<Record<string, string>>) {
    const { status, body } = await this.portal.as(undefined, 'GET', '/auth/session', { headers })
    return status === 200 ? { id: textAt(body, 'id'), contact: textAt(body, 'contact', 'id') } : undefined
  }

  id(record: CrmRecord): string {
    return this.database.webserviceId(record)
  }

  record(id: string | undefined): CrmRecord {
    const record = this.database.entity(Number(id?.split('x')[1]))
    if (record === undefined) throw new Error(`no record ${id ?? ''}`)
    return record
  }

  /** The first record of a module that is alice's own, one of her company's, and one that she does not see. */
  some(module: string) {
    const { own, oracle } = this.alice
    const records = this.database.records(module)
    return {
      own: records.find((each) => own.sees(each)),
      company: records.find((each) => oracle.sees(each) && !own.sees(each)),
      foreign: records.find((each) => !oracle.sees(each)),
    }
  }

  the(module: string, whose: 'own' | 'company' | 'foreign' = 'own'): CrmRecord {
    const record = this.some(module)[whose]
    if (record === undefined) throw new Error(`the data set has no such ${module}`)
    return record
  }

  among(...modules: readonly string[]): readonly CrmRecord[] {
    return modules.flatMap((module) => Object.values(this.some(module)).filter((each) => each !== undefined))
  }
}

function upload(fields: Readonly<Record<string, string>>): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('file', new File(['what was uploaded'], 'note.txt', { type: 'text/plain' }))
  return form
}

/** What a record is called by, of modules in which a change is tried. */
const titles: Readonly<Record<string, string>> = {
  HelpDesk: 'ticket_title',
  Contacts: 'phone',
  Documents: 'notes_title',
  Invoice: 'subject',
  Accounts: 'accountname',
  Project: 'projectname',
  Products: 'productname',
}

async function tableOf(loginService: Desk): Promise<readonly Row[]> {
  const { portal, mode, database, alice } = loginService
  const { admin, relay } = portal
  const ticket = loginService.the('HelpDesk')
  const document = loginService.the('Documents')
  const me = alice.contact
  const uploaded = loginService.record(
    (await portal.as('alice', 'POST', '/documents', { body: upload({}) })).body.id,
  )
  const [second, third] = [await loginService.login(alice), await loginService.login(alice)]
  const mine = credentialsOf('alice', mode)

  const about = (record: CrmRecord) => ({
    about: loginService.id(record),
    absent: `${database.module(record.module)?.prefix ?? ''}x999999`,
  })
  const all: Rights = () => 'done'
  const none: Rights = () => 'absent'
  const hers: Rights = ({ name }) => (name === 'alice' ? 'done' : 'absent')
  const reads = (record: CrmRecord): Rights => {
    return ({ oracle }) => (oracle.sees(record) ? 'done' : 'absent')
  }
  const writes = (record: CrmRecord, open: readonly string[]): Rights => {
    return ({ oracle, own }) => {
      if (!open.includes(record.module)) return 'NOT_WRITABLE'
      if (!oracle.sees(record)) return 'absent'
      // Documents that the staff has put there are not the contact's to change.
      const isMade = record.module !== 'Documents' || record === uploaded
      return isMade && own.sees(record) ? 'done' : 'NOT_WRITABLE'
    }
  }
  const comments = (record: CrmRecord): Rights => {
    return ({ oracle }) => {
      if (!oracle.sees(record)) return 'absent'
      return ['HelpDesk', 'Project'].includes(record.module) ? 'done' : 'NOT_WRITABLE'
    }
  }
  /** A record that a contact may upload a document to. */
  const uploads = (record: CrmRecord): Rights => {
    return ({ oracle, contact }) => {
      if (record.module === 'Products' && oracle.sees(record)) return 'REFERENCE_OUT_OF_SCOPE'
      return (record.module === 'Contacts' ? record === contact : oracle.sees(record)) ? 'done' : 'absent'
    }
  }
  const relates = (one: (context: ReadContext) => CrmRecord, other: CrmRecord): Rights => {
    return (context) => {
      const both = [one(context), other]
      if (!both.every((each) => context.oracle.sees(each))) return 'absent'
      const isOpen = both.some(({ module }) => module === 'HelpDesk')
      return isOpen && both.some((each) => context.own.sees(each)) ? 'done' : 'NOT_WRITABLE'
    }
  }

  type Holds = NonNullable<Row['holds']>
  const shows: Holds = (t, { body }, { oracle }) => {
    const record = loginService.record(body.id)
    t.same(body, inJson(oracle.shown(record), record.module, database))
  }
  const finds = (statement: string): Holds => {
    return (t, { body }, { oracle }) => {
      const rows = rowsAt(body, 'records')
      const { total = rows.length } = body
      const expected = oracle.answer(statement)
      const module = / from (\w+)/i.exec(statement)?.[1] ?? ''
      const typed = { ...expected, rows: expected.rows.map((row) => inJson(row, module, database)) }
      t.equal(difference({ records: rows, total: Number(total) }, typed), undefined)
    }
  }
  /** What was written is shown, and the administrator reads the same. */
  const writesDown = (field: string, value: string): Holds => {
    return async (t, answer, context) => {
      shows(t, answer, context)
      t.match(await stored(admin, answer.body.id ?? ''), { [field]: new RegExp(`^${value}`) })
    }
  }
  const named = (answer: Answer, list: string, name = 'name') =>
    rowsAt(answer.body, list).map((row) => textAt(row, name))
  const relatedBy = async (record: CrmRecord, module: string, field: string) =>
    (await related(admin, loginService.id(record), record.module, module)).map((row) => row[field])
  const fileOf = ({ number }: CrmRecord) => database.attachments.get(number)?.at(-1)?.content.toString()

  const open = (path: string, params = {}): Row => ({
    route: `GET ${path}`,
    ask: () => ({ params }),
    right: all,
    nobody: 'done',
    alike: true,
  })
  const statement = (id: string) => `select * from HelpDesk where id = '${id}'`
  const search = (word: string): Row => ({
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
  })
  const operation = (
    name: string,
    record: CrmRecord,
    parameters: (id: string) => Readonly<Record<string, string>>,
    row: Pick<Row, 'right' | 'holds'>,
  ): Row => ({
    route: 'POST /webservice.php',
    ...about(record),
    ask: (id, context) => ({
      body: { operation: name, ...parameters(id) },
      headers: { 'corebos-authorization': context?.session ?? '' },
    }),
    // The protocol has one word for what is not there and for what may not be done.
    holds: row.holds ?? (() => undefined),
    right: (context) => {
      const right = row.right(context)
      return right === 'NOT_WRITABLE' ? 'ACCESS_DENIED' : right
    },
  })
  const ownTicket = ({ own }: ReadContext): CrmRecord => own.visible('HelpDesk')[0] ?? ticket
  const pairs: readonly (readonly [one: (context: ReadContext) => CrmRecord, other: CrmRecord])[] = [
    [() => ticket, document],
    [ownTicket, document],
    [() => loginService.the('HelpDesk', 'company'), document],
    [() => loginService.the('HelpDesk', 'company'), loginService.the('Documents', 'company')],
    [() => loginService.the('HelpDesk', 'foreign'), document],
    [({ contact }) => contact, loginService.the('Documents', 'company')],
    [ownTicket, loginService.the('Documents', 'foreign')],
  ]

  return [
    open('/health/live'),
    open('/health/ready'),
    open('/.well-known/jwks.json'),
    open('/openapi.json'),
    open('/docs'),
    open('/docs/json'),
    open('/docs/yaml'),
    open('/docs/static/index.html'),
    open('/docs/static/swagger-initializer.js'),
    open('/docs/static/*', { '*': 'swagger-ui.css' }),
    open('/portal/settings.json'),

    {
      route: 'POST /auth/login',
      about: mine.username,
      absent: mode === 'user' ? 'nobody' : 'nobody@example.com',
      ask: async (username, context) => {
        // A guess takes one of the few that are let through for her, until she logs in.
        if (context !== alice) await loginService.login(alice)
        return { body: { username, password: credentialsOf(context?.name ?? 'nobody', mode).password } }
      },
      right: hers,
      nobody: 'absent',
      holds: (t, { body }) => t.equal(textAt(body, 'contact', 'id'), loginService.id(me)),
    },
    {
      route: 'POST /auth/refresh',
      ask: async (_, context) => ({
        body: {
          refreshToken: context === undefined ? 'made up' : (await loginService.login(context)).refreshToken,
        },
      }),
      right: all,
      nobody: 'INVALID_REFRESH_TOKEN',
      holds: async (t, { body }, { contact }) => {
        const session = await loginService.session({ authorization: `Bearer ${textAt(body, 'accessToken')}` })
        t.equal(session?.contact, loginService.id(contact))
      },
    },
    {
      route: 'POST /auth/refresh',
      ask: () => ({ body: { refreshToken: 'made up' } }),
      right: () => 'INVALID_REFRESH_TOKEN',
      nobody: 'INVALID_REFRESH_TOKEN',
      alike: true,
    },
    {
      route: 'POST /auth/password-recovery',
      about: 'alice@example.com',
      absent: 'nobody@example.com',
      ask: (username) => ({ body: { username } }),
      right: none,
      nobody: 'absent',
      alike: true,
    },
    {
      route: 'GET /me',
      right: all,
      holds: (t, { body }, { contact }) => t.equal(textAt(body, 'contact', 'id'), loginService.id(contact)),
    },
    {
      route: 'GET /auth/session',
      right: all,
      holds: (t, { body }, { contact }) => t.equal(textAt(body, 'contact', 'id'), loginService.id(contact)),
    },
    {
      route: 'GET /auth/sessions',
      right: all,
      holds: (t, answer, { name }) => {
        const listed = named(answer, 'sessions', 'id')
        for (const { session } of [second, third])
          t.equal(listed.includes(session?.id ?? ''), name === 'alice')
      },
    },

    {
      route: 'GET /modules/openapi.json',
      right: all,
      holds: (t, { body }) => {
        for (const module of openModules)
          t.ok(at(body, 'paths', `/modules/${module}/records`) !== undefined, module)
      },
    },
    {
      route: 'GET /modules',
      right: all,
      holds: (t, answer) => {
        t.same(named(answer, 'modules').sort(), [...openModules].sort())
        const having = (right: string) =>
          rowsAt(answer.body, 'modules').flatMap((row) =>
            at(row, 'rights', right) === true ? [textAt(row, 'name')] : [],
          )
        t.same(having('create').sort(), ['Documents', 'HelpDesk', 'ModComments'])
        t.same(having('update').sort(), ['Contacts', 'Documents', 'HelpDesk'])
        t.same(having('delete').sort(), ['HelpDesk', 'Invoice'])
        t.same(having('comment').sort(), ['HelpDesk', 'Project'])
        const told = (right: string) =>
          rowsAt(answer.body, 'modules').flatMap((row) => {
            const names: unknown = at(row, 'rights', right)
            return Array.isArray(names) ? names.map((name) => `${textAt(row, 'name')} ${String(name)}`) : []
          })
        t.same(told('relate').sort(), [
          'Documents HelpDesk',
          'Documents Project',
          'HelpDesk Documents',
          'Project Documents',
        ])
        t.same(told('actions'), ['Contacts call_back', 'Contacts not_offered'])
      },
    },
    ...[...database.modules.values()].flatMap(({ name, prefix }): Row[] => {
      if (database.records(name).length === 0 && !openModules.includes(name)) return []
      const row = { about: name, absent: 'Nothing', right: openModules.includes(name) ? all : none }
      return [
        {
          ...row,
          route: 'GET /modules/:module',
          holds: (t, answer, { oracle }) => {
            t.equal(answer.body['idPrefix'], prefix)
            t.same(named(answer, 'fields').sort(), [...oracle.readable(name), 'id'].sort())
            const changed = rowsAt(answer.body, 'fields').filter((row) => at(row, 'updateable') === true)
            t.notOk(changed.some((row) => textAt(row, 'type') === 'file'))
          },
        },
        {
          ...row,
          route: 'GET /modules/:module/records',
          ask: () => ({ query: { count: 'true', limit: '200' } }),
          holds: finds(`select * from ${name} limit 200`),
        },
        {
          ...row,
          route: 'GET /modules/:module/aggregate',
          ask: () => ({ query: { count: 'true' } }),
          holds: (t, { body }, { oracle }) =>
            t.same(body, { groups: [{ count: oracle.visible(name).length }] }),
        },
      ]
    }),
    {
      route: 'GET /modules/:module/records',
      ...about(ticket),
      ask: (id) => ({ params: { module: 'HelpDesk' }, query: { where: `id='${id}'`, count: 'true' } }),
      right: reads(ticket),
      holds: finds(statement(loginService.id(ticket))),
    },
    {
      route: 'GET /modules/:module/records',
      ...about(ticket),
      ask: (id) => ({
        params: { module: 'HelpDesk' },
        query: { 'filter[id][in]': id, sort: '-ticketstatus,id', count: 'true' },
      }),
      right: reads(ticket),
      holds: finds(statement(loginService.id(ticket))),
    },
    {
      route: 'GET /modules/:module/aggregate',
      ...about(ticket),
      ask: (id) => ({
        params: { module: 'HelpDesk' },
        query: { groupBy: 'id', count: 'true', 'filter[id]': id },
      }),
      right: reads(ticket),
      holds: (t, { body }) => t.same(body, { groups: [{ id: loginService.id(ticket), count: 1 }] }),
    },
    search(ticket.values.get('ticket_title') ?? ''),
    search('carol'),
    search('a'),
    {
      route: 'GET /query',
      ...about(ticket),
      ask: (id) => ({ query: { q: statement(id) } }),
      right: reads(ticket),
      holds: finds(statement(loginService.id(ticket))),
    },
    {
      route: 'POST /query',
      ...about(ticket),
      ask: (id) => ({ body: { query: statement(id) } }),
      right: reads(ticket),
      holds: finds(statement(loginService.id(ticket))),
    },
    {
      route: 'POST /query',
      about: 'Users',
      absent: 'Nothing',
      ask: (module) => ({ body: { query: `select * from ${module}` } }),
      right: none,
    },
    {
      // Nothing is looked up: it cannot matter whose it is.
      route: 'POST /query/explain',
      ...about(ticket),
      ask: (id) => ({ body: { query: statement(id) } }),
      right: none,
    },

    ...loginService.among(...openModules).map((record) => ({
      route: 'GET /records/:id',
      ...about(record),
      right: reads(record),
      holds: shows,
    })),
    ...loginService.among('HelpDesk', 'Project', 'Invoice', 'Assets').map((record): Row => ({
      route: 'GET /records/:id',
      ...about(record),
      ask: () => ({ query: { display: 'true', expand: 'assigned_user_id(name)' } }),
      right: reads(record),
      holds: (t, { body }, { oracle }) => {
        const display = (body['display'] ?? {}) as Readonly<Record<string, string>> // as described
        const seen = new Set(
          openModules.flatMap((name) => oracle.visible(name)).map((each) => loginService.id(each)),
        )
        for (const [field, value] of Object.entries(body)) {
          if (field === 'id' || typeof value !== 'string' || !/^[0-9]+x[0-9]+$/.test(value)) continue
          const isNamed = seen.has(value) || /^(19|20|21)x/.test(value)
          t.equal(field in display, isNamed, `${field} ${value}: a name where the record is seen`)
        }
        t.strictSame(Object.keys(at(body, 'expanded', 'assigned_user_id') ?? {}), ['id', 'name'])
      },
    })),
    ...loginService.among('HelpDesk', 'Project', 'Invoice').map((record): Row => ({
      route: 'GET /records/:id',
      ...about(record),
      ask: () => ({ query: { expand: 'assigned_user_id(user_name)' } }),
      right: (context) => (reads(record)(context) === 'done' ? 'UNKNOWN_FIELD' : 'absent'),
    })),
    ...loginService.among('HelpDesk', 'Project', 'Invoice', 'Faq').map((record): Row => ({
      route: 'GET /records/:id/comments',
      ...about(record),
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
    ...loginService.among('Invoice', 'Quotes', 'SalesOrder', 'HelpDesk').map((record): Row => ({
      route: 'GET /records/:id/pdf',
      ...about(record),
      right: record.module === 'HelpDesk' ? none : reads(record),
      holds: (t, { text }) => t.match(text, new RegExp(`^%PDF-[^]*\\(${database.displayName(record)}\\)`)),
    })),
    ...loginService.among('Contacts', 'HelpDesk').map((record): Row => ({
      route: 'GET /records/:id/actions',
      ...about(record),
      right: reads(record),
      holds: (t, answer) =>
        t.same(named(answer, 'actions'), record.module === 'Contacts' ? ['call_back'] : []),
    })),
    ...loginService.among('Documents').map((record): Row => ({
      route: 'GET /documents/:id/content',
      ...about(record),
      right: reads(record),
      holds: (t, { text }) => t.equal(text, fileOf(record)),
    })),
    ...loginService.among('Documents').map((record): Row => ({
      route: 'POST /documents/:id/link',
      ...about(record),
      right: reads(record),
      holds: async (t, { body }) => {
        const { pathname } = new URL(textAt(body, 'url'))
        t.equal((await portal.as(undefined, 'GET', pathname)).text, fileOf(record))
        t.equal((await portal.as('alice', 'GET', pathname)).status, 404, 'it works once')
      },
    })),
    {
      // The link itself is the permission.
      route: 'GET /downloads/:secret',
      ask: async () => {
        const { body } = await portal.as('alice', 'POST', `/documents/${loginService.id(document)}/link`)
        return { params: { secret: textAt(body, 'url').replace(/.*\//, '') } }
      },
      right: all,
      nobody: 'done',
      alike: true,
      holds: (t, { text }) => t.equal(text, fileOf(document)),
    },
    {
      route: 'GET /downloads/:secret',
      about: 'guessed',
      right: () => 'NOT_FOUND',
      nobody: 'NOT_FOUND',
      alike: true,
    },
    ...(
      [
        [me, 'HelpDesk'],
        [me, 'Documents'],
        [ticket, 'Documents'],
        [loginService.the('HelpDesk', 'company'), 'Documents'],
        [loginService.the('HelpDesk', 'foreign'), 'Documents'],
        [loginService.the('Accounts', 'company'), 'Contacts'],
        [loginService.the('Accounts', 'foreign'), 'Contacts'],
      ] as const
    ).map(([record, module]): Row => ({
      route: 'GET /records/:id/related/:other',
      ...about(record),
      ask: () => ({ params: { other: module }, query: { count: 'true' } }),
      right: reads(record),
      holds: finds(`select * from ${module} where related.${record.module} = '${loginService.id(record)}'`),
    })),

    {
      route: 'POST /modules/:module/records',
      ...about(me),
      ask: (parent_id) => ({
        params: { module: 'HelpDesk' },
        body: { ticket_title: 'made', ticketstatus: 'Open', parent_id },
      }),
      right: hers,
      holds: writesDown('parent_id', loginService.id(me)),
    },
    ...loginService.among('Project').map((record): Row => ({
      route: 'POST /modules/:module/records',
      ...about(record),
      ask: (related_to) => ({
        params: { module: 'ModComments' },
        body: { commentcontent: 'a comment', related_to },
      }),
      right: reads(record),
      holds: writesDown('related_to', loginService.id(record)),
    })),
    {
      route: 'POST /modules/:module/records',
      ask: () => ({ params: { module: 'Documents' }, body: { notes_title: 'without a file' } }),
      right: all,
      holds: writesDown('notes_title', 'without a file'),
    },
    ...['Invoice', 'Contacts', 'Accounts'].map((module): Row => ({
      route: 'POST /modules/:module/records',
      ask: () => ({ params: { module }, body: { [titles[module] ?? '']: 'made' } }),
      right: () => 'NOT_WRITABLE',
    })),
    {
      route: 'POST /modules/:module/records',
      about: 'Users',
      absent: 'Nothing',
      ask: () => ({ body: { user_name: 'made' } }),
      right: none,
    },
    ...loginService
      .among('Contacts', 'Accounts', 'HelpDesk', 'Project', 'Invoice', 'Products')
      .map((record): Row => ({
        route: 'POST /documents',
        ...about(record),
        ask: (relatedTo) => ({ body: upload({ relatedTo }) }),
        right: uploads(record),
        holds: async (t, answer, context) => {
          shows(t, answer, context)
          for (const each of [record, context.contact])
            t.ok(
              (await relatedBy(each, 'Documents', 'id')).includes(answer.body.id),
              'the administrator sees it',
            )
          const { text } = await portal.as(context.name, 'GET', `/documents/${answer.body.id ?? ''}/content`)
          t.equal(text, 'what was uploaded')
        },
      })),
    ...loginService.among('HelpDesk', 'Project', 'Invoice', 'Faq').map((record): Row => ({
      route: 'POST /records/:id/comments',
      ...about(record),
      ask: (_, context) => ({ body: { text: `of ${context?.name ?? 'nobody'}` } }),
      right: comments(record),
      holds: async (t, { body }, { name, contact }) => {
        t.match(body, { text: `of ${name}`, author: { id: loginService.id(contact) } })
        const last = (await relatedBy(record, 'ModComments', 'commentcontent')).at(-1)
        t.match(last, new RegExp(`^of ${name}`), 'the administrator sees it')
      },
    })),
    ...loginService.among('Contacts', 'HelpDesk').map((record): Row => ({
      route: 'POST /records/:id/actions/:name',
      ...about(record),
      ask: () => ({ params: { name: 'call_back' } }),
      right: record.module === 'Contacts' ? reads(record) : none,
      holds: (t, { body }) => {
        t.same(body, { result: 'done' })
        const { params } = relay.calls.findLast((each) => each.operation === 'executeBusinessAction') ?? {}
        t.equal(params?.get('context'), `{"ID":"${loginService.id(record)}"}`)
      },
    })),
    ...['unlisted', 'not_offered', 'LBL_ADD_NOTE'].map((name): Row => ({
      route: 'POST /records/:id/actions/:name',
      about: name,
      absent: 'nothing',
      ask: () => ({ params: { id: loginService.id(me) } }),
      right: none,
    })),
    ...[...loginService.among(...Object.keys(titles)), uploaded].map((record): Row => {
      const title = titles[record.module] ?? ''
      return {
        route: 'PATCH /records/:id',
        ...about(record),
        ask: () => ({ body: { [title]: 'changed' } }),
        right: writes(record, ['HelpDesk', 'Contacts', 'Documents']),
        holds: writesDown(title, 'changed'),
      }
    }),
    ...(['PUT', 'DELETE'] as const).flatMap((method) =>
      pairs.map(([one, other]): Row => ({
        route: `${method} /records/:id/related/:other`,
        ...about(other),
        ask: (_, context = alice) => ({ params: { id: loginService.id(one(context)) } }),
        right: relates(one, other),
        holds: async (t, _, context) => {
          const isRelated = (await relatedBy(one(context), 'Documents', 'id')).includes(
            loginService.id(other),
          )
          t.equal(isRelated, method === 'PUT', 'the administrator sees it')
        },
      })),
    ),

    {
      route: 'GET /webservice.php',
      ...about(ticket),
      ask: (id, context) => ({ query: { operation: 'retrieve', id, sessionName: context?.session ?? '' } }),
      right: reads(ticket),
      holds: (t, { body }, { oracle }) => t.match(body['result'], oracle.shown(ticket)),
    },
    operation('query', ticket, (id) => ({ query: `${statement(id)};` }), {
      right: reads(ticket),
      holds: (t, { body }, { oracle }) => t.match(rowsAt(body, 'result'), [oracle.shown(ticket)]),
    }),
    ...loginService.among('HelpDesk').map((record) =>
      operation('revise', record, (id) => ({ element: JSON.stringify({ id, ticket_title: 'revised' }) }), {
        right: writes(record, ['HelpDesk']),
        holds: async (t) =>
          t.match(await stored(admin, loginService.id(record)), { ticket_title: 'revised' }),
      }),
    ),
    ...loginService.among('Invoice').map((record) =>
      operation('delete', record, (id) => ({ id }), {
        right: writes(record, ['Invoice']),
        holds: async (t) => t.same(await stored(admin, loginService.id(record)), {}),
      }),
    ),

    ...loginService
      .among('SalesOrder', 'HelpDesk', 'Accounts', 'Contacts', 'Documents', 'Products')
      .map((record): Row => ({
        route: 'DELETE /records/:id',
        ...about(record),
        right: writes(record, ['Invoice', 'HelpDesk']),
        holds: async (t) =>
          t.same(await stored(admin, loginService.id(record)), {}, 'the administrator misses it'),
      })),

    {
      route: 'DELETE /auth/sessions/:id',
      about: second.session?.id ?? '',
      absent: 'nothing',
      right: hers,
      holds: async (t) => {
        t.equal(await loginService.session(second.headers), undefined)
        t.same(await loginService.session(third.headers), third.session)
      },
    },
    {
      route: 'PUT /auth/password',
      about: mine.password,
      absent: 'no such password',
      ask: (currentPassword) => ({ body: { currentPassword, newPassword: 'a better one' } }),
      right: mode === 'user' ? () => 'NOT_WRITABLE' : hers,
      holds: async (t) => {
        t.equal(await loginService.session(third.headers), undefined, 'other sessions end')
        t.equal((await loginService.login(alice)).status, 401)
        const changed = { currentPassword: 'a better one', newPassword: mine.password }
        t.equal((await loginService.login(alice, changed.currentPassword)).status, 200)
        t.equal((await portal.as('alice', 'PUT', '/auth/password', { body: changed })).status, 204)
      },
    },
    {
      route: 'POST /auth/logout',
      ask: async (_, context) =>
        context === undefined ? {} : { headers: (await loginService.login(context)).headers },
      right: all,
      holds: async (t, _, { name }) => {
        t.equal((await portal.as(name, 'GET', '/auth/session')).status, 200, 'no other session ends')
      },
    },
    {
      // Those who are asked later log out as well: the sessions of others go on.
      route: 'POST /auth/logout-all',
      right: all,
      holds: async (t, _, { name }) => {
        t.equal((await portal.as(name, 'GET', '/auth/session')).status, 401)
      },
    },
  ]
}

async function put(
  { portal }: Desk,
  row: Row,
  context: ReadContext | undefined,
  about: string,
): Promise<Answer> {
  const [method = '', template = ''] = row.route.split(' ')
  const { params = {}, query, ...sent } = (await row.ask?.(about, context)) ?? {}
  const path = template.replace(/:(\w+)|\*/g, (whole, name: string | undefined) =>
    encodeURIComponent(params[name ?? whole] ?? about),
  )
  const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`
  return portal.as(context?.name, method, `${path}${search}`, sent)
}

/** An answer without what each has of its own. */
function told({ status, headers, text }: Answer, about = '', instead = ''): string {
  const said = text.replace(/"(?:requestId|instance)":"[^"]*",?/g, '').replaceAll(about, instead)
  return [status, Object.keys(headers).sort(), headers['content-type'], said].join(' ')
}

function isGiven({ status, body }: Answer): boolean {
  return status < 400 && body['success'] !== false
}

const writingOperation =
  /^(create|revise|delete|SetRelation|UnsetRelation|addTicketFaqComment|executeBusinessAction)$/

/** Asks what a row says for one context. @returns the answer, and what is wrong with it */
async function judge(t: Test, loginService: Desk, row: Row, context: ReadContext | undefined) {
  const { portal, database, routes } = loginService
  const { route, about = '', absent } = row
  const right = context === undefined ? (row.nobody ?? 'AUTHENTICATION_REQUIRED') : row.right(context)
  const isRead = route.startsWith('GET') || route.includes('/query')
  const name = context?.name ?? 'nobody'
  const state = async () => {
    const seen = /^[0-9]+x[0-9]+$/.test(about) ? await stored(portal.admin, about) : undefined
    return contents(database) + JSON.stringify([about, seen])
  }
  const before = isRead || right === 'done' ? '' : (loginService.unchanged.get(about) ?? (await state()))
  const sent = portal.relay.calls.length
  const answer = await put(loginService, row, context, about)
  const faults: string[] = []
  // What is known to be unchanged is not looked at again.
  loginService.unchanged.clear()
  if (!isRead && right !== 'done') {
    const after = await state()
    if (after === before) loginService.unchanged.set(about, after)
    else faults.push('it has changed something')
  }
  if (isRead || right !== 'done') {
    const made = portal.relay.calls.slice(sent).map(({ operation }) => operation)
    faults.push(...made.filter((each) => writingOperation.test(each)))
  }
  if (right === 'done') {
    if (!isGiven(answer)) faults.push(`it is rejected: ${answer.text}`)
    else if (context !== undefined) await row.holds?.(t, answer, context)
  } else if (right !== 'absent') {
    const code = answer.body.code ?? textAt(answer.body, 'error', 'code')
    if (code !== right) faults.push(`${answer.status} ${code} instead of ${right}`)
  }
  // Without a token the answer does not tell whether the record exists.
  if (right === 'absent' || (context === undefined && absent !== undefined)) {
    const [here, there] = [
      told(answer),
      told(await put(loginService, row, context, absent ?? ''), absent, about),
    ]
    if (here !== there) faults.push(`it is told apart from what is not there: ${here} and ${there}`)
  }
  const head = route.replace(/^GET/, 'HEAD')
  const kind = `${head} ${name} ${right}`
  if (head !== route && routes.has(head) && !loginService.headed.has(kind)) {
    loginService.headed.add(kind)
    const { status, text } = await put(loginService, { ...row, route: head }, context, about)
    if (status !== answer.status || text !== '') faults.push(`its HEAD is ${status} ${text}`)
  }
  return { answer, right, faults }
}

/** Paths of the operators' port that hold nothing of anybody. */
const openToProbes: ReadonlySet<string> = new Set(['/metrics', '/openapi.json', '/operator.css'])

/** Files of the build, the same for all: the subject of test/portal.test.ts. */
const filesOfPortal: ReadonlySet<string> = new Set(['GET /', 'GET /portal/assets/:name', 'GET /portal/logo'])

/** Each port has its own page and its own description. */
const onBothPorts: ReadonlySet<string> = new Set(['/', '/openapi.json'])

t.test('every route, by whoever it belongs to, a colleague, another company, nobody', async (t) => {
  const desks: (readonly [string, Desk])[] = []
  // Which Fastify is whose is told by the order in which they start.
  for (const mode of modes) desks.push([`in ${mode} mode`, await Desk.start(t, mode, {})])
  desks.push(['with kept answers', await Desk.start(t, 'portal', keeping)])
  // Most of the time is spent waiting for log-ins that are rejected.
  t.jobs = desks.length
  await Promise.all(
    desks.map(([name, loginService]) =>
      t.test(name, { buffered: true }, async (t) => {
        const { mode, portal, routes, alice, bob, carol } = loginService
        const table = await tableOf(loginService)
        const withRow = new Set(table.map(({ route }) => route))
        // A HEAD is put beside each GET.
        const isKnown = (route: string) => withRow.has(route) || filesOfPortal.has(route)
        const without = [...routes].filter((route) => !isKnown(route.replace(/^HEAD/, 'GET')))
        t.same(without, [], 'routes without a row')
        const unknown = [...withRow].filter((route) => !routes.has(route))
        t.same(unknown, [], 'rows without a route')

        const outcomes = new Map<string, Map<Right, number>>()
        const given = new Set<string>()
        for (const row of table) {
          const faults: string[] = []
          let first: string | undefined
          // The owner comes last, since its request may change the rights of others.
          for (const context of [undefined, carol, bob, alice]) {
            const who = context?.name ?? 'nobody'
            const { answer, right, faults: found } = await judge(t, loginService, row, context)
            faults.push(...found.map((fault) => `${who}: ${fault}`))
            first ??= told(answer)
            if (row.alike === true && told(answer) !== first) faults.push(`${who}: not as everybody`)
            if (context === alice && isGiven(answer)) given.add(row.route)
            const times = outcomes.get(who) ?? new Map<Right, number>()
            outcomes.set(who, times.set(right, (times.get(right) ?? 0) + 1))
          }
          t.same(faults, [], `${row.route} ${row.about ?? ''}`)
        }
        for (const [who, byRight] of outcomes)
          t.comment(`${who}: ${[...byRight].map(([right, times]) => `${times} ${right}`).join(', ')}`)
        t.same(
          [...withRow].filter((route) => !given.has(route)),
          mode === 'user' ? ['PUT /auth/password'] : [],
          'routes that give her nothing',
        )

        for (const route of loginService.operatorRoutes) {
          const [method = '', path = ''] = route.split(' ')
          const body = method === 'POST' ? { body: {} } : {}
          for (const name of [undefined, 'carol']) {
            const here = await portal.as(name, method, path, body)
            if (!onBothPorts.has(path)) t.equal(here.status, 404, `${route} is not on the port for all`)
            const there = await portal.as(name, method, path, { ...body, at: portal.operatorUrl })
            t.equal(there.status, openToProbes.has(path) ? 200 : 401, `${route} is for operators`)
          }
        }
      }),
    ),
  )
})
