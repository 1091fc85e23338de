/**
 * Coverage-guided fuzzing with Jazzer.js: `npm run fuzz -- [TARGET …] [--seconds N]`. Inputs that reach new code are
 * kept in `.tap/fuzz/corpus/`; an input that fails is written to `.tap/fuzz/`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { allowOlderGlibc } from './older-glibc.ts'

const here = import.meta.dirname
const root = join(here, '../..')
const out = join(root, '.tap/fuzz')
const modules = join(here, 'node_modules')

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '600' } },
  allowPositionals: true,
})
const all = readdirSync(join(here, 'targets')).map((file) => basename(file, '.ts'))
const chosen = positionals.length > 0 ? positionals : all
const unknown = chosen.find((each) => !all.includes(each))
if (unknown !== undefined) throw new Error(`unknown target '${unknown}'; the targets are ${all.join(', ')}`)

/** Loads the engine in this process, after a change to it where glibc is too old. */
function requireEngine(): void {
  const load = createRequire(join(here, 'package.json'))
  const engine = '@jazzer.js/fuzzer'
  try {
    load(engine)
  } catch (error) {
    if (!String(error).includes('GLIBC_2.38')) throw error
    allowOlderGlibc(join(modules, engine, `prebuilds/fuzzer-linux-${process.arch}.node`))
    load(engine)
  }
}

/** Targets that wait for nothing run faster so. */
const synchronous: ReadonlySet<string> = new Set(['parser'])

/** @returns the exit code of Jazzer.js: 0 if no input failed */
async function fuzz(target: string): Promise<number> {
  const corpus = join(out, 'corpus', target)
  mkdirSync(corpus, { recursive: true })
  const dictionary = join(here, 'seeds', `${target}.dict`)
  const args = [
    join(modules, '@jazzer.js/core/dist/cli.js'),
    ...[join(out, `${target}.cjs`), corpus, join(here, 'seeds', target)],
    // Covered are the target and what reads forms for it. Excluding nothing includes what is in node_modules.
    ...['.tap/fuzz/', '@fastify/busboy/', '@fastify/multipart/'].flatMap((each) => ['--includes', each]),
    ...['--excludes', 'nothing', '--timeout', '5000'],
    // These look for patterns of attacks on Node's own functions, which a reader of text does not call.
    ...['--disableBugDetectors', 'command-injection', '--disableBugDetectors', 'path-traversal'],
    ...(synchronous.has(target) ? ['--sync'] : []),
    '--',
    `-max_total_time=${values.seconds}`,
    `-artifact_prefix=${out}/${target}-`,
    ...(existsSync(dictionary) ? [`-dict=${dictionary}`] : []),
    ...['-max_len=4096', '-print_final_stats=1', '-report_slow_units=2'],
  ]
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
  await once(child, 'exit')
  return child.exitCode ?? 1
}

await build({
  entryPoints: chosen.map((each) => join(here, 'targets', `${each}.ts`)),
  outdir: out,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href" },
  define: { 'import.meta.url': 'moduleUrl' },
})
requireEngine()
const failed: string[] = []
for (const target of chosen) {
  process.stdout.write(`fuzz ${target} for ${values.seconds} s\n`)
  if ((await fuzz(target)) !== 0) failed.push(target)
}
process.stdout.write(
  failed.length === 0
    ? `fuzz ${chosen.join(', ')}: no finding\n`
    : `fuzz: findings in ${failed.join(', ')}\n`,
)
process.exitCode = failed.length === 0 ? 0 : 1
