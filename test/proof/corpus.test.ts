/** A corpus of statements in each mode, compared with an independent evaluator. */
import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { request } from 'undici'
import { startDemoCorebos } from '../../src/demo/server.ts'
import { generatedStatements, plant, recordedStatements, titleStatements } from '../support/corpus.ts'
import { inJson } from '../support/json-types.ts'
import { keeping } from '../support/keeping.ts'
import { difference, Oracle, type Expected } from '../support/oracle.ts'
import { startGatewaysApart, type Apart } from '../support/start.ts'

const people = {
  alice: { contacts: [8549], accounts: [8546] },
  bob: { contacts: [8550], accounts: [8546] },
  carol: { contacts: [8551], accounts: [8547] },
  dave: { contacts: [8552], accounts: [8548] },
  erin: { contacts: [8553], accounts: [] },
} as const
type Name = keyof typeof people
const names: readonly Name[] = ['alice', 'bob', 'carol', 'dave', 'erin']

interface Answer {
  readonly status: number
  readonly body: {
    readonly records?: readonly Readonly<Record<string, unknown>>[]
    readonly total?: number
    readonly code?: string
    readonly detail?: string
  }
}

async function logIn({ url }: Apart, name: Name, mode: string): Promise<string> {
  const credentials =
    mode === 'user'
      ? { username: name, password: `${name}-access-key` }
      : { username: `${name}@example.com`, password: `${name}-pw` }
  const response = await fetch(`${url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(credentials),
  })
  const { accessToken } = (await response.json()) as { accessToken?: string }
  if (accessToken === undefined) throw new Error(`${name} could not log in: ${response.status}`)
  return accessToken
}

async function ask({ url }: Apart, token: string, query: string): Promise<Answer> {
  const { statusCode, body } = await request(`${url}/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
  })
  return { status: statusCode, body: (await body.json()) as Answer['body'] }
}

async function inTurns<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values()
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const item of queue) await work(item)
    }),
  )
}

const goldenFile = new URL('../fixtures/rejections.json', import.meta.url)
const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as Readonly<Record<string, string>>
const rejections = new Map<string, string>()
let cases = 0
let rejected = 0
let different = 0
let proving = 0
const statementsProving = new Set<string>()
/** When coreBOS makes the records: the same in every mode and on every day, since statements hold such times. */
const made = Date.UTC(2026, 10, 26, 12)
/** What a contact is to be answered does not depend on the mode. */
const expectations = new Map<string, ReturnType<typeof inJsonTypes>>()

const variants = [
  { name: 'portal', mode: 'portal', env: {} },
  { name: 'service', mode: 'service', env: {} },
  { name: 'user', mode: 'user', env: {} },
  { name: 'portal with kept answers', mode: 'portal', env: keeping },
  {
    name: 'portal with shared sessions and kept answers',
    mode: 'portal',
    env: { ...keeping, COREBOS_READS: 'shared' },
    isShared: true,
  },
] as const
const gateways = await startGatewaysApart(
  t,
  variants.map(({ mode, env, ...others }) => ({
    env: { LOGIN_MODE: mode, ...env },
    corebosTime: made,
    ...others,
  })),
)

// The evaluator looks at a store of its own, which is made in the same way.
const corebos = await startDemoCorebos({ port: 0, now: () => made })
t.teardown(corebos.close)
const { database } = corebos
await Promise.all([corebos.url, ...gateways.map(({ corebosUrl }) => corebosUrl)].map(plant))
const statements = [
  ...recordedStatements(),
  ...titleStatements(database),
  ...generatedStatements(database, 1000),
]

/** The module that a statement reads; empty where there is none of its name. */
function moduleOf(statement: string): string {
  const named = / from (\w+)/i.exec(statement)?.[1]?.toLowerCase()
  return [...database.modules.keys()].find((each) => each.toLowerCase() === named) ?? ''
}

function inJsonTypes(expected: Expected, module: string) {
  return { ...expected, rows: expected.rows.map((row) => inJson(row, module, database)) }
}

for (const [i, { name: variant, mode, env }] of variants.entries()) {
  t.test(
    `${variant}: every contact gets its own rows and all of them, or a rejection that says why`,
    async (t) => {
      const gateway = gateways[i]
      if (gateway === undefined) throw new Error(`${variant} was not started`)
      const oracles = new Map(names.map((name) => [name, new Oracle(database, people[name])]))
      const tokens = new Map<Name, string>()
      for (const name of names) tokens.set(name, await logIn(gateway, name, mode))
      const wrong: string[] = []
      await inTurns(statements, 4, async (statement) => {
        const askAll = async () =>
          Promise.all(
            names.map(async (name) => [name, await ask(gateway, tokens.get(name) ?? '', statement)] as const),
          )
        // The second answer is the one that was kept.
        if ('READ_CACHE_TTL' in env) await askAll()
        const answers = await askAll()
        const found: number[] = []
        for (const [name, answer] of answers) {
          cases++
          if (answer.status >= 400 && answer.status < 500) {
            rejected++
            const said = `${answer.body.code ?? ''} ${answer.body.detail ?? ''}`
            if ((rejections.get(statement) ?? said) !== said) wrong.push(`${statement}: rejected in two ways`)
            rejections.set(statement, said)
            continue
          }
          const oracle = oracles.get(name)
          if (answer.status !== 200 || oracle === undefined) {
            wrong.push(`${name}: ${answer.status} ${answer.body.code ?? ''}: ${statement}`)
            continue
          }
          const key = `${name} ${statement}`
          const expected = expectations.get(key) ?? inJsonTypes(oracle.answer(statement), moduleOf(statement))
          expectations.set(key, expected)
          found.push(expected.ids.length)
          const problem = difference(answer.body, expected)
          if (problem !== undefined) wrong.push(`${name}: ${problem}: ${statement}`)
        }
        // A statement that finds nothing, or every row, for all contacts would prove nothing.
        const module = moduleOf(statement)
        const everything = module === '' ? 0 : database.records(module).length
        if (found.some((count) => count > 0) && found.some((count) => count < everything)) {
          proving += found.length
          statementsProving.add(statement)
        }
      })
      t.same(wrong.slice(0, 20), [], `${wrong.length} different`)
      const metrics = await (await request(`${gateway.operatorUrl}/metrics`)).body.text()
      t.notMatch(metrics, /^portal_rows_withheld_total\{.*[1-9]/m)
      t.match(metrics, '# TYPE portal_rows_withheld_total')
      different += wrong.length
    },
  )
}

t.test('every rejection is the one that was looked at', async (t) => {
  const now = Object.fromEntries([...rejections].sort(([a], [b]) => (a < b ? -1 : 1)))
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(goldenFile, `${JSON.stringify(now, null, 2)}\n`)
  else t.same(now, golden)
  t.ok(statementsProving.size >= 400, `${statementsProving.size} statements prove something`)
  t.ok(rejected / cases < 0.08, `${((100 * rejected) / cases).toFixed(1)} % rejected`)
  t.comment(
    `corpus: ${cases - rejected - different} same (${proving} of them neither empty nor everything for everybody), ` +
      `${rejected} rejected, ${different} different`,
  )
})
