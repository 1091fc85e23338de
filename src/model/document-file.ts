/** The file of a document on its way to coreBOS. */
import type { FormFile } from './form-file.ts'

/** The file of a document. */
export interface DocumentFile {
  /** coreBOS makes `_` of blanks and of ways up the tree. */
  readonly name: string
  /** coreBOS keeps it as it is. */
  readonly mediaType: string
  readonly content: FormFile
}

export interface File {
  readonly filename: string
  /** The media type as declared at the upload. */
  readonly mediaType: string
}
