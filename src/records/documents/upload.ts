/** An upload as it arrives: what may come in, and how much of it. */
import type { DocumentFile } from '../../model/document-file.ts'
import { createRequire } from 'node:module'
import { Readable } from 'node:stream'
import type { Multipart, MultipartFile } from '@fastify/multipart'
import { FormFile } from '../../model/form-file.ts'
import { GatewayError } from '../../model/errors.ts'
import { notKept } from '../../scope/value.ts'

export interface Upload {
  readonly file: DocumentFile
  /** By field of the document. */
  readonly values: Readonly<Record<string, string>>
  /** Webservice ids, as they were given. */
  readonly relatedTo: readonly string[]
}

/** As for PHP: a part is a file where it has a file name, independent of its declared type. */
export function isPartAFile(_field?: string, _type?: string, fileName?: string): boolean {
  return fileName !== undefined
}

/**
 * Reads the parts of a form to the end.
 *
 * @param types media types that are accepted
 * @throws GatewayError `BAD_REQUEST` (the form cannot be read), `VALIDATION_FAILED`, `BODY_TOO_LARGE`,
 * `UNSUPPORTED_MEDIA_TYPE`
 */
export async function readUpload(
  parts: AsyncIterable<Multipart>,
  types: ReadonlySet<string>,
): Promise<Upload> {
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
  if (file === undefined) throw invalid('file', aFile)
  return { file, values: Object.fromEntries(values), relatedTo }
}

async function readFile(part: MultipartFile, types: ReadonlySet<string>): Promise<DocumentFile> {
  const { filename, file } = part
  const name = unescaped(filename)
  const mediaType = requireAccepted(name, part.mimetype, types)
  const content = await FormFile.read(file)
  // Fewer bytes than were sent are another file.
  if (file.truncated) throw new GatewayError('BODY_TOO_LARGE', 'the file is too large')
  return { name, mediaType, content }
}

/**
 * A file that came as base64 in a text.
 *
 * @throws GatewayError `VALIDATION_FAILED`, `UNSUPPORTED_MEDIA_TYPE`
 */
export async function readEncodedFile(
  { name, declared, base64 }: { readonly name: string; readonly declared: string; readonly base64: string },
  types: ReadonlySet<string>,
): Promise<DocumentFile> {
  const mediaType = requireAccepted(name, declared, types)
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.toString('base64') !== base64) throw invalid('file', 'the content of a file is in base64')
  return { name, mediaType, content: await FormFile.read(Readable.from([bytes])) }
}

/** @returns the media type that the file is kept with */
function requireAccepted(name: string, declared: string, types: ReadonlySet<string>): string {
  const problem = nameProblem(name)
  if (problem !== undefined) throw invalid('file', problem)
  const mediaType = acceptedType(name, declared, types)
  if (mediaType !== undefined) return mediaType
  const message = `files of the type '${declared.slice(0, 100)}' whose names end like '${name.slice(-20)}' are not taken`
  throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', message)
}

const aFile = 'a file with a name is expected'

/** What browsers write in a name for what would end it, and nothing else (WHATWG HTML, multipart form data). */
const escapes: Readonly<Record<string, string>> = { '%22': '"', '%0D': '\r', '%0A': '\n' }

function unescaped(name: string): string {
  return name.replace(/%(?:22|0D|0A)/g, (each) => escapes[each] ?? each)
}

/** In bytes: what a file may be called on a disk, less what coreBOS puts in front of and behind some names. */
export const longestName = 200
/** The two joiners are part of how some languages are written; all others of their kind hide or turn what is shown. */
const unprintable = /(?![\u200C\u200D])[\p{C}\p{Zl}\p{Zp}]/u

function nameProblem(name: string): string | undefined {
  if (/^[.\s]*$/.test(name)) return aFile
  if (Buffer.byteLength(name) > longestName) {
    return `the name of the file is longer than ${longestName} bytes in UTF-8`
  }
  const [lost] = notKept.exec(name) ?? []
  if (lost !== undefined) {
    return `the name of the file, '${name}', contains a character that coreBOS cannot store: ${codePoint(lost)}`
  }
  const [hidden] = unprintable.exec(name) ?? []
  return hidden && `the name of the file holds a character that cannot be shown: ${codePoint(hidden)}`
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}

// It brings no types; this is its one function in use.
const mediaTypes = createRequire(import.meta.url)('mime') as { getType(name: string): string | null }

/** What browsers on Windows say. */
const otherNames: Readonly<Record<string, string>> = { 'application/x-zip-compressed': 'application/zip' }

/**
 * The web server of coreBOS goes by the name's extension, not by the declared type, and serves files without a session: so the type
 * that the ending stands for must be accepted as well.
 *
 * @param declared by the client; `application/octet-stream` means unknown
 * @returns undefined where it is not accepted
 */
export function acceptedType(name: string, declared: string, types: ReadonlySet<string>): string | undefined {
  const said = declared.toLowerCase()
  const type = otherNames[said] ?? said
  const isUnknown = type === 'application/octet-stream'
  if (!isUnknown && !types.has(type)) return undefined
  const hasEnding = name.includes('.')
  const byName = hasEnding ? (mediaTypes.getType(name) ?? undefined) : type
  return byName !== undefined && types.has(byName) ? byName : undefined
}

function invalid(field: string, message: string): GatewayError {
  return new GatewayError('VALIDATION_FAILED', message, { errors: [{ field, message }] })
}

/** What the parser of forms throws, as what it says of the form. */
export function unreadableForm(error: unknown): unknown {
  if (error instanceof GatewayError) return error
  const foreign = error instanceof Error && 'code' in error && 'statusCode' in error ? error : undefined
  if (foreign?.code === 'FST_FILES_LIMIT') return invalid('file', 'one file is taken, and more than one came')
  return foreign?.statusCode === 413
    ? new GatewayError('BODY_TOO_LARGE', 'the form has too many fields', { cause: error })
    : new GatewayError('BAD_REQUEST', 'the form (multipart/form-data) cannot be read', { cause: error })
}
