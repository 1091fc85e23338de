/** A value of a record, with the types of JSON. */

export type JsonValue = string | number | boolean | null | readonly string[]
export type JsonRow = Readonly<Record<string, JsonValue>>

/** Its JSON Schema. */
export const jsonValueSchema = {
  type: ['string', 'number', 'boolean', 'null', 'array'],
  items: { type: 'string' },
} as const

/** The types of values, for the descriptions of schemas. */
export const valueTypes =
  'Integers and decimals are numbers, or texts if a double cannot hold all their digits; checkboxes are booleans, ' +
  'values of several choices are arrays, dates `YYYY-MM-DD`, times ISO 8601 in UTC, references and owners webservice ids; ' +
  'empty values are null. `GET /modules/:module` has the type of each field.'
