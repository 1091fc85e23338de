/** `npm run policy`: check, explain, init and schema. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startDemoCorebos, type DemoCorebos } from '../../src/demo/server.ts'
import { builtinPolicy } from '../../src/policy/builtin.ts'
import type { PolicySource } from '../../src/policy/schema.ts'
import { startGateway } from '../support/start.ts'
import { UsageError } from '../../src/tools/arguments.ts'
import { answer, Rejected } from '../../src/tools/policy/run.ts'
import { withDemo } from '../../src/tools/policy/with-demo.ts'
import { program } from '../support/program.ts'

let corebos: DemoCorebos
t.before(async () => {
  corebos = await startDemoCorebos({ port: 0 })
})
t.teardown(() => corebos.close())

interface Said {
  readonly rejected?: string
  readonly wrong?: string
  readonly out: string
}

/** What the program would say, without starting one. */
async function policy(...args: readonly string[]): Promise<Said> {
  try {
    const lines = await answer(args, {
      COREBOS_URL: corebos.url,
      COREBOS_USER: 'portal',
      COREBOS_ACCESS_KEY: 'portal-access-key',
    })
    return { out: lines.join('\n') }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { out: '', [error instanceof Rejected ? 'rejected' : 'wrong']: error.message }
  }
}

function file(t: Test, content: unknown): string {
  const path = join(t.testdir({ 'policy.json': '' }), 'policy.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** Ids of a module's records that hold a value, as the demo's own data have them. */
function ids(module: string, field: string, ...values: readonly number[]): string[] {
  const { database } = corebos
  return database
    .records(module)
    .filter(({ values: of }) => values.includes(Number(of.get(field))))
    .map((record) => database.webserviceId(record))
    .sort()
}

/** The cells of a row of the table, and the ids below it. */
function rowOf(out: string, module: string): { cells: string[]; given: string[]; taken: string[] } {
  const lines = out.split('\n')
  const at = lines.findIndex((line) => line.startsWith(`${module} `))
  const below = lines
    .slice(at + 1, at + 5)
    .filter((_, i, all) => all.slice(0, i + 1).every((each) => each.startsWith('  ')))
  const named = (what: string) =>
    below
      .find((line) => line.startsWith(`  ${what}: `))
      ?.slice(what.length + 4)
      .split(', ')
      .sort() ?? []
  return { cells: lines[at]?.split(/ +/).slice(1) ?? [], given: named('given'), taken: named('taken') }
}

t.test('check says that a policy is valid, or names file, place and reason', async (t) => {
  t.match(await policy('check', file(t, builtinPolicy)), {
    out: /^valid: level account, 19 modules for contacts, 3 for employees\nevery module, field, tie and condition fits http/,
  })
  const wrong = file(t, { level: 'account', modules: { HelpDesk: { tise: { contact: ['parent_id'] } } } })
  t.match(await policy('check', wrong), {
    rejected: `${wrong}:1:50: /modules/HelpDesk/tise: unknown name 'tise'; did you mean 'ties'?`,
  })
  const { Documents } = builtinPolicy.modules
  const losing = file(t, {
    level: 'account',
    modules: { Documents: { ...Documents, update: { fields: ['notes_title', 'filelocationtype'] } } },
  })
  t.match(await policy('check', losing), {
    rejected: `/modules/Documents/update: 'filelocationtype' cannot be written, coreBOS would lose the file of the document`,
  })
  const actions = ['Add Event', 'Löschen / übergeben?', 'x'.repeat(100), '50 % "off"', '']
  const bad = ['tab\there', '..', 'x'.repeat(101)]
  const named = file(t, { level: 'account', modules: { Faq: { open: true, actions: [...actions, ...bad] } } })
  t.strictSame((await policy('check', named)).rejected?.replace(/:1:\d+:/g, ':').split('\n'), [
    ...[4, 5, 6, 7].map(
      (i) => `${named}: /modules/Faq/actions/${i}: expected a label of 1 to 100 printable characters`,
    ),
  ])
  const { HelpDesk } = builtinPolicy.modules
  const open = { open: true }
  const opening = file(t, {
    level: 'account',
    modules: { HelpDesk, Users: open, LoginHistory: open },
    employees: { Workflow: {} },
  })
  t.strictSame((await answer(['check', opening], {})).slice(2), [
    'warning: /modules/Users: the system module Users is open to contacts: its records are the CRM users, with their addresses and rights',
    'warning: /modules/LoginHistory: the system module LoginHistory is open to contacts: its records say when and from where the staff logged in',
    'warning: /employees/Workflow: the system module Workflow is open to employees: its records are settings of coreBOS',
  ])
  t.notMatch((await policy('check', 'builtin')).out, 'warning')
  const { log } = await startGateway(t, { env: { POLICY_FILE: opening } })
  const warned = log.filter((line) => line.includes('the system module'))
  t.equal(warned.length, 3, 'a gateway says the same when it starts')
  // One byte for é: repaired, the condition would compare another text.
  const latin = file(t, '')
  writeFileSync(
    latin,
    Buffer.from(`{"level":"account","modules":{"Faq":{"where":"question != 'café'"}}}`, 'latin1'),
  )
  t.match(await policy('check', latin), {
    rejected: `${latin}: the file contains bytes that are not valid UTF-8`,
  })
  t.match(await policy('check', 'no-such-file.json'), { rejected: 'no-such-file.json: ENOENT' })
})

t.test('check warns of values that no picklist has, beside faults too', async (t) => {
  const { HelpDesk } = builtinPolicy.modules
  const where = "ticketstatus = 'Opne'"
  const warning =
    "/modules/HelpDesk/where: 'ticketstatus' of HelpDesk has no value 'Opne'; did you mean 'Open'?"
  const doubtful = file(t, { level: 'account', modules: { HelpDesk: { ...HelpDesk, where } } })
  t.match((await policy('check', doubtful)).out.split('\n').at(-1), `warning: ${doubtful}:1:`)
  t.match((await policy('check', doubtful)).out.split('\n').at(-1), warning)
  const wrong = file(t, {
    level: 'account',
    modules: { HelpDesk: { ...HelpDesk, where, hide: ['descripton'] } },
  })
  const lines = (await policy('check', wrong)).rejected?.split('\n') ?? []
  t.equal(lines.length, 2)
  t.match(lines, [/descripton/, warning])
})

t.test(
  'the program ends with 0, with 1 where the answer is no, and with 2 where it was called wrongly',
  async (t) => {
    for (const [args, code, said] of [
      [['check', 'builtin'], 0, 'valid: '],
      [['check', 'no-such-file.json'], 1, 'no-such-file.json: '],
      [['explain', 'builtin'], 2, 'usage: npm run policy'],
    ] as const) {
      const child = spawn(process.execPath, [...program('src/tools/policy.ts'), ...args])
      let output = ''
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
      t.strictSame(await once(child, 'close'), [code, null], args.join(' '))
      t.match(output, said)
    }
    for (const args of [
      [],
      ['check'],
      ['diff', 'builtin', '--as', 'a'],
      ['check', 'a', '--x'],
      ['check', 'a', 'b'],
    ])
      await t.rejects(answer(args, {}), { name: 'UsageError' }, args.join(' '))
  },
)

t.test('check names each place that does not fit, with line, column and the nearest name', async (t) => {
  const text = `{
  "level": "acount",
  "modules": {
    "HelpDesk": { "open": true, "hide": "description" } }
}`
  const invalid = file(t, text)
  t.strictSame((await policy('check', invalid)).rejected?.split('\n'), [
    `${invalid}:2:12: /level: expected one of own, account, company, parent, group; did you mean 'account'?`,
    `${invalid}:4:41: /modules/HelpDesk/hide: expected a list of names without duplicates`,
  ])
  const misspelt = file(t, {
    level: 'account',
    modules: { Helpdesk: { open: true }, Faq: { open: true, where: "fagstatus = 'x'" } },
  })
  const faults = [
    `${misspelt}:1:42: /modules/Helpdesk: the installation has no module 'Helpdesk'; did you mean 'HelpDesk'?`,
    `${misspelt}:1:83: /modules/Faq/where: line 1, column 1: Faq has no field 'fagstatus'; did you mean 'faqstatus'?`,
  ]
  t.strictSame((await policy('check', misspelt)).rejected?.split('\n'), faults)
  const demo = await answer(['check', misspelt, '--demo'], {}).catch((error: unknown) => error)
  t.match(demo, { name: 'Rejected', message: faults.join('\n') })
  t.match(await answer(['check', misspelt], {}), [/^valid/, /modules and fields were not looked at/])
})

t.test('check names the place of each mistake in a file, and what is accepted there', async (t) => {
  const rule = 'hide, only, where, create, update, delete, relate, actor, sign, actions'
  const name = 'expected a name of letters, digits and _ that does not begin with a digit'
  const faq = '"Faq": { "open": true }'
  for (const [text, ...said] of [
    ['{', '1:2: expected a name in double quotes but found the end'],
    ['{"level": "own", "modules": {},\n}', "2:1: expected a name in double quotes but found '}'"],
    [`{"level": "own", "modules": {${faq},\n${faq}}}`, '2:1: "Faq" is named twice in one object'],
    ['[]', '1:1: /: expected an object with the level and the rules'],
    ['{"modules": {}}', '1:1: /level: missing; expected one of own, account, company, parent, group'],
    [
      '{"level": "own", "modules": {"Help Desk": {}}, "employees": {"HelpDesk": {"open": true}}}',
      `1:43: /modules/Help Desk: ${name}`,
      `1:83: /employees/HelpDesk/open: unknown name 'open'; accepted: ${rule}`,
    ],
    [
      `{"level": "own", "modules": {"Faq": {}},\n"employees": {"HelpDesk": {"where": "id = '$contact'"}}}`,
      "1:37: /modules/Faq: a rule has either 'ties' or 'open': true",
      "2:37: /employees/HelpDesk/where: unknown name '$contact'; accepted: '$self' (the contact or employee) and '$user' (its CRM user)",
    ],
  ] as const) {
    const path = file(t, text)
    t.strictSame(
      (await policy('check', path)).rejected?.split('\n'),
      said.map((line) => `${path}:${line}`),
    )
  }
  t.match(await policy('check', file(t, `\ufeff{"level": "own", "modules": {${faq}}}`)), { out: /^valid/ })
})

t.test('check --demo says so where the installation holds no demo', async (t) => {
  const missing = new URL('../../src/no-demo/server.ts', import.meta.url)
  const error = await withDemo(async () => 'checked', missing).catch((reason: unknown) => reason)
  t.ok(error instanceof UsageError)
  t.match(error, { message: /^--demo: this installation holds no demo coreBOS; set COREBOS_URL/ })
})

t.test('every policy in the documents fits the demo, and a contact reads under it', async (t) => {
  const pages = ['README.md', 'docs/policy.md'].map((page) => readFileSync(page, 'utf8')).join('\n')
  const examples = [...pages.matchAll(/^```json policy\n([^]*?)^```/gm)].map(([, example = '']) => example)
  t.ok(examples.length > 6, `${examples.length} examples`)
  for (const example of examples) {
    const path = file(t, example)
    const { modules } = JSON.parse(example) as PolicySource // checked by the next line
    t.match(await policy('check', path), { out: /every module, field, tie and condition fits/ }, example)
    const [module = ''] = Object.keys(modules)
    const query = ['--query', `select id from ${module} limit 1`]
    t.match(await policy('explain', path, '--as', '12x8549', ...query), { out: `rule ${module}` }, example)
  }
})

t.test('init prints a policy to start from, and schema what an editor checks it against', async (t) => {
  const { out } = await policy('init')
  t.strictSame(JSON.parse(out), builtinPolicy)
  t.match(await policy('check', file(t, out)), { out: /^valid/ })
  t.match(JSON.parse((await policy('schema')).out), {
    $schema: /json-schema/,
    properties: { level: { description: /^one of own/ }, modules: { type: 'object' } },
    required: ['level', 'modules'],
  })
})

t.test('a contact is named by its address or by its id', async (t) => {
  const query = ['--query', 'select ticket_title from HelpDesk'] as const
  const byAddress = await policy('explain', 'builtin', '--as', 'alice@example.com', ...query)
  const byId = await policy('explain', 'builtin', '--as', '12x8549', ...query)
  t.match(byId.out, '12x8549 is 12x8549 of 11x8546')
  t.strictSame(byId.out.split('\n').slice(1), byAddress.out.split('\n').slice(1))
  for (const id of ['12x99999', '11x8546'])
    t.match(await policy('explain', 'builtin', '--as', id, ...query), {
      wrong: 'no contact or employee has this name or id',
    })
})

t.test("explain shows what a contact's query becomes, with what is looked up first", async (t) => {
  const as = ['--as', 'alice@example.com'] as const
  const plain = await policy(
    'explain',
    'builtin',
    ...as,
    '--query',
    "select ticket_title from HelpDesk where ticketstatus='Open'",
  )
  t.match(plain.out, 'alice@example.com is 12x8549 of 11x8546')
  t.match(
    plain.out,
    "select ticket_title,id,parent_id from HelpDesk where parent_id in ('12x8549','11x8546') and ticketstatus='Open' limit 100;",
  )
  const hop = await policy('explain', 'builtin', ...as, '--query', 'select * from ProjectTask')
  t.match(hop.out, /\$scope is looked up by\n {2}rule Project, level account/)

  const rejected = await policy('explain', 'builtin', ...as, '--query', 'select accesskey from Users')
  t.match(rejected, { rejected: "rejected: UNKNOWN_MODULE line 1, column 23: unknown module 'Users'" })
  t.match(await policy('explain', 'builtin', '--as', 'nobody@example.com', '--query', 'select * from Faq'), {
    wrong: 'no contact or employee has this name or id',
  })
  const employee = await policy(
    'explain',
    'builtin',
    '--as',
    'emil@example.com',
    '--query',
    'select * from Products',
  )
  t.match(employee.out, 'rule employees.Products')
})

t.test('diff shows module by module which rows and fields a change gives and takes', async (t) => {
  const { HelpDesk, Invoice, Assets, ...others } = builtinPolicy.modules
  if (HelpDesk === undefined || Invoice === undefined || Assets === undefined)
    throw new Error('the built-in policy has them')
  const changed = file(t, {
    ...builtinPolicy,
    modules: {
      ...others,
      HelpDesk: { ...HelpDesk, level: 'own', hide: [...(HelpDesk.hide ?? []), 'solution'] },
      Invoice: { ...Invoice, level: 'company' },
    },
  })
  const { out, ...no } = await policy('diff', 'builtin', changed, '--as', 'alice@example.com')
  t.strictSame(no, {})
  const [alice, acme] = [8549, 8546]

  const own = ids('HelpDesk', 'parent_id', alice)
  const companys = ids('HelpDesk', 'parent_id', acme)
  t.ok(own.length > 0 && companys.length > 0)
  t.strictSame(rowOf(out, 'HelpDesk'), {
    cells: [String(own.length + companys.length), String(own.length), '+0', `-${companys.length}`],
    given: [],
    taken: companys,
  })
  t.match(out, /^ {2}fields taken: solution$/m)

  const before = new Set([...ids('Invoice', 'contact_id', alice), ...ids('Invoice', 'account_id', acme)])
  const colleagues = corebos.database
    .records('Contacts')
    .filter(({ values }) => Number(values.get('account_id')) === acme)
    .map(({ number }) => number)
  const given = ids('Invoice', 'contact_id', ...colleagues).filter((id) => !before.has(id))
  t.strictSame(rowOf(out, 'Invoice').given, given)

  const assets = ids('Assets', 'account', acme)
  t.strictSame(rowOf(out, 'Assets').cells, [String(assets.length), 'closed', '+0', `-${assets.length}`])
  t.strictSame(rowOf(out, 'Faq').cells.slice(2), ['+0', '-0'], 'nothing else changes')

  const back = await policy('diff', changed, 'builtin', '--as', 'alice@example.com')
  t.strictSame(rowOf(back.out, 'Assets').cells, ['closed', String(assets.length), `+${assets.length}`, '-0'])
})
