/** What coreBOS makes or keeps as files of a record, beside the file of a document. */
import { ask, CorebosRefusal, outcomeOf, type Caller } from './caller.ts'
import type { ClearedId } from './cleared-id.ts'
import { array, isObject, object, text, textOrNumber } from './shape.ts'

/** @returns undefined where there is no such record, not for this caller, or records of its module are never printed */
export async function printed(caller: Caller, id: ClearedId): Promise<Buffer | undefined> {
  const outcome = await outcomeOf(caller, { operation: 'getpdfdata', params: { id: id.text } })
  if (outcome.kind === 'refusal') {
    if (outcome.code === 'ACCESS_DENIED') return undefined
    throw new CorebosRefusal('getpdfdata', outcome.code, outcome.message)
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
  /** Absent for products, of which coreBOS only says how many there are. */
  readonly images: readonly RecordImage[] | undefined
}

/** Where the files lie is left out: whoever knows that needs no session to fetch them. */
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
