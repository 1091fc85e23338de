/** The file of a document on its way to coreBOS. */
import type { FormFile } from './form-file.ts'

/** The file of a document. */
export interface DocumentFile {
  /** coreBOS replaces blanks and `../` by `_`. */
  readonly name: string
  /** coreBOS stores it unchanged. */
  readonly mediaType: string
  readonly content: FormFile
}

export interface File {
  readonly filename: string
  /** The media type as declared at the upload. */
  readonly mediaType: string
}
