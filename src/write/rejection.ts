/** Translates coreBOS's rejection of a write to an error of the catalogue. */
import type { CorebosRejection } from '../model/corebos-errors.ts'
import { GatewayError, type FieldProblem } from '../model/errors.ts'
import type { Row } from '../scope/verify.ts'
import type { ModuleView } from '../scope/view.ts'

/** The messages of coreBOS that name a field, each with the position of the name. */
const namesField: Readonly<Record<string, RegExp>> = {
  MANDATORY_FIELDS_MISSING: /\(([A-Za-z_][A-Za-z0-9_]*)\) does not have a value$/,
  REFERENCE_INVALID: /^Invalid reference specified for ([A-Za-z_][A-Za-z0-9_]*)$/,
}

/**
 * `NOT_WRITABLE`, `VALUES_REFUSED` with coreBOS's message at its field, or the rejection itself if it does not concern
 * values.
 *
 * @param row the record as it was to be written
 */
export function translated(rejection: CorebosRejection, view: ModuleView, row: Row = {}): GatewayError {
  const { reason, corebosMessage: message } = rejection
  if (reason === 'ACCESS_DENIED') {
    return new GatewayError('NOT_WRITABLE', 'the CRM user has no right to do this in coreBOS', {
      cause: rejection,
    })
  }
  const pattern = namesField[reason]
  if (pattern === undefined) return rejection
  const [, field] = pattern.exec(message) ?? []
  // A field that cannot be read is not named, even if coreBOS names it.
  const known = field !== undefined && view.readable.has(field)
  return new GatewayError('VALUES_REFUSED', undefined, {
    cause: rejection,
    ...(known && {
      errors: [
        { field, message },
        ...(reason === 'MANDATORY_FIELDS_MISSING' ? otherMissing(field, view, row) : []),
      ],
    }),
  })
}

/** coreBOS names only the first field; the others follow in this form when values are only validated. */
function otherMissing(first: string, { readable }: ModuleView, row: Row): FieldProblem[] {
  return [...readable.values()]
    .filter(({ name, mandatory, editable }) => mandatory && editable && name !== first)
    .filter(({ name }) => (row[name] ?? '') === '')
    .map(({ name, label }) => ({ field: name, message: `${label} is required` }))
}
