/** The documents say what the code says: links, commands, variables, routes, errors, metrics and examples. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { errorCatalogue } from '../src/model/errors.ts'
import { readPolicy } from '../src/policy/policy.ts'
import { operations } from '../src/webservice/operations.ts'
import { exampleFile, withTable } from './support/environment-docs.ts'
import { scratch } from './support/redis-server.ts'
import { metricNames } from './support/metric-names.ts'
import { startGateway } from './support/start.ts'

const read = (path: string): string => readFileSync(path, 'utf8')
const pages = [...readdirSync('.'), ...readdirSync('docs').map((name) => `docs/${name}`)].filter((path) =>
  path.endsWith('.md'),
)
const { scripts, version } = JSON.parse(read('package.json')) as {
  scripts: Readonly<Record<string, string>>
  version: string
} // npm reads the same file

/** The text of a page without its blocks of code. */
const prose = (text: string): string => text.replace(/^```[^]*?^```/gm, '')

/** The blocks of code of a language. */
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^ *\`\`\`${language}\\b.*\\n([^]*?)^ *\`\`\``, 'gm'))].map(
    ([, code = '']) => code,
  )

/** The first cells of the tables of a section. */
function firstCells(text: string, heading: string): string[] {
  const [, section = ''] = text.split(new RegExp(`^## ${heading}\\n`, 'm'))
  const [own = ''] = section.split(/^## /m)
  return [...own.matchAll(/^\| (`.+?`) \|/gm)].map(([, cell = '']) => cell)
}

const inCode = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)

/** The name that a heading has in links. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

t.test('README.md has at most 200 lines of at most 120 columns', async (t) => {
  const lines = read('README.md').trimEnd().split('\n')
  t.ok(lines.length <= 200, `${lines.length} lines`)
  t.strictSame(
    lines.filter((line) => Array.from(line).length > 120),
    [],
  )
})

/** Names of tests in quotes, under the file that stands before them: `` `test/x.test.ts` "a name", "another" ``. */
function testsNamedIn(text: string): { readonly file: string; readonly names: readonly string[] }[] {
  return [...text.matchAll(/`(test\/[\w./-]+\.ts)`((?:,? "[^"\n]+")*)/g)].map(
    ([, file = '', quoted = '']) => ({
      file,
      names: [...quoted.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name),
    }),
  )
}

t.test('every test that a page names exists, file and name', async (t) => {
  const missing = pages.flatMap((page) =>
    testsNamedIn(read(page)).flatMap(({ file, names }) => {
      if (!existsSync(file)) return [`${page}: ${file}`]
      const source = read(file)
      const known = (name: string) =>
        [`'${name}'`, `"${name}"`, `\`${name}\``].some((each) => source.includes(each))
      return names.filter((name) => !known(name)).map((name) => `${page}: ${file} "${name}"`)
    }),
  )
  t.strictSame(missing, [])
})

t.test('each hole of coreBOS in docs/security.md names the test that shows it closed', async (t) => {
  const [, section = ''] = read('docs/security.md').split(/^## Holes of coreBOS.*$/m)
  const [own = ''] = section.split(/^## /m)
  const rows = own.split('\n').filter((line) => line.startsWith('| ') && !/^\| (?:hole|---)/.test(line))
  t.ok(rows.length > 15)
  t.strictSame(
    rows.filter((row) => testsNamedIn(row).every(({ names }) => names.length === 0)),
    [],
  )
  const met = read('docs/security.md').match(/^\| [6-9][\d., ]+.*\| met \|.*$/gm) ?? []
  t.ok(met.flatMap((row) => testsNamedIn(row)).length > 10, 'requirements of ASVS name tests as well')
})

t.test('every link to a file or a heading of the project leads to it', async (t) => {
  const broken = pages.flatMap((page) =>
    [...prose(read(page)).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [path = '', anchor] = target.split('#')
        const file = path === '' ? page : join(dirname(page), path)
        if (!existsSync(file)) return true
        const headings = anchor === undefined ? [] : [...read(file).matchAll(/^#+ (.+)$/gm)]
        return anchor !== undefined && !headings.some(([, heading = '']) => anchorOf(heading) === anchor)
      })
      .map((target) => `${page}: ${target}`),
  )
  t.strictSame(broken, [])
})

t.test('every npm command in the documents exists', async (t) => {
  const named = pages.flatMap((page) =>
    [...read(page).matchAll(/npm (?:run (?:-s )?([\w:-]+)|(start|test)\b)/g)].map(
      ([, run, short]) => run ?? short ?? '',
    ),
  )
  t.ok(named.length > 10)
  t.strictSame(
    [...new Set(named)].filter((name) => !(name in scripts)),
    [],
  )
})

t.test('the build machine runs the test command that README.md names', async (t) => {
  const [, ...commands] = /^(npm ci) && (npm test)(?= )/m.exec(read('README.md')) ?? []
  t.equal(commands.length, 2)
  const lines = read('.ci/run').split('\n')
  t.same(
    lines.filter((line) => commands.includes(line)),
    commands,
  )
})

t.test('.env.example and docs/configuration.md are what `npm run docs` writes', async (t) => {
  t.equal(read('.env.example'), exampleFile())
  t.equal(read('docs/configuration.md'), withTable(read('docs/configuration.md')))
})

t.test('docs/api.md lists every error code with its status', async (t) => {
  const listed = [...read('docs/api.md').matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \|/gm)]
  t.strictSame(
    listed.map(([, code = '', status]) => `${code} ${status ?? ''}`).sort(),
    Object.entries(errorCatalogue)
      .map(([code, [status]]) => `${code} ${status}`)
      .sort(),
  )
  const [example = '{}'] = blocks(read('docs/api.md'), 'json')
  const { code, title } = JSON.parse(example) as { code: keyof typeof errorCatalogue; title: string } // checked below
  t.equal(title, errorCatalogue[code][1])
})

t.test('docs/webservice.md lists every operation', async (t) => {
  t.strictSame(
    firstCells(read('docs/webservice.md'), 'Operations').flatMap(inCode).sort(),
    operations.map(({ name }) => name).sort(),
  )
})

t.test('docs/operations.md lists every metric and every operator endpoint', async (t) => {
  const page = read('docs/operations.md')
  t.strictSame(
    firstCells(page, 'Metrics').flatMap(inCode).sort(),
    metricNames()
      .filter((name) => /^(portal|http)_/.test(name))
      .sort(),
  )
  const sources = ['routes/operator.ts', 'routes/operator-page.ts', 'plugins/operator-openapi.ts'].map(read)
  const registered = sources.flatMap((source) => [
    ...source.matchAll(/app\.(get|post|put|delete)\(\s*'([^']+)'/g),
  ])
  t.strictSame(
    firstCells(page, 'Operator endpoints')
      .map((cell) => inCode(cell)[0]?.replace(/\?.*/, ''))
      .sort(),
    registered
      .map(([, method = '', path = '']) => `${method.toUpperCase()} ${path}`)
      .filter((endpoint) => endpoint !== 'GET /operator.css')
      .sort(),
  )
})

t.test('every policy in docs/policy.md is valid', async (t) => {
  const examples = blocks(read('docs/policy.md'), 'json')
  t.ok(examples.length > 0)
  for (const example of examples) t.doesNotThrow(() => readPolicy(JSON.parse(example)), example)
})

t.test('with a gateway', async (t) => {
  const { url, inUse } = await startGateway(t)

  t.test('docs/operations.md lists every kind of what is in use', async (t) => {
    const [, ...kinds] = firstCells(read('docs/operations.md'), 'Places in use').flatMap(inCode)
    t.strictSame(kinds.sort(), Object.keys(inUse()).sort())
  })

  t.test(
    'docs/api.md lists every route of the OpenAPI description, which has the version of the package',
    async (t) => {
      const { info, paths } = (await (await fetch(`${url}/openapi.json`)).json()) as {
        info: { version: string }
        paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
      } // its shape is checked by the test of the description
      t.equal(info.version, version)
      const described = Object.entries(paths).flatMap(([path, methods]) =>
        Object.keys(methods)
          .filter((method) => method !== 'head')
          .map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
      )
      t.strictSame(firstCells(read('docs/api.md'), 'Routes').flatMap(inCode).sort(), described.toSorted())
    },
  )

  t.test('the portal of README.md runs and prints the tickets of Alice and her company', async (t) => {
    const [program = ''] = blocks(read('README.md'), 'js')
    const file = join(await scratch(t), 'portal.mjs')
    writeFileSync(file, program.replace('http://127.0.0.1:3000', url))
    const { stdout } = await promisify(execFile)(process.execPath, [file])
    const titles = stdout.trim().split('\n')
    t.equal(titles.length, 6)
    for (const title of titles) t.match(title, /ticket/)
  })
})
