/** What is present in a request and cannot be read is rejected by the name of its parameter, at every route. */
import t from 'tap'
import { operations } from '../../src/webservice/operations.ts'
import { contactAt, type Sent, type WebserviceClient } from '../support/webservice-client.ts'
import { dereferenced } from '../support/openapi.ts'
import { contents, startPortal, type Portal } from '../support/portal.ts'
import { isThorough } from '../support/thorough.ts'

const generous = { RATE_LIMIT_CONTACT: '100000/60', RATE_LIMIT_IP: '100000/60' }

interface Schema {
  readonly type?: string
  readonly $ref?: string
  readonly examples?: readonly unknown[]
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly anyOf?: readonly Schema[]
}

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly schema?: Schema
}

interface Operation {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
}

/** A value of each parameter of a path, of records that alice sees. */
const inPath: Readonly<Record<string, string>> = { module: 'HelpDesk', id: '17x8625' }
const other = (method: string): string => (method === 'get' ? 'Documents' : '15x8644')

/** The least that a schema accepts. */
function example(schema: Schema | undefined): unknown {
  if (schema === undefined) return undefined
  const { type, examples, required = [], properties = {}, anyOf: [first] = [] } = schema
  if (examples !== undefined) return examples[0]
  if (first !== undefined) return example(first)
  if (type === 'object') return Object.fromEntries(required.map((name) => [name, example(properties[name])]))
  return type === 'string' ? 'xxxxxxxx' : type === 'array' ? [] : 1
}

interface Route {
  readonly method: string
  readonly path: string
  readonly parameters: readonly Parameter[]
  readonly body: unknown
  /** What the route cannot do without, apart from one parameter. */
  readonly requiredBut: (name: string) => string
}

async function routesOf(portal: Portal): Promise<Route[]> {
  const document = dereferenced((await portal.as(undefined, 'GET', '/openapi.json')).body)
  const paths = document['paths'] as Readonly<Record<string, Readonly<Record<string, Operation>>>> // OpenAPI
  return Object.entries(paths)
    .filter(([path]) => path !== '/webservice.php')
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { parameters = [], requestBody }]) => {
        const taken = parameters.filter((each) => each.in === 'query')
        const known: Readonly<Record<string, string>> = { ...inPath, other: other(method) }
        const isOther = (each: Parameter, name: string) => each.required === true && each.name !== name
        return {
          method: method.toUpperCase(),
          path: path.replace(/\{(\w+)\}/g, (_, name: string) => known[name] ?? 'x'),
          parameters: taken,
          body: example(requestBody?.content['application/json']?.schema),
          requiredBut: (name: string) =>
            [
              ...taken.filter((each) => isOther(each, name)).map((each) => `&${each.name}=alice`),
              ...(path.endsWith('aggregate') && name !== 'count' ? ['&count=true'] : []),
            ].join(''),
        }
      }),
    )
}

/** Spellings of one parameter that say nothing, or more than one thing; with the name that an error gives it. */
function spellings({ name, schema }: Parameter): readonly (readonly [search: string, named: string])[] {
  const needsOther = schema?.type === 'integer' || schema?.type === 'boolean'
  return [
    [`${name}=%ff`, name],
    [`${name}=caf%c3`, name],
    [`${name}=%E0%A4%A`, name],
    [`${name}=%zz`, name],
    [`${name}=%`, name],
    [`${name}=a&${name}=b`, name],
    [`${name}=`, name],
    [name, name],
    [`${name}[]=a`, `${name}[]`],
    [`${name}[a]=b`, `${name}[a]`],
    ...(needsOther
      ? ([
          [`${name}=x`, name],
          [`${name}=1.5`, name],
          [`${name}=[]`, name],
        ] as const)
      : []),
  ]
}

/** A third of the items, another one at each turn; all of them in `npm run prove`. */
function someOf<T>(items: readonly T[], turn: number): readonly T[] {
  return isThorough ? items : items.filter((_, i) => i % 3 === turn % 3)
}

t.test('every parameter of every route', async (t) => {
  const portal = await startPortal(t, { env: generous })
  let tried = 0
  let turn = 0
  for (const { method, path, parameters, requiredBut, body: sent } of await routesOf(portal)) {
    for (const parameter of [...parameters, { name: 'nothing', in: 'query' }]) {
      for (const [search, named] of someOf(spellings(parameter), (turn += 1))) {
        const url = `${path}?${search}${requiredBut(parameter.name)}`
        const { status, body } = await portal.as(
          'alice',
          method,
          url,
          sent === undefined ? {} : { body: sent },
        )
        tried += 1
        const errors = (body['errors'] ?? []) as readonly { parameter?: string }[]
        const names = errors.map((each) => each.parameter)
        if (!(status === 400 || status === 422) || !names.includes(named))
          t.fail(
            `${method} ${url}: ${status} ${String(body.code)} ${JSON.stringify(body['errors'])} ${String(body['detail'])}`,
          )
      }
    }
  }
  t.comment(`${tried} requests`)
})

/** What an operation cannot do without, so that it comes as far as the parameter that is tried. */
const sound: Readonly<Record<string, string>> = {
  query: 'alice',
  module: 'HelpDesk',
  elementType: 'HelpDesk',
  relatedModule: 'Documents',
  id: '17x8625',
  modifiedTime: '1',
  relate_this_id: '17x8625',
  unrelate_this_id: '17x8625',
  searchOn: 'ticket_title',
}

/** Parameters that hold JSON, each with JSON of another kind than it takes. */
const ofAnotherKind: Readonly<Record<string, unknown>> = {
  ...Object.fromEntries(
    ['element', 'values', 'context', 'queryParameters', 'restrictionids'].map((name) => [name, ['b']]),
  ),
  ...{ elements: { a: 'b' }, with_these_ids: { a: 'b' }, fieldTypeList: { a: 'b' }, totranslate: { a: 1 } },
}

const headersOf = ({ session }: WebserviceClient, type: string) => ({
  'corebos-authorization': session,
  'content-type': type,
})
const urlencoded = 'application/x-www-form-urlencoded'

/** A call with one parameter that cannot be read: in the URL, in a form, and in a body of JSON. */
function unreadable(operation: string, takes: readonly string[], name: string): Sent[] {
  const others = takes.filter((each) => each !== name && each in sound)
  const start = [`operation=${operation}`, ...others.map((each) => `${each}=${sound[each]}`)].join('&')
  const wrong = ofAnotherKind[name] ?? { a: 'b' }
  const [key, value] = Object.entries(wrong)[0] as [string, unknown] // JSON of one entry
  const given = Object.fromEntries(others.map((each) => [each, sound[each]]))
  // Brackets hold texts, of which texts to translate may be an object.
  const brackets = name === 'totranslate' ? [] : [`${name}[${key}]=${String(value)}`]
  const pairs = [`${name}=%ff`, ...brackets]
  return [
    ...pairs.map((pair): Sent => ({ method: 'GET', query: `${start}&${pair}` })),
    ...pairs.map((pair): Sent => ({ body: `${start}&${pair}` })),
    { body: JSON.stringify({ operation, ...given, [name]: wrong }) },
  ]
}

t.test('every parameter of every operation of /webservice.php, in URLs, forms and JSON', async (t) => {
  const portal = await startPortal(t, { env: generous })
  const client = await contactAt(portal.url, 'alice')
  const before = contents(portal.corebos.database)
  let tried = 0
  let turn = 0
  for (const { name: operation, takes } of operations) {
    for (const name of takes) {
      for (const sent of someOf(unreadable(operation, takes, name), (turn += 1))) {
        const type = sent.body?.toString().startsWith('{') === true ? 'application/json' : urlencoded
        const { status, success, message } = await client.send({ ...sent, headers: headersOf(client, type) })
        tried += 1
        if (status !== 200 || success !== false || !String(message).includes(`'${name}'`))
          t.fail(`${operation} ${JSON.stringify(sent)}: ${status} ${String(success)} ${String(message)}`)
      }
    }
  }
  t.strictSame(contents(portal.corebos.database), before, 'nothing was written')
  t.comment(`${tried} requests`)
})
