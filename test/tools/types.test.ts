/** `npm run types`: what it writes compiles, fits the records, and rejects what the modules do not have. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import ts from 'typescript'
import t from 'tap'
import { program } from '../support/program.ts'
import { startGateway } from '../support/start.ts'

const run = promisify(execFile)

const use = `
import { Gateway } from '${resolve('src/client/index.ts')}'
import type { Modules, NewHelpDesk } from './modules.ts'

const gateway = new Gateway<Modules>({ url: 'http://localhost' })
const tickets = gateway.records('HelpDesk')
const created: NewHelpDesk = { ticket_title: 'x', ticketstatus: 'Open', ticketpriorities: 'Low' }
export const right = [
  () => tickets.list({ filter: { ticketstatus: 'Open' }, sort: ['-createdtime'] }),
  () => tickets.create(created),
  async () => (await tickets.list({ fields: ['ticket_title'] })).records.map(({ ticket_title }) => ticket_title?.length),
]
export const wrong = [
  // @ts-expect-error: not a value of the picklist
  () => tickets.list({ filter: { ticketstatus: 'Opne' } }),
  // @ts-expect-error: the field is forced
  () => tickets.create({ ...created, parent_id: '12x8551' }),
  // @ts-expect-error: the module is closed
  () => gateway.records('Leads'),
]
`

function problemsOf(files: readonly string[]): string[] {
  const compiled = ts.createProgram(files, {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    exactOptionalPropertyTypes: true,
    allowImportingTsExtensions: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
  })
  return ts
    .getPreEmitDiagnostics(compiled)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

t.test('the types of an installation compile and reject what it does not have', async (t) => {
  const { url } = await startGateway(t)
  const folder = t.testdir({ 'package.json': '{"type":"module"}', 'use.ts': use })
  const out = join(folder, 'modules.ts')
  await run(
    process.execPath,
    [...program('src/tools/types.ts'), '--gateway', url, '--as', 'alice@example.com', '--out', out],
    { env: { ...process.env, CONTACT_PASSWORD: 'alice-pw' } },
  )
  t.strictSame(problemsOf([out, join(folder, 'use.ts')]), [])
  writeFileSync(join(folder, 'use.ts'), use.replaceAll('@ts-expect-error', ''))
  t.equal(problemsOf([out, join(folder, 'use.ts')]).length, 3, 'each rejection is one')
})

t.test('a missing password or a wrong one is said in one line', async (t) => {
  const { url } = await startGateway(t)
  const attempt = async (env: Readonly<Record<string, string>>): Promise<string> =>
    run(process.execPath, [...program('src/tools/types.ts'), '--gateway', url, '--as', 'alice@example.com'], {
      env: { ...process.env, ...env },
    }).then(
      () => 'succeeded',
      (error: unknown) => String(Reflect.get(Object(error), 'stderr')),
    )
  t.match(await attempt({ CONTACT_PASSWORD: '' }), /^error: CONTACT_PASSWORD: missing/)
  t.match(await attempt({ CONTACT_PASSWORD: 'wrong' }), /^error: /)
})
