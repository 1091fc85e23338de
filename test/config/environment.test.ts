/** The environment variables: which are required, which values are accepted, and what a mask hides. */
import t from 'tap'
import { ConfigError, maskedConfig, readConfig, unknownNames } from '../../src/config/config.ts'

const enough = { COREBOS_URL: 'https://crm.example.com/webservice.php', COREBOS_PASSWORD_TYPE: 'sha256' }

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

t.test('the environment', async (t) => {
  t.test('has defaults for all but where coreBOS is and how its contacts are known', async (t) => {
    t.match(readConfig(enough), {
      COREBOS_URL: 'https://crm.example.com',
      LOGIN_MODE: 'portal',
      COREBOS_MAX_BYTES: 16 * 2 ** 20,
      RATE_LIMIT_LOGIN: { max: 10, seconds: 60 },
      PUBLIC_URL: 'http://127.0.0.1:3000',
      JWT_ISSUER: 'http://127.0.0.1:3000',
      COOKIE_SESSIONS: false,
    })
    t.strictSame(problemsOf({}), [
      'COREBOS_URL is required. Base URL of coreBOS, with or without /webservice.php.',
      'COREBOS_PASSWORD_TYPE is required with LOGIN_MODE=portal where COREBOS_USER is not set',
    ])
  })

  t.test('names every wrong value in a line of its own, and no secret', async (t) => {
    const wrong = {
      COREBOS_URL: 'https://portal:hunter2@crm.example.com',
      LOGIN_MODE: 'Portal',
      COREBOS_TIMEOUT_MS: '10s',
      COREBOS_MAX_BYTES: '16 megabytes',
      COREBOS_CONCURRENCY: '0',
      RATE_LIMIT_IP: '600',
      CORS_ORIGINS: 'https://portal.example.com/',
      COOKIE_SESSIONS: 'yes',
      TRUST_PROXY: '1',
      PORT: '70000',
      SESSION_KEYS: 'hunter2',
      OPERATOR_TOKEN: 'hunter2',
      UPLOAD_TYPES: 'pdf',
      LOG_LEVEL: 'loud',
    }
    const problems = problemsOf({ ...enough, ...wrong })
    t.equal(problems.length, Object.keys(wrong).length)
    for (const name of Object.keys(wrong)) {
      t.equal(problems.filter((line) => line.startsWith(`${name}: expected `)).length, 1, name)
    }
    t.notMatch(problems.join('\n'), 'hunter2')
  })

  t.test('holds together', async (t) => {
    const broken: readonly (readonly [Record<string, string>, RegExp])[] = [
      [{ COREBOS_USER: 'portal' }, /^COREBOS_ACCESS_KEY is required/],
      [{ COREBOS_ACCESS_KEY: 'key' }, /^COREBOS_USER is required/],
      [{ LOGIN_MODE: 'service' }, /^COREBOS_USER and COREBOS_ACCESS_KEY are required/],
      [{ METRICS_HOST: '0.0.0.0' }, /^OPERATOR_TOKEN is required/],
      [{ COOKIE_SESSIONS: 'true' }, /^COOKIE_SESSIONS=true needs a PUBLIC_URL with https/],
      ...['http://portal.example', 'http://localhost.example', 'http://127.0.0.1:3000'].map(
        (PUBLIC_URL) =>
          [{ COOKIE_SESSIONS: 'true', PUBLIC_URL }, /^COOKIE_SESSIONS=true needs a PUBLIC_URL with/] as const,
      ),
      [{ SESSION_IDLE_TTL: '100', SESSION_MAX_TTL: '99' }, /^SESSION_IDLE_TTL is longer/],
    ]
    for (const [env, line] of broken) t.match(problemsOf({ ...enough, ...env }), [line], JSON.stringify(env))

    const redis = problemsOf({ ...enough, REDIS_URL: 'redis://127.0.0.1' })
    t.ok(redis.includes('SESSION_KEYS is required with REDIS_URL'))
    t.ok(redis.includes('JWT_KEYS_FILE is required with REDIS_URL'))
    for (const PUBLIC_URL of ['https://portal.example', 'http://localhost', 'http://localhost:3000/gw'])
      t.strictSame(problemsOf({ ...enough, COOKIE_SESSIONS: 'true', PUBLIC_URL }), [], PUBLIC_URL)
    t.strictSame(problemsOf({ ...enough, METRICS_HOST: '127.0.0.2', TRUST_PROXY: '10.0.0.0/8, ::1' }), [])
  })

  t.test('reports names that are almost ours, and leaves others alone', async (t) => {
    t.strictSame(
      unknownNames({ COREBOS_URI: 'x', RATE_LIMT_IP: 'x', COREBOS_DEMO_PORT: '1', HOME: '/', TERM: 'x' }),
      [
        'Unknown setting COREBOS_URI; did you mean COREBOS_URL?',
        'Unknown setting RATE_LIMT_IP; did you mean RATE_LIMIT_IP?',
      ],
    )
  })

  t.test('is shown without its secrets', async (t) => {
    const config = readConfig({
      ...enough,
      COREBOS_USER: 'portal',
      COREBOS_ACCESS_KEY: 'hunter2',
      OPERATOR_TOKEN: 'hunter2-hunter2-hunter2',
    })
    const shown = JSON.stringify(maskedConfig(config))
    t.match(shown, '"COREBOS_USER":"portal"')
    t.notMatch(shown, 'hunter2')
  })
})
