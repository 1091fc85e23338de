/** Bodies made at random from the schemas of the routes that write. */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { FormData } from 'undici'
import type { CrmRecord } from '../src/demo/database.ts'
import { dereferenced } from './support/openapi.ts'
import {
  credentialsOf,
  policyFile,
  startPortal,
  usualModes,
  type Mode,
  type Portal,
  type Sent,
} from './support/portal.ts'
import { isThorough, times } from './support/thorough.ts'
import { textAt } from './support/webservice-client.ts'

/** What is alice's: herself, her tickets, an invoice, a project and a document. */
const mine = new Set([8549, 8625, 8626, 8627, 8628, 8636, 8644])

const cases = times(400, 10_000)
const atOnce = 16

const ids = [
  '12x8549',
  '12x8550',
  '12x8551',
  '11x8546',
  '11x8547',
  '17x8625',
  '17x8645',
  '17x8665',
  '7x8628',
  '33x8636',
  '15x8644',
  '15x8664',
  '14x8558',
  '3x8561',
  '19x1',
  '19x7',
  '17x99999',
  '12x0',
  '9x1',
]
const modules = [
  'HelpDesk',
  'HelpDesk',
  'HelpDesk',
  'Documents',
  'ModComments',
  'Contacts',
  'Invoice',
  'Users',
  'helpdesk',
  'Nothing',
]
const fields = [
  'ticket_title',
  'ticketstatus',
  'ticketpriorities',
  'description',
  'parent_id',
  'assigned_user_id',
  'from_portal',
  'product_id',
  'notes_title',
  'notecontent',
  'filename',
  'filelocationtype',
  'commentcontent',
  'related_to',
  'creator',
  'lastname',
  'phone',
  'email',
  'account_id',
  'portal',
  'portalloginuser',
  'support_end_date',
  'id',
  'relations',
  'constructor',
  'toString',
  'hasOwnProperty',
  '__proto__',
  '',
]

/** Of all of Unicode. The unit `binary` of fast-check is the same, and makes a table of a million entries first. */
const character = fc
  .integer({ min: 0, max: 0x10ffff - 0x800 })
  // Surrogates are no characters.
  .map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800))

const value = fc.oneof(
  fc.constantFrom(
    ...ids,
    'Open',
    'Closed',
    'High',
    'on fire',
    '0',
    '1',
    '',
    'E',
    'I',
    '2026-02-30',
    '1e9',
    '$contact',
    '$account',
  ),
  fc.string({ maxLength: 20 }),
  fc.string({ unit: character, maxLength: 20 }),
  fc.constantFrom('a\0b', '\ud800', 'x'.repeat(70_000), "'; drop table x; --", '%', '\\', '<script>'),
)
const ticketFields = [
  'ticket_title',
  'ticketstatus',
  'ticketpriorities',
  'parent_id',
  'assigned_user_id',
  'product_id',
]
const element = fc.oneof(
  { weight: 6, arbitrary: fc.dictionary(fc.constantFrom(...ticketFields), value, { maxKeys: 3 }) },
  { weight: 6, arbitrary: fc.dictionary(fc.constantFrom(...fields), value, { maxKeys: 5 }) },
  {
    weight: 9,
    arbitrary: fc.record(
      { ticket_title: value, ticketstatus: fc.constantFrom('Open', 'Closed'), description: value },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: fc.dictionary(fc.string({ maxLength: 10 }), fc.jsonValue(), { maxKeys: 3 }) },
  { weight: 1, arbitrary: fc.jsonValue() },
)
/** As the description of the gateway writes it. */
interface Schema {
  readonly type?: 'object' | 'string' | 'array'
  readonly format?: string
  readonly enum?: readonly string[]
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: unknown
}

const statements = fc
  .oneof(
    fc.tuple(
      fc.constantFrom('select', 'select distinct', 'SELECT', 'insert'),
      fc.constantFrom('*', 'id', 'count(*)', ...fields),
      fc.constantFrom(...modules),
      fc.constantFrom(...fields),
      fc.constantFrom('=', '!=', '<', 'like', 'in', 'is null', 'not'),
      value,
    ),
    fc.tuple(
      fc.constant('select'),
      fc.constantFrom('*', 'id', ...ticketFields),
      fc.constant('HelpDesk'),
      fc.constantFrom('ticket_title', 'ticketstatus'),
      fc.constantFrom('=', '!=', '<', 'like'),
      value,
    ),
  )
  .map(
    ([verb, columns, module, field, operator, text]) =>
      `${verb} ${columns} from ${module} where ${field} ${operator} '${text}'`,
  )

/** What meets a schema. */
function meeting(schema: Schema, name = ''): fc.Arbitrary<unknown> {
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((each) => meeting(each, name)))
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if (schema.type === 'array') return fc.array(meeting(schema.items ?? {}, name), { maxLength: 3 })
  if (schema.type === 'object') {
    const named = Object.entries(schema.properties ?? {})
    const known = fc.record(Object.fromEntries(named.map(([each, of]) => [each, meeting(of, each)])), {
      requiredKeys: [...(schema.required ?? [])],
    })
    if (schema.additionalProperties === false) return known
    const more = fc
      .tuple(known, element)
      .map(([one, other]) => ({ ...(isObject(other) ? other : {}), ...one }))
    return named.length === 0 ? more : fc.oneof(known, more)
  }
  if (schema.format === 'binary') {
    return fc
      .tuple(fc.uint8Array({ maxLength: 200 }), fc.oneof(fc.constantFrom('note.txt', 'photo.png'), value))
      .map(([bytes, file]) => new File([bytes], file))
  }
  if (schema.pattern !== undefined) return fc.constantFrom(...ids)
  if (name === 'query') return fc.oneof(statements, value)
  if (name === 'username') return fc.oneof(fc.constantFrom('alice@example.com', 'nobody@example.com'), value)
  const { minLength = 0, maxLength = 70_000 } = schema
  const text = name === 'newPassword' ? fc.oneof(value, fc.constant('a better one')) : value
  return text.filter(({ length }) => length >= minLength && length <= maxLength)
}

/** What meets a schema, or just does not. */
function near(schema: Schema): fc.Arbitrary<unknown> {
  const names = Object.keys(schema.properties ?? {})
  const name = fc.oneof(
    fc.constantFrom(...fields),
    ...(names.length === 0 ? [] : [{ weight: 3, arbitrary: fc.constantFrom(...names) }]),
  )
  const spoiled = fc
    .tuple(meeting(schema), name, fc.option(fc.jsonValue(), { nil: undefined }))
    .map(([body, key, other]) => ({ ...(isObject(body) ? body : {}), [key]: other }))
  return fc.oneof(
    { weight: 8, arbitrary: meeting(schema) },
    { weight: 3, arbitrary: spoiled },
    { weight: 1, arbitrary: fc.jsonValue() },
  )
}

const isObject = (given: unknown): given is Record<string, unknown> =>
  typeof given === 'object' && given !== null

function asForm(body: unknown): FormData {
  const form = new FormData()
  for (const [name, given] of Object.entries(isObject(body) ? body : { body })) {
    for (const each of Array.isArray(given) ? given : [given]) {
      if (each instanceof File) form.append(name, each)
      else form.append(name, typeof each === 'string' ? each : JSON.stringify(each ?? null))
    }
  }
  return form
}

const id = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...ids) },
  { weight: 4, arbitrary: fc.constantFrom('17x8625', '17x8626', '12x8549') },
  {
    weight: 1,
    arbitrary: fc
      .string({ minLength: 1, maxLength: 10 })
      .map((text) => encodeURIComponent(text.toWellFormed())),
  },
)
const header = fc.oneof(
  { weight: 3, arbitrary: fc.uuid() },
  {
    weight: 1,
    arbitrary: fc.string({ unit: fc.constantFrom('a', '"', '*', ',', 'W/', '-', '~', ' '), maxLength: 9 }),
  },
)

interface Case extends Sent {
  /** As it is described. */
  readonly route: string
  readonly path: string
  /** Sent by a client that knows alice's secrets. */
  readonly knows: boolean
}

/** The parts of a body that cannot be guessed: alice's secrets. */
const secrets: Readonly<Record<string, (mode: Mode) => object>> = {
  '/auth/login': (mode) => credentialsOf('alice', mode),
  '/auth/refresh': () => ({ refreshToken: 'of a new session' }),
  '/auth/password': (mode) => ({ currentPassword: credentialsOf('alice', mode).password }),
}

interface Described {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
          }
        >
      >
    >
  >
}

/** Of every route that takes a body, from its own schema; and of those without one that write. */
function requests({ paths }: Described, mode: Mode): fc.Arbitrary<Case> {
  const knows = fc.constant(false)
  const keyed = { 'idempotency-key': header }
  const conditional = { ...keyed, 'if-match': header, 'if-none-match': header }
  const headers = fc.oneof(...[keyed, conditional].map((each) => fc.record(each, { requiredKeys: [] })))
  const withBody = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { requestBody }]) =>
      Object.entries(requestBody?.content ?? {}).flatMap(([type, { schema }]) => {
        const of = (body: fc.Arbitrary<unknown>, known: fc.Arbitrary<boolean> = knows) =>
          fc.record({
            route: fc.constant(`${method.toUpperCase()} ${path}`),
            path: fc
              .tuple(fc.constantFrom(...modules), id)
              .map(([module, each]) => path.replace('{module}', module).replace('{id}', each)),
            body,
            headers,
            knows: known,
          })
        const given = secrets[path]?.(mode)
        const body = type === 'multipart/form-data' ? near(schema).map(asForm) : near(schema)
        // A client that guesses passwords must wait.
        const weight = path.startsWith('/auth/') ? 1 : /^\/(records|modules)\//.test(path) ? 20 : 10
        if (given === undefined) return [{ weight, arbitrary: of(body) }]
        const known = meeting(schema).map((each) => ({ ...(isObject(each) ? each : {}), ...given }))
        return [of(body), of(known, fc.constant(true))].map((arbitrary) => ({ weight, arbitrary }))
      }),
    ),
  )
  if (withBody.length < 10) throw new Error('the description names too few bodies')
  const own = fc.tuple(fc.constantFrom('17x8625', '33x8636'), fc.constant('15x8644'))
  return fc.oneof(
    ...withBody,
    {
      weight: 6,
      arbitrary: fc.record({
        route: fc.constantFrom('PUT /records/{id}/related/{other}', 'DELETE /records/{id}/related/{other}'),
        path: fc
          .oneof(own, { weight: 2, arbitrary: fc.tuple(id, id) })
          .map(([one, other]) => `/records/${one}/related/${other}`),
        knows,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        route: fc.constant('DELETE /records/{id}'),
        path: fc.oneof(fc.constant('7x8628'), { weight: 3, arbitrary: id }).map((each) => `/records/${each}`),
        knows,
      }),
    },
  )
}

/** What there was before, without what is alice's to change. */
function others({ corebos: { database } }: Portal, last: number): string {
  return JSON.stringify([
    [...database.modules.keys()].map((name) =>
      database
        .allRecords(name)
        .filter(({ number }) => number <= last && !mine.has(number))
        .map(({ number, values, deleted }) => [number, [...values], deleted]),
    ),
    database.portalAccess,
    [...database.settings],
  ])
}

/** The routes of the description. coreBOS's own protocol answers in its envelope, and has a test of its own. */
async function describedBy(portal: Portal): Promise<Described> {
  const served = (await portal.as(undefined, 'GET', '/openapi.json')).body as unknown as Described // OpenAPI
  const paths = Object.entries(dereferenced(served).paths).filter(([path]) => path !== '/webservice.php')
  return { paths: Object.fromEntries(paths) }
}

/** Routes that take a body, and those without one that write. */
function writingRoutes({ paths }: Described): readonly string[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(
        ([method, { requestBody }]) =>
          requestBody !== undefined || (path.startsWith('/records/') && ['put', 'delete'].includes(method)),
      )
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  )
}

/** Sends requests as alice and counts what is answered. */
class Sender {
  readonly outcomes = new Map<string, number>()
  /** How often each route accepted a request. */
  readonly accepted: Map<string, number>
  readonly failed: string[] = []
  private readonly portal: Portal
  private readonly mode: Mode
  private uploaded: Promise<unknown> = Promise.resolve()

  constructor(portal: Portal, mode: Mode, routes: readonly string[]) {
    this.portal = portal
    this.mode = mode
    this.accepted = new Map(routes.map((route) => [route, 0]))
  }

  async send({ route, path, body, headers }: Case): Promise<void> {
    const [method = ''] = route.split(' ')
    const send = async () =>
      this.portal.as('alice', method, path, {
        ...(body !== undefined && { body }),
        ...(headers !== undefined && { headers }),
      })
    // Of each contact few files are taken in at once.
    const sent = route === 'POST /documents' ? this.uploaded.then(send) : send()
    if (route === 'POST /documents') this.uploaded = sent
    const { status, body: answer } = await sent
    const outcome = `${status} ${answer.code ?? ''}`
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1)
    this.accepted.set(route, (this.accepted.get(route) ?? 0) + (status < 300 ? 1 : 0))
    if (status >= 500 || (status >= 400 && answer.code === undefined))
      this.failed.push(`${outcome}: ${JSON.stringify({ route, path, body, headers }).slice(0, 500)}`)
  }

  /** Sends what holds alice's secrets, one password after the other. */
  async sendKnown(cases: readonly Case[]): Promise<void> {
    const isOfPassword = ({ route }: Case) => route.endsWith('/auth/password')
    await Promise.all(
      cases
        .filter((each) => !isOfPassword(each))
        .map(async (each) => {
          if (!each.route.endsWith('/auth/refresh')) return this.send(each)
          const login = { body: credentialsOf('alice', this.mode) }
          const { body } = await this.portal.as(undefined, 'POST', '/auth/login', login)
          return this.send({ ...each, body: { refreshToken: textAt(body, 'refreshToken') } })
        }),
    )
    for (const each of cases.filter(isOfPassword)) {
      await this.send(each)
      for (const access of this.portal.corebos.database.portalAccess)
        if (access.userName === 'alice@example.com') access.password = 'alice-pw'
    }
  }

  /** Sends the others, several at once. */
  async sendUnknown(cases: readonly Case[]): Promise<void> {
    const waiting = [...cases]
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let each = waiting.pop(); each !== undefined; each = waiting.pop()) await this.send(each)
      }),
    )
  }
}

/** What may be made: tickets and comments of alice's, and documents. */
function isHers(t: Test, { module, values }: CrmRecord): void {
  if (module === 'HelpDesk') t.equal(values.get('parent_id'), '8549')
  if (module === 'ModComments') t.equal(values.get('related_to'), '8636')
  t.ok(['HelpDesk', 'Documents', 'ModComments'].includes(module))
}

const countsOf = (counts: ReadonlyMap<string, number>) =>
  [...counts].map(([what, times]) => `${what}: ${times}`).join(', ')

const seed = isThorough ? Date.now() : 1

for (const [i, mode] of usualModes.entries()) {
  const count =
    Math.floor((cases * (i + 1)) / usualModes.length) - Math.floor((cases * i) / usualModes.length)
  const name = `${mode} mode: ${count} bodies from their own schemas: no failure, and nothing of others is touched`
  t.test(name, async (t) => {
    // What the built-in policy closes would be rejected for every contact.
    const POLICY_FILE = await policyFile(t, { Invoice: { delete: true } })
    const env = { POLICY_FILE, LOG_LEVEL: 'silent', COREBOS_QUEUE: '5000' }
    const portal = await startPortal(t, { mode, env })
    const { database } = portal.corebos
    const last = database.lastNumber
    const before = others(portal, last)
    const described = await describedBy(portal)
    const sender = new Sender(portal, mode, writingRoutes(described))
    t.comment(`seed ${seed + i}`)
    const all = fc.sample(requests(described, mode), { numRuns: count, seed: seed + i })
    await portal.as('alice', 'GET', '/modules')
    // Before so many guesses that alice has to wait as well.
    await sender.sendKnown(all.filter(({ knows }) => knows))
    await sender.sendUnknown(all.filter(({ knows }) => !knows))
    t.comment(countsOf(sender.outcomes))
    t.comment(countsOf(sender.accepted))
    t.same(sender.failed.slice(0, 5), [])
    t.ok(others(portal, last) === before, 'nothing of others is touched')
    if (isThorough)
      t.same(
        [...sender.accepted].filter(([, times]) => times === 0).map(([route]) => route),
        // Passwords of CRM users are changed in coreBOS.
        mode === 'user' ? ['PUT /auth/password'] : [],
        'routes that accept nothing',
      )

    const made = [...database.modules.keys()].flatMap((module) =>
      database.allRecords(module).filter(({ number }) => number > last),
    )
    t.ok(made.length > times(0, 10), `${made.length} records were made`)
    for (const record of made) isHers(t, record)
  })
}
