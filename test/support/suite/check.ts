/**
 * Checks types, writes the compiled project to `dist/` and lints it. One TypeScript program serves all three, since
 * making it is most of the work. Its parent process hears of each step: `compiled` as soon as tests can run, then the result.
 */
import { rmSync, symlinkSync } from 'node:fs'
import { ESLint } from 'eslint'
import ts from 'typescript'
import { copyAssets, fingerprint, markBuild } from '../../../src/tools/build/output.ts'
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

function createProgram(): ts.Program {
  const config = ts.getParsedCommandLineOfConfigFile('test/tsconfig.json', undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
      throw new Error(ts.formatDiagnostic(diagnostic, host))
    },
  })
  if (config === undefined) throw new Error('test/tsconfig.json cannot be read')
  return ts.createProgram({ rootNames: config.fileNames, options: config.options })
}

/** Compiled tests find their fixtures where their sources do. The mark tells other builds that `dist` is up to date. */
function emit(program: ts.Program): void {
  rmSync('dist', { recursive: true, force: true })
  program.emit()
  symlinkSync('../../test/fixtures', 'dist/test/fixtures')
  copyAssets('dist')
  markBuild('dist', fingerprint('tsconfig.json'))
}

async function lint(program: ts.Program): Promise<string> {
  const eslint = new ESLint({
    overrideConfig: { files: ['**/*.ts'], languageOptions: { parserOptions: { programs: [program] } } },
  })
  const formatter = await eslint.loadFormatter('stylish')
  return formatter.format(await eslint.lintFiles('.'))
}

const program = createProgram()
emit(program)
say('compiled')
const types = ts.formatDiagnostics(ts.getPreEmitDiagnostics(program), host)
say({ name: 'types', output: types })
if (process.argv.includes('--lint')) say({ name: 'lint', output: await lint(program) })
process.disconnect()
