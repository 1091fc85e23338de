/** One connection to Redis: set-up, classification of failures, time limits. */
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { GatewayError } from '../../model/errors.ts'
import { readAddress } from './address.ts'
import { scripts, type Script } from './scripts.ts'

/** Milliseconds. */
export const limits = { command: 1000, connect: 1000, replica: 500, retry: 300, blip: 500 }

export type Argument = string | number | Buffer
type StepCommands = { [S in Script as `${S}Buffer`]: (keys: number, ...args: Argument[]) => Promise<unknown> }

declare module 'ioredis' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars, @typescript-eslint/no-empty-object-type -- the names must match to merge
  interface RedisCommander<Context> extends StepCommands {}
}

export type Client = Redis | Cluster

/** Receives each command, with the seconds that it took. */
export type OnCommand = (command: string, outcome: 'ok' | 'failed', seconds: number) => void

/** Called when a connection is lost, with the reason; and when it is back. */
export type OnState = (state: 'ready' | 'lost', why?: string) => void

/** Steps that may be repeated after a lost answer: at worst a request is counted twice. */
const repeatable: ReadonlySet<Script> = new Set([
  'gwRead',
  'gwTake',
  'gwRotate',
  'gwLook',
  'gwAll',
  'gwGet',
  'gwMarkSlot',
  'gwReleaseSlots',
])

export class Connection {
  readonly #client: Client
  #closed = false
  #lostAt: number | undefined
  /** One for all who wait. */
  #coming: Promise<void> | undefined

  readonly #onCommand: OnCommand | undefined

  /** Connects in the background. @throws Error if the URL is wrong, without quoting it */
  constructor(
    url: string,
    { onState, onCommand }: { onState?: OnState | undefined; onCommand?: OnCommand | undefined } = {},
  ) {
    this.#client = connect(url)
    this.#onCommand = onCommand
    this.#client.on('close', () => {
      this.#lostAt ??= performance.now()
    })
    this.#client.on('ready', () => {
      this.#lostAt = undefined
      onState?.('ready')
    })
    this.#client.on('error', (error: Error) => onState?.('lost', error.message))
    // ioredis gives up for good when a Sentinel tells of a new master while it asks which one is master.
    this.#client.on('end', () => setTimeout(() => this.#beginAgain(), limits.retry).unref())
  }

  #beginAgain(): void {
    if (!this.#closed && this.#client.status === 'end') this.#client.connect().catch(() => undefined)
  }

  get isCluster(): boolean {
    return this.#client.isCluster
  }

  /** One step of `lua.ts`, all of whose keys are in one slot. @throws GatewayError `STORE_UNAVAILABLE` */
  step(step: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const command = async (client: Client) => client[`${step}Buffer`](keys.length, ...keys, ...args)
    return this.run(step, command, repeatable.has(step))
  }

  /** @throws GatewayError `STORE_UNAVAILABLE`, within moments */
  async run<T>(name: string, command: (client: Client) => Promise<T>, repeat = false): Promise<T> {
    const began = performance.now()
    const observe = (outcome: 'ok' | 'failed') =>
      this.#onCommand?.(name, outcome, (performance.now() - began) / 1000)
    try {
      const result = await this.#carryOut(command, repeat)
      observe('ok')
      return result
    } catch (error) {
      observe('failed')
      throw unavailable(error)
    }
  }

  async #carryOut<T>(command: (client: Client) => Promise<T>, repeat: boolean): Promise<T> {
    return command(this.#client).catch(async (error: unknown) => {
      const failure = failureOf(error)
      // A hanging server may no longer be the master: its late answers are ignored.
      if (failure === 'timed out') this.#client.disconnect(true)
      const again = failure === 'not done' || (failure === 'lost' && repeat)
      if (!again || !(await this.#isBackSoon())) throw error
      return command(this.#client)
    })
  }

  async ready(): Promise<void> {
    if (this.#isReady()) return
    this.#coming ??= new Promise((resolve) => {
      this.#client.once('ready', () => {
        this.#coming = undefined
        resolve()
      })
    })
    await this.#coming
  }

  close(): void {
    this.#closed = true
    this.#client.disconnect()
  }

  /** Waits out the moment in which a failover changes the connection; a Redis that has been away for longer is not waited for. */
  async #isBackSoon(): Promise<boolean> {
    const patience = limits.blip - (performance.now() - (this.#lostAt ?? performance.now()))
    if (patience > 0) await Promise.race([this.ready(), wait(patience, undefined, { ref: false })])
    return this.#isReady()
  }

  #isReady(): boolean {
    return this.#client.status === 'ready'
  }
}

/** `not done`: certainly; `lost`: perhaps done; `timed out`: perhaps done, perhaps later; `rejected`: by Redis, for good. */
function failureOf(error: unknown): 'not done' | 'lost' | 'timed out' | 'rejected' {
  const message = error instanceof Error ? error.message : ''
  if (message.includes('enableOfflineQueue') || message.includes('READONLY')) return 'not done'
  if (message === 'Command timed out') return 'timed out'
  return /closed|max retries|ECONN|EPIPE/i.test(message) ? 'lost' : 'rejected'
}

/** Errors of ioredis contain the command with all its arguments, passwords included: only the message is kept. */
export function unavailable(error: unknown): GatewayError {
  const cause = new Error(error instanceof Error ? error.message : String(error))
  return new GatewayError('STORE_UNAVAILABLE', undefined, { retryAfter: 1, cause })
}

/** Connects in the background. A command that finds no connection fails at once, one without an answer after `limits.command`. */
function connect(url: string): Client {
  const { kind, nodes, master, db, username, password, sentinelPassword, tls } = readAddress(url)
  const soon = (times: number) => Math.min(20 * times, limits.retry)
  const common = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
    connectTimeout: limits.connect,
    commandTimeout: limits.command,
    // What was under way when a connection was lost may have been done: nothing is sent twice.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    disableClientInfo: true,
    keepAlive: 10_000,
  } satisfies RedisOptions

  const client =
    kind === 'cluster'
      ? new Cluster([...nodes], {
          redisOptions: common,
          enableOfflineQueue: false,
          clusterRetryStrategy: soon,
          slotsRefreshTimeout: limits.command,
          slotsRefreshInterval: 2000,
          maxRedirections: 4,
          retryDelayOnFailover: 50,
          retryDelayOnClusterDown: 50,
          retryDelayOnTryAgain: 20,
        })
      : new Redis({
          ...common,
          ...(kind === 'redis'
            ? nodes[0]
            : {
                sentinels: [...nodes],
                name: master,
                sentinelRetryStrategy: soon,
                sentinelReconnectStrategy: soon,
                sentinelCommandTimeout: limits.connect,
                // A master that hangs keeps its connections: only the Sentinels say that it is none any more.
                failoverDetector: true,
                updateSentinels: true,
                enableTLSForSentinelMode: tls !== undefined,
                ...(tls === undefined ? {} : { sentinelTLS: tls }),
                ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
              }),
          db,
          enableOfflineQueue: false,
          retryStrategy: soon,
          // Half-closing a connection that hangs would wait for it.
          disconnectTimeout: 50,
          // After a failover the old master is a replica: ask again who is master.
          reconnectOnError: (error) => error.message.includes('READONLY'),
        })
  for (const [name, lua] of Object.entries(scripts)) client.defineCommand(name, { lua })
  return client
}
