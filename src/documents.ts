/** The files of documents: each is the contact's to read exactly while its document is. */
import type { Attachment } from './corebos/read.ts'
import { GatewayError } from './errors.ts'
import { find, readBy, type Asker } from './pipeline.ts'

/** @throws GatewayError `NOT_FOUND`, whether there is no such document, not for this contact, or none with a file */
export async function documentFile(id: string, asker: Asker): Promise<Attachment> {
  const { id: cleared, view, row } = await find(id, asker)
  // Whoever may not read the name of a file may not read the file. `E` would be a link to elsewhere.
  const isFile = view.readable.get('filename')?.type === 'file' && row['filelocationtype'] === 'I'
  const file = isFile ? await asker.reader.attachment(cleared, readBy(view)) : undefined
  if (file === undefined) throw new GatewayError('NOT_FOUND')
  return file
}
