/** Records as coreBOS prints them. */
import type { File } from '../model/document-file.ts'
import type { ReadContext } from '../access/context.ts'
import { GatewayError } from '../model/errors.ts'
import { find } from '../read/records-by-id.ts'
import { readBy } from '../read/send.ts'
import type { ModuleView } from '../scope/view.ts'

/**
 * Whether the policy leaves the print of its records to coreBOS. A print may show any field, so a rule that hides or
 * selects fields closes it. Internal fields do not: prints are made for customers, and their templates leave them out.
 */
export function mayBePrinted({ decision: { rule } }: ModuleView): boolean {
  return rule.isPrintable
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
