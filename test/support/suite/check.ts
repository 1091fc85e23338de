/**
 * Writes the compiled project to `dist/` and checks types. The compiler of TypeScript 7 does both in a few seconds, the
 * first without a look at types: the parent process hears `compiled` as soon as tests can run, then the result.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { compiler } from '../../../src/tools/build/compiler.ts'
import { copyAssets, fingerprint, markBuild } from '../../../src/tools/build/output.ts'
import { buildPortal } from '../../../src/tools/build/portal.ts'
import type { Check } from './report.ts'

export type CheckMessage = 'compiled' | Check

function say(message: CheckMessage): void {
  process.send?.(message)
}

/** @returns what the compiler says; nothing where all is well */
async function tsc(project: string, ...options: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [compiler, '-p', project, '--pretty', 'false', ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')])
  return said === '' && child.exitCode !== 0 ? 'the compiler ended without a word' : said
}

/**
 * The `tap` of compiled tests. `follow` lets the files that share a process have a test each as their `t`: the default
 * export of a module may change. A file that runs alone has that of the process.
 */
function writeTap(folder: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    `${folder}/package.json`,
    JSON.stringify({ name: 'tap', type: 'module', exports: './index.js' }),
  )
  writeFileSync(
    `${folder}/index.js`,
    `import { t } from ${JSON.stringify(import.meta.resolve('tap'))}
let current = t
export function follow(test) {
  current = test
}
export { t, current as default }
`,
  )
}

/** Compiled tests find their fixtures where their sources do. The mark tells other builds that `dist` is up to date. */
async function emit(): Promise<string> {
  rmSync('dist', { recursive: true, force: true })
  const said = await tsc('test/tsconfig.json', '--noCheck')
  symlinkSync('../../test/fixtures', 'dist/test/fixtures')
  copyAssets('dist')
  writeTap('dist/node_modules/tap')
  await buildPortal('dist')
  markBuild('dist', fingerprint('tsconfig.json'))
  return said
}

const compilation = await emit()
say('compiled')
const projects = ['test/tsconfig.json', 'src/portal/tsconfig.json']
const found = await Promise.all(projects.map(async (project) => tsc(project, '--noEmit')))
say({ name: 'types', output: [compilation, ...found].join('') })
process.disconnect()
