/** Reads and changes records the way the pages need them: with names and labels, and with a way to undo a change. */
import { GatewayError, type Filter, type Gateway, type Page } from '../client/index.ts'
import type { Item, Value } from './types.ts'

type Values = Readonly<Record<string, Value>>

export interface ListRequest {
  readonly fields?: readonly string[]
  readonly filter?: Filter<Record<string, Value>>
  readonly sort?: readonly string[]
  readonly limit?: number
  readonly offset?: number
  readonly count?: boolean
  /** Names of referenced records and labels of picklists. */
  readonly display?: boolean
}

export async function listRecords(
  gateway: Gateway,
  module: string,
  request: ListRequest,
  signal: AbortSignal,
): Promise<Page<Item>> {
  return gateway.records(module).list({ ...request, signal })
}

export async function readRecord(
  gateway: Gateway,
  module: string,
  id: string,
  signal: AbortSignal,
): Promise<Item> {
  return gateway.records(module).get(id, { display: true, signal })
}

export async function relatedRecords(
  gateway: Gateway,
  id: string,
  module: string,
  signal: AbortSignal,
): Promise<readonly Item[]> {
  const path = `/records/${encodeURIComponent(id)}/related/${encodeURIComponent(module)}?display=true`
  const { records } = await gateway.json<{ readonly records: readonly Item[] }>({ path, signal })
  return records
}

/** The record has changed since the page was loaded; `record` is what it is now. */
export class ChangedMeanwhile extends Error {
  override readonly name = 'ChangedMeanwhile'
  readonly record: Item
  readonly etag: string | undefined

  constructor(record: Item, etag: string | undefined) {
    super('the record has changed meanwhile')
    this.record = record
    this.etag = etag
  }
}

/**
 * Changes fields of a record as it was read.
 *
 * @throws ChangedMeanwhile with what the record is now
 */
export async function changeRecord(
  gateway: Gateway,
  module: string,
  id: string,
  changes: Values,
  etag: string | undefined,
): Promise<Item> {
  const records = gateway.records(module)
  try {
    return await records.update(id, changes, etag === undefined ? {} : { ifMatch: etag })
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'PRECONDITION_FAILED') throw error
    const now = await records.read(id)
    throw new ChangedMeanwhile(now.record, now.etag)
  }
}

/**
 * Changes fields that a page shows, unless one of them has another value by now.
 *
 * @throws ChangedMeanwhile
 */
export async function changeFields(
  gateway: Gateway,
  module: string,
  id: string,
  { from, to }: { readonly from: Readonly<Record<string, unknown>>; readonly to: Values },
): Promise<Item> {
  const { record, etag } = await gateway.records(module).read(id)
  const now: Item = record
  const isSame = Object.keys(to).every((name) => JSON.stringify(now[name]) === JSON.stringify(from[name]))
  if (!isSame) throw new ChangedMeanwhile(now, etag)
  return changeRecord(gateway, module, id, to, etag)
}
