/** Which responses are compressed, and how: only those that hold no secret that an attacker could guess from their length. */
import { Transform } from 'node:stream'
import { promisify } from 'node:util'
import { brotliCompress, constants, createBrotliCompress, createGzip, gzip } from 'node:zlib'

export type Coding = 'br' | 'gzip'

/**
 * Guessing by length (BREACH) takes a browser that sends the attacker's requests with the credentials of the contact.
 * `always`: nothing in the response is worth a guess. `without-cookies`: records, which may be compressed where the
 * credentials are in a header, because no other page can send that.
 */
export type Rule = 'always' | 'without-cookies'

/** Responses with tokens, one-time links and files are not among them. */
export const compressedRoutes: Readonly<Record<string, Rule>> = {
  'GET /openapi.json': 'always',
  'GET /docs': 'always',
  'GET /docs/': 'always',
  'GET /docs/json': 'always',
  'GET /docs/yaml': 'always',
  'GET /docs/static/*': 'always',
  'GET /docs/static/index.html': 'always',
  'GET /docs/static/swagger-initializer.js': 'always',
  'GET /': 'always',
  'GET /portal/assets/:name': 'always',
  'GET /modules': 'always',
  'GET /modules/openapi.json': 'always',
  'GET /modules/:module': 'always',
  'GET /me': 'without-cookies',
  'GET /modules/:module/records': 'without-cookies',
  'GET /modules/:module/aggregate': 'without-cookies',
  'GET /records/:id': 'without-cookies',
  'GET /records/:id/related/:other': 'without-cookies',
  'GET /records/:id/comments': 'without-cookies',
  'GET /search': 'without-cookies',
  'GET /query': 'without-cookies',
  'POST /query': 'without-cookies',
}

const compressibleTypes = /^(?:application\/(?:json|javascript|yaml|x-yaml)|text\/|image\/svg\+xml)/

/** Bytes; a smaller body gains nothing. */
const smallestBody = 1024

/** Brotli's middle way between time and size for bodies that are made for each request. */
const brotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }

export function isCompressible(contentType: string): boolean {
  return compressibleTypes.test(contentType)
}

export function isLongEnough(body: string | Buffer): boolean {
  return Buffer.byteLength(body) >= smallestBody
}

/** @param acceptEncoding the header of the request (RFC 9110, 12.5.3) */
export function codingFor(acceptEncoding: string | undefined): Coding | undefined {
  if (acceptEncoding === undefined || acceptEncoding === '') return undefined
  const weights = new Map(
    acceptEncoding.split(',').map((each) => {
      const [name = '', ...parameters] = each.split(';').map((part) => part.trim().toLowerCase())
      const weight = parameters.find((part) => part.startsWith('q='))?.slice(2)
      return [name, weight === undefined ? 1 : Number(weight)] as const
    }),
  )
  const weightOf = (coding: Coding) => weights.get(coding) ?? weights.get('*') ?? 0
  const [br, zip] = [weightOf('br'), weightOf('gzip')]
  if (br > 0 && br >= zip) return 'br'
  return zip > 0 ? 'gzip' : undefined
}

const encoders = { br: promisify(brotliCompress), gzip: promisify(gzip) }

/** What kept bodies are in the codings that they were asked for in. */
const kept = new WeakMap<Buffer, Map<Coding, Promise<Buffer>>>()

/** A body that is sent again is compressed once. */
export function keepEncodings(body: Buffer): void {
  kept.set(body, new Map())
}

export async function encode(body: string | Buffer, coding: Coding): Promise<Buffer> {
  const encodings = typeof body === 'string' ? undefined : kept.get(body)
  const encoded = encodings?.get(coding) ?? compressed(body, coding)
  encodings?.set(coding, encoded)
  return encoded
}

async function compressed(body: string | Buffer, coding: Coding): Promise<Buffer> {
  return coding === 'br' ? encoders.br(Buffer.from(body), brotliOptions) : encoders.gzip(body)
}

export function encoder(coding: Coding): Transform {
  return coding === 'br' ? createBrotliCompress(brotliOptions) : createGzip()
}
