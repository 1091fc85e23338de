/** Sends a checked write to coreBOS, once, in the session that may write it, and ends what it outdates. */
import type { WriteBy, WriteContext } from '../access/context.ts'
import { CorebosRejection, LostWrite } from '../model/corebos-errors.ts'
import { GatewayError } from '../model/errors.ts'
import { readBy } from '../read/send.ts'
import type { Row } from '../scope/verify.ts'
import type { ModuleView } from '../scope/view.ts'
import { translated } from './rejection.ts'

/** The contact's own coreBOS session writes wherever it reaches, so that coreBOS's own rights count too. */
export function writtenBy(view: ModuleView): WriteBy {
  return readBy(view) === 'service' ? 'service' : 'contact'
}

/** Where coreBOS hides records from a contact's own session, that may add to them and not change them. */
export function changedBy(view: ModuleView): WriteBy {
  return readBy(view) === 'contact' ? 'contact' : 'service'
}

/** @param row the record as it is to be, where values are written */
export async function perform<T>(
  view: ModuleView,
  author: WriteContext,
  call: () => Promise<T>,
  row?: Row,
): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof LostWrite) await outdate(author)
    throw error instanceof CorebosRejection ? translated(error, view, row) : error
  }
}

/** What was written stands, also where nothing can be read now. @param modules those that were written; absent: any */
export async function outdate(author: WriteContext, modules?: readonly string[]): Promise<void> {
  try {
    await author.changed(modules)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
  }
}
