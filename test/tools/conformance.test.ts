/** `npm run conformance` against coreBOS as it should be and as it should not. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { startDemoCorebos } from '../../src/demo/server.ts'
import type { State } from '../../src/demo/states.ts'
import type { Entry } from '../../src/tools/conformance/ledger.ts'
import { servedFiles } from '../../src/tools/conformance/served.ts'
import { conformance } from '../../src/tools/conformance/run.ts'
import { program } from '../support/program.ts'

const alice = { email: 'alice@example.com', password: 'alice-pw' }
const portal = { user: 'portal', key: 'portal-access-key', contact: undefined, write: false }

interface Between {
  readonly url: string
  /** The operations that were asked for, in order. */
  readonly asked: string[]
  /** Makes another body of an answer. */
  alter: ((params: URLSearchParams, body: string) => string) | undefined
}

/** A demo coreBOS behind a relay, which passes its crashes on as well. */
async function start(t: Test, state: State = 'demo') {
  const corebos = await startDemoCorebos({ port: 0, state })
  t.teardown(corebos.close)
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const form = await text(incoming)
      const path = incoming.url ?? ''
      if (!path.endsWith('/webservice.php')) {
        const { status } = await fetch(`${corebos.url}${path}`, { method: 'HEAD' })
        outgoing.writeHead(status).end()
        return
      }
      const response = await fetch(`${corebos.url}/webservice.php`, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'user-agent': incoming.headers['user-agent'] ?? '',
        },
        body: form,
      })
      const body = await response.text()
      const params = new URLSearchParams(form)
      between.asked.push(params.get('operation') ?? '')
      outgoing.statusCode = response.status
      outgoing.end(between.alter === undefined ? body : between.alter(params, body))
    })().catch(() => outgoing.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  // The server listens on a TCP port, and its address is then of this kind.
  const { port } = server.address() as AddressInfo
  const between: Between = { url: `http://127.0.0.1:${port}`, asked: [], alter: undefined }
  return { corebos, between }
}

const differing = (entries: readonly Entry[]): string[] =>
  entries.filter(({ verdict }) => verdict === 'differs').map(({ area, asked }) => `${area}: ${asked}`)

t.test('the demo coreBOS agrees in everything, and nothing is written unless it may be', async (t) => {
  const { between } = await start(t)
  const { entries, remarks } = await conformance({ ...portal, url: between.url, contact: alice })
  t.strictSame(differing(entries), [])
  t.strictSame(
    entries.filter(({ verdict }) => verdict === 'skipped'),
    [],
  )
  t.ok(entries.length > 75, `${entries.length} checks`)
  const writing = /create|update|upsert|revise|delete|relation|comment|change|setting|password/i
  t.strictSame(
    [...new Set(between.asked)].filter((name) => writing.test(name)),
    [],
  )
  t.equal(between.asked.filter((name) => name === 'loginPortal').length, 1)
  const said = remarks.map(({ subject, text }) => `${subject}: ${text}`).join('\n')
  t.match(said, /service user: portal is no administrator/)
  t.match(said, /password types: sha512: 1/)
  t.match(said, /mapped users: 19x1 is an administrator, coreBOS shows everything to: 12x8555/)
  t.match(said, /native restriction: counts the same .* ProjectMilestone/)
  t.match(said, /cannot be asked by a contact: Faq/)
  t.match(said, /hidden from contacts: Products: .*cost_price/)
  t.match(
    said,
    /web server: storage\/ is served: the file http.*\/storage\/.* opens without a session; deny it/,
  )
  t.match(said, /web server: cache\/ is served: the file http.*\/cache\/.* opens without a session; deny it/)
})

t.test('it tells a web server that serves uploads from one that does not', async (t) => {
  let status: (path: string) => number = () => 404
  const server = createServer(({ url = '' }, response) => response.writeHead(status(url)).end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  // The server listens on a TCP port, and its address is then of this kind.
  const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}/crm`
  const told = async (answers: (path: string) => number): Promise<readonly (boolean | string)[]> => {
    status = answers
    const document = { filename: 'a b.txt', _downloadurl: 'http://crm.invalid/storage/2026/9_a_b.txt' }
    const remarks = await servedFiles([document], `${root}/webservice.php`)
    return remarks.flatMap(({ isWarning, text }) => [isWarning, text.replaceAll(root, '').slice(0, 50)])
  }
  const isFolder = (path: string): boolean => /\/(cache|storage)\/$/.test(path)
  const isBelow = (path: string): boolean => /\/(cache|storage)\//.test(path)
  const fine = ['storage', 'cache'].flatMap((name) => [
    false,
    `${name}/ is not served, as far as can be told`,
  ])
  t.strictSame(await told(() => 404), fine, 'denied as if they were not there')
  t.strictSame(await told((path) => (isBelow(path) ? 403 : 404)), fine, 'denied')
  const served = (why: (name: string) => string) =>
    ['storage', 'cache'].flatMap((name) => [true, `${name}/ is served: ${why(name)}`.slice(0, 50)])
  t.strictSame(
    await told((path) => (isFolder(path) ? 403 : 404)),
    served((name) => `/${name}/ is there, and files below it`),
  )
  t.strictSame(
    await told((path) => (isFolder(path) ? 200 : 404)),
    served((name) => `/${name}/ opens without a session; deny`),
  )
  const files = { storage: '2026/9_a_b.txt', cache: 'a%20b.txt' }
  t.strictSame(
    await told((path) => (Object.values(files).some((file) => path.endsWith(file)) ? 200 : 404)),
    served((name) => `the file /${name}/${name === 'cache' ? files.cache : files.storage} opens without`),
  )
  const whole = await told(() => 200)
  t.match(whole, [true, /^answers any address/])
})

t.test('what it writes it deletes again', async (t) => {
  const { corebos, between } = await start(t)
  const count = () =>
    ['HelpDesk', 'Documents', 'Contacts'].map((name) => corebos.database.records(name).length)
  const before = count()
  const { entries } = await conformance({ ...portal, url: between.url, contact: alice, write: true })
  t.strictSame(differing(entries), [])
  t.ok(entries.filter(({ area }) => area === 'writing').length > 12)
  t.ok(between.asked.filter((name) => name === 'create').length > 2)
  t.strictSame(count(), before)
})

t.test('it says what is wrong with an installation', async (t) => {
  const { corebos, between } = await start(t, 'recorded')
  const set = (contact: number, field: string, value: string) =>
    corebos.database.entity(contact)?.values.set(field, value)
  set(8550, 'email', 'Alice@example.com')
  set(8551, 'portalpasswordtype', '')
  set(8552, 'portalloginuser', '')
  const quantity = corebos.database.module('Invoice')?.fields.find(({ name }) => name === 'exciseduty')
  if (quantity === undefined) throw new Error('invoices have an excise duty')
  Object.assign(quantity, { label: 'Our margin' })
  const grace = { email: 'grace@example.com', password: 'grace-pw' }
  const { entries, remarks } = await conformance({ ...portal, url: between.url, contact: grace })
  t.strictSame(differing(entries), [])
  const warnings = remarks.filter(({ isWarning }) => isWarning).map(({ text }) => text)
  for (const warning of [
    /^HelpDesk is not createable, not updateable/,
    /^"" is none that works.*: 12x8551$/,
    /^one name.*: 12x8549, 12x8550$/,
    /^none, so that they cannot log in: 12x8552$/,
    /^19x1 is an administrator.*: 12x8555$/,
    /^none anywhere/,
    /^Invoice: may be internal by their labels: exciseduty$/,
  ]) {
    t.ok(
      warnings.some((text) => warning.test(text)),
      `${warning.source} in ${warnings.join(' | ')}`,
    )
  }
})

t.test('a coreBOS that answers otherwise does not pass', async (t) => {
  const { between } = await start(t)
  // A newer one, as it might be: it negates groups, closes a hole, and has another number.
  between.alter = (params, body) => {
    const query = params.get('query') ?? ''
    if (query.includes('and not (')) return '{"success":true,"result":[],"moreinfo":{"totalrows":"0"}}'
    if (query.includes('from LoginHistory'))
      return '{"success":false,"error":{"code":"ACCESS_DENIED","message":"no"},"moreinfo":null}'
    return body.replace('"version":"0.22"', '"version":"0.23"')
  }
  const { entries } = await conformance({ ...portal, url: between.url, contact: alice })
  t.strictSame(differing(entries), [
    'protocol: version of the web service',
    "statements: extended: not (ticketstatus='Open')",
    'left open: query of LoginHistory',
  ])
  await t.rejects(conformance({ ...portal, key: 'wrong', url: between.url }), /login was rejected: wrong/)
  const wrong = { email: alice.email, password: 'wrong' }
  await t.rejects(conformance({ ...portal, url: between.url, contact: wrong }), /is not right/)
})

/** The program, without a terminal to ask at. */
function run(args: readonly string[], env: Readonly<Record<string, string>>) {
  const all = [...program('src/tools/conformance.ts'), '--user', 'portal', ...args]
  return spawn(process.execPath, all, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...env },
  })
}

t.test('the program shows a table, and ends with 0 where all agrees', async (t) => {
  const corebos = await startDemoCorebos({ port: 0 })
  t.teardown(corebos.close)
  const secrets = { COREBOS_ACCESS_KEY: 'portal-access-key', CONTACT_PASSWORD: 'alice-pw' }
  const child = run(['--url', corebos.url, '--contact', 'alice@example.com'], secrets)
  t.teardown(() => child.kill('SIGKILL'))
  const closed = once(child, 'close')
  const shown = await text(child.stdout)
  t.strictSame(await closed, [0, null], shown)
  t.match(shown, /^statements$/m)
  t.match(shown, /^ {2}ok +basic: parent_id='12x\d+' +\d rows?$/m)
  t.match(shown, /\nagrees \d+, differs 0, skipped 0; to look at \d+\n$/)
})

t.test('a secret that is neither given nor in the environment is named', async (t) => {
  const url = ['--url', 'http://127.0.0.1:9']
  for (const [args, env, missing] of [
    [url, {}, /^error: COREBOS_ACCESS_KEY: missing; expected access key of portal\nusage: /],
    [[...url, '--contact', 'a@b.c'], { COREBOS_ACCESS_KEY: 'x' }, /^error: CONTACT_PASSWORD: missing/],
    [[...url, '--password', 'x'], {}, /^error: --password: expected --contact as well\n/],
  ] as const) {
    const child = run(args, env)
    const closed = once(child, 'close')
    t.match(await text(child.stderr), missing)
    t.strictSame(await closed, [2, null])
  }
})
