/** Files that are read once, compressed once in each coding, and served from memory: those of the reference portal and of `/docs`. */
import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { keepEncodings } from './compression.ts'

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
  // Any caller may ask for it.
  keepEncodings(bytes)
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

/** Sends a file that is the same for every caller, with and without a session; or 304. */
export function sendStatic(
  request: FastifyRequest,
  reply: FastifyReply,
  { bytes, type, etag }: StaticFile,
  cacheControl: string,
): FastifyReply {
  reply.removeHeader('vary').header('cache-control', cacheControl).header('etag', etag)
  const known = request.headers['if-none-match']?.includes(etag.slice(1, -1)) === true
  return known ? reply.code(304).send() : reply.type(type).send(bytes)
}
