/** Requests that are wrong in one thing each, and the comparison of their answers with the description. */
import { answerHeaderNames } from '../../src/http/schemas.ts'
import { entriesOf, type Operation } from './described.ts'
import { undescribed } from './openapi.ts'
import { sample } from './thorough.ts'
import { at, textAt } from './webservice-client.ts'

interface Probe {
  readonly target?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | FormData | undefined
  readonly token?: string | undefined
  readonly at?: string
}

export type NamedProbe = readonly [what: string, probe: Probe]

export const json = { 'content-type': 'application/json' }

export const example = ({ mediaType, body }: Operation): Probe =>
  mediaType === 'application/json' ? { headers: json, body: JSON.stringify(body) } : {}

/** Which headers of an answer are missing in its description, or are described and not sent. */
function wrongHeaders(response: Response, documented: unknown, text: string): readonly string[] {
  const described = entriesOf(at(documented, 'headers')).map(([header]) => header)
  // A store that fails counts nothing, and an URL that cannot be read comes before counting.
  const isUncounted = response.status === 503 || text.includes('"code":"BAD_REQUEST"')
  return answerHeaderNames
    .filter((header) => header !== 'Cache-Control' && header !== 'Content-Length')
    .filter((header) => response.headers.has(header) !== described.includes(header))
    .filter((header) =>
      header.startsWith('RateLimit') ? !isUncounted : header !== 'Retry-After' || response.status !== 503,
    )
    .map(
      (header) =>
        `${header} is ${response.headers.has(header) ? 'not described' : 'described, but not sent'}`,
    )
}

/** What is wrong with the description of a problem document. */
function wrongProblem(response: Response, documented: unknown, problem: unknown): readonly string[] {
  const code = textAt(problem, 'code')
  const schema = at(documented, 'content', 'application/problem+json', 'schema')
  const codes: unknown = at(schema, 'allOf', 1, 'properties', 'code', 'enum')
  const isMute = at(problem, 'detail') === undefined
  return [
    ...(Array.isArray(codes) && codes.includes(code) ? [] : [`${code} is not described`]),
    ...([400, 413, 415].includes(response.status) && isMute ? [`${code} says no more`] : []),
  ]
}

/** Sends requests and compares the answers with the description. */
export class Prober {
  readonly url: string
  private readonly wrong: string[] = []
  /** Codes of errors that were answered. */
  readonly seen = new Set<string>()

  constructor(url: string) {
    this.url = url
  }

  /** @returns the answers so far that are not as described, and forgets them */
  take(): readonly string[] {
    return this.wrong.splice(0)
  }

  async probe(what: string, operation: Operation, sent: Probe): Promise<void> {
    const { name, method, path, query, responses } = operation
    const { target = `${path}${query}`, token, headers, body } = sent
    const response = await fetch(`${sent.at ?? this.url}${target}`, {
      method,
      headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
      ...(body !== undefined && method !== 'GET' && { body }),
    })
    const text = await response.text()
    const documented = at(responses, String(response.status))
    const wrong = documented === undefined ? [`is not described: ${text.slice(0, 200)}`] : []
    if (!response.ok && response.status !== 304) {
      const problem: unknown = JSON.parse(text)
      this.seen.add(textAt(problem, 'code'))
      wrong.push(...wrongProblem(response, documented, problem))
    }
    const schema = at(documented, 'content', 'application/json', 'schema')
    if (response.ok && text !== '' && schema !== undefined)
      wrong.push(...undescribed(JSON.parse(text), schema).map((place) => `${place} is not described`))
    wrong.push(...wrongHeaders(response, documented, text))
    this.wrong.push(...wrong.map((problem) => `${name}: ${what}: ${response.status} ${problem}`))
  }
}

/** Requests with an id that is foreign, missing or malformed, and with parameters that are wrong. */
export function wrongParameters(operation: Operation): readonly NamedProbe[] {
  const { path, query, parameters } = operation
  const ids = sample(['17x8585', '17x9999999', '63x1', 'x', '%zz', 'Nowhere', 'CobroPago'], 2)
  const targets = ids
    .map((id) => [id, path.replace(/\d+x\d+|HelpDesk/, id)] as const)
    .filter(([, target]) => target !== path)
  const values = [...new URLSearchParams(query).keys()].flatMap((key) =>
    sample(["'", 'nothing', 'Users.accesskey', 'a.b.c.d.e', 'not id'], 1).map((value): NamedProbe => {
      const changed = new URLSearchParams(query)
      changed.set(key, value)
      return [`${key}=${value}`, { target: `${path}?${changed.toString()}` }]
    }),
  )
  const { body } = example(operation)
  const conditional: Readonly<Record<string, readonly NamedProbe[]>> = {
    'if-match': [['a tag of nothing', { body, headers: { ...json, 'if-match': '"x"' } }]],
    'if-none-match': [['all that there is', { headers: { 'if-none-match': '*' } }]],
    range: [
      ['a part', { headers: { range: 'bytes=0-1' } }],
      ['no part', { headers: { range: 'bytes=999999-' } }],
    ],
  }
  return [
    ['an unknown parameter', { ...example(operation), target: `${path}?surprise=1` }],
    ...targets.map(([id, target]): NamedProbe => [
      `${id} in the path`,
      { ...example(operation), target: `${target}${query}` },
    ]),
    ...values,
    ...Object.entries(conditional).flatMap(([name, probes]) => (parameters.includes(name) ? probes : [])),
  ]
}

const wrongTexts = [
  '',
  '{"',
  'null',
  '[]',
  '{}',
  '{"nothing":"x"}',
  '{"__proto__":{}}',
  '{"refreshToken":"x"}',
  '{"username":"nobody@example.com","password":"x"}',
  `"${'x'.repeat(2 ** 21)}"`,
]

/** Requests with a body of another type, one that is malformed, and one that may not be written. */
export function wrongBodies(operation: Operation): readonly NamedProbe[] {
  const { name, method, path, parameters, mediaType } = operation
  if (method === 'GET') return []
  const isJson = mediaType === 'application/json'
  const types = ['text/csv', '%%%', 'application/x-www-form-urlencoded']
  const probes: NamedProbe[] = [
    ...sample(types, 2).map((type): NamedProbe => [
      `a body that is ${type}`,
      { headers: { 'content-type': type }, body: 'a' },
    ]),
    ...sample(wrongTexts, 3).map((text): NamedProbe => [
      `a body of ${text.slice(0, 20)}`,
      { headers: json, body: text },
    ]),
  ]
  if (parameters.includes('idempotency-key') && isJson) {
    const headers = { ...json, 'idempotency-key': name.replaceAll(/\W/g, '') }
    const body = JSON.stringify(operation.body)
    probes.push(['a key', { headers, body }])
    probes.push(['the same key', { headers, body: body.replace(/"\}$/, '!"}') }])
  }
  if (/^\/(records|modules)\//.test(path) && isJson) {
    const values = [{ parent_id: '12x8551' }, { ticket_no: 'x' }, { ticketstatus: 'x'.repeat(300) }]
    for (const text of values.map((each) => JSON.stringify(each)))
      probes.push([text.slice(0, 30), { headers: json, body: text }])
  }
  return name === 'POST /documents' ? [...probes, ...wrongForms()] : probes
}

function wrongForms(): readonly NamedProbe[] {
  const form = (...parts: readonly (readonly [string, string | File])[]): FormData => {
    const data = new FormData()
    for (const [name, value] of parts) data.append(name, value)
    return data
  }
  const file = (name: string, size: number) => ['file', new File(['x'.repeat(size)], name)] as const
  const forms = [
    form(),
    form(['notes_title', 'x'], file('a.txt', 10)),
    form(['nothing', 'x'], file('a.txt', 10)),
    form(['relatedTo', '12x8551'], file('a.txt', 10)),
    form(file('a.exe', 10)),
    form(file('a.txt', 2000)),
    form(file('a.txt', 10), file('b.txt', 10)),
  ]
  return forms.map((body, i) => [`form ${i}`, { body }])
}
