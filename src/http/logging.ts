/** Structured logs in which no secret can appear: requests are logged by route, never by URL, header or body. */
import { randomUUID } from 'node:crypto'
import { Writable } from 'node:stream'
import pino from 'pino'
import pretty from 'pino-pretty'
import {
  LogController,
  type FastifyBaseLogger,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from 'fastify'
import { reasonOf } from '../model/log-reason.ts'

/** Property names whose values are masked in every log line, up to two levels deep. */
const secretNames = [
  'accessKey',
  'accessToken',
  'authorization',
  'challenge',
  'cookie',
  'currentPassword',
  'headers',
  'newPassword',
  'password',
  'refreshToken',
  'session',
  'sessionId',
  'sessionName',
  'token',
]

/** The destination of log lines; default: standard output. */
export interface LogSink {
  write(line: string): void
}

function request(request: FastifyRequest) {
  // A path may hold ids and one-time links, a query string anything at all: the pattern of the route holds neither.
  return { method: request.method, route: request.routeOptions.url ?? null, address: request.ip }
}

/** One line per request, when it is over; at `debug` one when it arrives as well. */
class AccessLog extends LogController {
  #unmasked: FastifyBaseLogger | undefined

  override incomingRequest(request: FastifyRequest): void {
    request.log.debug({ req: request }, 'arrived')
  }

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const line = { req: request, res: reply, ms: Math.round(reply.elapsedTime) }
    if (error) request.log.error({ ...line, ...reasonOf(error) }, 'request failed')
    else this.#plain(request).info({ requestId: request.id, ...line }, 'request')
  }

  /** Nothing in the line of a request can be a secret, and to look for one takes longer than to write it. */
  #plain({ server }: FastifyRequest): FastifyBaseLogger {
    return (this.#unmasked ??= server.log.child({}, { redact: { paths: [] } }))
  }

  override routeNotFound(): void {
    // Fastify's own line would hold the URL.
  }
}

/** How long a line may wait for others, so that many are written at once. Milliseconds. */
const longestWait = 20
const mostWaiting = 8192

/** One for the process: two would write into each other's lines. */
let standardOutput: LogSink | undefined

/**
 * Standard output, in batches. What waits is written when the process exits, and is lost only where it is killed; the
 * line of a write does not wait, so that a write that was answered has its line.
 */
function batches(): LogSink {
  const output = pino.destination({ minLength: mostWaiting, sync: false })
  let timer: NodeJS.Timeout | undefined
  return {
    write: (line) => {
      output.write(line)
      if (isAudit(line)) output.flushSync()
      timer ??= setTimeout(() => {
        timer = undefined
        output.flush()
      }, longestWait).unref()
    },
  }
}

/** As `audit-log.ts` names it; in a text its quotation marks would be escaped. */
function isAudit(line: string): boolean {
  return line.includes('"audit":')
}

/** Lines for people, one for each request. */
function prettyStream(sink: LogSink | undefined) {
  return pretty({
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'requestId',
    ...(sink !== undefined && { destination: new Writable({ write: writeTo(sink) }) }),
  })
}

function writeTo(sink: LogSink) {
  return (chunk: Buffer, _encoding: string, done: () => void): void => {
    sink.write(chunk.toString())
    done()
  }
}

/** The options of Fastify for this log. */
export function loggingOptions(
  { LOG_LEVEL: level, LOG_FORMAT }: { readonly LOG_LEVEL: string; readonly LOG_FORMAT: 'json' | 'pretty' },
  sink?: LogSink,
) {
  const stream = LOG_FORMAT === 'pretty' ? prettyStream(sink) : (sink ?? (standardOutput ??= batches()))
  return {
    logger: {
      level,
      base: null,
      serializers: {
        req: request,
        res: (reply: { readonly statusCode?: number }) => ({ status: reply.statusCode }),
      },
      redact: {
        paths: secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '***',
      },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      stream,
    },
    logController: new AccessLog({ requestIdLogLabel: 'requestId' }),
    // Never taken from the request: a client that chooses ids could forge the traces of others.
    requestIdHeader: false,
    genReqId: () => randomUUID(),
  } satisfies FastifyServerOptions
}
