/**
 * Checks types and writes the compiled project to `dist/`. One TypeScript program serves both, since making it is most of
 * the work; the portal, whose code is for browsers, has its own. The parent process hears `compiled` as soon as tests can
 * run, then the result.
 */
import { rmSync, symlinkSync } from 'node:fs'
import ts from 'typescript'
import { copyAssets, fingerprint, markBuild } from '../../../src/tools/build/output.ts'
import { buildPortal } from '../../../src/tools/build/portal.ts'
import type { Check } from './report.ts'

export type CheckMessage = 'compiled' | Check

const host: ts.FormatDiagnosticsHost = {
  getCurrentDirectory: () => process.cwd(),
  getCanonicalFileName: (name) => name,
  getNewLine: () => '\n',
}

function say(message: CheckMessage): void {
  process.send?.(message)
}

function createProgram(project: string): ts.Program {
  const config = ts.getParsedCommandLineOfConfigFile(project, undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
      throw new Error(ts.formatDiagnostic(diagnostic, host))
    },
  })
  if (config === undefined) throw new Error(`${project} cannot be read`)
  return ts.createProgram({ rootNames: config.fileNames, options: config.options })
}

/** Compiled tests find their fixtures where their sources do. The mark tells other builds that `dist` is up to date. */
async function emit(program: ts.Program): Promise<void> {
  rmSync('dist', { recursive: true, force: true })
  program.emit()
  symlinkSync('../../test/fixtures', 'dist/test/fixtures')
  copyAssets('dist')
  await buildPortal('dist')
  markBuild('dist', fingerprint('tsconfig.json'))
}

const program = createProgram('test/tsconfig.json')
await emit(program)
say('compiled')
const portal = createProgram('src/portal/tsconfig.json')
const found = [program, portal].flatMap((each) => ts.getPreEmitDiagnostics(each))
const types = ts.formatDiagnostics(found, host)
say({ name: 'types', output: types })
process.disconnect()
