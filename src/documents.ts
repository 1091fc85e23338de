/** The files of documents: each is the contact's to read exactly while its document is. */
import type { Attachment } from './corebos/read.ts'
import { GatewayError } from './errors.ts'
import { find, readBy, type Asker, type Found } from './pipeline.ts'

/** A document with a file. @throws GatewayError `NOT_FOUND`, whether it is not there, not this contact's, or without one */
export async function findDocument(id: string, asker: Asker): Promise<Found> {
  const found = await find(id, asker)
  const { view, row } = found
  // Whoever may not read the name of a file may not read the file. `E` would be a link to elsewhere.
  if (view.readable.get('filename')?.type === 'file' && row['filelocationtype'] === 'I') return found
  throw new GatewayError('NOT_FOUND')
}

/** @throws GatewayError as {@link findDocument} */
export async function documentFile(id: string, asker: Asker): Promise<Attachment> {
  const { id: cleared, view } = await findDocument(id, asker)
  const file = await asker.reader.attachment(cleared, readBy(view))
  if (file === undefined) throw new GatewayError('NOT_FOUND')
  return file
}
