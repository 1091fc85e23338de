/** Builds that run at the same time, and builds that fail. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'

/** The source itself, since the test builds in a folder of its own. */
const program = resolve('src/tools/build.ts')

const portal = {
  'tsconfig.json': '{}',
  'index.html': '{script} {style} {icon}',
  'icon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
  'main.tsx': "import './style.css'\n",
  'style.css': 'body { margin: 0 }',
}

/** A checkout with one program and one file beside it. */
function checkout(t: Test): string {
  const root = t.testdir({
    'package.json': '{"type":"module"}',
    'package-lock.json': '{}',
    'tsconfig.json': JSON.stringify({
      compilerOptions: { module: 'nodenext', rootDir: '.', types: [], strict: true },
      include: ['src'],
      exclude: ['src/portal'],
    }),
    src: { 'main.ts': 'export const one: number = 1\n', 'beside.txt': 'beside', portal },
  })
  for (const name of ['plugins', 'routes']) mkdirSync(join(root, name))
  return root
}

async function build(root: string): Promise<{ code: unknown; output: string }> {
  const child = spawn(process.execPath, [`--import=${import.meta.resolve('tsx')}`, program], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  const [code] = (await once(child, 'close')) as unknown[]
  return { code, output }
}

const compiled = (root: string): string => readFileSync(join(root, 'dist/src/main.js'), 'utf8')
const folders = (root: string): string[] => readdirSync(root).filter((name) => name.startsWith('dist'))

t.test('builds at the same time leave one whole build, which the next ones keep', async (t) => {
  const root = checkout(t)
  const together = await Promise.all([build(root), build(root), build(root)])
  t.strictSame(
    together.map(({ code }) => code),
    [0, 0, 0],
  )
  t.match(compiled(root), 'one = 1')
  t.equal(readFileSync(join(root, 'dist/src/beside.txt'), 'utf8'), 'beside')
  t.match(
    readFileSync(join(root, 'dist/portal/index.html'), 'utf8'),
    /^portal-\S+js portal-\S+css icon-\S+svg$/,
  )
  t.strictSame(folders(root), ['dist'])
  t.match(together[0].output, /^building/, 'says what takes the time')

  const { ino } = statSync(join(root, 'dist'))
  t.strictSame(await build(root), { code: 0, output: '' })
  t.equal(statSync(join(root, 'dist')).ino, ino)

  writeFileSync(join(root, 'src/main.ts'), 'export const one: number = 2\n')
  t.equal((await build(root)).code, 0)
  t.match(compiled(root), 'one = 2')
})

t.test('what does not compile leaves the former build', async (t) => {
  const root = checkout(t)
  t.equal((await build(root)).code, 0)
  writeFileSync(join(root, 'src/main.ts'), "export const one: number = 'two'\n")
  const { code, output } = await build(root)
  t.equal(code, 1)
  t.match(output, /src\/main\.ts.*not assignable/)
  t.match(compiled(root), 'one = 1')
  t.strictSame(folders(root), ['dist'])
})
