/**
 * `npm run build` and, with the project named, `npm run build:production`: compiles into a folder of its own and puts
 * that in the place of `dist`; a `dist` of the same sources stays. Builds at the same time leave one whole build.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const ROOTS = ['src', 'plugins', 'routes']
const [PROJECT = 'tsconfig.json'] = process.argv.slice(2)
const SETTINGS = ['tsconfig.json', 'package.json', 'package-lock.json', PROJECT]
const TARGET = 'dist'
/** Says of which sources a folder is the build. */
const MARK = '.sources'

const sourceFiles = (): string[] => {
  const below = ROOTS.flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => join(root, name)),
  )
  return [...SETTINGS, ...below.filter((path) => statSync(path).isFile())].sort()
}

const fingerprint = (): string => {
  const hash = createHash('sha256')
  for (const path of sourceFiles()) hash.update(`${path}\0`).update(readFileSync(path)).update('\0')
  return hash.digest('hex')
}

const isBuildOf = (sources: string): boolean => {
  try {
    return readFileSync(join(TARGET, MARK), 'utf8') === sources
  } catch {
    return false
  }
}

/** Compiles, and copies beside the compiled programs what they read and the compiler leaves behind. */
const compile = (folder: string): boolean => {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const { status } = spawnSync(process.execPath, [compiler, '-p', PROJECT, '--outDir', folder], {
    stdio: 'inherit',
  })
  if (status !== 0) return false
  cpSync('package.json', join(folder, 'package.json'))
  for (const root of ROOTS)
    cpSync(root, join(folder, root), { recursive: true, filter: (path) => !path.endsWith('.ts') })
  return true
}

const MOST_ATTEMPTS = 10

/**
 * A folder cannot be renamed over one that is there: the old one is renamed first. What fails because another build
 * was faster is tried again, until `dist` is of the same sources.
 */
const putInPlace = (folder: string, sources: string): void => {
  const old = `${folder}-old`
  for (let attempt = 1; !isBuildOf(sources); attempt += 1) {
    try {
      if (existsSync(TARGET)) renameSync(TARGET, old)
      renameSync(folder, TARGET)
    } catch (error) {
      if (attempt === MOST_ATTEMPTS) throw error
    }
    rmSync(old, { recursive: true, force: true })
  }
}

const build = (): number => {
  const sources = fingerprint()
  if (isBuildOf(sources)) return 0
  console.log('building …')
  const folder = mkdtempSync(`${TARGET}-`)
  // Ctrl-C ends the compiler, and then what is left of it is removed.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
  try {
    if (!compile(folder)) return 1
    writeFileSync(join(folder, MARK), sources)
    putInPlace(folder, sources)
    return 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

process.exitCode = build()
