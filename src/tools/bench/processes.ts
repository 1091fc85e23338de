/** The processes of a bench: started, measured from outside, and ended. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

export interface Process {
  readonly pid: number
  /** What its ready line says. */
  readonly ready: string
  end(): Promise<void>
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export function installed(program: string, question = '--version'): boolean {
  return spawnSync(program, [question]).error === undefined
}

/** @param ready what the program prints when it can be used. @throws Error where it ends before that */
export async function startProcess(
  command: string,
  args: readonly string[],
  ready: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<Process> {
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  void gone.then(() => running.delete(child))
  let said = ''
  const line = await new Promise<string>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-10_000)
      const found = ready.exec(said)
      if (found !== null) resolve(found[0])
    }
    // Read to its end: what is printed later must not fill the pipe.
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', reject)
    void gone.then(() => reject(new Error(`${command} ${args.join(' ')} ended: ${said.slice(-1000)}`)))
  })
  return {
    pid: child.pid ?? 0,
    ready: line,
    end: async () => {
      child.kill('SIGKILL')
      await gone
    },
  }
}

/**
 * CPU time of a process and its children, in microseconds: utime and stime of all threads, which `schedstat` has in
 * nanoseconds and `stat` in hundredths of a second.
 */
export function cpuOf({ pid }: Pick<Process, 'pid'>): number {
  const tasks = readdirSync(`/proc/${pid}/task`)
  const own = tasks.map((task) => Number(read(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0] ?? 0))
  const children = tasks.flatMap((task) => read(`/proc/${pid}/task/${task}/children`).trim().split(' '))
  const below = children.filter((child) => child !== '').map((child) => cpuOf({ pid: Number(child) }))
  return own.reduce((sum, each) => sum + each, 0) / 1000 + below.reduce((sum, each) => sum + each, 0)
}

/** Resident memory, in MiB. */
export function residentOf({ pid }: Pick<Process, 'pid'>): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024
}

/** A thread may have ended since its folder was listed. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
