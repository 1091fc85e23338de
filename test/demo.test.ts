import { spawn, spawnSync, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import t, { type Test } from 'tap'

/** The built programs, as npm runs them: through dash where there is one, without building again. */
const shell = ['/bin/dash', '/usr/bin/dash'].find((path) => existsSync(path)) ?? '/bin/sh'
const npm = ['run', '--ignore-scripts', '--silent', `--script-shell=${shell}`]

t.before(async () => {
  if (!existsSync('dist/src/demo/run.js')) spawnSync('npm', ['run', 'build'], { stdio: 'ignore' })
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
        ])
        if (ended) throw new Error(`it ended without saying ${String(pattern)}: ${output}`)
      }
    },
  }
}

t.test('the demo says what to paste, and that lists the tickets of alice and of her account', async (t) => {
  const demo = start(t, 'demo', { PORT: '0', COREBOS_DEMO_PORT: '0' })
  const [, gateway = '', corebos = ''] = await demo.says(
    /^ready gateway=(http:\/\/127\.0\.0\.1:\d+) corebos=(http:\/\/127\.0\.0\.1:\d+)$/m,
  )
  t.equal(demo.output().match(/^ready /gm)?.length, 1)

  const lines = demo
    .output()
    .split('\n')
    .filter((line) => line.startsWith('  '))
    .join('\n')
  t.match(lines, `${gateway}/auth/login`)
  if (spawnSync('curl', ['--version']).status === 0) {
    const pasted = spawn(shell, ['-c', lines], { stdio: ['ignore', 'pipe', 'inherit'] })
    let answers = ''
    pasted.stdout.setEncoding('utf8').on('data', (chunk: string) => (answers += chunk))
    await once(pasted, 'close')
    const [list = '', open = ''] = answers.split(/(?<=\})(?=\{"records")/)
    const titles = (answer: string) =>
      [...answer.matchAll(/"ticket_title":"([^"]*)"/g)].map(([, title]) => title)
    t.strictSame(titles(list).toSorted(), [
      'Acme ticket 1',
      'Acme ticket 2',
      'Acme ticket 3',
      'alice ticket 1',
      'alice ticket 2',
      'alice ticket 3',
    ])
    t.match(list, /"total":6/)
    t.strictSame(titles(open), ['Acme ticket 1', 'Acme ticket 2', 'alice ticket 1', 'alice ticket 2'])
  } else t.comment('curl is missing: what the demo says to paste was not pasted')

  t.equal((await fetch(`${corebos}/webservice.php?operation=getchallenge&username=portal`)).status, 200)

  const before = Date.now()
  demo.interrupt()
  demo.interrupt()
  t.equal(await demo.exit, 0)
  t.ok(Date.now() - before < 2000, 'within two seconds')
  await t.rejects(fetch(gateway))
  await t.rejects(fetch(corebos))
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
    t.match(gateway.output(), /^warning: COREBOS_USR means nothing here; did you mean COREBOS_USER\?$/m)
  })

  await t.test('names its ports, also where coreBOS is away, and ends on SIGINT', async (t) => {
    const gateway = start(t, 'start', {
      COREBOS_URL: 'http://127.0.0.1:9/webservice.php',
      COREBOS_PASSWORD_TYPE: 'md5',
      PORT: '0',
      METRICS_PORT: '0',
    })
    const [, url = '', metrics = ''] = await gateway.says(
      /^ready gateway=(\S+) corebos=http:\/\/127\.0\.0\.1:9 metrics=(\S+)$/m,
    )
    t.equal((await fetch(`${url}/health/live`)).status, 200)
    t.equal((await fetch(`${url}/health/ready`)).status, 503)
    t.equal((await fetch(`${metrics}/metrics`)).status, 200)
    gateway.interrupt()
    t.equal(await gateway.exit, 0)
  })
})
