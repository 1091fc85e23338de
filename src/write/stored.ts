/** Compares the stored values with the sent values, those that the policy forces included. */
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
 * @param stored the record with every field of its module; without it nothing can be compared
 * @throws GatewayError `STORED_OTHERWISE` with an entry for each field that the caller has given
 */
export function requireStored(
  done: 'created' | 'changed',
  id: string,
  stored: Row | undefined,
  { view, values, forced }: Proposal,
  { lengths }: Pick<WriteContext, 'lengths'>,
  note: Note,
): void {
  if (stored === undefined) return
  const { name: module } = view.module
  const differing = Object.entries(values).flatMap(([name, sent]) => {
    const field = view.module.fields.get(name)
    const value = stored[name] ?? ''
    return field === undefined || isStored(sent, value, field) ? [] : [{ field, sent, stored: value }]
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

/** Whether a text was cut at a length. One that lost nothing but blanks at its end was not. */
function isCut(sent: string, stored: string): boolean {
  const isShorter = stored !== '' && stored.length < sent.length && sent.startsWith(stored)
  return isShorter && sent.slice(stored.length).trim() !== ''
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
