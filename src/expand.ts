/** What records point to, beside them: each under its own rule, with one statement for each module. */
import { commentsOn, type Comment } from './comments.ts'
import { GatewayError } from './errors.ts'
import { recordsById, type Asker } from './pipeline.ts'
import type { Row } from './scope/verify.ts'
import { requireField, type View } from './scope/view.ts'

/** Null: it points nowhere, or to what is not seen. */
export type Expanded = Readonly<Record<string, Row | readonly Comment[] | null>>

/** What stands for the comments of the records, in the place of a field. */
const commentsName = 'comments'

/** @throws GatewayError `UNKNOWN_FIELD`; `INVALID_VALUE` for a field that is no reference */
export function expandableFields(names: readonly string[], view: View): readonly string[] {
  const fields = [...new Set(names)].filter((name) => name !== commentsName)
  for (const name of fields) {
    if (requireField(view, name).type !== 'reference')
      throw new GatewayError('INVALID_VALUE', `'${name}' is no reference`)
  }
  return fields
}

/**
 * @param names reference fields of the view, and `comments`
 * @param records rows of the view that came through the door, with these fields
 * @returns in the order of the records
 */
export async function expand(
  names: readonly string[],
  records: readonly Row[],
  view: View,
  asker: Asker,
): Promise<readonly Expanded[]> {
  const fields = expandableFields(names, view)
  const [found, comments] = await Promise.all([
    recordsById(
      records.flatMap((row) => fields.map((name) => row[name] ?? '')),
      asker,
    ),
    names.includes(commentsName) ? commentsOn(records, view, asker) : undefined,
  ])
  return records.map((row) => ({
    ...Object.fromEntries(fields.map((name) => [name, found.get(row[name] ?? '') ?? null])),
    ...(comments !== undefined && { [commentsName]: comments.get(row['id'] ?? '') ?? [] }),
  }))
}
