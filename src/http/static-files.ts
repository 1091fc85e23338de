/** Files that are read once and served from memory: the built pages of the reference portal. */
import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'

export interface StaticFile {
  readonly bytes: Buffer
  readonly type: string
  /** An entity tag. */
  readonly etag: string
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.gif': 'image/gif',
}

export function staticFile(name: string, bytes: Buffer): StaticFile {
  return {
    bytes,
    type: types[extname(name).toLowerCase()] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
  }
}

/** @returns the files of a folder by name, without its folders; undefined if the folder does not exist */
export async function readFolder(folder: string): Promise<ReadonlyMap<string, StaticFile> | undefined> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined)
  if (entries === undefined) return undefined
  const files = entries.filter((entry) => entry.isFile())
  return new Map(
    await Promise.all(
      files.map(async ({ name }) => [name, staticFile(name, await readFile(join(folder, name)))] as const),
    ),
  )
}
