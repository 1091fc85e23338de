/** A file as HTTP answers it (RFC 9110, 6266 and 8187): nothing that a browser would run here, whole or in part. */
import type { File } from '../model/document-file.ts'
import { create as contentDisposition } from 'content-disposition'

/** The headers of a request that select a part of a file, and its condition. */
export interface Wanted {
  readonly range?: string | undefined
  readonly 'if-range'?: string | undefined
  readonly 'if-none-match'?: string | undefined
}

export interface FileAnswer {
  readonly status: 200 | 206 | 304 | 416
  readonly headers: Readonly<Record<string, string>>
  /** The selected bytes; undefined: all, if there is a body. */
  readonly part: Range | undefined
}

/** @param inert media types that are sent as declared; others are sent as bytes */
export function fileHeaders(
  { filename, mediaType }: File,
  inert: ReadonlySet<string>,
): Record<string, string> {
  return {
    'content-type': inert.has(mediaType) ? mediaType : 'application/octet-stream',
    'content-disposition': contentDisposition(filename.toWellFormed()),
    'x-content-type-options': 'nosniff',
    // Uploaded by users and served from the portal's origin: it must never run there.
    'content-security-policy': "default-src 'none'; sandbox",
  }
}

/**
 * The selected part: the whole file if no range is named, or a malformed one, or several.
 *
 * @param size of the file, in bytes
 * @param tag the entity tag of the file
 */
export function answerFor(size: number, tag: string, wanted: Wanted): FileAnswer {
  const headers = { etag: tag, 'accept-ranges': 'bytes' }
  const known = wanted['if-none-match']?.split(',').map((each) => each.trim().replace(/^W\//, ''))
  if (known?.includes(tag) === true || known?.includes('*') === true) {
    return { status: 304, headers, part: undefined }
  }
  const condition = wanted['if-range']
  const range = condition === undefined || condition === tag ? rangeOf(wanted.range, size) : undefined
  if (range === undefined)
    return { status: 200, headers: { ...headers, 'content-length': String(size) }, part: undefined }
  if (range === 'unsatisfiable') {
    return { status: 416, headers: { 'content-range': `bytes */${size}` }, part: undefined }
  }
  const { first, last } = range
  return {
    status: 206,
    headers: {
      ...headers,
      'content-range': `bytes ${first}-${last}/${size}`,
      'content-length': String(last - first + 1),
    },
    part: range,
  }
}

/** Both ends are within the file, and counted. */
export interface Range {
  readonly first: number
  readonly last: number
}

function rangeOf(header: string | undefined, length: number): Range | 'unsatisfiable' | undefined {
  const [, from, to] =
    /^bytes=([0-9]{0,15})-([0-9]{0,15})$/i.exec(header?.replaceAll(/[ \t]/g, '') ?? '') ?? []
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined
  if (from === '') {
    const count = Math.min(Number(to), length)
    return count === 0 ? 'unsatisfiable' : { first: length - count, last: length - 1 }
  }
  const first = Number(from)
  if (to !== '' && Number(to) < first) return undefined
  return first >= length
    ? 'unsatisfiable'
    : { first, last: to === '' ? length - 1 : Math.min(Number(to), length - 1) }
}
