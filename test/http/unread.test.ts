/** Clients that do not read their answers, and connections that are too many. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { fastify, type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import unread from '../../plugins/unread.ts'
import { serverOptions } from '../../src/webservice/server-options.ts'
import { buildApp, buildOperator } from '../../src/app.ts'
import { readConfig } from '../../src/config/config.ts'
import { connectionBounds, Connections, type ConnectionBounds } from '../../src/http/connections.ts'

const mebibyte = 2 ** 20
/** More than the system keeps for a client that does not read. */
const large = 16 * mebibyte

interface Stand {
  readonly connections: Connections
  readonly port: number
  /** Moves the clock. */
  readonly pass: (milliseconds: number) => void
  /** A client that asks and does not read. */
  readonly ask: (...paths: readonly string[]) => Promise<Socket>
  /** How many handlers have run, and how many streams have ended. */
  readonly counts: { begun: number; ended: number }
}

async function stand(t: Test, bounds: Partial<ConnectionBounds> = {}): Promise<Stand> {
  let clock = 0
  const counts = { begun: 0, ended: 0 }
  const connections = new Connections({ ...connectionBounds, ...bounds }, () => clock)
  const app = fastify({
    ...serverOptions(undefined, connections),
    http: { connectionsCheckingInterval: 10, headersTimeout: 1000 },
    requestTimeout: 1000,
  })
  // Only the test looks.
  await app.register(unread, { connections, every: 2 ** 30 })
  const text = 'x'.repeat(large)
  app.get('/large', async () => {
    counts.begun += 1
    return text
  })
  app.get('/small', async () => 'y')
  app.get('/stream', async (_request, reply) => {
    counts.begun += 1
    const chunk = Buffer.alloc(mebibyte)
    const stream = Readable.from(Array.from({ length: 16 }, () => chunk))
    stream.once('close', () => (counts.ended += 1))
    return reply.send(stream)
  })
  app.get('/never', async () => new Promise(() => undefined))
  app.post('/body', async () => 'z')
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  const { port } = app.server.address() as AddressInfo // it listens on a port
  return {
    connections,
    port,
    counts,
    pass: (milliseconds) => (clock += milliseconds),
    ask: async (...paths) => {
      const socket = connect(port, '127.0.0.1')
        .on('error', () => undefined)
        .pause()
      await once(socket, 'connect')
      socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: here\r\n\r\n`).join(''))
      t.teardown(() => socket.destroy())
      return socket
    },
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((next) => setImmediate(next))
}

/** Reads until a number of bytes has come. */
async function read(socket: Socket, bytes: number): Promise<number> {
  let count = 0
  socket.on('data', (chunk: Buffer) => {
    count += chunk.length
    if (count >= bytes) socket.pause()
  })
  socket.resume()
  await until(() => count >= bytes)
  socket.removeAllListeners('data')
  return count
}

t.test('a connection ends when its client takes too little of an answer', async (t) => {
  const { connections, ask, pass, counts } = await stand(t)
  await ask('/large')
  await ask('/stream')
  const reading = await ask('/large')
  await ask('/small')
  await ask('/never')
  await until(() => counts.begun === 3 && connections.size === 5)
  connections.look()
  pass(connectionBounds.stall)
  await read(reading, 8 * mebibyte)
  connections.look()
  t.equal(connections.size, 5, 'not before its time')
  pass(1)
  connections.look()
  await until(() => counts.ended === 1)
  t.equal(connections.size, 3, 'those that read, that have read, and that wait stay open')
  // The system may still take bytes that the client does not read.
  await until(() => {
    pass(connectionBounds.stall + 1)
    connections.look()
    return connections.size < 3
  })
  t.equal(connections.size, 2, 'and one that stops reading does not')
  await until(() => connections.bytes === 0)
})

t.test('unread answers hold a bounded number of bytes', async (t) => {
  const { connections, ask, pass, counts } = await stand(t, { inAll: 3 * large })
  const sockets: Socket[] = []
  for (let n = 1; n <= 12; n++) {
    sockets.push(await ask('/large'))
    await until(() => counts.begun === n && connections.bytes > 0)
    pass(10)
  }
  await until(() => connections.size <= 4)
  t.ok(connections.bytes <= 3 * large, `${connections.bytes} bytes`)
  const last = sockets.at(-1)
  t.ok(last !== undefined && (await read(last, large)) >= large, 'the newest is answered')
  const others = await ask('/small')
  t.match(String((await once(others.resume(), 'data'))[0]), /200 OK/, 'and so are others')
})

t.test('one connection holds few answers', async (t) => {
  const { connections, ask, counts } = await stand(t)
  await ask('/large', '/large', '/large')
  await until(() => counts.begun > 0 && connections.size === 0)
  t.equal(connections.bytes, 0)
  await ask(...Array.from({ length: connectionBounds.requests + 1 }, () => '/never'))
  await once(await ask('/small'), 'readable')
  await until(() => connections.size === 1)
  const many = await ask(...Array.from({ length: connectionBounds.requests }, () => '/small'))
  let answers = ''
  many.on('data', (chunk: Buffer) => (answers += String(chunk))).resume()
  await until(() => answers.split('200 OK').length === connectionBounds.requests + 1)
  t.pass('as many as a client may have under way')
})

t.test('of too many connections the longest idle ones end', async (t) => {
  const { connections, port } = await stand(t, { open: 5 })
  const ended: string[] = []
  const opened = async (name: string, text = ''): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1' }).on('error', () => undefined)
    socket.once('close', () => ended.push(name)).resume()
    await once(socket, 'connect')
    t.teardown(() => socket.destroy())
    socket.write(text)
    return socket
  }
  const head = 'Host: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n'
  const used = await opened('has asked before')
  await opened('asks nothing')
  await opened('half a head', 'GET / HTTP/1.1\r\nHost: x\r\n')
  await opened('waits for an answer', 'GET /never HTTP/1.1\r\nHost: x\r\n\r\n')
  used.write('GET /small HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(used, 'data')
  await opened('half a body', `POST /body HTTP/1.1\r\n${head}\r\n1`)
  await until(() => connections.size === 5)
  t.strictSame(ended, [])
  for (const order of [1, 2, 3, 4, 5]) {
    await opened(`later ${order}`)
    await until(() => ended.length === order)
  }
  t.strictSame(ended, ['asks nothing', 'half a head', 'has asked before', 'half a body', 'later 1'])
  t.equal(connections.takeCrowdedOut(), 5)
  t.equal(connections.takeCrowdedOut(), 0, 'each is told once')
})

t.test('a connection that was answered after an error of its own ends, read or unread', async (t) => {
  const { connections, port } = await stand(t, { linger: 1 })
  const cases: readonly (readonly [what: string, text: string, answer: RegExp])[] = [
    ['what is not HTTP', 'hello\r\n\r\n', /^HTTP\/1\.1 400 Bad Request\r\n[^]*"BAD_REQUEST"/],
    ['a head that does not end', 'GET / HTTP/1.1\r\nHost: x\r\nX: ', /^HTTP\/1\.1 408 [^]*"REQUEST_TIMEOUT"/],
    [
      'a body that does not end',
      'POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n1',
      /^HTTP\/1\.1 408 [^]*"REQUEST_TIMEOUT"/,
    ],
  ]
  for (const [what, text, answer] of cases) {
    // Neither closes its own side.
    const [reader, other] = await Promise.all(
      [0, 1].map(async () => {
        const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined)
        await once(socket, 'connect')
        t.teardown(() => socket.destroy())
        socket.write(text)
        return socket
      }),
    )
    let received = ''
    reader?.on('data', (chunk: Buffer) => (received += String(chunk)))
    other?.pause()
    await until(() => received !== '' && connections.size === 0)
    t.match(received, answer, what)
  }
})

t.test('both listeners of the gateway look after their connections', async (t) => {
  const config = readConfig({
    COREBOS_URL: 'http://127.0.0.1:1',
    COREBOS_PASSWORD_TYPE: 'md5',
    LOG_LEVEL: 'silent',
  })
  const gateway: FastifyInstance = await buildApp(config)
  t.teardown(() => gateway.close())
  const operator: FastifyInstance = await buildOperator(gateway, config)
  for (const app of [gateway, operator]) t.ok(app.hasPlugin('unread'))
})
