/**
 * `npm test`, `npm run prove` and `npm run unit`: compiles and checks, runs the test files, and shows what failed, what
 * was skipped and what tests comment. The last line is the sum: `N passed, N failed`, and `, N skipped` where some were.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import type { CheckMessage } from './check.ts'
import { needsOwnProcess, runFiles } from './processes.ts'
import { Report } from './report.ts'

const report = new Report((line) => console.log(line))

/** The files of `npm test`, or those of `npm run prove`: the proofs, and the files that try more there. */
function testFiles(isProof: boolean): string[] {
  return readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && !/(^|\/)node_modules\//.test(name))
    .map((name) => `test/${name}`)
    .filter((path) =>
      path.startsWith('test/proof/')
        ? isProof
        : !isProof || /support\/thorough\.ts|\b(usual|journey)Modes\b/.test(readFileSync(path, 'utf8')),
    )
    .sort()
}

function compiledFrom(file: string): string {
  return `dist/${file.replace(/\.ts$/, '.js')}`
}

/** Types and `dist/`, in a process of their own. */
function check(): { readonly compiled: Promise<void>; readonly done: Promise<void> } {
  const child = fork(fileURLToPath(new URL('check.ts', import.meta.url)))
  const closed = once(child, 'close')
  const compiled = new Promise<void>((resolve) => {
    // check.ts sends nothing else.
    child.on('message', (message: CheckMessage) => {
      if (message === 'compiled') resolve()
      else report.add(message)
    })
  })
  const done = closed.then(([code]: unknown[]) => {
    if (code !== 0) report.fail('check.ts', 'ended before its last check, see above')
  })
  return { compiled: Promise.race([compiled, done]), done }
}

async function run(args: readonly string[]): Promise<number> {
  const [first = ''] = args
  if (first.endsWith('.ts')) {
    await runFiles(report, { alone: args, shared: [] })
    return args.length
  }
  const isProof = first === 'proof'
  process.env['THOROUGH'] = String(isProof)
  const files = testFiles(isProof)
  const isAlone = (file: string): boolean => isProof || needsOwnProcess(readFileSync(file, 'utf8'))
  const alone = files.filter(isAlone).map(compiledFrom)
  const shared = files.filter((file) => !isAlone(file)).map(compiledFrom)
  const checks = check()
  await checks.compiled
  await Promise.all([runFiles(report, { alone, shared }), checks.done])
  return files.length
}

const began = performance.now()
const count = await run(process.argv.slice(2))
const seconds = Math.round((performance.now() - began) / 1000)
if (report.failures.length > 0) console.log(`\nFailed:\n  ${report.failures.join('\n  ')}`)
console.log(`\n${count} files in ${seconds} s`)
console.log(report.sum())
process.exitCode = report.isOk ? 0 : 1
