/** Bundles the reference portal: one script and one style with hashes in their names, and the page that names them. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'esbuild'

/** Browsers of the last years. */
const targets = ['chrome111', 'edge111', 'firefox114', 'safari16.4']

/** @param folder of the build; the portal becomes a folder in it */
export async function buildPortal(folder: string): Promise<void> {
  const target = join(folder, 'portal')
  mkdirSync(target, { recursive: true })
  const { metafile } = await build({
    entryPoints: { portal: 'src/portal/main.tsx', icon: 'src/portal/icon.svg' },
    tsconfig: 'src/portal/tsconfig.json',
    outdir: target,
    entryNames: '[name]-[hash]',
    loader: { '.svg': 'copy' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: targets,
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
  })
  const names = Object.keys(metafile.outputs).map((path) => basename(path))
  const named = (pattern: RegExp): string => {
    const name = names.find((each) => pattern.test(each))
    if (name === undefined) throw new Error(`the bundle of the portal has no file ${String(pattern)}`)
    return name
  }
  const page = readFileSync('src/portal/index.html', 'utf8')
    .replace('{script}', named(/^portal-.*\.js$/))
    .replace('{style}', named(/^portal-.*\.css$/))
    .replace('{icon}', named(/^icon-.*\.svg$/))
  writeFileSync(join(target, 'index.html'), page)
}
