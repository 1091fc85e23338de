/** Operations that give files: those of documents, printed records, images. `src/read/` finds each record first. */
import type { ReadContext } from '../access/context.ts'
import { printed, recordImages } from '../corebos/files.ts'
import { parseId } from '../model/webservice-id.ts'
import { GatewayError } from '../model/errors.ts'
import { mapLimited } from '../model/map-limited.ts'
import { bypassCache } from '../access/bypass-cache.ts'
import { find, type Found } from '../read/records-by-id.ts'
import { readBy } from '../read/send.ts'
import { mayBePrinted } from '../records/pdf.ts'
import type { Input, WebserviceContext } from './call.ts'
import { result, WebserviceRejection, type Result } from './envelope.ts'
import { namesOf, requireIds, requireLength } from './lists.ts'
import type { Parameter } from './php.ts'

/** Files in one answer, which holds them all at once. */
const mostFiles = 10

/** Ids of other modules are passed over, as in coreBOS; a document that cannot be seen rejects the whole. */
export async function retrievedocattachment(input: Input, client: WebserviceContext): Promise<Result> {
  const documents = client.context.visible.find('Documents')
  const ids = namesOf(input, 'id')
  requireIds('id', ids)
  const wanted = ids.filter(
    (id) => documents !== undefined && parseId(id)?.prefix === documents.module.idPrefix,
  )
  requireLength('id', wanted.length, mostFiles, 'documents')
  // PHP's idea of an empty text; `false` is none.
  const withContent = !['', '0'].includes(input.text('returnfile'))
  const context = bypassCache(client.context)
  const found = await mapLimited(wanted, async (id) => document(id, context))
  const files: [string, Parameter][] = []
  for (const each of found) files.push([each.id.text, await attachment(each, withContent, client)])
  return result(files.length === 0 ? [] : Object.fromEntries(files))
}

async function document(id: string, context: ReadContext): Promise<Found> {
  const denied = new WebserviceRejection('ACCESS_DENIED', `Permission to read given object (${id}) is denied`)
  try {
    const found = await find(id, context)
    if (found.view.readable.has('filename')) return found
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'NOT_FOUND') throw error
  }
  throw denied
}

async function attachment(found: Found, withContent: boolean, client: WebserviceContext): Promise<Parameter> {
  const { id, view, row } = found
  const cell = (name: string): string => (view.readable.has(name) ? (row[name] ?? '') : '')
  const about = {
    recordid: id.text.slice(view.module.idPrefix.length + 1),
    filetype: cell('filetype'),
    filename: cell('filename'),
    filesize: Number(cell('filesize')),
  }
  const isLink = row['filelocationtype'] !== 'I'
  if (isLink || (!withContent && about.filename !== '')) return { ...about, attachment: '' }
  const file = withContent ? await client.context.reader.attachment(id, readBy(view)) : undefined
  if (file === undefined) return []
  return { ...about, attachment: (await file.content.bytes()).toString('base64') }
}

export async function getpdfdata(input: Input, client: WebserviceContext): Promise<Result> {
  const { id, view } = await find(input.text('id'), client.context)
  const pdf = mayBePrinted(view) ? await printed(client.callerFor(readBy(view)), id) : undefined
  if (pdf === undefined) {
    throw new WebserviceRejection('ACCESS_DENIED', 'Only Inventory & GV defined modules support PDF Output.')
  }
  const { name, idPrefix } = view.module
  const recordid = id.text.slice(idPrefix.length + 1)
  return result([{ recordid, modulename: name, pdf_data: pdf.toString('base64') }])
}

export async function getRecordImages(input: Input, client: WebserviceContext): Promise<Result> {
  const { id, view } = await find(input.text('id'), client.context)
  const shows = [...view.readable.values()].some(({ uitype }) => uitype === '69' || uitype === '69m')
  const { count, images } = await recordImages(client.callerFor(readBy(view)), id)
  if (!shows) return result({ results: 0, ...(images !== undefined && { images: [] }) })
  return result({
    results: count,
    ...(images !== undefined && { images: images.map(({ name, mediaType }) => ({ name, type: mediaType })) }),
  })
}
