/** What a build consists of beside its compiled programs: a mark of its sources, and the files that programs read. */
import { createHash } from 'node:crypto'
import { cpSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOTS = ['src', 'plugins', 'routes']
/** Names the sources that a folder is the build of. */
const MARK = '.sources'

const sourceFiles = (project: string): string[] => {
  const settings = ['tsconfig.json', 'package.json', 'package-lock.json', project]
  const below = ROOTS.flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => join(root, name)),
  )
  return [...settings, ...below.filter((path) => statSync(path).isFile())].sort()
}

/** @param project the TypeScript project that is compiled */
export const fingerprint = (project: string): string => {
  const hash = createHash('sha256')
  for (const path of sourceFiles(project)) hash.update(`${path}\0`).update(readFileSync(path)).update('\0')
  return hash.digest('hex')
}

export const isBuildOf = (folder: string, sources: string): boolean => {
  try {
    return readFileSync(join(folder, MARK), 'utf8') === sources
  } catch {
    return false
  }
}

export const markBuild = (folder: string, sources: string): void => writeFileSync(join(folder, MARK), sources)

const isPortal = (path: string): boolean => path === join('src', 'portal')

/** Copies the files that programs read and the compiler leaves behind. The portal has a bundle of its own. */
export const copyAssets = (folder: string): void => {
  cpSync('package.json', join(folder, 'package.json'))
  for (const root of ROOTS)
    cpSync(root, join(folder, root), {
      recursive: true,
      filter: (path) => !/(\.ts|tsconfig\.json)$/.test(path) && !isPortal(path),
    })
}
