/**
 * Exports traces by OTLP over HTTP. The libraries are loaded where traces are exported, and read the standard names of
 * the environment themselves: sampler, headers, time-outs, batches, resource.
 */
import type { Context, SpanContext } from '@opentelemetry/api'
import type { Attributes, Tracer } from './request-trace.ts'
import type { TraceContext } from './trace-context.ts'

export interface OpenTelemetryOptions {
  /** Where traces are sent to: the whole URL. */
  readonly url: string
  readonly version: string
  readonly warn: (message: string) => void
}

const name = 'corebos-portal-gateway'

export async function openTelemetry({ url, version, warn }: OpenTelemetryOptions): Promise<Tracer> {
  const [api, { BasicTracerProvider, BatchSpanProcessor }, { OTLPTraceExporter }, resources] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ])
  const { trace, ROOT_CONTEXT, SpanKind, SpanStatusCode, createTraceState, diag, DiagLogLevel } = api
  const ignore = () => undefined
  diag.setLogger(
    { error: warn, warn, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
  const provider = new BasicTracerProvider({
    resource: resources
      .resourceFromAttributes({ 'service.name': name, 'service.version': version })
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url }))],
  })
  const tracer = provider.getTracer(name, version)
  const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT }

  const within = (parent: TraceContext | undefined): Context => {
    if (parent === undefined) return ROOT_CONTEXT
    const { traceId, spanId, flags: traceFlags, state } = parent
    const traceState = state === undefined ? {} : { traceState: createTraceState(state) }
    return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true, ...traceState })
  }
  return {
    begin: (title, kind, parent, attributes: Attributes) => {
      const span = tracer.startSpan(title, { kind: kinds[kind], attributes }, within(parent))
      return {
        context: contextOf(span.spanContext()),
        end: (more, failed) => {
          span.setAttributes(more)
          if (failed) span.setStatus({ code: SpanStatusCode.ERROR })
          span.end()
        },
      }
    },
    close: async () => provider.shutdown(),
  }
}

function contextOf({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceContext {
  return { traceId, spanId, flags: traceFlags, state: traceState?.serialize() }
}
