/** Records as coreBOS prints them. */
import type { File } from '../model/document-file.ts'
import type { ReadContext } from '../access/context.ts'
import { GatewayError } from '../model/errors.ts'
import { find } from '../read/records-by-id.ts'
import { readBy } from '../read/send.ts'
import type { ModuleView } from '../scope/view.ts'

/** Whether a print can only show what the contact may read anyhow: coreBOS prints any field of a record. */
export function mayBePrinted({ decision: { rule } }: ModuleView): boolean {
  return rule.hide.size === 0 && rule.only === undefined
}

/** @throws GatewayError `NOT_FOUND`, whether it is not there, not this contact's, or not to be printed */
export async function printedRecord(
  id: string,
  context: ReadContext,
): Promise<File & { readonly content: Buffer }> {
  const { id: cleared, view } = await find(id, context)
  const content = mayBePrinted(view) ? await context.reader.printed(cleared, readBy(view)) : undefined
  if (content === undefined) throw new GatewayError('NOT_FOUND')
  return { filename: `${view.module.name} ${id}.pdf`, mediaType: 'application/pdf', content }
}
