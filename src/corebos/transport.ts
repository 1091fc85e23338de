/**
 * The connection to coreBOS: one pool of kept-alive connections, one encoding, limits on time, size and number of
 * calls.
 */
import { performance } from 'node:perf_hooks'
import { Readable } from 'node:stream'
import { Pool } from 'undici'
import { GatewayError } from '../model/errors.ts'
import { CircuitBreaker } from './circuit-breaker.ts'
import { readEnvelope, retryAfterOutage, type Outcome } from './envelope.ts'
import { readFileAnswer, type FileAnswer } from './file-answer.ts'
import { formPieces, type Params } from './form.ts'
import { busy, QueueLimit } from './queue-limit.ts'
import { currentShare } from './request-calls.ts'
import { Semaphore } from './semaphore.ts'
import { SpoolLimit } from './spool.ts'
import { withoutTrailing } from '../model/without-trailing.ts'

/** A session of coreBOS ends with the first call under another name, so this one has no version and never changes. */
const userAgent = 'corebos-portal-gateway'

export interface TransportOptions {
  /** With or without `/webservice.php`. */
  readonly url: string
  /** Longest wait for an answer, and in the queue. Milliseconds. */
  readonly timeoutMs: number
  /** Largest answer, in bytes. */
  readonly maxBytes: number
  /** Largest file in an answer, in bytes; at most `maxBytes`. */
  readonly maxFileBytes?: number
  /** The limit that files in answers share; default: none. */
  readonly spoolLimit?: SpoolLimit
  /** Concurrent calls. */
  readonly concurrency: number
  /** Waiting calls; no contact has more than a quarter of them. */
  readonly queue: number
  /** Receives every call as it is sent, with the seconds that it waited in the queue. */
  readonly observe?: ((operation: string, waited: number) => Observation) | undefined
}

/** The observer of one call. */
export interface Observation {
  /** Sent with the call. */
  readonly headers: Readonly<Record<string, string>>
  /** `outcome` is `ok` or a code of the error catalogue. */
  done(outcome: string, seconds: number): void
}

export interface Call {
  readonly operation: string
  readonly params?: Params
  /** The property of the answer whose text is a file in base64; it is taken out, see {@link Success}. */
  readonly file?: string
}

/** The parameters of a call, and the file property of its answer. */
interface Exchange {
  readonly body: readonly (string | Buffer)[]
  readonly file: string | undefined
  readonly headers: Observation['headers'] | undefined
}

/** Calls of one session run one after the other, in the session queue with the session's name. */
export interface SessionQueue {
  readonly name: string
  /** Called before the call is sent; if it throws, the call is not sent. */
  requireOpen(): void
  /** A call got no answer; the next one in the session queue has not begun. */
  lost(): void
}

export interface Way {
  readonly sessionQueue?: SessionQueue
  /** Ends waiting in the queue. A call that has been sent runs to its end. */
  readonly signal?: AbortSignal | undefined
}

/** The answer did not come in time: the call may still be running in coreBOS. */
export class UnansweredCall extends GatewayError {
  constructor() {
    super('COREBOS_TIMEOUT')
  }
}

/**
 * Log-outs of sessions that a time-out left behind wait behind the call that did not answer, so they have slots of
 * their own.
 */
const farewells = 2
const farewellsWaiting = 100

/**
 * When the circuit opens, and how often a probe is sent while it is open: a coreBOS that has recovered is noticed
 * within a second.
 */
const circuit = { failures: 10, probeEvery: 500 }

export class Transport {
  readonly #pool: Pool
  readonly #circuit = new CircuitBreaker({ ...circuit, now: () => performance.now() })
  readonly #path: string
  readonly #slots: Semaphore
  readonly #farewellQueue = new QueueLimit(farewellsWaiting)
  readonly #farewells = new Semaphore(farewells, this.#farewellQueue)
  readonly #queue: QueueLimit
  readonly #spoolLimit: SpoolLimit
  readonly #options: TransportOptions
  readonly #clocks = new Set<AbortController>()
  #closed = false

  constructor(options: TransportOptions) {
    const url = new URL(options.url)
    this.#options = options
    this.#path = `${withoutTrailing(url.pathname, '/').replace(/\/webservice\.php$/, '')}/webservice.php`
    this.#spoolLimit = options.spoolLimit ?? new SpoolLimit({ maxBytes: Infinity })
    this.#queue = new QueueLimit(options.queue)
    this.#slots = new Semaphore(options.concurrency, this.#queue)
    this.#pool = new Pool(url.origin, {
      connections: options.concurrency + farewells,
      pipelining: 1,
      // Well before the time-out below: a call that was never sent must not count as unanswered.
      connect: { timeout: Math.ceil(options.timeoutMs / 2) },
      // One time-out for the whole call, set below, instead of one for the headers and one between two chunks.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  /**
   * Sends a call exactly once: there are no retries, so nothing is ever written twice.
   *
   * @throws GatewayError `COREBOS_BUSY`, `COREBOS_UNAVAILABLE`, `COREBOS_TIMEOUT` ({@link UnansweredCall}),
   *   `COREBOS_TOO_LARGE`, `COREBOS_FAILED`, `DOWNLOADS_BUSY`, `DISK_FAILED`, `SHUTTING_DOWN`, `INVALID_VALUE`; what
   *   the session queue throws; the reason of `signal`
   */
  async call(call: Call, way: Way = {}): Promise<Outcome> {
    if (call.file !== undefined) this.#spoolLimit.requireSome()
    return this.#send(call, way, this.#slots)
  }

  /** Ends a session whose last call did not answer, in the background; errors are ignored. */
  cleanUp(sessionName: string): void {
    const call = { operation: 'logout', params: { sessionName } }
    this.#send(call, {}, this.#farewells).catch(() => undefined)
  }

  async #send({ operation, params, file }: Call, way: Way, slots: Semaphore): Promise<Outcome> {
    const body = formPieces({ operation, ...params })
    const { sessionQueue, signal } = way
    const endsSession = slots === this.#farewells
    if (!endsSession) this.#circuit.require()
    const began = performance.now()
    // Two time-outs: a call that was sent late because of the queue has as long as any other, and does not lose its
    // session.
    const leave = await this.acquire(slots, sessionQueue?.name, signal)
    try {
      signal?.throwIfAborted()
      sessionQueue?.requireOpen()
      if (!endsSession) this.#circuit.enter()
      const observation = this.#options.observe?.(operation, (performance.now() - began) / 1000)
      return await this.#within(unanswered, async (end) =>
        this.#observed(this.#exchange({ body, file, headers: observation?.headers }, end), observation),
      )
    } catch (error) {
      if (error instanceof UnansweredCall) sessionQueue?.lost()
      throw error
    } finally {
      leave()
    }
  }

  /** What calls hold at this moment. */
  get inUse() {
    return {
      calls_running: this.#slots.held + this.#farewells.held,
      calls_waiting: this.#queue.waiting + this.#farewellQueue.waiting,
      spool_files: this.#spoolLimit.files,
    }
  }

  /** More slots, whose waiting calls count against the same queue limit. */
  semaphore(slots: number): Semaphore {
    return new Semaphore(slots, this.#queue)
  }

  /**
   * {@link Semaphore.acquire}, limited to the longest wait of a call.
   *
   * @throws GatewayError `COREBOS_BUSY`; the reason of `signal`
   */
  async acquire(slots: Semaphore, sessionQueue?: string, signal?: AbortSignal): Promise<() => void> {
    return this.#within(busy, (end) =>
      slots.acquire(
        currentShare(),
        sessionQueue,
        signal === undefined ? end : AbortSignal.any([end, signal]),
      ),
    )
  }

  /** Runs something with the time limit of a call, and until the gateway closes. */
  async #within<T>(late: () => GatewayError, run: (end: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#closed) throw new GatewayError('SHUTTING_DOWN')
    const clock = new AbortController()
    const timer = setTimeout(() => clock.abort(late()), this.#options.timeoutMs)
    this.#clocks.add(clock)
    try {
      return await run(clock.signal)
    } finally {
      clearTimeout(timer)
      this.#clocks.delete(clock)
    }
  }

  async #exchange({ body, file, headers }: Exchange, end: AbortSignal): Promise<Outcome> {
    let status: number
    let answer: FileAnswer
    try {
      const response = await this.#pool.request({
        method: 'POST',
        path: this.#path,
        headers: {
          ...headers,
          'user-agent': userAgent,
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
          // PHP behind some web servers does not read a body without a content length.
          'content-length': String(body.reduce((sum, piece) => sum + piece.length, 0)),
        },
        body:
          body.length === 1 && body[0] !== undefined ? body[0] : Readable.from(body, { objectMode: false }),
        signal: end,
      })
      status = response.statusCode
      answer = await this.#answer(response.body, file)
    } catch (error) {
      throw failure(error, end)
    }
    const { envelope, file: taken } = answer
    let outcome: Outcome | undefined
    try {
      outcome = readEnvelope(status, envelope)
    } finally {
      if (outcome?.kind !== 'success') await taken?.discard()
    }
    return outcome.kind === 'success' && taken !== undefined ? { ...outcome, file: taken } : outcome
  }

  async #answer(body: AsyncIterable<Buffer>, file: string | undefined): Promise<FileAnswer> {
    const { maxBytes, maxFileBytes = maxBytes } = this.#options
    if (file !== undefined) {
      const fileBytes = Math.max(maxBytes, maxFileBytes)
      return readFileAnswer(body, file, { envelopeBytes: maxBytes, fileBytes }, this.#spoolLimit)
    }
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of body) {
      bytes += chunk.length
      if (bytes > maxBytes) throw new GatewayError('COREBOS_TOO_LARGE')
      chunks.push(chunk)
    }
    return { envelope: Buffer.concat(chunks), file: undefined }
  }

  async #observed(answer: Promise<Outcome>, observation: Observation | undefined): Promise<Outcome> {
    const began = performance.now()
    const done = (outcome: string) => observation?.done(outcome, (performance.now() - began) / 1000)
    return answer.then(
      (outcome) => {
        this.#circuit.answered()
        done({ success: 'ok', rejection: 'COREBOS_REFUSED', crash: 'COREBOS_FAILED' }[outcome.kind])
        return outcome
      },
      (error: unknown) => {
        const code = error instanceof GatewayError ? error.code : 'INTERNAL'
        if (code === 'COREBOS_UNAVAILABLE' || code === 'COREBOS_TIMEOUT') this.#circuit.failed()
        else if (code !== 'SHUTTING_DOWN') this.#circuit.answered()
        done(code)
        throw error
      },
    )
  }

  /** Whether calls are stopped because coreBOS does not answer. */
  get isCircuitOpen(): boolean {
    return this.#circuit.isOpen
  }

  /** Ends all calls, including running ones. */
  async close(): Promise<void> {
    this.#closed = true
    for (const clock of this.#clocks) clock.abort(new GatewayError('SHUTTING_DOWN'))
    await this.#pool.destroy()
  }
}

const unanswered = () => new UnansweredCall()

function failure(error: unknown, end: AbortSignal): GatewayError {
  if (end.reason instanceof GatewayError) return end.reason
  if (error instanceof GatewayError) return error
  return new GatewayError('COREBOS_UNAVAILABLE', undefined, { retryAfter: retryAfterOutage, cause: error })
}
