/** Compares the stored values with the sent values. */
import type { WriteContext } from '../access/context.ts'
import { GatewayError, type FieldProblem } from '../model/errors.ts'
import type { FieldShape } from '../model/module.ts'
import { isStored } from '../scope/value.ts'
import type { Row } from '../scope/verify.ts'
import type { Proposal } from '../scope/write.ts'
import type { Note } from './audited.ts'

/**
 * Differences are recorded in the audit line. The length at which a text was cut is remembered, so that the next text
 * above that length is rejected before it is sent.
 *
 * @param done what was done to the record, for the message
 * @param written the record as this contact sees it; without it nothing can be compared
 * @throws GatewayError `STORED_OTHERWISE` with an entry for each field that the caller has given
 */
export function requireStored(
  done: 'created' | 'changed',
  { id, record }: { readonly id: string; readonly record: Row | undefined },
  { view, values, forced }: Proposal,
  { lengths }: Pick<WriteContext, 'lengths'>,
  note: Note,
): void {
  if (record === undefined) return
  const { name: module } = view.module
  const differing = Object.entries(values).flatMap(([name, sent]) => {
    const field = view.readable.get(name)
    const stored = record[name] ?? ''
    return field === undefined || isStored(sent, stored, field) ? [] : [{ field, sent, stored }]
  })
  if (differing.length === 0) return
  note({ storedOtherwise: differing.map(({ field }) => field.name) })
  for (const { field, sent, stored } of differing)
    if (isCut(sent, stored)) lengths.learn(module, field, stored.length)
  const errors = differing.filter(({ field }) => !forced.has(field.name)).map(problemOf)
  if (errors.length === 0) return
  throw new GatewayError(
    'STORED_OTHERWISE',
    `The record ${id} was ${done}, but coreBOS stored other values in: ${errors.map(({ field }) => field).join(', ')}`,
    { errors, record: id },
  )
}

function isCut(sent: string, stored: string): boolean {
  return stored !== '' && stored.length < sent.length && sent.startsWith(stored)
}

function problemOf({
  field: { name },
  sent,
  stored,
}: {
  readonly field: FieldShape
  readonly sent: string
  readonly stored: string
}): FieldProblem {
  const message = isCut(sent, stored)
    ? `'${name}' has ${sent.length} characters; coreBOS stored the first ${stored.length}`
    : `coreBOS stored another value in '${name}'`
  return { field: name, message }
}
