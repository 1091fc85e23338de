/**
 * Sends a checked write to coreBOS, once, in the session that may write it, and invalidates the caches that it affects.
 */
import type { WriteBy, WriteContext } from '../access/context.ts'
import { CorebosRejection, LostWrite } from '../model/corebos-errors.ts'
import { GatewayError } from '../model/errors.ts'
import { readBy } from '../read/send.ts'
import type { Row } from '../scope/verify.ts'
import type { ModuleView } from '../scope/view.ts'
import { translated } from './rejection.ts'

/** The contact's own coreBOS session writes where it can, so that coreBOS's own rights apply too. */
export function writtenBy(view: ModuleView): WriteBy {
  return readBy(view) === 'service' ? 'service' : 'contact'
}

/** Records that coreBOS hides from a contact's own session: it may create them, but not change them. */
export function changedBy(view: ModuleView): WriteBy {
  return readBy(view) === 'contact' ? 'contact' : 'service'
}

/** @param row the record after the write, if values are written */
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

/** The write stands even if nothing can be read now. @param modules those of the written records; absent: any */
export async function outdate(author: WriteContext, modules?: readonly string[]): Promise<void> {
  try {
    await author.changed(modules)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
  }
}
