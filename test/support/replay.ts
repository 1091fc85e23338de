/** Replays recordings of a real coreBOS against another one and says which exchanges agree. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { startDemoCorebos } from '../../src/demo/server.ts'
import type { State } from '../../src/demo/states.ts'
import { parseOrdered, printOrdered } from './ordered-json.ts'
import type { Ordered } from './ordered-json.ts'

interface Exchange {
  readonly name: string
  readonly session: string
  readonly method: string
  readonly parameters: ReadonlyMap<string, string>
  readonly headers: ReadonlyMap<string, string>
  readonly userAgent: string | undefined
  readonly json: string | undefined
  readonly path: string | undefined
  readonly response: { status: number; contentType: string; body: Ordered }
}

export interface Outcome {
  /** `auth 12 loginPortal: alice` */
  readonly key: string
  readonly agrees: boolean
  /** The same but for the order of the rows. */
  readonly agreesUnordered: boolean
  readonly expected: string
  readonly got: string
}

const RECORDINGS = new URL('../fixtures/recordings/', import.meta.url)
const USER_AGENT = 'recordings/1'

const object = (value: Ordered | undefined): Map<string, Ordered> =>
  value instanceof Map ? value : new Map<string, Ordered>()

const string = (value: Ordered | undefined): string => (typeof value === 'string' ? value : '')

const parameterText = (value: Ordered): string => (typeof value === 'string' ? value : printOrdered(value))

const texts = (value: Ordered | undefined): Map<string, string> =>
  new Map([...object(value)].map(([name, held]) => [name, parameterText(held)]))

const readExchange = (entry: Ordered): Exchange => {
  const request = object(object(entry).get('request'))
  const response = object(object(entry).get('response'))
  const status = response.get('status')
  return {
    name: string(object(entry).get('name')),
    session: string(object(entry).get('session')),
    method: string(request.get('method')),
    parameters: texts(request.get('params')),
    headers: texts(request.get('headers')),
    userAgent: request.has('userAgent') ? string(request.get('userAgent')) : undefined,
    json: request.get('json') === true ? printOrdered(request.get('params') ?? null) : undefined,
    path: request.has('path') ? string(request.get('path')) : undefined,
    response: {
      status: typeof status === 'number' ? status : 0,
      contentType: string(response.get('contentType')),
      body: response.get('body') ?? null,
    },
  }
}

export const readRecordings = (file: string): Exchange[] => {
  const entries = parseOrdered(readFileSync(new URL(`${file}.json`, RECORDINGS), 'utf8'))
  return Array.isArray(entries) ? entries.map(readExchange) : []
}

/** What differs from run to run; see the recordings' own description. */
const VOLATILE = new Set(['token', 'sessionName', 'serverTime', 'expireTime', 'lastModifiedTime'])

const normalText = (text: string): string =>
  text
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?/g, '<time>')
    .replaceAll(/\b2026-11-(2[34]|30)\b/g, '<today>')
    .replaceAll(/[A-Z][a-z]+day \d+[a-z]{2} [A-Z][a-z]+ \d{4} \d\d:\d\d:\d\d [AP]M/g, '<long time>')
    .replaceAll(/\b[0-9a-f]{40}\b/g, '<cbuuid>')
    .replaceAll(/https?:\/\/(127\.0\.0\.1|localhost)(:\d+)?/g, '<url>')
    .replaceAll(/("groupid":"?)\d+/g, '$1<group>')
    .replaceAll(/storage\/\d{4}\/[A-Z][a-z]+\/week\d/g, '<folder>')

const normal = (value: Ordered, key = ''): Ordered => {
  if (VOLATILE.has(key) && value !== null) return `<${typeof value}>`
  if (key === 'pdf_data') {
    // Recorded as length and first characters; the length varies.
    return typeof value === 'string'
      ? value.slice(0, 24)
      : (object(object(value).get('$base64')).get('head') ?? null)
  }
  if (typeof value === 'string') return normalText(value)
  if (Array.isArray(value)) return value.map((held) => normal(held))
  if (value instanceof Map) return new Map([...value].map(([name, held]) => [name, normal(held, name)]))
  return value
}

const hash = (type: string, text: string): string => createHash(type).update(text).digest('hex')

const HASHES = ['md5', 'sha256', 'sha512']
const WORDS = ['pw', 'new']
const DEFAULT_HASH: Readonly<Record<number, string>> = { 32: 'md5', 64: 'sha256', 128: 'sha512' }

class Replay {
  readonly #url: string
  /** Ours for each recorded session. */
  readonly #sessions = new Map<string, string>()
  /** The recorded token of the last challenge of each name. */
  readonly #tokens = new Map<string, string>()
  /** Ours for each recorded cbuuid, which is made by chance. */
  readonly #cbuuids = new Map<string, string>()

  constructor(url: string) {
    this.#url = url
  }

  async #post(parameters: Record<string, string>): Promise<Map<string, Ordered>> {
    const response = await fetch(`${this.#url}/webservice.php`, {
      method: 'POST',
      headers: { 'user-agent': USER_AGENT },
      body: new URLSearchParams(parameters),
    })
    return object(object(parseOrdered(await response.text())).get('result'))
  }

  async #token(username: string): Promise<string> {
    return string((await this.#post({ operation: 'getchallenge', username })).get('token'))
  }

  async challenge(username: string): Promise<void> {
    await this.#token(username)
  }

  async #open(label: string): Promise<string> {
    if (label.startsWith('portal:')) {
      const name = label.slice('portal:'.length)
      const type = { bob: 'sha256', carol: 'sha512', dave: 'plaintext', emil: 'sha256' }[name] ?? 'md5'
      const token = await this.#token(`${name}@example.com`)
      const password = type === 'plaintext' ? `${token}${name}-pw` : hash(type, `${token}${name}-pw`)
      const entity = name === 'emil' ? 'Employee' : 'Contacts'
      const answer = await this.#post({
        operation: 'loginPortal',
        username: `${name}@example.com`,
        password,
        entity,
      })
      return string(answer.get('sessionName'))
    }
    const username = label === 'service' ? 'portal' : label
    const accessKey = hash('md5', `${await this.#token(username)}${username}-access-key`)
    return string((await this.#post({ operation: 'login', username, accessKey })).get('sessionName'))
  }

  async #session(label: string, recorded: string): Promise<string> {
    if (label === 'none') return recorded
    const held = this.#sessions.get(recorded) ?? (await this.#open(label))
    this.#sessions.set(recorded, held)
    return held
  }

  /** The recorded password's hash, made anew with our token. */
  async #password({ name, parameters }: Exchange, recorded: string): Promise<string> {
    const username = parameters.get('username') ?? ''
    const person = username.split('@')[0] ?? ''
    const token = this.#tokens.get(username)
    if (token !== undefined) {
      for (const word of WORDS) {
        const password = `${person}-${word}`
        const type = HASHES.find((candidate) => hash(candidate, token + password) === recorded)
        if (type !== undefined) return hash(type, (await this.#token(username)) + password)
      }
    }
    const type = /^[0-9a-f]+$/.test(recorded) ? DEFAULT_HASH[recorded.length] : undefined
    if (type === undefined) {
      const clear = /^[0-9a-f]{13}(\D.*)$/.exec(recorded)?.[1]
      return clear === undefined ? recorded : (await this.#token(username)) + clear
    }
    const wrong = name.includes('wrong password') || name.includes('old password')
    return hash(type, `${await this.#token(username)}${wrong ? 'wrong' : `${person}-pw`}`)
  }

  async #parameters(exchange: Exchange): Promise<Map<string, string>> {
    const parameters = new Map(exchange.parameters)
    const recorded = parameters.get('sessionName')
    if (recorded !== undefined) parameters.set('sessionName', await this.#session(exchange.session, recorded))
    const named = this.#cbuuids.get(parameters.get('id') ?? '')
    if (named !== undefined) parameters.set('id', named)
    const operation = parameters.get('operation')?.toLowerCase()
    const password = parameters.get('password')
    if (operation === 'loginportal' && password !== undefined) {
      parameters.set('password', await this.#password(exchange, password))
    }
    if (operation === 'login' && parameters.get('username') === 'portal') {
      const key = exchange.name.includes('wrong') ? 'wrong' : 'portal-access-key'
      parameters.set('accessKey', hash('md5', `${await this.#token('portal')}${key}`))
    }
    return parameters
  }

  async #send(exchange: Exchange): Promise<Response> {
    const headers = new Headers({ 'user-agent': exchange.userAgent ?? USER_AGENT })
    for (const [name, value] of exchange.headers) {
      headers.set(
        name,
        name === 'corebos-authorization' ? await this.#session(exchange.session, value) : value,
      )
    }
    if (exchange.path !== undefined) return fetch(this.#url + exchange.path, { headers })
    const parameters = await this.#parameters(exchange)
    const form = new URLSearchParams([...parameters])
    if (exchange.method === 'GET') return fetch(`${this.#url}/webservice.php?${form.toString()}`, { headers })
    if (exchange.json === undefined) {
      return fetch(`${this.#url}/webservice.php`, { method: 'POST', headers, body: form })
    }
    headers.set('content-type', 'application/json')
    const sent = object(parseOrdered(exchange.json))
    const session = parameters.get('sessionName')
    if (session !== undefined) sent.set('sessionName', session)
    return fetch(`${this.#url}/webservice.php`, { method: 'POST', headers, body: printOrdered(sent) })
  }

  async run(exchange: Exchange): Promise<Omit<Outcome, 'key'>> {
    const response = await this.#send(exchange)
    const bytes = Buffer.from(await response.arrayBuffer())
    const { status, contentType, body } = exchange.response
    const got = await this.#got(exchange, bytes)
    const type = response.headers.get('content-type') ?? ''
    const line = (code: number, type: string, held: Ordered): string =>
      `${code} ${type} ${printOrdered(comparable(exchange, normal(held)))}`
    const expected = line(status, contentType, body)
    const answered = line(response.status, type, got)
    this.#learn(exchange, got)
    return {
      agrees: expected === answered,
      agreesUnordered:
        line(status, contentType, unordered(body)) === line(response.status, type, unordered(got)),
      expected,
      got: answered,
    }
  }

  async #got(exchange: Exchange, bytes: Buffer): Promise<Ordered> {
    const { body } = exchange.response
    if (body instanceof Map && body.has('$sha256')) {
      return new Map<string, Ordered>([
        ['$sha256', createHash('sha256').update(bytes).digest('hex')],
        ['$length', bytes.length],
      ])
    }
    const text = bytes.toString('utf8')
    if (body instanceof Map && body.has('$text')) return new Map([['$text', text]])
    try {
      return parseOrdered(text)
    } catch {
      return new Map([['$text', text]])
    }
  }

  #learn({ parameters, response }: Exchange, got: Ordered): void {
    const [recorded, ours] = [response.body, got].map((body) =>
      string(object(object(body).get('result')).get('cbuuid')),
    )
    if (recorded !== undefined && recorded !== '') this.#cbuuids.set(recorded, ours ?? '')
    if (parameters.get('operation')?.toLowerCase() !== 'getchallenge') return
    const token = string(object(object(response.body).get('result')).get('token'))
    if (token !== '') this.#tokens.set(parameters.get('username') ?? '', token)
  }
}

const unordered = (body: Ordered): Ordered => {
  const rows = object(body).get('result')
  if (!(body instanceof Map) || !Array.isArray(rows)) return body
  return new Map(body).set('result', rows.map(printOrdered).sort())
}

/** Where the recordings' description says that only part of an answer is stable, that part. */
const comparable = (exchange: Exchange, body: Ordered): Ordered => {
  // The order of these picklists varies.
  if (exchange.name.startsWith('getPicklistValues Contacts')) {
    return string(object(body).get('result'))
      .replace(/^a:\d+:\{/, '')
      .split('}')
      .sort()
  }
  const statement = exchange.parameters.get('query') ?? ''
  if (/^\s*select distinct /i.test(statement) && !/ order by /i.test(statement)) {
    const rows = object(body).get('result')
    return Array.isArray(rows) ? rows.map(printOrdered).sort() : body
  }
  if (!exchange.name.includes('UNSTABLE')) return body
  const result = object(body).get('result')
  return Array.isArray(result) ? result.length : typeof result
}

export interface ReplayOptions {
  readonly state: State
  readonly select?: (operation: string, name: string) => boolean
  /** When the recording began, in milliseconds; without it, on the day of most of them. */
  readonly began?: number
  /** Names whose challenge had been asked for before the recording began. */
  readonly challenged?: readonly string[]
}

/** The time that the record of an answer was saved at; 0 where it names none. */
const savedTime = ({ response }: Exchange): number => {
  const time = string(object(object(response.body).get('result')).get('modifiedtime'))
  return time === '' ? 0 : Date.parse(`${time.replace(' ', 'T')}Z`)
}

/** Replays one file, in order, against a demo coreBOS of its own. */
export const replayRecordings = async (file: string, options: ReplayOptions): Promise<Outcome[]> => {
  // Every reading of the clock is a little later than the one before, and no earlier than what is recorded.
  let clock = options.began ?? Date.UTC(2026, 10, 24, 7, 36, 0)
  const now = (): number => {
    clock += 20
    return clock
  }
  const corebos = await startDemoCorebos({ port: 0, state: options.state, now })
  try {
    const replay = new Replay(corebos.url)
    for (const name of options.challenged ?? []) await replay.challenge(name)
    const outcomes: Outcome[] = []
    for (const [index, exchange] of readRecordings(file).entries()) {
      const operation = exchange.parameters.get('operation')?.toLowerCase() ?? ''
      if (options.began !== undefined) clock = Math.max(clock, savedTime(exchange))
      if (options.select !== undefined && !options.select(operation, exchange.name)) continue
      outcomes.push({ key: `${file} ${index} ${exchange.name}`, ...(await replay.run(exchange)) })
    }
    return outcomes
  } finally {
    await corebos.close()
  }
}
