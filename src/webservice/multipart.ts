/** A form of `multipart/form-data` that has been taken in, as PHP reads it: texts only. */
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { Busboy } from '@fastify/busboy'
import { FormText } from '../http/form-text.ts'
import { GatewayError } from '../model/errors.ts'
import { isPartAFile } from '../records/documents/upload.ts'
import { bounds, multipartPair, type Pair } from './php.ts'

/**
 * @throws GatewayError `BAD_REQUEST` if it is malformed or not UTF-8, `UNSUPPORTED_MEDIA_TYPE` for another charset,
 * `BODY_TOO_LARGE` if it has too many parts
 */
export async function multipartPairs(contentType: string, body: Buffer): Promise<Pair[]> {
  try {
    return await parse(contentType, body)
  } catch (error) {
    throw error instanceof GatewayError
      ? error
      : new GatewayError('BAD_REQUEST', 'the form (multipart/form-data) cannot be read', { cause: error })
  }
}

/** Bytes between two looks at whether the form is still one that is read. */
const sliceBytes = 16 * 1024

async function* slicesOf(body: Buffer, text: FormText): AsyncGenerator<Buffer> {
  for (let at = 0; at < body.length; at += sliceBytes) {
    const slice = body.subarray(at, at + sliceBytes)
    text.push(slice)
    text.require()
    yield slice
    // The parser tells of parts after it has taken a slice.
    await setImmediate()
  }
}

async function parse(contentType: string, body: Buffer): Promise<Pair[]> {
  const pairs: Pair[] = []
  const parser = new Busboy({
    headers: { 'content-type': contentType },
    isPartAFile,
    limits: { fieldSize: Infinity, fields: bounds.variables, parts: bounds.variables, files: 1 },
  })
  const fail = (code: 'BAD_REQUEST' | 'BODY_TOO_LARGE', why: string) => (): void => {
    parser.destroy(new GatewayError(code, why))
  }
  const tooMany = fail('BODY_TOO_LARGE', `the form has more than ${bounds.variables} parts`)
  parser.on('partsLimit', tooMany).on('fieldsLimit', tooMany)
  parser.on('file', (_name, stream) => {
    stream.on('error', () => undefined).resume()
    fail('BAD_REQUEST', 'files come in JSON, not as parts')()
  })
  // A part without a name, which the types deny, is nothing to PHP.
  parser.on('field', (name: string | undefined, value, isNameCut, _valueCut, _encoding, mediaType) => {
    if (isNameCut) fail('BAD_REQUEST', 'the name of a part is too long')()
    else if (/^application\/json\b/i.test(mediaType)) fail('BAD_REQUEST', 'a part is a text')()
    else if (name !== undefined) push(name, value)
  })
  const push = (name: string, value: string): void => {
    try {
      pairs.push(multipartPair(name, value))
    } catch (error) {
      parser.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }
  await pipeline(slicesOf(body, new FormText(contentType)), parser)
  return pairs
}
