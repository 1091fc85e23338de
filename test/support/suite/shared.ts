/**
 * Runs test files one after another in this process, each as a test of its own: loading the gateway and its libraries
 * costs more than most files do. The parent process names the next file when the one before is over.
 */
import { pathToFileURL } from 'node:url'
import * as tap from 'tap'
import type { Test } from 'tap'
import type { Begin, Over } from './processes.ts'

// In `dist/` this is the package that check.ts writes, which adds `follow` to the real one.
const { t: root, follow } = tap as unknown as {
  readonly t: Test
  readonly follow: (test: Test) => void
}

/** Of one file; this process has none. */
const limit = Number(process.env['TAP_TIMEOUT']) * 1000
root.setTimeout(0)

/** tap lets a process end though its parent may still send something. */
const waiting = setInterval(() => undefined, 2 ** 31 - 1)

async function run(file: string): Promise<void> {
  const results = await root.test(file, { timeout: limit }, async (test) => {
    follow(test)
    await import(pathToFileURL(file).href)
  })
  const over: Over = { hasPassed: results?.ok === true }
  process.send?.(over)
}

// processes.ts sends nothing else.
process.on('message', ({ file }: Begin) => {
  if (file === undefined) clearInterval(waiting)
  else void run(file)
})
// The parent process has ended.
process.on('disconnect', () => process.exit(1))
