/** The parameters by which a request asks for display texts, and their description. */
import { Type } from '@sinclair/typebox'
import type { JsonValue } from '../model/json-value.ts'

export const LanguageParameter = Type.Optional(
  Type.String({
    maxLength: 35,
    examples: ['es'],
    description:
      'The language of labels: `es`, `es-ES` or `es_es`. Default: the preferred language of `Accept-Language`, otherwise ' +
      'the language of the contact. Labels without a translation are in the language of the CRM user',
  }),
)

/** Of routes that return records. */
export const presentation = {
  display: Type.Optional(
    Type.Boolean({
      default: false,
      description:
        'Whether each record has `display`: names of referenced records and of users, labels of picklist values, and codes ' +
        'of currencies, by field',
    }),
  ),
  lang: LanguageParameter,
}

export const Display = Type.Record(Type.String(), Type.String(), {
  title: 'Display',
  description:
    'With `display=true`: display texts by field. A field is missing if it is empty, or points to a record that this ' +
    'contact does not see',
  examples: [{ parent_id: 'alice Aliceson', ticketstatus: 'Open', assigned_user_id: 'portal portal' }],
})

/** A row with JSON types, and with `display` if requested. */
export type PresentedRow = Readonly<Record<string, JsonValue | Readonly<Record<string, string>>>>
