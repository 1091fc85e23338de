/** The parameters by which a request asks for texts for people, and how they are described. */
import { Type } from '@sinclair/typebox'
import type { JsonValue } from '../model/json-value.ts'

export const LanguageParameter = Type.Optional(
  Type.String({
    maxLength: 35,
    examples: ['es'],
    description:
      'The language of labels: `es`, `es-ES` or `es_es`. Default: what `Accept-Language` prefers, else the language of the ' +
      'contact. What has no translation is in the language of the CRM user',
  }),
)

/** Of routes that answer with records. */
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
    'With `display=true`: texts for people, by field. A field is missing if it is empty, or points to a record that this ' +
    'contact does not see',
  examples: [{ parent_id: 'alice Aliceson', ticketstatus: 'Open', assigned_user_id: 'portal portal' }],
})

/** A row with JSON types, and with `display` where it is wanted. */
export type PresentedRow = Readonly<Record<string, JsonValue | Readonly<Record<string, string>>>>
