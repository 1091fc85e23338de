/**
 * Requests that are to be carried out once, however often they come: under a key that the caller chooses, for each
 * contact and route.
 */
import { createHash } from 'node:crypto'
import { GatewayError, type ErrorCode, type ErrorExtras } from '../model/errors.ts'
import { UnderWay } from '../model/under-way.ts'
import type { SharedState } from '../session/contract.ts'

export interface IdempotencyOptions {
  readonly state: Pick<SharedState, 'claim' | 'put' | 'pull'>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface Keyed {
  /** Absent: the request is carried out as often as it comes. */
  readonly key: string | undefined
  readonly contactId: string
  /** The pattern of the route, with its method. */
  readonly route: string
  /** Everything that the request asks for; the order of keys plays no part. */
  readonly request: unknown
}

export interface Work<T> {
  /**
   * `made` is the input of {@link Work.again}, and the only stored result: the contact may lose access to the answer
   * before the request is repeated.
   */
  first(): Promise<{ readonly made: string; readonly result: T }>
  again(made: string): Promise<T>
}

/** How long a key is remembered, in milliseconds. */
const remembered = 86_400_000

/** A request that is still under way after this time was abandoned by its instance. Milliseconds. */
const longestRun = 120_000

interface Remembered {
  readonly fingerprint: string
  readonly state: 'running' | 'done' | 'unknown'
  readonly since: number
  readonly made: string
  /** The error of a first request that was carried out differently from what was asked. */
  readonly problem?: Pick<ErrorExtras, 'errors' | 'record'> & {
    readonly code: ErrorCode
    readonly detail?: string
  }
}

type EntryOf = (state: Remembered['state'], made?: string, problem?: Remembered['problem']) => string

export class Idempotency {
  readonly #state: IdempotencyOptions['state']
  readonly #now: () => number
  readonly #reserved = new UnderWay()

  constructor({ state, now }: IdempotencyOptions) {
    this.#state = state
    this.#now = now
  }

  /** Keys whose first request is under way on this instance. */
  get count(): number {
    return this.#reserved.count
  }

  /**
   * @throws GatewayError what the work throws, and throws again where a record was written all the same; `IDEMPOTENCY_KEY_REUSED`, `IDEMPOTENCY_KEY_IN_USE`; `OUTCOME_UNKNOWN`
   * where the outcome of the first request is unknown: it is never repeated
   */
  async once<T>({ key, contactId, route, request }: Keyed, work: Work<T>): Promise<T> {
    if (key === undefined) return (await work.first()).result
    const storeKey = JSON.stringify(['idempotency', contactId, route, key])
    const fingerprint = createHash('sha256').update(canonical(request)).digest('base64url')
    const entry: EntryOf = (state, made = '', problem?) =>
      JSON.stringify({
        fingerprint,
        state,
        since: this.#now(),
        made,
        ...(problem && { problem }),
      } satisfies Remembered)

    const earlier = await this.#state.claim(storeKey, entry('running'), remembered)
    if (earlier !== undefined) return work.again(this.#madeBy(earlier, fingerprint))
    return this.#reserved.run(async () => this.#carryOut(storeKey, entry, work))
  }

  async #carryOut<T>(storeKey: string, entry: EntryOf, work: Work<T>): Promise<T> {
    try {
      const { made, result } = await work.first()
      await this.#keep(storeKey, entry('done', made))
      return result
    } catch (error) {
      if (error instanceof GatewayError && error.record !== undefined) {
        const { code, message: detail, errors = [], record } = error
        await this.#keep(storeKey, entry('done', record, { code, detail, errors, record }))
      } else if (isUndone(error)) await this.#state.pull(storeKey).catch(() => undefined)
      else await this.#keep(storeKey, entry('unknown'))
      throw error
    }
  }

  #madeBy(text: string, fingerprint: string): string {
    const earlier = JSON.parse(text) as Remembered // nothing else is written under these keys
    if (earlier.fingerprint !== fingerprint) throw new GatewayError('IDEMPOTENCY_KEY_REUSED')
    if (earlier.problem !== undefined) {
      const { code, detail, ...extras } = earlier.problem
      throw new GatewayError(code, detail, extras)
    }
    if (earlier.state === 'done') return earlier.made
    if (earlier.state === 'running' && this.#now() - earlier.since < longestRun) {
      throw new GatewayError('IDEMPOTENCY_KEY_IN_USE', undefined, { retryAfter: 1 })
    }
    throw new GatewayError('OUTCOME_UNKNOWN')
  }

  /** If the state cannot be stored, it stays `running`, and counts as unknown later. */
  async #keep(storeKey: string, entry: string): Promise<void> {
    await this.#state.put(storeKey, entry, remembered).catch(() => undefined)
  }
}

/** As JSON, with the keys of every object sorted: many clients write maps in no fixed order. */
function canonical(request: unknown): string {
  return JSON.stringify(request, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  )
}

/** Whether an error proves that nothing was carried out. */
function isUndone(error: unknown): boolean {
  return error instanceof GatewayError && error.code !== 'OUTCOME_UNKNOWN' && error.code !== 'INTERNAL'
}
