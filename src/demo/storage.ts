/** The web server's side of coreBOS: uploaded files, and copies of them in `cache/`, are served without a session. */
import type { Attachment, Database } from './database.ts'

export interface StoredFile {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string | Buffer
}

const page = (status: number, title: string): StoredFile => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n`,
})

/** The path of a file below the web root, as in `_downloadurl`. */
export const filePath = ({ folder, number, name }: Attachment): string =>
  `storage/${folder}/${number}_${name}`

const TYPES: Readonly<Record<string, string>> = {
  txt: 'text/plain',
  png: 'image/png',
  jpg: 'image/jpeg',
  gif: 'image/gif',
  pdf: 'application/pdf',
  html: 'text/html',
  csv: 'text/csv',
}

const served = (file: Attachment): StoredFile => {
  const seconds = Math.floor(file.storedAt / 1000)
  return {
    status: 200,
    headers: {
      'content-type': TYPES[file.name.split('.').pop()?.toLowerCase() ?? ''] ?? 'application/octet-stream',
      'last-modified': new Date(seconds * 1000).toUTCString(),
      etag: `"${seconds.toString(16)}-${file.content.length.toString(16)}"`,
      'accept-ranges': 'bytes',
    },
    body: file.content,
  }
}

export const storedFile = (database: Database, pathname: string): StoredFile => {
  let path: string
  try {
    path = decodeURIComponent(pathname).replace(/^\//, '')
  } catch {
    return page(400, '400 Bad Request')
  }
  for (const files of database.attachments.values()) {
    for (const file of files) {
      if (filePath(file) === path || `cache/${file.name}` === path) return served(file)
      if (path.endsWith('/') && filePath(file).startsWith(path)) return page(403, '403 Forbidden')
    }
  }
  return page(404, '404 Not Found')
}
