/** Media types that are accepted for uploads, under all the names that clients use. */
import { createRequire } from 'node:module'

// It has no types; these are the functions in use.
const mediaTypes = createRequire(import.meta.url)('mime') as {
  getType(name: string): string | null
  getExtension(type: string): string | null
}

const unknown = 'application/octet-stream'

/** Other names of types, by the registered one: as declared by browsers, operating systems and mail programs. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  [unknown]: [
    '',
    'application/binary',
    'application/download',
    'application/force-download',
    'application/unknown',
    'application/x-download',
    'application/x-octet-stream',
    'application/x-unknown',
    'binary/octet-stream',
  ],
  'application/msword': ['application/doc', 'application/vnd.msword', 'application/x-msword'],
  'application/pdf': ['application/acrobat', 'application/x-pdf', 'text/pdf', 'text/x-pdf'],
  'application/rtf': ['application/x-rtf', 'text/richtext', 'text/rtf'],
  'application/vnd.ms-excel': [
    'application/excel',
    'application/msexcel',
    'application/x-excel',
    'application/x-msexcel',
    'application/xls',
  ],
  'application/vnd.ms-outlook': ['application/msoutlook', 'application/x-msg'],
  'application/vnd.ms-powerpoint': [
    'application/mspowerpoint',
    'application/powerpoint',
    'application/x-mspowerpoint',
    'application/x-powerpoint',
  ],
  'application/zip': ['application/x-compressed', 'application/x-zip', 'application/x-zip-compressed'],
  'image/gif': ['image/x-gif'],
  'image/heic': ['image/x-heic'],
  'image/heif': ['image/x-heif'],
  'image/jpeg': ['image/jfif', 'image/jpe', 'image/jpg', 'image/pjpeg', 'image/x-jpeg', 'image/x-jpg'],
  'image/png': ['image/x-png'],
  'image/tiff': ['image/tif', 'image/x-tif', 'image/x-tiff'],
  'image/webp': ['image/x-webp'],
  'message/rfc822': ['application/eml', 'application/x-eml', 'message/eml'],
  'text/csv': [
    'application/csv',
    'application/x-csv',
    'text/comma-separated-values',
    'text/x-comma-separated-values',
    'text/x-csv',
  ],
  'text/plain': ['application/txt', 'text/txt', 'text/x-plain'],
}
const registered = new Map(
  Object.entries(aliases).flatMap(([type, others]) => others.map((other) => [other, type] as const)),
)

/** File extensions that the list of registered ones lacks. */
const endings: Readonly<Record<string, string>> = {
  jfif: 'image/jpeg',
  pjpeg: 'image/jpeg',
  hif: 'image/heif',
}

/** The registered name of a type, in lower case and without parameters. */
function registeredType(declared: string): string {
  const [type = ''] = declared.split(';', 1)
  const name = type.trim().toLowerCase()
  return registered.get(name) ?? name
}

function typeOfName(name: string): string | undefined {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  const type = Object.hasOwn(endings, ending) ? endings[ending] : mediaTypes.getType(name)
  return type === undefined || type === null ? undefined : registeredType(type)
}

/** Media types that are accepted. */
export class AcceptedTypes {
  /** By their registered names. */
  readonly names: ReadonlySet<string>

  /** @param types under any of their names */
  constructor(types: Iterable<string>) {
    this.names = new Set([...types].map(registeredType))
  }

  /**
   * The media type under which a file is stored. The web server of coreBOS uses the extension, not the declared type,
   * and serves files without a session: so the type of the extension must be accepted as well.
   *
   * @param declared by the client; empty and `application/octet-stream` mean unknown
   * @returns undefined if it is not accepted
   */
  typeOf(name: string, declared: string): string | undefined {
    const type = registeredType(declared)
    if (type !== unknown && !this.names.has(type)) return undefined
    const byName = name.includes('.') ? typeOfName(name) : type
    return byName !== undefined && this.names.has(byName) ? byName : undefined
  }

  /** For a message: each type with the extension of its files. */
  toString(): string {
    return [...this.names]
      .map((type) => {
        const ending = mediaTypes.getExtension(type)
        return ending === null ? type : `${type} (.${ending})`
      })
      .join(', ')
  }
}
