/** Records as PDF documents from coreBOS. */
import type { File } from '../model/document-file.ts'
import type { ReadContext } from '../access/context.ts'
import { GatewayError } from '../model/errors.ts'
import { find } from '../read/records-by-id.ts'
import { readBy } from '../read/send.ts'
import type { ModuleView } from '../scope/view.ts'

/**
 * Whether the policy allows PDFs of the records. A PDF may show any field, so a rule that hides or selects fields
 * closes it. Internal fields do not: PDFs are made for customers, and their templates leave them out.
 */
export function mayBePrinted({ decision: { rule } }: ModuleView): boolean {
  return rule.isPrintable
}

/** @throws GatewayError `NOT_FOUND` if it does not exist, is not visible, or has no PDF */
export async function printedRecord(
  id: string,
  context: ReadContext,
): Promise<File & { readonly content: Buffer }> {
  const { id: cleared, view } = await find(id, context)
  const content = mayBePrinted(view) ? await context.reader.printed(cleared, readBy(view)) : undefined
  if (content === undefined) throw new GatewayError('NOT_FOUND')
  return { filename: `${view.module.name} ${id}.pdf`, mediaType: 'application/pdf', content }
}
