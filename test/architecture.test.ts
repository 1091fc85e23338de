import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import ts from 'typescript'
import t from 'tap'

interface Import {
  readonly from: string
  /** A file of the project, or what a package or Node brings. */
  readonly to: string
  readonly names: readonly string[]
}

function importsOf(from: string, text: string): Import[] {
  const { statements } = ts.createSourceFile(from, text, ts.ScriptTarget.Latest)
  return statements.flatMap((statement) => {
    const isImport = ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)
    const specifier = isImport ? statement.moduleSpecifier : undefined
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return []
    const bindings = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : undefined
    const named = bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements : []
    return [
      {
        from,
        to: specifier.text.startsWith('.') ? join(dirname(from), specifier.text) : specifier.text,
        names: named.map(({ name, propertyName }) => (propertyName ?? name).text),
      },
    ]
  })
}

const files = new Map(
  ['src', 'plugins', 'routes']
    .flatMap((root) =>
      readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => `${root}/${name}`),
    )
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [path, readFileSync(path, 'utf8')] as const),
)
const imports = [...files].flatMap(([path, text]) => importsOf(path, text))

/** The part of the house that a file stands in: its folder, or itself where it stands alone in `src/`. */
function partOf(path: string): string {
  const [root = '', second = '', third] = path.split('/')
  return root === 'src' ? `src/${second}${third === undefined ? '' : '/'}` : `${root}/`
}

/** Which part may look into which, besides itself. What is not named may look into nothing. */
const mayLookInto: Readonly<Record<string, readonly string[]>> = {
  'src/main.ts': ['src/config.ts', 'src/service.ts'],
  'src/service.ts': ['src/app.ts', 'src/config.ts'],
  'src/app.ts': [
    'plugins/',
    'routes/',
    'src/config.ts',
    'src/connections.ts',
    'src/probe.ts',
    'src/session/',
    'src/validation.ts',
  ],
  'src/connections.ts': [],

  // Values come to routes from decorators, never from plugins; both know all of the gateway that is not Fastify.
  'routes/': ['src/'],
  'plugins/': ['src/'],

  'src/webservice/': [
    'src/comments.ts',
    'src/contact/',
    'src/corebos/',
    'src/environment.ts',
    'src/errors.ts',
    'src/few-at-once.ts',
    'src/json-bounds.ts',
    'src/pipeline.ts',
    'src/policy/',
    'src/printed.ts',
    'src/query/',
    'src/related.ts',
    'src/scope/',
    'src/search.ts',
    'src/session/',
    'src/shortened.ts',
    'src/upload.ts',
    'src/writes.ts',
  ],
  'src/pipeline.ts': [
    'src/contact/',
    'src/corebos/',
    'src/errors.ts',
    'src/few-at-once.ts',
    'src/query/',
    'src/scope/',
  ],
  'src/room.ts': ['src/errors.ts'],
  'src/request-scope.ts': ['src/errors.ts'],
  'src/in-use.ts': [],
  'src/metrics.ts': ['src/in-use.ts'],
  'src/few-at-once.ts': ['src/query/limits.ts'],
  'src/writes.ts': [
    'src/comments.ts',
    'src/corebos/',
    'src/errors.ts',
    'src/few-at-once.ts',
    'src/pipeline.ts',
    'src/scope/',
    'src/write-refusal.ts',
  ],
  'src/write-refusal.ts': ['src/corebos/', 'src/errors.ts', 'src/scope/'],
  'src/entity-tag.ts': ['src/errors.ts'],
  'src/idempotency.ts': ['src/errors.ts', 'src/session/contract.ts'],
  'src/turns.ts': ['src/errors.ts', 'src/session/contract.ts'],
  'src/documents.ts': ['src/corebos/', 'src/errors.ts', 'src/pipeline.ts'],
  'src/downloads.ts': ['src/corebos/', 'src/errors.ts', 'src/room.ts'],
  'src/document-links.ts': ['src/contact/request.ts', 'src/session/contract.ts'],
  'src/upload.ts': ['src/corebos/', 'src/errors.ts', 'src/scope/'],
  'src/file-answer.ts': [],
  'src/printed.ts': ['src/errors.ts', 'src/file-answer.ts', 'src/pipeline.ts', 'src/scope/'],
  'src/search.ts': ['src/few-at-once.ts', 'src/pipeline.ts', 'src/query/', 'src/scope/'],
  'src/comments.ts': [
    'src/corebos/',
    'src/errors.ts',
    'src/few-at-once.ts',
    'src/pipeline.ts',
    'src/query/',
    'src/scope/',
  ],
  'src/expand.ts': [
    'src/comments.ts',
    'src/errors.ts',
    'src/few-at-once.ts',
    'src/pipeline.ts',
    'src/query/',
    'src/scope/',
  ],
  'src/listing.ts': ['src/errors.ts', 'src/expand.ts', 'src/pipeline.ts', 'src/query/', 'src/scope/'],
  'src/related.ts': [
    'src/comments.ts',
    'src/corebos/',
    'src/errors.ts',
    'src/pipeline.ts',
    'src/query/',
    'src/scope/',
  ],
  'src/anchors.ts': ['src/contact/', 'src/corebos/', 'src/errors.ts', 'src/scope/'],

  'src/scope/': ['src/contact/contact.ts', 'src/errors.ts', 'src/policy/', 'src/query/'],
  'src/policy/': ['src/contact/contact.ts', 'src/errors.ts', 'src/query/'],
  'src/query/': ['src/errors.ts'],

  // Who asks coreBOS knows no policy; of the language it knows what a finished text would be read as.
  'src/corebos/': [
    'src/errors.ts',
    'src/query/dialect.ts',
    'src/scope/checked-values.ts',
    'src/scope/sendable.ts',
  ],
  'src/contact/': ['src/corebos/', 'src/environment.ts', 'src/errors.ts', 'src/session/contract.ts'],
  'src/session/': ['src/contact/contact.ts', 'src/errors.ts'],

  'src/config.ts': ['src/environment.ts'],
  'src/probe.ts': ['src/errors.ts'],
  'src/problem.ts': ['src/errors.ts', 'src/schemas.ts', 'src/shortened.ts'],
  'src/shortened.ts': [],
  'src/json-bounds.ts': [],
  'src/client-address.ts': [],
  'src/request-counts.ts': [
    'src/client-address.ts',
    'src/contact/request.ts',
    'src/environment.ts',
    'src/errors.ts',
    'src/session/contract.ts',
  ],
  'src/schemas.ts': ['src/errors.ts'],
  'src/validation.ts': ['src/problem.ts'],

  // The demo coreBOS judges the gateway, so it shares nothing with it; only what starts both knows both.
  'src/demo/': [],
}

/** The exceptions, file by file. */
const mayAlso: Readonly<Record<string, readonly string[]>> = {
  'src/demo/run.ts': ['src/config.ts', 'src/service.ts'],
}

function mayImport({ from, to }: Import): boolean {
  const part = partOf(from)
  if (part === 'src/tools/' || part === partOf(to)) return part !== 'plugins/' && part !== 'routes/'
  return [...(mayLookInto[part] ?? []), ...(mayAlso[from] ?? [])].some((allowed) =>
    allowed.endsWith('/') ? to.startsWith(allowed) : to === allowed,
  )
}

function isOurs({ to }: Import): boolean {
  return to.endsWith('.ts')
}

function show({ from, to }: Import): string {
  return `${from} → ${to}`
}

t.test('every part of the house looks only where it may', async (t) => {
  t.ok(imports.filter(isOurs).length > 100, 'there is something to look at')
  t.strictSame(imports.filter((each) => isOurs(each) && !mayImport(each)).map(show), [])

  const wrong = [
    ['src/demo/query/evaluate.ts', 'src/query/parse.ts'],
    ['src/query/parse.ts', 'src/scope/rewrite.ts'],
    ['src/corebos/read.ts', 'src/policy/policy.ts'],
    ['src/pipeline.ts', 'plugins/door.ts'],
    ['routes/query.ts', 'plugins/door.ts'],
    ['plugins/limits.ts', 'plugins/problem.ts'],
    ['src/new/part.ts', 'src/errors.ts'],
  ]
  for (const [from = '', to = ''] of wrong) t.notOk(mayImport({ from, to, names: [] }), `${from} → ${to}`)
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
    'src/corebos/company.ts',
    'src/corebos/trusted.ts',
    'src/scope/print.ts',
  ])
  t.strictSame(importersOf('clearId'), ['src/pipeline.ts'])
  t.strictSame(importersOf('sealValues'), ['src/scope/write.ts'])
  for (const path of ['src/scope/sendable.ts', 'src/scope/checked-values.ts', 'src/corebos/cleared-id.ts']) {
    t.strictSame(
      imports.filter(({ to, names }) => to === path && names.length === 0).map(show),
      [],
      'nor by another name',
    )
  }
})

t.test('every file is reached from an entrance', async (t) => {
  const entrances = [...files.keys()].filter(
    (path) =>
      /^src\/(main|demo\/(main|run|data\/generate))\.ts$/.test(path) || /^src\/tools\/[^/]+\.ts$/.test(path),
  )
  const reached = new Set(entrances)
  for (const path of reached)
    for (const { from, to } of imports) if (from === path && files.has(to)) reached.add(to)
  t.strictSame(
    [...files.keys()].filter((path) => !reached.has(path)),
    [],
  )
})
