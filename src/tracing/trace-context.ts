/** The trace that a request belongs to, as W3C Trace Context carries it in `traceparent` and `tracestate`. */

export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits: the span that work done from here on belongs to. */
  readonly spanId: string
  /** Bit 0: the trace is recorded. */
  readonly flags: number
  /** What other tracing systems add, passed on as it is. */
  readonly state: string | undefined
}

/** A later version may have more behind the flags. */
const traceparent =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?<more>-.*)?$/

/** What every tracing system must pass on, in characters. */
const longestState = 512

/** @returns undefined where the request belongs to no trace; a header that is not valid counts as absent */
export function readTraceContext(headers: Readonly<Record<string, unknown>>): TraceContext | undefined {
  const { ['traceparent']: parent, ['tracestate']: state } = headers
  const found = typeof parent === 'string' ? traceparent.exec(parent) : null
  const [, version, traceId = '', spanId = '', flags = ''] = found ?? []
  if (found === null || (version === '00' && found.groups?.['more'] !== undefined)) return undefined
  const keepsState = typeof state === 'string' && state.length <= longestState && /^[\x20-\x7e]+$/.test(state)
  return { traceId, spanId, flags: Number.parseInt(flags, 16), state: keepsState ? state : undefined }
}

/** The headers that pass the trace on. */
export function traceHeaders({ traceId, spanId, flags, state }: TraceContext): Record<string, string> {
  return {
    traceparent: `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`,
    ...(state !== undefined && { tracestate: state }),
  }
}
