/** Records as coreBOS prints them. */
import type { File } from './file-answer.ts'
import { GatewayError } from './errors.ts'
import { find, readBy, type Asker } from './pipeline.ts'
import type { View } from './scope/view.ts'

/** Whether a print can only show what the contact may read anyhow: coreBOS prints any field of a record. */
export function mayBePrinted({ decision: { rule } }: View): boolean {
  return rule.hide.size === 0 && rule.only === undefined
}

/** @throws GatewayError `NOT_FOUND`, whether it is not there, not this contact's, or not to be printed */
export async function printedRecord(id: string, asker: Asker): Promise<File & { readonly content: Buffer }> {
  const { id: cleared, view } = await find(id, asker)
  const content = mayBePrinted(view) ? await asker.reader.printed(cleared, readBy(view)) : undefined
  if (content === undefined) throw new GatewayError('NOT_FOUND')
  return { filename: `${view.module.name} ${id}.pdf`, mediaType: 'application/pdf', content }
}
