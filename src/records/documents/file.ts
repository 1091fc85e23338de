/** Files of documents: a contact can read a file exactly if it sees the document. */
import type { ReadContext } from '../../access/context.ts'
import type { Attachment } from '../../access/context.ts'
import { GatewayError } from '../../model/errors.ts'
import { find, type Found } from '../../read/records-by-id.ts'
import { readBy } from '../../read/send.ts'

/** A document with a file. @throws GatewayError `NOT_FOUND` if it does not exist, is not visible, or has no file */
export async function findDocument(id: string, context: ReadContext): Promise<Found> {
  const found = await find(id, context)
  const { view, row } = found
  // A contact that may not read the name of a file may not read the file. `E` is a link to another server.
  if (view.readable.get('filename')?.type === 'file' && row['filelocationtype'] === 'I') return found
  throw new GatewayError('NOT_FOUND')
}

/** @throws GatewayError as {@link findDocument} */
export async function documentFile(id: string, context: ReadContext): Promise<Attachment> {
  const { id: cleared, view } = await findDocument(id, context)
  const file = await context.reader.attachment(cleared, readBy(view))
  if (file === undefined) throw new GatewayError('NOT_FOUND')
  return file
}
