/** What one request knows of its trace and of its time: it travels in the asynchronous context to the calls of coreBOS. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { traceHeaders, type TraceContext } from './trace-context.ts'

export type Attributes = Readonly<Record<string, string | number>>

/** A piece of work that is recorded. */
export interface Span {
  readonly context: TraceContext
  end(attributes: Attributes, failed: boolean): void
}

/** Records pieces of work; absent where traces are not exported. */
export interface Tracer {
  begin(
    name: string,
    kind: 'server' | 'client',
    parent: TraceContext | undefined,
    attributes: Attributes,
  ): Span
  /** Exports what is left. */
  close(): Promise<void>
}

/** One call of coreBOS. */
export interface TracedCall {
  /** To be sent with the call. */
  readonly headers: Readonly<Record<string, string>>
  done(outcome: string, seconds: number): void
}

export interface RequestTraceOptions {
  readonly tracer: Tracer | undefined
  readonly method: string
  /** The pattern of the route: a path may hold ids. */
  readonly route: string
  /** The trace of the caller. */
  readonly parent: TraceContext | undefined
}

export class RequestTrace {
  readonly #tracer: Tracer | undefined
  readonly #span: Span | undefined
  readonly #context: TraceContext | undefined
  #calls = 0
  #callSeconds = 0
  #waitSeconds = 0

  constructor({ tracer, method, route, parent }: RequestTraceOptions) {
    this.#tracer = tracer
    this.#span = tracer?.begin(`${method} ${route}`, 'server', parent, {
      'http.request.method': method,
      'http.route': route,
    })
    // Without a tracer the gateway passes the caller's trace on as it is.
    this.#context = this.#span?.context ?? parent
  }

  /** As logs name it. */
  get traceId(): string | undefined {
    return this.#context?.traceId
  }

  /** @param waited seconds in the queue before the call was sent */
  call(operation: string, waited: number): TracedCall {
    this.#calls += 1
    this.#waitSeconds += waited
    const span = this.#tracer?.begin(`coreBOS ${operation}`, 'client', this.#context, {
      'http.request.method': 'POST',
      'corebos.operation': operation,
      'corebos.queue.wait': waited,
    })
    const context = span?.context ?? this.#context
    return {
      headers: context === undefined ? {} : traceHeaders(context),
      done: (outcome, seconds) => {
        this.#callSeconds += seconds
        const failed = outcome !== 'ok' && outcome !== 'COREBOS_REFUSED'
        span?.end({ 'corebos.outcome': outcome, ...(failed && { 'error.type': outcome }) }, failed)
      },
    }
  }

  /** The value of `Server-Timing`; calls at once count each for itself. @param ms since the request arrived */
  serverTiming(ms: number): string {
    const inMs = (seconds: number) => (seconds * 1000).toFixed(1)
    return [
      `total;dur=${ms.toFixed(1)}`,
      `corebos;dur=${inMs(this.#callSeconds)};desc="${this.#calls} calls"`,
      `queue;dur=${inMs(this.#waitSeconds)}`,
    ].join(', ')
  }

  end(status: number): void {
    const failed = status >= 500
    this.#span?.end(
      { 'http.response.status_code': status, ...(failed && { 'error.type': String(status) }) },
      failed,
    )
  }
}

const traces = new AsyncLocalStorage<RequestTrace>()

/** Runs a request, or a part of it. */
export function inTrace<T>(trace: RequestTrace, work: () => T): T {
  return traces.run(trace, work)
}

/** Undefined: the gateway works on its own account. */
export function currentTrace(): RequestTrace | undefined {
  return traces.getStore()
}

/** Whether a request asks for `Server-Timing`: `Prefer: server-timing` (RFC 7240). */
export function prefersTiming(prefer: unknown): boolean {
  return typeof prefer === 'string' && /(?:^|,)\s*server-timing\s*(?:[;,]|$)/i.test(prefer)
}
