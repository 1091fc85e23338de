/** Gives each request its trace (W3C Trace Context), exports traces if configured, and sends `Server-Timing`. */
import fp from 'fastify-plugin'
import type { Config } from '../src/config/config.ts'
import { version } from '../src/config/version.ts'
import { openTelemetry } from '../src/tracing/open-telemetry.ts'
import { inTrace, prefersTiming, RequestTrace } from '../src/tracing/request-trace.ts'
import { readTraceContext } from '../src/tracing/trace-context.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Null before the first hook. */
    trace: RequestTrace | null
  }
}

type Settings = Pick<
  Config,
  'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT' | 'OTEL_SDK_DISABLED'
>

export default fp<Settings>(
  async (app, { OTEL_SDK_DISABLED: isOff, ...settings }) => {
    const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own } = settings
    const url = own ?? (base === undefined ? undefined : `${base.replace(/\/$/, '')}/v1/traces`)
    const warn = (message: string) => app.log.warn({}, `Traces: ${message}`)
    const tracer = url === undefined || isOff ? undefined : await openTelemetry({ url, version, warn })
    app.decorateRequest('trace', null)
    app.addHook('onRequest', (request, _reply, done) => {
      const { method, headers, routeOptions } = request
      const parent = readTraceContext(headers)
      request.trace = new RequestTrace({ tracer, method, route: routeOptions.url ?? 'none', parent })
      inTrace(request.trace, done)
    })
    // A body arrives by events of the connection, which is not the request's alone.
    app.addHook('preValidation', (request, _reply, done) => {
      if (request.trace === null) done()
      else inTrace(request.trace, done)
    })
    app.addHook('onSend', ({ headers, trace, contact }, reply, _payload, next) => {
      // Times of rejections, and those before a log-in, would say more than the response.
      if (contact !== null && reply.statusCode < 400 && prefersTiming(headers['prefer'])) {
        reply.header('preference-applied', 'server-timing')
        reply.header('server-timing', trace?.serverTiming(reply.elapsedTime))
      }
      next()
    })
    app.addHook('onResponse', ({ trace }, reply, next) => {
      trace?.end(reply.statusCode)
      next()
    })
    app.addHook('onClose', async () => tracer?.close())
  },
  { name: 'tracing', fastify: '5.x' },
)
