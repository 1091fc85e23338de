/** Loaded before a test file: tells at the end which mutants its run has come past. */
import { writeFileSync } from 'node:fs'

const file = process.env['COVERAGE_FILE']
if (file !== undefined)
  process.on('exit', () => {
    writeFileSync(file, JSON.stringify(globalThis.__stryker__?.mutantCoverage?.static ?? {}))
  })
