/**
 * Tries mutants for Stryker, which switches them on and off in a copy of the project: first with the kill suite, in one
 * process for many mutants, then with the unit tests that come past the mutant, each in a process of its own.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import type { CoverageData, MutantCoverage } from '@stryker-mutator/api/core'
import { declareFactoryPlugin, PluginKind } from '@stryker-mutator/api/plugin'
import {
  determineHitLimitReached,
  DryRunStatus,
  TestStatus,
  toMutantRunResult,
  type DryRunResult,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
  type TestRunnerCapabilities,
} from '@stryker-mutator/api/test-runner'

/** What instrumented code reads and writes. */
interface Switchboard {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number | undefined
  hitLimit?: number | undefined
  mutantCoverage?: MutantCoverage
}

declare global {
  // Instrumented code declares it in this way.
  var __stryker__: Switchboard | undefined
}

const suite = { id: 'kill-suite', name: 'the kill suite finds no fault' }

const unitFolders = ['test/scope', 'test/policy', 'test/read', 'test/write', 'test/query']
const longestUnitTest = 300_000

/** In the sandbox, in which the worker runs. */
async function load(path: string): Promise<unknown> {
  return import(pathToFileURL(resolve(`${path}.ts`)).href)
}

class KillSuiteRunner implements TestRunner {
  readonly #switchboard: Switchboard
  #firstFault: () => Promise<string | undefined> = () => Promise.reject(new Error('not started'))
  #close: () => Promise<void> = () => Promise.resolve()

  constructor() {
    this.#switchboard = globalThis.__stryker__ ??= {}
  }

  capabilities(): TestRunnerCapabilities {
    return { reloadEnvironment: false }
  }

  async init(): Promise<void> {
    mkdirSync('.tap', { recursive: true })
    // The module of the sandbox has the type of this one.
    const { firstFault, loadCopy, World } = (await load(
      'test/proof/kill-suite',
    )) as typeof import('../proof/kill-suite.ts')
    const copy = await loadCopy(load)
    const world = await World.begin()
    this.#firstFault = async () => firstFault(copy, world)
    this.#close = world.close
  }

  async dispose(): Promise<void> {
    await this.#close()
  }

  async dryRun(): Promise<DryRunResult> {
    this.#switchboard.currentTestId = suite.id
    const tests = [await this.#runSuite()]
    this.#switchboard.currentTestId = undefined
    const { mutantCoverage = { static: {}, perTest: {} } } = this.#switchboard
    for (const file of unitTests()) {
      const coverage = resolve('.tap', 'coverage.json')
      tests.push(runUnitTest(file, { COVERAGE_FILE: coverage }))
      // As `coverage.ts` has written it.
      mutantCoverage.perTest[file] = JSON.parse(readFileSync(coverage, 'utf8')) as CoverageData
    }
    return { status: DryRunStatus.Complete, tests, mutantCoverage }
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const { activeMutant, hitLimit, testFilter } = options
    const wanted = (id: string) => testFilter === undefined || testFilter.includes(id)
    const tests: TestResult[] = []
    if (wanted(suite.id)) {
      Object.assign(this.#switchboard, { activeMutant: activeMutant.id, hitLimit, hitCount: hitLimit && 0 })
      tests.push(await this.#runSuite())
      const beyond = determineHitLimitReached(this.#switchboard.hitCount, hitLimit)
      this.#switchboard.activeMutant = undefined
      if (beyond !== undefined) return toMutantRunResult(beyond)
    }
    for (const file of unitTests().filter(wanted))
      if (tests.every(({ status }) => status === TestStatus.Success))
        tests.push(runUnitTest(file, { __STRYKER_ACTIVE_MUTANT__: activeMutant.id, TAP_BAIL: '1' }))
    return toMutantRunResult({ status: DryRunStatus.Complete, tests })
  }

  async #runSuite(): Promise<TestResult> {
    const began = performance.now()
    const fault = await this.#firstFault().catch((error: unknown) => String(error))
    return resultOf(suite, fault, began)
  }
}

function resultOf(test: typeof suite, fault: string | undefined, began: number): TestResult {
  const timeSpentMs = performance.now() - began
  return fault === undefined
    ? { ...test, timeSpentMs, status: TestStatus.Success }
    : { ...test, timeSpentMs, status: TestStatus.Failed, failureMessage: fault }
}

function unitTests(): readonly string[] {
  return unitFolders.flatMap((folder) =>
    existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => name.endsWith('.test.ts'))
          .map((name) => `${folder}/${name}`)
      : [],
  )
}

function runUnitTest(file: string, env: Readonly<Record<string, string>>): TestResult {
  const began = performance.now()
  const args = ['--import=tsx', '--import=./test/mutation/coverage.ts', file]
  const { status } = spawnSync(process.execPath, args, {
    env: { ...process.env, ...env },
    timeout: longestUnitTest,
    stdio: 'ignore',
  })
  return resultOf({ id: file, name: file }, status === 0 ? undefined : `ended with ${String(status)}`, began)
}

export const strykerPlugins = [
  declareFactoryPlugin(PluginKind.TestRunner, 'kill-suite', () => new KillSuiteRunner()),
]
