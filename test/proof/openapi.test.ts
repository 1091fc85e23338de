/** The OpenAPI description held against public linters, and clients that generators make of it against a gateway. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { modes, related, startPortal, type Portal } from '../support/portal.ts'

/** Tests run in the folder of the project, compiled ones too. */
const folder = `${process.cwd()}/test/openapi/`
const generated = `${folder}clients/generated`
const description = `${generated}/openapi.json`
const env = { ...process.env, REDOCLY_TELEMETRY: 'off', ORVAL_TELEMETRY_DISABLED: '1', NO_COLOR: '1' }

/** @returns what the program printed, and its errors where it fails */
async function run(program: string, args: readonly string[], more: NodeJS.ProcessEnv = {}) {
  const options = { cwd: folder, env: { ...env, ...more }, maxBuffer: 2 ** 24 }
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, options)
    return { failed: '', stdout, stderr }
  } catch (error) {
    // As execFile has it.
    const { message, stdout = '', stderr = '' } = error as Error & { stdout?: string; stderr?: string }
    return { failed: `${message}\n${stdout}\n${stderr}`, stdout, stderr }
  }
}

const tsx = import.meta.resolve('tsx')
const tool = (name: string) => `${folder}node_modules/.bin/${name}`

async function describe(portal: Portal, path: string, name?: string): Promise<void> {
  const { status, text } = await portal.as(name, 'GET', path)
  t.equal(status, 200)
  await writeFile(description, text)
}

async function lint(): Promise<string[]> {
  const parser = `import SwaggerParser from '@apidevtools/swagger-parser'
    await SwaggerParser.validate(process.argv[1])`
  const results = [
    await run(tool('redocly'), ['lint', description, '--config', 'redocly.yaml']),
    await run(process.execPath, ['--input-type=module', '-e', parser, description]),
  ]
  return results.map(({ failed }) => failed).filter((each) => each !== '')
}

t.before(async () => {
  if (!existsSync(tool('redocly'))) {
    const { failed } = await run('npm', ['ci', '--no-audit', '--no-fund'])
    // A name of a test is one line.
    if (failed !== '') throw new Error(failed.replaceAll('\n', ' | '))
  }
  await rm(generated, { recursive: true, force: true })
  await mkdir(generated, { recursive: true })
})
t.teardown(async () => rm(generated, { recursive: true, force: true }))

t.test('linters find nothing in the description, nor in that of the modules of a contact', async (t) => {
  for (const mode of modes) {
    const portal = await startPortal(t, { mode })
    if (mode === 'portal') {
      await describe(portal, '/openapi.json')
      t.same(await lint(), [])
    }
    await describe(portal, '/modules/openapi.json', 'alice')
    t.same(await lint(), [], `in ${mode} mode`)
  }
})

t.test("linters find nothing in the description of the operators' port", async (t) => {
  const { operatorUrl } = await startPortal(t)
  await writeFile(description, await (await fetch(`${operatorUrl}/openapi.json`)).text())
  t.same(await lint(), [])
})

t.test('generated clients compile, log in, list, create and upload', async (t) => {
  const portal = await startPortal(t)
  await describe(portal, '/openapi.json')
  for (const [program, ...args] of [
    ['openapi-typescript', description, '-o', `${generated}/openapi-typescript.ts`],
    ['orval', '--input', description, '--output', `${generated}/orval.ts`, '--client', 'fetch'],
    ['openapi-ts', '-i', description, '-o', `${generated}/hey-api`],
  ] as const)
    t.equal((await run(tool(program), args)).failed, '', `${program} generates`)
  t.equal((await run(tool('tsc'), ['-p', '.'])).failed, '', 'the clients compile under strict')

  for (const client of ['openapi-typescript', 'orval', 'hey-api']) {
    const { failed, stdout } = await run(process.execPath, ['--import', tsx, `clients/${client}.ts`], {
      GATEWAY: portal.url,
    })
    t.equal(failed, '', client)
    const { listed, created, uploaded } = JSON.parse(stdout || '{}') as Record<string, unknown> // as it prints
    t.ok(Number(listed) > 0, `${client} lists`)
    const documents = await related(portal.admin, String(created), 'HelpDesk', 'Documents')
    t.same(
      documents.map(({ id }) => id),
      [uploaded],
      `${client} creates and uploads`,
    )
  }
})
