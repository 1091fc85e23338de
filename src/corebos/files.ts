/** Files that coreBOS creates or stores for a record, besides the file of a document. */
import { CorebosRejection } from '../model/corebos-errors.ts'
import { ask, outcomeOf, type Caller } from './caller.ts'
import type { ClearedId } from '../model/cleared-id.ts'
import { array, isObject, object, text, textOrNumber } from './shape.ts'

/**
 * @returns undefined if the record does not exist or is not visible to this caller, or PDFs of its module are not
 * supported
 */
export async function printed(caller: Caller, id: ClearedId): Promise<Buffer | undefined> {
  const outcome = await outcomeOf(caller, { operation: 'getpdfdata', params: { id: id.text } })
  if (outcome.kind === 'rejection') {
    if (outcome.code === 'ACCESS_DENIED') return undefined
    throw new CorebosRejection('getpdfdata', outcome.code, outcome.message)
  }
  const { pdf_data: base64 } = object(array(outcome.result, 'PDF')[0], 'PDF')
  return Buffer.from(text(base64, 'PDF'), 'base64')
}

export interface RecordImage {
  readonly name: string
  readonly mediaType: string
}

export interface RecordImages {
  readonly count: number
  /** Absent for products, of which coreBOS returns only the number of images. */
  readonly images: readonly RecordImage[] | undefined
}

/** Addresses of files are left out: they can be fetched without a session. */
export async function recordImages(caller: Caller, id: ClearedId): Promise<RecordImages> {
  const what = 'list of images'
  const { result } = await ask(caller, { operation: 'getRecordImages', params: { id: id.text } })
  const { results, images } = object(result, what)
  const listed = Array.isArray(images) ? images : isObject(images) ? Object.values(images) : undefined
  return {
    count: Number(textOrNumber(results, what)),
    images: listed?.map((each) => {
      const { name, type } = object(each, what)
      return { name: text(name, what), mediaType: text(type, what) }
    }),
  }
}
