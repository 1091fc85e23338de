/** A value of a record, with the types of JSON. */

export type JsonValue = string | number | boolean | null | readonly string[]
export type JsonRow = Readonly<Record<string, JsonValue>>

/** Its JSON Schema. */
export const jsonValueSchema = {
  type: ['string', 'number', 'boolean', 'null', 'array'],
  items: { type: 'string' },
} as const
