/** What the gateway counts about itself, for `/metrics`. */
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
  /** Reads that were answered without a call to coreBOS: from the cache (`kept`) or with the answer of a concurrent read (`awaited`). */
  readonly sharedReads: Counter<'how'>
  /** Bytes of downloads that the clients have not read yet. */
  readonly downloadBytes: Gauge
  /** `outcome` is `ok` or a code of the error catalogue; why a log-in was rejected is not told apart. */
  readonly logins: Counter<'outcome'>
  /** The policy in force. */
  readonly policy: PolicyGauges
  /** What is in use at this moment; zero of each where no request is under way. */
  readonly inUse: InUse
}

/** A registry of its own per gateway, so that two in one process do not add up. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
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
    sharedReads: new Counter({
      name: 'portal_shared_reads_total',
      help: 'Reads that were answered without asking coreBOS, by rows that were kept or that were awaited already',
      labelNames: ['how'],
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
    help: 'Modules that stay closed because the policy names what coreBOS does not have',
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
