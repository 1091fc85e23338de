/** The import rules of the project, and what else its structure promises. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import ts from 'typescript'
import t from 'tap'
import { functionLengths } from './support/function-lengths.ts'

interface Import {
  readonly from: string
  /** A file of the project, or what a package or Node brings. */
  readonly to: string
  readonly names: readonly string[]
  /** Those of them that exist when the program runs; `*` for what comes under another name. */
  readonly values: readonly string[]
}

function importsOf(from: string, text: string): Import[] {
  const kind = from.endsWith('.tsx') ? ts.ScriptKind.TSX : ts.ScriptKind.TS
  const { statements } = ts.createSourceFile(from, text, ts.ScriptTarget.Latest, false, kind)
  return statements.flatMap((statement) => {
    const isImport = ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)
    const specifier = isImport ? statement.moduleSpecifier : undefined
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return []
    const bindings = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : undefined
    const named = bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements : undefined
    const nameOf = ({ name, propertyName }: ts.ImportSpecifier): string => (propertyName ?? name).text
    const isType =
      isImport &&
      (ts.isImportDeclaration(statement)
        ? statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
        : statement.isTypeOnly)
    return [
      {
        from,
        to: specifier.text.startsWith('.') ? join(dirname(from), specifier.text) : specifier.text,
        names: named?.map(nameOf) ?? [],
        values: isType ? [] : (named?.filter((each) => !each.isTypeOnly).map(nameOf) ?? ['*']),
      },
    ]
  })
}

const files = new Map(
  ['src', 'plugins', 'routes']
    .flatMap((root) =>
      readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => `${root}/${name}`),
    )
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => [path, readFileSync(path, 'utf8')] as const),
)
const imports = [...files].flatMap(([path, text]) => importsOf(path, text))

/** The part that a file belongs to: the folder below `src/`, `plugins`, `routes`, or a file at the root of `src/`. */
function partOf(path: string): string {
  const [root = '', second = ''] = path.split('/')
  return root === 'src' ? second : root
}

/** Which part may import from which others, besides `model`, which every part may import. */
const mayImportFrom: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['config', 'service.ts'],
  'service.ts': ['app.ts', 'config', 'http'],
  'app.ts': ['plugins', 'routes', 'config', 'corebos', 'http', 'session', 'tokens', 'webservice'],

  // The pure centre.
  model: [],
  query: [],
  policy: ['query'],
  scope: ['policy', 'query'],

  // The client of coreBOS knows no policy; of the language it knows which dialect a finished text is read in.
  corebos: ['query'],
  tokens: [],
  tracing: [],
  session: ['tokens'],
  config: [],

  access: ['scope', 'policy', 'corebos', 'session'],
  read: ['access', 'scope', 'query'],
  records: ['read', 'access', 'scope', 'query', 'session'],
  write: ['read', 'records', 'access', 'scope'],
  auth: ['corebos', 'session', 'tokens'],
  http: ['session'],
  openapi: ['http', 'query', 'scope'],
  operator: ['read', 'access', 'scope', 'query'],
  webservice: ['read', 'write', 'records', 'auth', 'access', 'corebos', 'scope', 'query', 'session', 'http'],

  plugins: ['*'],
  // Never corebos and never policy: a route can neither send a call nor decide on a right.
  routes: [
    'read',
    'write',
    'records',
    'webservice',
    'http',
    'openapi',
    'operator',
    'access',
    'auth',
    'session',
    'scope',
    'query',
    'config',
  ],
  tools: ['*'],
  // The demo coreBOS is the gateway's independent judge and shares no code with it.
  demo: [],
  // Portals use the client without the gateway: it imports nothing, not even `model`.
  client: [],
  // An example of a portal: it knows what any other portal knows.
  portal: ['client'],
}

/** Exceptions by file, each with its reason. */
const mayAlsoImport: Readonly<Record<string, readonly string[]>> = {
  // Starts the demo coreBOS and the gateway side by side.
  'src/demo/run.ts': ['src/config/config.ts', 'src/service.ts'],
}

function mayImport({ from, to }: Import): boolean {
  const [part, other] = [partOf(from), partOf(to)]
  if (part === other) return part !== 'plugins' && part !== 'routes'
  if (mayAlsoImport[from]?.includes(to)) return true
  const allowed = mayImportFrom[part] ?? []
  if (allowed.includes('*')) return part === 'tools' || !['plugins', 'routes'].includes(other)
  return (
    (other === 'model' && part in mayImportFrom && !['client', 'portal'].includes(part)) ||
    allowed.includes(other)
  )
}

function isOurs({ to }: Import): boolean {
  return /\.tsx?$/.test(to)
}

function show({ from, to }: Import): string {
  return `${from} → ${to}`
}

t.test('every part imports only from the parts that it may know', async (t) => {
  t.ok(imports.filter(isOurs).length > 100, 'the imports were read')
  t.strictSame(imports.filter((each) => isOurs(each) && !mayImport(each)).map(show), [])

  const wrong = [
    ['src/demo/query/evaluate.ts', 'src/query/parse.ts'],
    ['src/query/parse.ts', 'src/scope/rewrite.ts'],
    ['src/corebos/read.ts', 'src/policy/policy.ts'],
    ['src/read/run.ts', 'plugins/access.ts'],
    ['routes/query.ts', 'plugins/access.ts'],
    ['plugins/limits.ts', 'plugins/problem.ts'],
    ['src/new/part.ts', 'src/model/errors.ts'],
    ['routes/query.ts', 'src/corebos/read.ts'],
    ['src/portal/app.tsx', 'src/model/errors.ts'],
  ]
  for (const [from = '', to = ''] of wrong)
    t.notOk(mayImport({ from, to, names: [], values: [] }), `${from} → ${to}`)
})

/** Parts that import each other in a circle, and files that do, type imports included. */
function cyclesIn(edges: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const cycles = new Set<string>()
  const done = new Set<string>()
  function visit(node: string, path: readonly string[]): void {
    const start = path.indexOf(node)
    if (start >= 0) {
      cycles.add([...path.slice(start), node].join(' → '))
      return
    }
    if (done.has(node)) return
    for (const next of edges.get(node) ?? []) visit(next, [...path, node])
    done.add(node)
  }
  for (const node of edges.keys()) visit(node, [])
  return [...cycles]
}

function edgesBetween(nameOf: (path: string) => string): Map<string, Set<string>> {
  const edges = new Map<string, Set<string>>()
  for (const each of imports.filter(isOurs)) {
    const [from, to] = [nameOf(each.from), nameOf(each.to)]
    if (from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to))
  }
  return edges
}

t.test('no file and no part imports itself by way of others', async (t) => {
  t.strictSame(cyclesIn(edgesBetween((path) => path)), [], 'files')
  const parts = edgesBetween(partOf)
  t.strictSame(cyclesIn(parts), [], 'parts')
  const names = new Set([...files.keys()].map(partOf))
  const count = [...parts.values()].reduce((sum, targets) => sum + targets.size, 0)
  t.comment(`parts ${names.size}, imports between parts ${count}`)
  const root = [...files.keys()].filter((path) => /^src\/[^/]+$/.test(path))
  t.ok(root.length <= 3, `files at the root of src: ${root.join(', ')}`)
  t.strictSame(
    cyclesIn(
      new Map([
        ['a', new Set(['b'])],
        ['b', new Set(['a'])],
      ]),
    ),
    ['a → b → a'],
    'a cycle is found',
  )
})

t.test('what decides who sees what is pure', async (t) => {
  const pure = (path: string) =>
    /^src\/(query|scope|policy)\//.test(path) && path !== 'src/policy/load.ts' && files.has(path)
  const purePackages = ['@sinclair/typebox', '@sinclair/typebox/value', 'fastest-levenshtein']
  const outside = imports.filter((each) => pure(each.from) && !isOurs(each))
  t.ok(outside.length > 0)
  const isPure = ({ to, names }: Import): boolean =>
    purePackages.includes(to) || (to === 'node:crypto' && names.join() === 'createHash')
  t.strictSame(outside.filter((each) => !isPure(each)).map(show), [])

  const impure = /\b(Date\.now|new Date\b|Math\.random|performance\.|process\.|setTimeout|fetch\(|globalThis)/
  t.strictSame(
    [...files].filter(([path, text]) => pure(path) && impure.test(text)).map(([path]) => path),
    [],
  )
  t.match('const now = Date.now()', impure)
})

t.test('the environment is read at the entrances alone', async (t) => {
  const readers = [...files].filter(([, text]) => text.includes('process.env')).map(([path]) => path)
  const entrances = ['src/main.ts', 'src/demo/main.ts', 'src/demo/run.ts']
  t.strictSame(
    readers.filter((path) => !entrances.includes(path) && !path.startsWith('src/tools/')),
    [],
  )
})

t.test('only few may say that a statement or an id is safe to send', async (t) => {
  const importersOf = (name: string) =>
    imports
      .filter(({ names }) => names.includes(name))
      .map(({ from }) => from)
      .sort()
  t.strictSame(importersOf('sealQuery'), [
    'src/corebos/changes.ts',
    'src/corebos/company.ts',
    'src/corebos/trusted.ts',
    'src/scope/print.ts',
  ])
  t.strictSame(importersOf('clearId'), [
    'src/read/look-up.ts',
    'src/read/records-by-id.ts',
    'src/read/send.ts',
  ])
  t.strictSame(importersOf('sealValues'), ['src/scope/write.ts'])
  for (const path of [
    'src/model/sendable-query.ts',
    'src/model/checked-values.ts',
    'src/model/cleared-id.ts',
  ]) {
    t.strictSame(
      imports.filter(({ to, names }) => to === path && names.length === 0).map(show),
      [],
      'nor by another name',
    )
  }
})

/** Imports with which a file could send coreBOS a call that no typed operation makes. */
function sideEntrances(some: readonly Import[]): string[] {
  const sending = ['src/corebos/caller.ts', 'src/corebos/transport.ts']
  return some
    .filter(({ from, to, values }) => {
      if (to === 'src/corebos/raw-call.ts') return from !== 'src/tools/conformance/answer.ts'
      return sending.includes(to) && values.length > 0 && partOf(from) !== 'corebos'
    })
    .map(show)
}

t.test('only the typed operations of src/corebos send calls', async (t) => {
  t.strictSame(sideEntrances(imports), [])
  t.strictSame(
    [...files].filter(([, text]) => /\bimport\((?!['"][^'"]+['"]\)\.)/.test(text)).map(([path]) => path),
    // The libraries that export traces are loaded where they are used. A tool for operators loads the demo coreBOS where
    // there is one: the image is compiled without it.
    ['src/tracing/open-telemetry.ts', 'src/tools/policy/with-demo.ts'],
    'no other file is loaded while the program runs',
  )
  const handed = [...files].filter(
    ([path, text]) =>
      path.startsWith('src/corebos/') && /export [^;]*? from '\.\/(caller|transport)\.ts'/.test(text),
  )
  t.strictSame(
    handed.map(([path]) => path),
    [],
    'nor is one handed on under another name',
  )
})

t.test('a handler that would send any statement is found', async (t) => {
  const senders = [
    "import { ask } from '../src/corebos/caller.ts'",
    "import { outcomeOf as harmless } from '../src/corebos/caller.ts'",
    "import { type Caller, send } from '../src/corebos/caller.ts'",
    "import * as caller from '../src/corebos/caller.ts'",
    "import { Transport } from '../src/corebos/transport.ts'",
    "export { ask } from '../src/corebos/caller.ts'",
    "import { rawCall } from '../src/corebos/raw-call.ts'",
  ]
  const statement =
    "ask(caller, { operation: 'query', params: { query: 'select user_name,accesskey from Users;' } })"
  for (const line of senders) {
    for (const path of [
      'routes/query.ts',
      'plugins/access.ts',
      'src/access/access.ts',
      'src/tools/policy/policy-reader.ts',
    ]) {
      const prefix = path.startsWith('src/tools/') ? '../../../' : path.startsWith('src/') ? '../../' : '../'
      const found = importsOf(path, `${line.replace('../', prefix)}\n${statement}`)
      t.ok(sideEntrances(found).length > 0, `${path}: ${line}`)
    }
  }
  const harmless = "import type { Caller } from '../src/corebos/caller.ts'"
  t.strictSame(sideEntrances(importsOf('plugins/access.ts', harmless)), [])
  t.notOk(importsOf('routes/query.ts', harmless).every(mayImport), 'a route does not even name a caller')
})

t.test('the statement for coreBOS is made in one place', async (t) => {
  for (const [file, names] of [
    ['src/scope/rewrite.ts', ['rewrite']],
    ['src/scope/resolve.ts', ['resolve']],
    ['src/scope/print.ts', ['print']],
  ] as const) {
    for (const name of names) {
      const importers = imports.filter((each) => each.to === file && each.names.includes(name))
      t.strictSame(
        importers.map(({ from }) => from),
        ['src/scope/plan.ts'],
        name,
      )
    }
  }
})

t.test('what differs between the log-in modes stands in the file of each mode', async (t) => {
  const branch = /\b(mode|LOGIN_MODE)\b['\]]* (===|!==)|(===|!==) 'portal'|case 'portal'/
  // The configuration knows which variables a mode requires; the demo coreBOS shares no code with the gateway.
  const exempt = /^src\/(auth\/modes|config|demo)\//
  t.strictSame(
    [...files].filter(([path, text]) => !exempt.test(path) && branch.test(text)).map(([path]) => path),
    [],
  )
  for (const text of ["mode === 'user'", "config.LOGIN_MODE !== 'service'", "if (way === 'portal')"])
    t.match(text, branch)

  const table = readFileSync('src/auth/modes/table.ts', 'utf8')
  const modes = [...files.keys()]
    .filter((path) => path.startsWith('src/auth/modes/'))
    .map((path) => path.replace(/^.*\/|\.ts$/g, ''))
    .filter((name) => !['mode', 'table'].includes(name))
  t.ok(modes.length >= 3)
  for (const name of modes) t.match(table, `from './${name}.ts'`)
  t.strictSame(
    imports
      .filter(
        ({ from, to }) =>
          /^src\/auth\/modes\/(?!mode\.ts|table\.ts)/.test(to) && from !== 'src/auth/modes/table.ts',
      )
      .map(show),
    [],
    'a mode is reached through the table alone',
  )
})

t.test('a plugin is glue of at most 60 lines', async (t) => {
  const long = [...files].filter(
    ([path, text]) => path.startsWith('plugins/') && text.trimEnd().split('\n').length > 60,
  )
  t.strictSame(
    long.map(([path]) => path),
    [],
  )
})

/** Files with functions that are longer than the limit, with the reason. */
const longFunctions: Readonly<Record<string, string>> = {
  'src/app.ts': 'the ordered list of registrations, on one screen',
  'src/http/metrics.ts': 'the list of metrics',
  'src/tools/attack/holes.ts': 'the list of known holes',
  'src/tools/conformance/writing.ts': 'one record through its whole life, step by step',
}

t.test('a function has at most 60 lines, a component with its markup 110', (t) => {
  const limitOf = (path: string): number => (path.startsWith('src/portal/') ? 110 : 60)
  const lengths = [...files].flatMap(([path, text]) =>
    functionLengths(path, text).map((each) => ({ ...each, path })),
  )
  const long = lengths.filter(({ path, lines }) => lines > limitOf(path))
  const unexpected = long.filter(({ path }) => longFunctions[path] === undefined)
  t.same(
    unexpected.map(({ at, lines }) => `${at}: ${lines} lines`),
    [],
  )
  const needed = new Set(long.map(({ path }) => path))
  t.same(
    Object.keys(longFunctions).filter((path) => !needed.has(path)),
    [],
    'each exception is needed',
  )
  const [longest] = lengths.toSorted((a, b) => b.lines - a.lines)
  t.comment(`longest function: ${longest?.at ?? ''}, ${longest?.lines ?? 0} lines`)
  t.end()
})

t.test('a function of a test has at most 80 lines, the tests in it not counted', async (t) => {
  const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !/(^|\/)node_modules\//.test(name))
    .map((name) => `test/${name}`)
  const lengths = tests.flatMap((path) => functionLengths(path, readFileSync(path, 'utf8')))
  t.ok(lengths.length > 1000, 'functions were read')
  t.same(
    lengths.filter(({ lines }) => lines > 80).map(({ at, lines }) => `${at}: ${lines} lines`),
    [],
  )
})

t.test('every file is reached from an entrance', async (t) => {
  const entrances = [...files.keys()].filter(
    (path) =>
      /^src\/(main|portal\/main|demo\/(main|run|data\/generate))\.tsx?$/.test(path) ||
      /^src\/tools\/(?:[^/]+|bench\/upstream)\.ts$/.test(path),
  )
  const reached = new Set(entrances)
  for (const path of reached)
    for (const { from, to } of imports) if (from === path && files.has(to)) reached.add(to)
  t.strictSame(
    [...files.keys()].filter((path) => !reached.has(path)),
    [],
  )
})
