/** Reads an upload as it arrives, within limits. */
import type { DocumentFile } from '../../model/document-file.ts'
import { Readable } from 'node:stream'
import type { Multipart, MultipartFile } from '@fastify/multipart'
import { FormFile } from '../../model/form-file.ts'
import { GatewayError } from '../../model/errors.ts'
import { activeNameProblem, baseName, missingName, nameProblem } from './file-name.ts'
import type { AcceptedTypes } from './media-type.ts'

export interface Upload {
  readonly file: DocumentFile
  /** By field of the document. */
  readonly values: Readonly<Record<string, string>>
  /** Webservice ids, as received. */
  readonly relatedTo: readonly string[]
}

/** As in PHP: a part is a file if it has a file name, independent of its declared type. */
export function isPartAFile(_field?: string, _type?: string, fileName?: string): boolean {
  return fileName !== undefined
}

/**
 * Reads the parts of a form to the end.
 *
 * @param types media types that are accepted
 * @throws GatewayError `BAD_REQUEST` (the form is malformed), `VALIDATION_FAILED`, `BODY_TOO_LARGE`,
 *   `UNSUPPORTED_MEDIA_TYPE`
 */
export async function readUpload(parts: AsyncIterable<Multipart>, types: AcceptedTypes): Promise<Upload> {
  let file: DocumentFile | undefined
  const values = new Map<string, string>()
  const relatedTo: string[] = []
  try {
    for await (const part of parts) {
      if (part.type === 'file') {
        file = await readFile(part, types)
        continue
      }
      const { fieldname, value, valueTruncated } = part
      if (valueTruncated) throw new GatewayError('BODY_TOO_LARGE', `'${fieldname}' is too long`)
      if (typeof value !== 'string') throw invalid(fieldname, `'${fieldname}' is a text`)
      if (fieldname === 'relatedTo') relatedTo.push(value)
      else if (values.has(fieldname)) throw invalid(fieldname, `'${fieldname}' is given twice`)
      else values.set(fieldname, value)
    }
  } catch (error) {
    throw unreadableForm(error)
  }
  if (file === undefined) throw invalid('file', missingName)
  return { file, values: Object.fromEntries(values), relatedTo }
}

async function readFile(part: MultipartFile, types: AcceptedTypes): Promise<DocumentFile> {
  const { filename, file } = part
  const name = unescaped(filename)
  const mediaType = requireAccepted(name, part.mimetype, types)
  const content = await FormFile.read(file)
  // A truncated file is another file.
  if (file.truncated) throw new GatewayError('BODY_TOO_LARGE', 'the file is too large')
  return { name, mediaType, content }
}

export interface EncodedFile {
  readonly name: string
  readonly declared: string
  readonly base64: string
}

/**
 * A file that came as base64 in a text.
 *
 * @throws GatewayError `VALIDATION_FAILED`, `UNSUPPORTED_MEDIA_TYPE`, `BODY_TOO_LARGE`
 */
export async function readEncodedFile(
  { name, declared, base64 }: EncodedFile,
  { types, maxBytes }: { readonly types: AcceptedTypes; readonly maxBytes: number },
): Promise<DocumentFile> {
  const ownName = baseName(name)
  const mediaType = requireAccepted(ownName, declared, types)
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length > maxBytes) {
    throw new GatewayError('BODY_TOO_LARGE', `the file is larger than ${maxBytes} bytes`)
  }
  // coreBOS ignores line breaks and a missing padding. Any other character would change the stored bytes.
  if (withoutPadding(bytes.toString('base64')) !== withoutPadding(base64.replace(/[ \t\r\n]+/g, ''))) {
    throw invalid('file', "the 'content' of a file is expected in base64; line breaks are accepted")
  }
  return { name: ownName, mediaType, content: await FormFile.read(Readable.from([bytes])) }
}

function withoutPadding(base64: string): string {
  return base64.replace(/={1,2}$/, '')
}

/** @returns the media type under which the file is stored */
function requireAccepted(name: string, declared: string, types: AcceptedTypes): string {
  const problem = nameProblem(name)
  if (problem !== undefined) throw invalid('file', problem)
  const mediaType = types.typeOf(name, declared)
  if (mediaType === undefined) {
    const message = `files of the type '${declared.slice(0, 100)}' whose names end like '${name.slice(-20)}' are not accepted; accepted types: ${String(types)}`
    throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', message)
  }
  const danger = activeNameProblem(name)
  if (danger !== undefined) throw invalid('file', danger)
  return mediaType
}

/** The escapes that browsers write in a name, and no others (WHATWG HTML, multipart form data). */
const escapes: Readonly<Record<string, string>> = { '%22': '"', '%0D': '\r', '%0A': '\n' }

function unescaped(name: string): string {
  return name.replace(/%(?:22|0D|0A)/g, (each) => escapes[each] ?? each)
}

function invalid(field: string, message: string): GatewayError {
  return new GatewayError('VALIDATION_FAILED', message, { errors: [{ field, message }] })
}

/** Translates an error of the form parser. */
function unreadableForm(error: unknown): unknown {
  if (error instanceof GatewayError) return error
  const foreign = error instanceof Error && 'code' in error && 'statusCode' in error ? error : undefined
  if (foreign?.code === 'FST_FILES_LIMIT')
    return invalid('file', 'one file is accepted, and more than one was received')
  return foreign?.statusCode === 413
    ? new GatewayError('BODY_TOO_LARGE', 'the form has too many fields', { cause: error })
    : new GatewayError('BAD_REQUEST', 'the form (multipart/form-data) is malformed', { cause: error })
}
