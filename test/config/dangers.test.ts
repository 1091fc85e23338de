/** Settings and rights that are valid and dangerous: the start names each in one line. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { readConfig } from '../../src/config/config.ts'
import { dangersOf } from '../../src/config/dangers.ts'
import { program } from '../support/program.ts'
import { startGateway } from '../support/start.ts'

const safe = {
  COREBOS_URL: 'https://crm.example.com',
  PUBLIC_URL: 'https://portal.example.com',
  COREBOS_PASSWORD_TYPE: 'md5',
  REDIS_URL: 'redis://127.0.0.1:6379',
  SESSION_KEYS: Buffer.alloc(32, 1).toString('base64'),
  JWT_KEYS_FILE: 'keys.json',
}
const dangers = (env: Readonly<Record<string, string>>) => dangersOf(readConfig({ ...safe, ...env }))

t.test('a setting that is safe is not warned of', async (t) => {
  t.strictSame(dangers({}), [])
  t.strictSame(dangers({ HOST: '0.0.0.0', TRUST_PROXY: '10.0.0.0/8' }), [])
  t.strictSame(dangers({ COREBOS_URL: 'http://127.0.0.1:8081', PUBLIC_URL: 'http://localhost:3000' }), [])
  t.strictSame(dangers({ COREBOS_URL: 'http://[::1]:8081' }), [])
})

t.test('each dangerous setting is named in one line, with its value and what to do', async (t) => {
  for (const [env, line] of [
    [
      { HOST: '0.0.0.0', PUBLIC_URL: '' },
      /^PUBLIC_URL: clients cannot reach http:\/\/0\.0\.0\.0:3000; set it/,
    ],
    [{ HOST: '0.0.0.0', PUBLIC_URL: 'http://localhost:3000' }, /^PUBLIC_URL: clients cannot reach/],
    [
      { PUBLIC_URL: 'http://portal.example.com' },
      /^PUBLIC_URL: .* unencrypted to portal\.example\.com; use https/,
    ],
    [{ COREBOS_URL: 'http://crm.example.com' }, /^COREBOS_URL: .* unencrypted to crm\.example\.com/],
    [{ RATE_LIMIT_IP: '1000000/60' }, /^RATE_LIMIT_IP: 1000000 in 60 seconds is no limit/],
    [{ RATE_LIMIT_CONTACT: '1000000/60' }, /^RATE_LIMIT_CONTACT: /],
    [{ RATE_LIMIT_LOGIN: '1000/60' }, /^RATE_LIMIT_LOGIN: /],
    [{ REDIS_URL: '' }, /^REDIS_URL: without it sessions exist only in this process/],
    [{ LOG_LEVEL: 'silent' }, /^LOG_LEVEL: silent leaves out the audit lines/],
  ] as const) {
    const lines = dangers(env)
    t.equal(lines.length, 1, JSON.stringify(env))
    t.match(lines[0], line)
    t.notMatch(lines[0], '\n')
  }
})

t.test('rights in coreBOS, and a proxy that is not trusted', async (t) => {
  const gateway = await startGateway(t)
  // Ordinary users are told of a user by a record that it owns.
  const { database } = gateway.corebos
  const grace = database.records('Contacts').find(({ values }) => values.get('email') === 'grace@example.com')
  grace?.values.set('assigned_user_id', grace.values.get('portalloginuser') ?? '')
  const lines = await gateway.dangers()
  t.match(
    lines.filter((line) => line.startsWith('coreBOS: ')),
    [/^coreBOS: the CRM user 19x\d+ is an administrator, so its contacts cannot log in: 12x\d+$/],
    'Grace',
  )
  t.notMatch(lines.join('\n'), 'COREBOS_USER', 'the service user of the demo is an ordinary one')

  const said = () => gateway.log.filter((line) => line.includes('TRUST_PROXY')).length
  await fetch(`${gateway.url}/health/live`)
  t.equal(said(), 0)
  for (let i = 0; i < 2; i += 1)
    await fetch(`${gateway.url}/health/live`, { headers: { 'x-forwarded-for': '192.0.2.1' } })
  t.equal(said(), 1, 'once')

  const admin = await startGateway(t, {
    env: { COREBOS_USER: 'admin', COREBOS_ACCESS_KEY: 'admin-access-key', TRUST_PROXY: '127.0.0.1' },
  })
  t.match(await admin.dangers(), [/^COREBOS_USER: admin is an administrator/])
  await fetch(`${admin.url}/health/live`, { headers: { 'x-forwarded-for': '192.0.2.1' } })
  t.notMatch(admin.log.join('\n'), 'a proxy forwards requests')
})

t.test('dangerous settings are named at once, whether or not the gateway gets ready', async (t) => {
  const child = spawn(process.execPath, program('src/main.ts'), {
    env: {
      ...{ PATH: process.env['PATH'], PORT: '0', METRICS_PORT: '0', COREBOS_PASSWORD_TYPE: 'md5' },
      ...{ COREBOS_URL: 'http://corebos.invalid', PUBLIC_URL: 'http://portal.example.com' },
    },
  })
  t.teardown(() => child.kill('SIGKILL'))
  let errors = ''
  child.stderr.setEncoding('utf8')
  for await (const piece of child.stderr) {
    errors += String(piece)
    if (errors.includes('not ready: ')) break
  }
  t.strictSame(errors.match(/^(?:warning: )?\w+(?: \w+)?(?=: )/gm), [
    'warning: PUBLIC_URL',
    'warning: COREBOS_URL',
    'warning: REDIS_URL',
    'not ready',
  ])
  child.kill('SIGTERM')
  t.strictSame(await once(child, 'exit'), [0, null])
})
