/** Operations that give files: those of documents, printed records, images. Each record is looked up through the one door first. */
import { printed, recordImages } from '../corebos/files.ts'
import { parseId } from '../corebos/ids.ts'
import { GatewayError } from '../errors.ts'
import { fewAtOnce } from '../few-at-once.ts'
import { afresh, find, readBy, type Asker, type Found } from '../pipeline.ts'
import { mayBePrinted } from '../printed.ts'
import type { Input, Visitor } from './call.ts'
import { result, WebserviceRefusal, type Result } from './envelope.ts'
import { namesOf, requireLength } from './lists.ts'
import type { Parameter } from './php.ts'

/** Files in one answer, which holds them all at once. */
const mostFiles = 10

/** Ids of other modules are passed over, as in coreBOS; a document that cannot be seen refuses the whole. */
export async function retrievedocattachment(input: Input, visitor: Visitor): Promise<Result> {
  const documents = visitor.asker.sight.find('Documents')
  const ids = namesOf(input, 'id')
  const wanted = ids.filter(
    (id) => documents !== undefined && parseId(id)?.prefix === documents.module.idPrefix,
  )
  requireLength('id', wanted.length, mostFiles, 'documents')
  // PHP's idea of an empty text; `false` is none.
  const withContent = !['', '0'].includes(input.text('returnfile'))
  const asker = afresh(visitor.asker)
  const found = await fewAtOnce(wanted, async (id) => document(id, asker))
  const files: [string, Parameter][] = []
  for (const each of found) files.push([each.id.text, await attachment(each, withContent, visitor)])
  return result(files.length === 0 ? [] : Object.fromEntries(files))
}

async function document(id: string, asker: Asker): Promise<Found> {
  const denied = new WebserviceRefusal('ACCESS_DENIED', `Permission to read given object (${id}) is denied`)
  try {
    const found = await find(id, asker)
    if (found.view.readable.has('filename')) return found
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'NOT_FOUND') throw error
  }
  throw denied
}

async function attachment(found: Found, withContent: boolean, visitor: Visitor): Promise<Parameter> {
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
  const file = withContent ? await visitor.asker.reader.attachment(id, readBy(view)) : undefined
  if (file === undefined) return []
  return { ...about, attachment: (await file.content.bytes()).toString('base64') }
}

export async function getpdfdata(input: Input, visitor: Visitor): Promise<Result> {
  const { id, view } = await find(input.text('id'), visitor.asker)
  const pdf = mayBePrinted(view) ? await printed(visitor.callerFor(readBy(view)), id) : undefined
  if (pdf === undefined) {
    throw new WebserviceRefusal('ACCESS_DENIED', 'Only Inventory & GV defined modules support PDF Output.')
  }
  const { name, idPrefix } = view.module
  const recordid = id.text.slice(idPrefix.length + 1)
  return result([{ recordid, modulename: name, pdf_data: pdf.toString('base64') }])
}

export async function getRecordImages(input: Input, visitor: Visitor): Promise<Result> {
  const { id, view } = await find(input.text('id'), visitor.asker)
  const shows = [...view.readable.values()].some(({ uitype }) => uitype === '69' || uitype === '69m')
  const { count, images } = await recordImages(visitor.callerFor(readBy(view)), id)
  if (!shows) return result({ results: 0, ...(images !== undefined && { images: [] }) })
  return result({
    results: count,
    ...(images !== undefined && { images: images.map(({ name, mediaType }) => ({ name, type: mediaType })) }),
  })
}
