/** The built programs as a user starts them: the demo and the gateway. */
import { spawn, spawnSync, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import t, { type Test } from 'tap'
import { startingState } from '../src/demo/states.ts'
import { sample } from './support/thorough.ts'

/** The built programs, as npm runs them: through dash where there is one, without building again. */
const shell = ['/bin/dash', '/usr/bin/dash'].find((path) => existsSync(path)) ?? '/bin/sh'
const npm = ['run', '--ignore-scripts', '--silent', `--script-shell=${shell}`]

t.before(async () => {
  spawnSync('npm', ['run', '--silent', 'build'], { stdio: 'ignore' })
})

function start(t: Test, script: string, env: Readonly<Record<string, string>>) {
  const options: SpawnOptions = {
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  }
  const child = spawn('npm', [...npm, script], options)
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  let running = true
  const exit = once(child, 'close').then(([code]: unknown[]) => {
    running = false
    return code
  })
  t.teardown(() => running && process.kill(-(child.pid ?? 0), 'SIGKILL'))
  return {
    exit,
    output: () => output,
    /** To everything that the terminal would reach with Ctrl-C. */
    interrupt: () => process.kill(-(child.pid ?? 0), 'SIGINT'),
    /** The match, as soon as the output has one. */
    async says(pattern: RegExp): Promise<RegExpExecArray> {
      for (;;) {
        const match = pattern.exec(output)
        if (match !== null) return match
        const ended = await Promise.race([
          exit.then(() => true),
          once(child.stdout ?? child, 'data').then(() => false),
          once(child.stderr ?? child, 'data').then(() => false),
        ])
        if (ended) throw new Error(`it ended without saying ${String(pattern)}: ${output}`)
      }
    },
  }
}

/** The titles of a contact's own tickets and of those of its account, all or the open ones. */
function ticketsOf(name: string, isOpen: boolean): string[] {
  const database = startingState('demo')
  const contact = database.records('Contacts').find(({ values }) => values.get('firstname') === name)
  const parents = [String(contact?.number), contact?.values.get('account_id')]
  return database
    .records('HelpDesk')
    .filter(({ values }) => parents.includes(values.get('parent_id') ?? ''))
    .filter(({ values }) => !isOpen || values.get('ticketstatus') === 'Open')
    .map(({ values }) => values.get('ticket_title') ?? '')
    .toSorted()
}

const hasCurl = spawnSync('curl', ['--version']).status === 0

/** What the lines say that the demo prints to be pasted: the tickets, and the open ones. */
async function paste(output: string): Promise<string[][]> {
  const lines = output.split('\n').filter((line) => line.startsWith('  '))
  const pasted = spawn(shell, ['-c', lines.join('\n')], { stdio: ['ignore', 'pipe', 'inherit'] })
  let answers = ''
  pasted.stdout.setEncoding('utf8').on('data', (chunk: string) => (answers += chunk))
  await once(pasted, 'close')
  return answers
    .split(/(?<=\})(?=\{"records")/)
    .map((answer) =>
      [...answer.matchAll(/"ticket_title":"([^"]*)"/g)].map(([, title]) => title ?? '').toSorted(),
    )
}

const READY = /^ready gateway=(http:\/\/127\.0\.0\.1:\d+) corebos=(http:\/\/127\.0\.0\.1:\d+)$/m
const ANY_PORT = { PORT: '0', COREBOS_DEMO_PORT: '0' }

const settings: readonly [name: string, env: Readonly<Record<string, string>>][] = [
  ['alice', {}],
  ['alice', { LOGIN_MODE: 'user' }],
  ['alice', { LOGIN_MODE: 'service', HOST: '0.0.0.0' }],
  ['carol', { COREBOS_PASSWORD_TYPE: 'sha512', METRICS_PORT: '' }],
  ['alice', { PUBLIC_URL: 'http://portal.example.com' }],
]

for (const [name, env] of sample(settings, 1)) {
  t.test(`what the demo says to paste lists the tickets of ${name}: ${JSON.stringify(env)}`, async (t) => {
    const demo = start(t, 'demo', { ...ANY_PORT, ...env })
    const [, gateway = '', corebos = ''] = await demo.says(READY)
    t.equal(demo.output().match(/^ready /gm)?.length, 1)
    t.match(demo.output(), `${gateway}/auth/login`)
    if (hasCurl) t.strictSame(await paste(demo.output()), [ticketsOf(name, false), ticketsOf(name, true)])
    else t.comment('curl is missing: what the demo says to paste was not pasted')
    t.equal((await fetch(`${corebos}/webservice.php?operation=getchallenge&username=portal`)).status, 200)

    demo.interrupt()
    demo.interrupt()
    t.equal(await demo.exit, 0)
    await t.rejects(fetch(gateway))
    await t.rejects(fetch(corebos))
  })
}

t.test('the demo says which settings it does not use', async (t) => {
  const demo = start(t, 'demo', {
    ...ANY_PORT,
    COREBOS_URL: 'https://crm.example.com',
    COOKIE_SESSION: 'true',
  })
  await demo.says(READY)
  t.match(demo.output(), /^warning: COREBOS_URL is not used: the demo has a coreBOS of its own$/m)
  t.match(demo.output(), /^warning: Unknown setting COOKIE_SESSION; did you mean COOKIE_SESSIONS\?$/m)
})

t.test('a port in use is named by its setting, in one line, with exit code 1', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  t.teardown(() => holder.close())
  const address = holder.address()
  const port = String(typeof address === 'object' ? address?.port : '')
  const named: readonly [script: string, setting: string, line: string][] = [
    ['demo', 'PORT', `error: PORT: port ${port} is in use on 127.0.0.1`],
    ['demo', 'COREBOS_DEMO_PORT', `error: COREBOS_DEMO_PORT: port ${port} is in use`],
    ['demo', 'METRICS_PORT', `error: METRICS_PORT: port ${port} is in use on 127.0.0.1`],
    ['corebos', 'COREBOS_DEMO_PORT', `error: COREBOS_DEMO_PORT: port ${port} is in use`],
  ]
  for (const [script, setting, line] of sample(named, 2)) {
    const program = start(t, script, { ...ANY_PORT, [setting]: port })
    t.equal(await program.exit, 1, `${script} ${setting}`)
    const lines = program.output().trim().split('\n')
    // The other port may have been opened before, which is logged.
    t.strictSame(
      lines.filter((each) => !each.includes('INFO')),
      [line],
    )
  }
})

t.test('npm start', async (t) => {
  await t.test('ends with code 1 and says what is missing', async (t) => {
    const gateway = start(t, 'start', {
      COREBOS_URL: '',
      COREBOS_PASSWORD_TYPE: 'md4',
      COREBOS_USR: 'portal',
    })
    t.equal(await gateway.exit, 1)
    t.match(gateway.output(), /^error: COREBOS_URL is required/m)
    t.match(gateway.output(), /^error: COREBOS_PASSWORD_TYPE: expected one of md5, /m)
    t.match(gateway.output(), /^warning: Unknown setting COREBOS_USR; did you mean COREBOS_USER\?$/m)
  })

  await t.test('names its ports, also where coreBOS is away, and ends on SIGINT', async (t) => {
    const gateway = start(t, 'start', {
      COREBOS_URL: 'http://127.0.0.1:9/webservice.php',
      COREBOS_PASSWORD_TYPE: 'md5',
      PORT: '0',
      METRICS_PORT: '0',
    })
    const [, url = '', metrics = ''] = await gateway.says(
      /^listening gateway=(\S+) corebos=http:\/\/127\.0\.0\.1:9 metrics=(\S+)$/m,
    )
    await gateway.says(/^not ready: COREBOS_URL: coreBOS is unreachable$/m)
    t.equal((await fetch(`${url}/health/live`)).status, 200)
    t.equal((await fetch(`${url}/health/ready`)).status, 503)
    t.equal((await fetch(`${metrics}/metrics`)).status, 200)
    gateway.interrupt()
    t.equal(await gateway.exit, 0)
  })
})
