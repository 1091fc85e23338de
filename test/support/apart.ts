/** A gateway and a demo coreBOS, each in a process of its own: the gateway with the memory that the documentation names as enough. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Test } from 'tap'
import { program } from './program.ts'

export interface SmallGateway {
  readonly url: string
  readonly process: ChildProcess
  /** A metric without labels, or the sum of those that begin with the text. */
  figure(name: string): Promise<number>
  /** Calls of coreBOS that were answered, those on the gateway's own account left out. */
  calls(): Promise<number>
  /** What is in use, by kind; empty: nothing. */
  inUse(): Promise<Readonly<Record<string, number>>>
  /** Waits until nothing is in use. @returns what still is */
  atRest(): Promise<Readonly<Record<string, number>>>
  /** Seconds of CPU that the process has used, as the system counts them. */
  cpu(): Promise<number>
}

export interface SmallGatewayOptions {
  readonly env?: Readonly<Record<string, string>>
  /** How long each call of coreBOS takes, in milliseconds. */
  readonly delayMs?: number
}

/** What the gateway asks on its own account: log-ins, log-outs, modules. */
const own = /operation="(?:getchallenge|login|logout|listtypes|describe)"/

/** No limit that a flood of one client reaches. */
export const unlimited = {
  RATE_LIMIT_IP: '1000000/60',
  RATE_LIMIT_CONTACT: '1000000/60',
  RATE_LIMIT_LOGIN: '1000000/60',
}

export async function startSmallGateway(
  t: Test,
  { env = unlimited, delayMs = 0 }: SmallGatewayOptions = {},
): Promise<SmallGateway> {
  const corebos = run(t, [...program('src/demo/main.ts')], {
    COREBOS_DEMO_PORT: '0',
    COREBOS_DEMO_DELAY_MS: String(delayMs),
  })
  const [, corebosUrl = ''] = /corebos=(\S+)/.exec(await readyLine(corebos.stdout)) ?? []
  const child = run(t, ['--max-old-space-size=256', ...program('src/main.ts')], {
    COREBOS_URL: corebosUrl,
    COREBOS_USER: 'portal',
    COREBOS_ACCESS_KEY: 'portal-access-key',
    PORT: '0',
    METRICS_PORT: '0',
    LOG_LEVEL: 'silent',
    ...env,
  })
  const [, url = '', operatorUrl = ''] =
    /gateway=(\S+).* metrics=(\S+)/.exec(await readyLine(child.stdout)) ?? []

  const lines = async (): Promise<readonly string[]> =>
    (await (await fetch(`${operatorUrl}/metrics`)).text()).split('\n')
  const sum = (all: readonly string[], name: string): number =>
    all
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0)

  async function inUse(): Promise<Readonly<Record<string, number>>> {
    const counts = (await lines()).flatMap((line) => {
      const [, kind = '', count = ''] = /^portal_in_use\{what="(\w+)"\} (\d+)$/.exec(line) ?? []
      return Number(count) > 0 ? [[kind, Number(count)] as const] : []
    })
    return Object.fromEntries(counts)
  }

  async function atRest(): Promise<Readonly<Record<string, number>>> {
    let held = await inUse()
    for (let n = 0; n < 3000 && Object.keys(held).length > 0; n++) held = await inUse()
    return held
  }

  // What it asks on its own account as it starts belongs to no request.
  await atRest()
  return {
    url,
    process: child,
    figure: async (name) => sum(await lines(), name),
    calls: async () => {
      const all = (await lines()).filter((line) => !own.test(line))
      return sum(all, 'portal_corebos_call_duration_seconds_count')
    },
    inUse,
    atRest,
    cpu: async () => {
      const stat = await readFile(`/proc/${child.pid ?? 0}/stat`, 'utf8')
      const [user = '', system = ''] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12)
      // Linux counts them in hundredths.
      return (Number(user) + Number(system)) / 100
    },
  }
}

function run(t: Test, args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill()
    await once(child, 'close')
  })
  return child
}

async function readyLine(stdout: Readable): Promise<string> {
  for await (const line of createInterface({ input: stdout })) if (line.startsWith('ready ')) return line
  throw new Error('the program ended before it was ready')
}
