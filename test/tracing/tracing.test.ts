/** Traces from the request to the call of coreBOS, exported to a collector of this test; and `Server-Timing`. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { readConfig } from '../../src/config/config.ts'
import { prefersTiming } from '../../src/tracing/request-trace.ts'
import { readTraceContext, traceHeaders } from '../../src/tracing/trace-context.ts'
import { startPortal, type Portal } from '../support/portal.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const traceparent = `00-${traceId}-${spanId}-01`

interface ExportedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[]
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: { stringValue?: string } }[] }
    readonly scopeSpans: readonly { readonly spans: readonly ExportedSpan[] }[]
  }[]
}

/** A collector that keeps what it is sent. */
async function startCollector(t: Test) {
  const exports: Export[] = []
  const headers: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      headers.push(request.headers)
      if (request.url === '/v1/traces') exports.push(JSON.parse(Buffer.concat(chunks).toString()) as Export) // OTLP as JSON
      response.setHeader('content-type', 'application/json').end('{}')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo // it listens on a port
  const spans = () =>
    exports.flatMap(({ resourceSpans }) =>
      resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((each) => each.spans)),
    )
  return { url: `http://127.0.0.1:${port}`, exports, headers, spans }
}

const list = (portal: Portal, headers: Record<string, string>) =>
  portal.as('alice', 'GET', '/modules/HelpDesk/records?limit=1', { headers })

t.test('trace headers are read and written as W3C Trace Context has them', async (t) => {
  const context = { traceId, spanId, flags: 1, state: 'a=1,b=2' }
  t.strictSame(readTraceContext({ traceparent, tracestate: 'a=1,b=2' }), context)
  t.strictSame(traceHeaders(context), { traceparent, tracestate: 'a=1,b=2' })
  t.match(
    readTraceContext({ traceparent: `01-${traceId}-${spanId}-00-more` }),
    { flags: 0 },
    'a later version',
  )
  for (const wrong of [
    undefined,
    '',
    traceparent.toUpperCase(),
    `ff-${traceId}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `${traceparent}-more`,
    `${traceparent}\n`,
  ])
    t.equal(readTraceContext({ traceparent: wrong }), undefined, String(wrong))
  t.equal(readTraceContext({ traceparent, tracestate: 'a'.repeat(513) })?.state, undefined)
})

t.test('without a collector the trace of the caller is passed on as it is', async (t) => {
  const portal = await startPortal(t)
  await list(portal, {})
  portal.relay.headers.length = 0
  await list(portal, { traceparent, tracestate: 'vendor=1' })
  t.match(portal.relay.headers, [{ traceparent, tracestate: 'vendor=1' }])
  portal.relay.headers.length = 0
  await list(portal, {})
  t.equal(portal.relay.headers[0]?.['traceparent'], undefined)
})

t.test('one trace from the request to the call of coreBOS', async (t) => {
  const collector = await startCollector(t)
  Object.assign(process.env, {
    OTEL_SERVICE_NAME: 'my-portal',
    OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=secret',
  })
  t.teardown(() => {
    delete process.env['OTEL_SERVICE_NAME']
    delete process.env['OTEL_EXPORTER_OTLP_HEADERS']
  })
  const portal = await startPortal(t, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } })
  await list(portal, {})
  portal.relay.headers.length = 0
  t.equal((await list(portal, { traceparent })).status, 200)
  const sent = portal.relay.headers.map((headers) => readTraceContext(headers))
  await portal.close()

  const spans = collector.spans().filter((span) => span.traceId === traceId)
  const server = spans.find(({ name }) => name === 'GET /modules/:module/records')
  t.equal(server?.parentSpanId, spanId, 'the request belongs to the trace of the caller')
  const calls = spans.filter(({ name }) => name === 'coreBOS query')
  t.ok(calls.length > 0)
  for (const { parentSpanId } of calls) t.equal(parentSpanId, server?.spanId)
  t.strictSame(
    calls.map((call) => call.spanId).sort(),
    sent.map((context) => context?.spanId).sort(),
    'coreBOS is told the span of its own call',
  )
  t.match(collector.exports[0]?.resourceSpans[0]?.resource.attributes, [
    { key: 'service.name', value: { stringValue: 'my-portal' } },
  ])
  t.match(collector.headers, [{ 'x-api-key': 'secret' }])
  const said = JSON.stringify(collector.exports)
  for (const secret of ['alice', '12x8549', 'select ', 'Bearer']) t.notMatch(said, secret)
})

t.test('Server-Timing for requests with a session that ask for it', async (t) => {
  const portal = await startPortal(t)
  const asked = await list(portal, { prefer: 'server-timing' })
  t.match(asked.headers, {
    'preference-applied': 'server-timing',
    'server-timing': /^total;dur=\d+\.\d, corebos;dur=\d+\.\d;desc="\d+ calls", queue;dur=\d+\.\d$/,
  })
  t.equal((await list(portal, {})).headers['server-timing'], undefined)
  const headers = { prefer: 'server-timing' }
  const rejected = await portal.as('alice', 'GET', '/records/17x1', { headers })
  t.equal(rejected.headers['server-timing'], undefined, 'not for a rejection')
  const body = { username: 'alice@example.com', password: 'alice-pw' }
  const login = await portal.as(undefined, 'POST', '/auth/login', { headers, body })
  t.equal(login.status, 200)
  t.equal(login.headers['server-timing'], undefined, 'not before a log-in')

  for (const prefer of [
    'server-timing',
    'wait=5, Server-Timing',
    'server-timing;q=1',
    'a, server-timing , b',
  ])
    t.ok(prefersTiming(prefer), prefer)
  for (const prefer of ['', 'no-server-timing', 'server-timings', undefined]) t.notOk(prefersTiming(prefer))
})

t.test('half a setting and another encoding are rejected', async (t) => {
  const read = (env: Record<string, string>) => () =>
    readConfig({ COREBOS_URL: 'http://127.0.0.1', COREBOS_PASSWORD_TYPE: 'md5', ...env })
  t.throws(read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }), {
    message: /^OTEL_EXPORTER_OTLP_ENDPOINT: expected an http or https URL/,
  })
  t.throws(read({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }), {
    message: /^OTEL_EXPORTER_OTLP_PROTOCOL: expected one of http\/json/,
  })
})
