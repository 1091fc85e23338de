/** What the production image holds, by doing what the Dockerfile says in a temporary folder; and what compose sets. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { environment } from '../src/config/variables.ts'
import { buildImage, filesIn } from './support/image.ts'
import { scratch } from './support/redis-server.ts'

// Compiling takes long on a busy machine.
t.setTimeout(240_000)

t.test('the production image', { timeout: 240_000 }, async (t) => {
  const image = buildImage('Dockerfile', await scratch(t))
  const app = join(image.root, image.workdir)
  const files = filesIn(app)

  t.test('holds the gateway and its tools for operators', async (t) => {
    for (const file of ['main', 'tools/conformance', 'tools/policy'])
      t.ok(files.includes(`dist/src/${file}.js`), file)
    t.ok(files.includes('dist/package.json'), 'the version')
    t.ok(existsSync(join(app, 'node_modules/fastify')))
  })

  t.test(
    'holds neither the demo coreBOS nor the attack tool, nor tests, sources and packages to build with',
    async (t) => {
      t.strictSame(
        files.filter((path) => /(^|\/)(demo|attack|bench|test)(\/|\.)|\.ts$|\.env/.test(path)),
        [],
      )
      for (const name of ['typescript', 'tap', 'tsx', 'eslint'])
        t.notOk(existsSync(join(app, 'node_modules', name)), name)
    },
  )

  t.test('starts, and names every variable that is missing', async (t) => {
    const [program = '', ...args] = image.command
    t.equal(program, 'node')
    const { status, stderr } = spawnSync(process.execPath, args, {
      cwd: app,
      env: { PATH: process.env['PATH'], ...image.env },
      encoding: 'utf8',
    })
    t.equal(status, 1)
    t.match(stderr, /^error: COREBOS_URL is required/m)
    t.match(stderr, /^error: COREBOS_PASSWORD_TYPE is required/m)
    t.notMatch(stderr, /ERR_MODULE_NOT_FOUND|^ {4}at /m)
  })
})

t.test('every stage is built on an LTS release of Node that the package accepts', async (t) => {
  for (const file of ['Dockerfile', 'deploy/demo.Dockerfile']) {
    const versions = [...readFileSync(file, 'utf8').matchAll(/^FROM node:(\d+)-slim/gm)].map(
      ([, version]) => version,
    )
    t.ok(versions.length > 1, file)
    t.strictSame(new Set(versions), new Set(['24']), file)
  }
})

t.test('deploy/compose.yaml', async (t) => {
  const compose = readFileSync('deploy/compose.yaml', 'utf8')

  t.test('passes every variable of the gateway through, or sets it', async (t) => {
    const [, block = ''] = /^x-gateway:[^]*?^ {2}environment:\n([^]*?)^ {2}\w/m.exec(compose) ?? []
    const given = new Map(
      [...block.matchAll(/^ {4}(\w+): (.+)$/gm)].map(([, name = '', value = '']) => [name, value]),
    )
    // The exporter of traces reads the standard names itself.
    const own = [...given.keys()].filter(
      (name) => name in environment.properties || !name.startsWith('OTEL_'),
    )
    t.strictSame(own.sort(), Object.keys(environment.properties).sort())
    const fixed = [...given].filter(([name, value]) => !value.startsWith(`\${${name}:`)).map(([name]) => name)
    t.strictSame(fixed, ['JWT_KEYS_FILE', 'HOST', 'PORT', 'METRICS_HOST', 'METRICS_PORT'])
  })

  t.test('has variables of its own that docs/operations.md describes', async (t) => {
    const page = readFileSync('docs/operations.md', 'utf8')
    const named = new Set([...compose.matchAll(/(?<!\$)\$\{(\w+)/g)].map(([, name = '']) => name))
    t.strictSame(
      [...named].filter((name) => !(name in environment.properties) && !page.includes(`\`${name}\``)),
      [],
    )
  })

  t.test('has Prometheus read the port on which the gateways answer operators', async (t) => {
    t.match(compose, /METRICS_PORT: (\d+)[^]*targets: \[gateway-1:\1, gateway-2:\1, gateway-3:\1\]/)
  })
})
