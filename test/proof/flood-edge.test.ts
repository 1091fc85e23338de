import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { startDemoCorebos } from '../../src/demo/server.ts'
import { largeBody } from '../../src/http/schemas.ts'
import { contactAt } from '../support/webservice-client.ts'

/** A gateway in a process of its own, with the memory that the documentation names as enough. */
async function startApart(t: Test) {
  const corebos = await startDemoCorebos({ port: 0 })
  t.teardown(() => corebos.close())
  const child = spawn(process.execPath, ['--max-old-space-size=256', '--import=tsx', 'src/main.ts'], {
    env: {
      PATH: process.env['PATH'],
      COREBOS_URL: corebos.url,
      COREBOS_USER: 'portal',
      COREBOS_ACCESS_KEY: 'portal-access-key',
      PORT: '0',
      METRICS_PORT: '0',
      LOG_LEVEL: 'silent',
      RATE_LIMIT_IP: '1000000/60',
      RATE_LIMIT_CONTACT: '1000000/60',
      RATE_LIMIT_LOGIN: '1000000/60',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(async () => {
    child.kill()
    await once(child, 'close')
  })
  let ready = ''
  for await (const line of createInterface({ input: child.stdout })) {
    ready = line
    if (line.startsWith('ready ')) break
  }
  const [, url = '', operatorUrl = ''] = /gateway=(\S+).* metrics=(\S+)/.exec(ready) ?? []
  async function figure(name: string): Promise<number> {
    const text = await (await fetch(`${operatorUrl}/metrics`)).text()
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
  }
  return { url, child, figure }
}

function keys(bytes: number): Buffer {
  const entries = Array.from({ length: bytes / 10 }, (_, n) => `"k${String(n).padStart(6, '0')}":1`)
  return Buffer.from(`{${entries.join(',')}}`)
}

t.test('large bodies, and many keys, cost little', async (t) => {
  const { url, figure } = await startApart(t)
  const client = await contactAt(url, 'alice')
  const login = await request(`${url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'alice@example.com', password: 'alice-pw' }),
  })
  const { accessToken } = (await login.body.json()) as { readonly accessToken: string } // as the description says
  const token = { authorization: `Bearer ${accessToken}` }
  const session = { 'corebos-authorization': client.session }
  const json = { 'content-type': 'application/json' }
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const chunked = (body: Buffer) => Readable.from([body.subarray(0, 1000), body.subarray(1000)])
  const body = keys(largeBody - 100)
  const escapes = Buffer.from(
    `operation=create&elementType=Documents&element=${'%41'.repeat(10 * largeBody)}`,
  )

  type Attack = readonly [
    what: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: Buffer,
    milliseconds: number,
  ]
  const attacks: readonly Attack[] = [
    ...['/auth/login', '/auth/refresh', '/auth/password-recovery', '/webservice.php', '/nope'].map(
      (path): Attack => ['keys', path, json, body, 150],
    ),
    ...['/modules/HelpDesk/records', '/query', '/records/17x8625/comments'].map((path): Attack => [
      'keys in a session',
      path,
      { ...json, ...token },
      body,
      150,
    ]),
    ['keys in a session', '/webservice.php', { ...json, ...session }, body, 150],
    ['escapes of a file', '/webservice.php', { ...form, ...session }, escapes, 3000],
  ]
  for (const [what, path, headers, sent, most] of attacks)
    for (const whole of [true, false]) {
      const count = sent.length > largeBody ? 3 : 50
      const before = await figure('process_cpu_seconds_total')
      let answered = 0
      for (let n = 0; n < count; n++) {
        // A client that is refused early may find its connection closed.
        const response = await request(`${url}${path}`, {
          method: 'POST',
          headers,
          body: whole ? sent : chunked(sent),
        }).catch(() => undefined)
        answered += (await response?.body.text().catch(() => ''))?.length ?? 0
      }
      const each = (1000 * ((await figure('process_cpu_seconds_total')) - before)) / count
      t.ok(
        each < most,
        `${what}, ${path}, ${whole ? 'with its length' : 'in chunks'}: ${each.toFixed(1)} ms of CPU each`,
      )
      t.ok(answered / count < 1000, `${answered / count} bytes are answered`)
    }
})

t.test('responses that are not read do not fill the memory', async (t) => {
  const { url, figure, child } = await startApart(t)
  const { hostname, port } = new URL(url)
  const ask = 'GET /openapi.json HTTP/1.1\r\nHost: here\r\n\r\n'
  const before = await figure('nodejs_heap_size_used_bytes')
  const sockets: Socket[] = []
  for (let n = 0; n < 200; n++) {
    const socket = connect(Number(port), hostname).on('error', () => undefined)
    socket.pause()
    await once(socket, 'connect')
    socket.write(ask.repeat(30))
    sockets.push(socket)
  }
  t.equal((await request(`${url}/health/live`)).statusCode, 200, 'others are answered')
  t.equal(child.exitCode, null, 'the process lives')
  const during = await figure('process_resident_memory_bytes')
  t.ok(during < 700 * 2 ** 20, `${Math.round(during / 2 ** 20)} MiB in all`)
  for (const socket of sockets) socket.destroy()
  let after = Infinity
  for (let n = 0; n < 1000 && after > before + 60 * 2 ** 20; n++) {
    await (await request(`${url}/health/live`)).body.text()
    after = await figure('nodejs_heap_size_used_bytes')
  }
  t.ok(after <= before + 60 * 2 ** 20, `${Math.round((after - before) / 2 ** 20)} MiB more than before`)
})
