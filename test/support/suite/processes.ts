/** Runs test files, a few at a time: most of them in processes that several share, the others each in one of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Parser } from 'tap-parser'
import type { Report } from './report.ts'

/** What a process that runs several files is told: the next file, or that there are no more. */
export interface Begin {
  readonly file?: string
}

/** What it says when the file is over. */
export interface Over {
  readonly hasPassed: boolean
}

/** For a file that hangs. What a file may take on a busy machine is far from it. `run.ts` says whether it is thorough. */
function limitSeconds(): number {
  return process.env['THOROUGH'] === 'true' ? 3600 : 600
}
/** How much more a process has, for what remains open after its last test and for tap, which says what hangs. */
const graceSeconds = 60
/** How many files share a process one after another, so that what they leave in memory does not add up. */
const mostFiles = 25

/**
 * Whether a test must be the only one of its process: it changes what all of a process shares (its environment, its
 * global objects, how it collects garbage), or sends signals to it.
 */
export function needsOwnProcess(source: string): boolean {
  return /Object\.assign\((process\.env|globalThis)|process\.env\[\S+\] =|setFlagsFromString|process\.(emit|kill\(process\.pid)/.test(
    source,
  )
}

/** The files that share processes are run after the others; among each kind those that probably take long begin. */
export async function runFiles(
  report: Report,
  files: { readonly alone: readonly string[]; readonly shared: readonly string[] },
): Promise<void> {
  const alone = [...files.alone].sort(largestFirst)
  const shared = [...files.shared].sort(largestFirst)
  async function run(): Promise<void> {
    for (let file = alone.shift(); file !== undefined; file = alone.shift()) await runAlone(report, file)
    while (shared.length > 0) await runSome(report, shared)
  }
  await Promise.all(Array.from({ length: availableParallelism() + 2 }, run))
}

function largestFirst(one: string, other: string): number {
  return statSync(other).size - statSync(one).size || (one < other ? -1 : 1)
}

/** A process of a file, or of `shared.ts`. */
class TestProcess {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  readonly #stream: Parser
  /** The seconds that it had, where it took longer. */
  #exceeded: number | undefined

  constructor(program: string, stream: Parser) {
    const options = program.endsWith('.ts')
      ? ['--import=tsx', '--import=./test/support/suite/without-domains.ts']
      : ['--enable-source-maps', '--import=./dist/test/support/suite/without-domains.js']
    this.#child = spawn(process.execPath, [...options, program], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      env: { ...process.env, TAP: '1', TAP_TIMEOUT: String(limitSeconds()), TAP_CWD: process.cwd() },
    })
    this.#closed = once(this.#child, 'close')
    this.#stream = stream
    this.#child.stdout?.pipe(stream)
  }

  /** @returns whether the file passed; nothing where the process ended first */
  async run(file: string): Promise<boolean | undefined> {
    const over = new Promise<boolean>((resolve) => {
      // tap sends messages of its own.
      this.#child.on('message', (message: Partial<Over>) => {
        if (message.hasPassed !== undefined) resolve(message.hasPassed)
      })
    })
    this.#send({ file })
    const timer = this.#killIn(limitSeconds() + graceSeconds)
    const hasPassed = await Promise.race([over, this.#closed.then(() => undefined)])
    clearTimeout(timer)
    this.#child.removeAllListeners('message')
    return hasPassed
  }

  /** No more files. */
  release(): void {
    this.#send({})
  }

  /** @returns how the process ended, where it did not end well */
  async end(seconds: number): Promise<string | undefined> {
    const timer = this.#killIn(seconds)
    await this.#closed
    clearTimeout(timer)
    const { exitCode, signalCode } = this.#child
    if (this.#exceeded !== undefined)
      return `did not end within ${this.#exceeded} s, and named no test that hangs`
    if (exitCode !== 0) return `ended with ${signalCode ?? `code ${String(exitCode)}`}`
    return this.#stream.results?.ok === true ? undefined : 'ended without a result'
  }

  #send(message: Begin): void {
    // A process that has ended cannot hear it; that is told by `run` and `end`.
    this.#child.send(message, () => undefined)
  }

  #killIn(seconds: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#exceeded = seconds
      this.#child.kill('SIGKILL')
    }, seconds * 1000)
  }
}

async function runAlone(report: Report, file: string): Promise<void> {
  const how = await new TestProcess(file, report.stream(file)).end(limitSeconds() + graceSeconds)
  if (how !== undefined) report.failUnlessNamed(file, how)
}

/**
 * Takes files from the queue until enough have shared the process, or one has failed: what that one left behind is no
 * reason for another to fail.
 */
async function runSome(report: Report, queue: string[]): Promise<void> {
  const child = new TestProcess('dist/test/support/suite/shared.js', report.stream())
  const begun: string[] = []
  let hasPassed: boolean | undefined = true
  while (hasPassed && begun.length < mostFiles) {
    const file = queue.shift()
    if (file === undefined) break
    begun.push(file)
    hasPassed = await child.run(file)
  }
  child.release()
  const how = await child.end(graceSeconds)
  const [last = '', ...others] = begun.reverse()
  const details = [`its process ${how ?? 'ended'}`, ...others.map((file) => `and had run ${file}`)].join('\n')
  if (hasPassed === undefined) report.fail(last, details)
  else if (how !== undefined || !hasPassed) report.failUnlessNamed(last, details)
}
