/** The gateway's metrics, for `/metrics`. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { InUse } from './in-use.ts'

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export interface Metrics {
  readonly registry: Registry
  /** Seconds per answered request. */
  readonly requests: Histogram<'method' | 'route' | 'status'>
  /** Rejected and failed requests by the code of their problem document. */
  readonly problems: Counter<'code'>
  /** Seconds per call of coreBOS; `outcome` is `ok` or a code of the error catalogue. */
  readonly corebosCalls: Histogram<'operation' | 'outcome'>
  /** Rows that coreBOS sent and the second look did not let through. Anything but zero is a bug of the gateway. */
  readonly rowsWithheld: Counter<'module'>
  /** Seconds that a call waited before it was sent. */
  readonly corebosWaits: Histogram
  /** The source of answers: a cache (`kept`), a concurrent read (`awaited`), or coreBOS (`read`). */
  readonly cacheUses: Counter<'cache' | 'how'>
  /** Requests that exceeded a limit, by its name in the header `RateLimit`. */
  readonly rateLimited: Counter<'limit'>
  /** Seconds per command of Redis; `outcome` is `ok` or `failed`. */
  readonly redisCommands: Histogram<'command' | 'outcome'>
  /** Bytes of downloads that the clients have not read yet. */
  readonly downloadBytes: Gauge
  /** `outcome` is `ok` or a code of the error catalogue; why a log-in was rejected is not told apart. */
  readonly logins: Counter<'outcome'>
  /** The policy in force. */
  readonly policy: PolicyGauges
  /** What is in use at this moment; zero of each without a request. */
  readonly inUse: InUse
}

let ofProcess: Registry | undefined

/** What is observed of a process is never let go again, so all of its gateways share it. */
function processMetrics(): Registry {
  if (ofProcess === undefined) {
    ofProcess = new Registry()
    collectDefaultMetrics({ register: ofProcess })
  }
  return ofProcess
}

/** A registry of its own per gateway, so that two in one process do not add up. */
export function createMetrics(version: string): Metrics {
  const registry = Registry.merge([processMetrics()])
  const registers = [registry]
  new Gauge({
    name: 'portal_build_info',
    help: 'Always 1; the labels name the versions of the gateway and of Node',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.version }, 1)
  const inUse = new InUse()
  new Gauge({
    name: 'portal_in_use',
    help: 'What requests hold at this moment: slots, locks, files, calls; zero of each where none is under way',
    labelNames: ['what'],
    registers,
    collect() {
      for (const [what, count] of Object.entries(inUse.counts())) this.set({ what }, count)
    },
  })
  return {
    registry,
    inUse,
    policy: policyGauges(registry),
    requests: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time until a request was answered',
      labelNames: ['method', 'route', 'status'],
      buckets: seconds,
      registers,
    }),
    problems: new Counter({
      name: 'portal_problems_total',
      help: 'Rejected and failed requests, by error code',
      labelNames: ['code'],
      registers,
    }),
    corebosCalls: new Histogram({
      name: 'portal_corebos_call_duration_seconds',
      help: 'Time until coreBOS answered a call',
      labelNames: ['operation', 'outcome'],
      buckets: seconds,
      registers,
    }),
    rowsWithheld: new Counter({
      name: 'portal_rows_withheld_total',
      help: 'Rows that coreBOS sent although they lie outside the scope of who asked; always zero',
      labelNames: ['module'],
      registers,
    }),
    corebosWaits: new Histogram({
      name: 'portal_corebos_queue_wait_seconds',
      help: 'Time that a call waited in the queue before it was sent to coreBOS',
      buckets: seconds,
      registers,
    }),
    cacheUses: new Counter({
      name: 'portal_cache_requests_total',
      help: 'Requests to the caches of answers, records, modules and scopes: kept from before, awaited with another, read from coreBOS',
      labelNames: ['cache', 'how'],
      registers,
    }),
    rateLimited: new Counter({
      name: 'portal_rate_limited_total',
      help: 'Requests that exceeded a limit, by the name of the limit',
      labelNames: ['limit'],
      registers,
    }),
    redisCommands: new Histogram({
      name: 'portal_redis_command_duration_seconds',
      help: 'Time until Redis answered a command',
      labelNames: ['command', 'outcome'],
      buckets: [0.0005, 0.001, 0.0025, ...seconds],
      registers,
    }),
    downloadBytes: new Gauge({
      name: 'portal_download_bytes',
      help: 'Bytes of downloads on their way, in memory and in files',
      registers,
    }),
    logins: new Counter({
      name: 'portal_logins_total',
      help: 'Log-ins by outcome',
      labelNames: ['outcome'],
      registers,
    }),
  }
}

/** Adds a gauge that is read at each scrape. @param read undefined: not known */
function watch(
  registry: Registry,
  name: string,
  help: string,
  read: () => Promise<number | undefined>,
): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      this.set((await read()) ?? Number.NaN)
    },
  })
}

export function watchCircuit(registry: Registry, isOpen: () => boolean): void {
  const help = '1 while calls are stopped because coreBOS does not answer'
  watch(registry, 'portal_corebos_circuit_open', help, async () => Number(isOpen()))
}

/** @param count undefined: not known */
export function watchSessions(registry: Registry, count: () => Promise<number | undefined>): void {
  const help = 'Sessions that have not expired; of all instances if they share Redis'
  watch(registry, 'portal_sessions', help, count)
}

export interface PolicyGauges {
  show(state: { readonly hash: string; readonly loadedAt: number; readonly closed: readonly string[] }): void
}

function policyGauges(registry: Registry): PolicyGauges {
  const registers = [registry]
  const info = new Gauge({
    name: 'portal_policy_info',
    help: 'The policy in force, by a digest of its content; always 1',
    labelNames: ['hash'],
    registers,
  })
  const loaded = new Gauge({
    name: 'portal_policy_loaded_timestamp_seconds',
    help: 'When the policy in force was loaded, in seconds since 1970',
    registers,
  })
  const faulty = new Gauge({
    name: 'portal_policy_closed_modules',
    help: 'Modules that stay closed because the policy uses names that coreBOS does not have',
    registers,
  })
  return {
    show: ({ hash, loadedAt, closed }) => {
      info.reset()
      info.set({ hash }, 1)
      loaded.set(loadedAt / 1000)
      faulty.set(closed.length)
    },
  }
}
