/**
 * `npm run build` and, with the project named, `npm run build:production`: compiles into a folder of its own and puts
 * that in the place of `dist`; a `dist` of the same sources stays. Builds at the same time leave one whole build.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { compiler } from './build/compiler.ts'
import { copyAssets, fingerprint, isBuildOf, markBuild } from './build/output.ts'
import { buildPortal } from './build/portal.ts'

const [PROJECT = 'tsconfig.json'] = process.argv.slice(2)
const TARGET = 'dist'

/** Types that portals compile against; the image for production has no use for them. */
const CLIENT = 'src/client/tsconfig.json'
const PROJECTS = PROJECT === 'tsconfig.json' ? [PROJECT, CLIENT] : [PROJECT]

const compile = async (folder: string): Promise<boolean> => {
  for (const project of PROJECTS.filter((path) => existsSync(path))) {
    const { status } = spawnSync(process.execPath, [compiler, '-p', project, '--outDir', folder], {
      stdio: 'inherit',
    })
    if (status !== 0) return false
  }
  copyAssets(folder)
  await buildPortal(folder)
  return true
}

const MOST_ATTEMPTS = 10

/**
 * A folder cannot be renamed over one that is there: the old one is renamed first. What fails because another build
 * was faster is tried again, until `dist` is of the same sources.
 */
const putInPlace = (folder: string, sources: string): void => {
  const old = `${folder}-old`
  for (let attempt = 1; !isBuildOf(TARGET, sources); attempt += 1) {
    try {
      if (existsSync(TARGET)) renameSync(TARGET, old)
      renameSync(folder, TARGET)
    } catch (error) {
      if (attempt === MOST_ATTEMPTS) throw error
    }
    rmSync(old, { recursive: true, force: true })
  }
}

const build = async (): Promise<number> => {
  const sources = fingerprint(PROJECT)
  if (isBuildOf(TARGET, sources)) return 0
  console.log('building …')
  const folder = mkdtempSync(`${TARGET}-`)
  // Ctrl-C ends the compiler, and then what is left of it is removed.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
  try {
    if (!(await compile(folder))) return 1
    markBuild(folder, sources)
    putInPlace(folder, sources)
    return 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

process.exitCode = await build()
