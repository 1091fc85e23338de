/**
 * Forms of `multipart/form-data`, as `/webservice.php` and the upload of documents read them. The first line of an
 * input is the rest of the content type, everything else the body. The pieces in which a body arrives change nothing,
 * text that is not UTF-8 is never repaired, and no temporary file stays.
 */
import { deepStrictEqual, ok } from 'node:assert'
import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import multipart from '@fastify/multipart'
import Fastify from 'fastify'
import { whileText } from '../../../src/http/form-text.ts'
import { GatewayError } from '../../../src/model/errors.ts'
import { AcceptedTypes } from '../../../src/records/documents/media-type.ts'
import { isPartAFile, readUpload } from '../../../src/records/documents/upload.ts'
import { multipartPairs } from '../../../src/webservice/multipart.ts'
import type { Pair } from '../../../src/webservice/php.ts'

/** Where this process puts temporary files. */
const temporary = mkdtempSync(join(tmpdir(), 'fuzz-'))
process.env['TMPDIR'] = temporary

const codes: ReadonlySet<string> = new Set([
  ...['BAD_REQUEST', 'UNSUPPORTED_MEDIA_TYPE', 'BODY_TOO_LARGE', 'VALIDATION_FAILED'],
])

async function codeOr<T>(work: () => Promise<T>): Promise<T | string> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof GatewayError && codes.has(error.code)) return error.code
    throw error
  }
}

const types = new AcceptedTypes(['text/plain', 'image/png', 'application/pdf'])
const app = Fastify()
app.register(multipart, {
  throwFileSizeLimit: false,
  isPartAFile,
  limits: { files: 1, fileSize: 2000, fields: 20, fieldSize: 1000, parts: 21 },
})
app.after(() => {
  app.post('/', async (request) => {
    if (!request.isMultipart()) return 'no form'
    const type = request.headers['content-type'] ?? ''
    return codeOr(async () => {
      const { file, values, relatedTo } = await whileText(request.raw, type, async () =>
        readUpload(request.parts(), types),
      )
      return { name: file.name, size: file.content.size, digest: file.content.digest, values, relatedTo }
    })
  })
})

function pieces(body: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(body.length / size) }, (_, index) =>
    body.subarray(index * size, (index + 1) * size),
  )
}

async function uploaded(type: string, payload: Buffer[]): Promise<string> {
  const { statusCode, body } = await app.inject({
    method: 'POST',
    url: '/',
    headers: { 'content-type': type },
    payload: Readable.from(payload, { objectMode: false }),
  })
  ok(statusCode < 500, body)
  return body
}

const replacement = '\ufffd'

function requireSentText(body: Buffer, read: string): void {
  if (read.includes(replacement))
    ok(body.includes(Buffer.from(replacement)) || body.includes('%EF%BF%BD'), read)
}

/** The pairs in a form of the target's own give the same pairs. */
async function requireFixpoint(pairs: Pair[]): Promise<void> {
  if (pairs.some(([name, value]) => /["\\\r\n%]/.test(name) || value.includes('--own'))) return
  const parts = pairs.map(
    ([name, value]) => `--own\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const again = await multipartPairs(
    'multipart/form-data; boundary=own',
    Buffer.from(`${parts.join('')}--own--\r\n`),
  )
  deepStrictEqual(again, pairs)
}

export async function fuzz(data: Buffer): Promise<void> {
  const end = data.indexOf(0x0a)
  const rest = data.toString('latin1', 0, end < 0 ? 0 : end)
  const body = data.subarray(end + 1)
  // Node accepts no other characters in a header.
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(rest)) return
  const type = `multipart/form-data${rest}`.trim()
  const pairs = await codeOr(async () => multipartPairs(type, body))
  if (typeof pairs !== 'string') {
    requireSentText(body, pairs.flat().join())
    await requireFixpoint(pairs)
  }
  const whole = await uploaded(type, [body])
  requireSentText(body, whole)
  deepStrictEqual(await uploaded(type, pieces(body, 1 + (body.length % 13))), whole)
  const files = readdirSync(temporary).filter((name) => !name.startsWith('jazzer.js-'))
  deepStrictEqual(files, [], 'no temporary file stays')
}
