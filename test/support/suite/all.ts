/** Runs test files, each in a process of its own, a few at a time, and writes what they say in one TAP stream. */
import { availableParallelism } from 'node:os'
import t from 'tap'

/** For a file that hangs. What a file may take on a busy machine is far from it. */
const limitSeconds = process.env['THOROUGH'] === 'true' ? 3600 : 600

t.jobs = availableParallelism() + 1
t.setTimeout(0)
const env = { ...process.env, TAP_TIMEOUT: String(limitSeconds), TAP_CWD: process.cwd() }
for (const file of process.argv.slice(2)) {
  const options = file.endsWith('.ts')
    ? ['--import=tsx', '--import=./test/support/suite/without-domains.ts']
    : ['--enable-source-maps', '--import=./dist/test/support/suite/without-domains.js']
  void t.spawn(
    process.execPath,
    [...options, file],
    { env, buffered: true, timeout: limitSeconds * 1000 },
    file,
  )
}
