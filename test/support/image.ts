/** Carries out a Dockerfile without a container engine: its COPY and RUN instructions, in a folder per stage. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

interface Instruction {
  readonly name: string
  readonly words: readonly string[]
  readonly text: string
}

export interface Image {
  /** The root folder of the last stage. */
  readonly root: string
  readonly workdir: string
  readonly env: Readonly<Record<string, string>>
  readonly command: readonly string[]
}

interface Stage {
  readonly root: string
  workdir: string
  env: Record<string, string>
  command: readonly string[]
}

/** @throws Error for an instruction that is not known here */
export function buildImage(dockerfile: string, scratch: string): Image {
  const ignored = ignoreRules(
    existsSync(`${dockerfile}.dockerignore`) ? `${dockerfile}.dockerignore` : '.dockerignore',
  )
  const stages = new Map<string, Stage>()
  let stage: Stage | undefined
  for (const { name, words, text } of instructionsOf(readFileSync(dockerfile, 'utf8'))) {
    if (name === 'FROM') {
      const root = join(scratch, `stage-${stages.size}`)
      mkdirSync(root)
      stage = { root, workdir: '/', env: {}, command: [] }
      stages.set(words[2] ?? root, stage)
      continue
    }
    if (stage === undefined) throw new Error(`${name} stands before FROM`)
    if (name === 'WORKDIR') mkdirSync(join(stage.root, (stage.workdir = text)), { recursive: true })
    else if (name === 'ENV')
      Object.assign(stage.env, Object.fromEntries(words.map((word) => word.split('='))))
    else if (name === 'COPY') copy(words, stage, stages, ignored)
    else if (name === 'RUN') run(text, stage)
    else if (name === 'CMD') stage.command = stringsIn(text)
    else if (!['USER', 'EXPOSE', 'HEALTHCHECK'].includes(name)) throw new Error(`${name} is not known here`)
  }
  if (stage === undefined) throw new Error(`${dockerfile} has no FROM`)
  return stage
}

function instructionsOf(text: string): Instruction[] {
  return text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
      return { name, text: rest, words: rest.split(/\s+/) }
    })
}

function copy(
  words: readonly string[],
  stage: Stage,
  stages: ReadonlyMap<string, Stage>,
  isIgnored: (path: string) => boolean,
): void {
  const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length)
  const paths = words.filter((word) => !word.startsWith('--'))
  const target = join(stage.root, stage.workdir, paths.at(-1) ?? '.')
  const source = from === undefined ? undefined : stages.get(from)
  if (from !== undefined && source === undefined) throw new Error(`COPY names no stage: ${from}`)
  for (const path of paths.slice(0, -1)) {
    const origin = source === undefined ? path : join(source.root, path)
    // A folder is copied as its content, a file into the folder that ends with a slash.
    const to = statSync(origin).isDirectory() ? target : join(target, basename(path))
    const filter = source === undefined ? (file: string) => !isIgnored(file) : undefined
    cpSync(origin, to, {
      recursive: true,
      verbatimSymlinks: true,
      ...(filter === undefined ? {} : { filter }),
    })
  }
}

/** `npm ci` links the packages that are installed here instead: it would take long, and needs a network. */
function run(text: string, { root, workdir, env }: Stage): void {
  const cwd = join(root, workdir)
  if (/^npm ci\b/.test(text)) {
    linkPackages(cwd, text.includes('--omit=dev'))
    return
  }
  const { status, stdout, stderr } = spawnSync('sh', ['-ec', text], { cwd, env: { ...process.env, ...env } })
  if (status !== 0) throw new Error(`RUN ${text}\n${String(stdout)}${String(stderr)}`)
}

function linkPackages(cwd: string, production: boolean): void {
  const { packages } = JSON.parse(readFileSync(join(cwd, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { readonly dev?: boolean }>>
  } // npm writes it
  for (const [path, { dev = false }] of Object.entries(packages)) {
    const isTop = /^node_modules\/(?:@[^/]+\/)?[^/]+$/.test(path)
    if (!isTop || !existsSync(path) || (production && dev)) continue
    mkdirSync(dirname(join(cwd, path)), { recursive: true })
    symlinkSync(join(process.cwd(), path), join(cwd, path))
  }
  const programs = join(cwd, 'node_modules/.bin')
  if (!production) symlinkSync(join(process.cwd(), 'node_modules/.bin'), programs)
}

/** Says which files the build does not see: the last pattern that fits decides, as Docker reads `.dockerignore`. */
function ignoreRules(file: string): (path: string) => boolean {
  const rules = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ pattern: line.replace(/^!/, ''), ignores: !line.startsWith('!') }))
  for (const { pattern } of rules) {
    if (pattern !== '*' && /[*?[]/.test(pattern))
      throw new Error(`${file}: ${pattern} is not understood here`)
  }
  return (path) =>
    rules.findLast(({ pattern }) => pattern === '*' || path === pattern || path.startsWith(`${pattern}/`))
      ?.ignores ?? false
}

function stringsIn(text: string): string[] {
  const parsed: unknown = JSON.parse(text)
  if (!Array.isArray(parsed)) throw new Error(`CMD is not a list: ${text}`)
  return parsed.map(String)
}

/** The files of a folder, without what is linked. */
export function filesIn(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (path) => !path.includes('node_modules'),
  )
}
