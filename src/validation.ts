/** How a request is checked against the schemas of its route. */
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import { KindGuard, type TSchema } from '@sinclair/typebox'
import { IsObject } from '@sinclair/typebox/value'
import type { FastifySchemaCompiler } from 'fastify'

const wholeNumber = /^-?[0-9]{1,15}$/
const truths: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
])

/**
 * Bodies are taken as they are. What a URL says in text becomes what its schema names, where the text says exactly that:
 * the library's own conversion takes `1e9` for 1 and `2.5` for 2.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart, ...route }) => {
  const validate = TypeBoxValidatorCompiler({ ...route, schema, httpPart: 'body' })
  if (httpPart === 'body' || !KindGuard.IsObject(schema)) return validate
  return (value: unknown) => validate(IsObject(value) ? converted(value, schema.properties) : value)
}

function converted(
  value: Readonly<Record<PropertyKey, unknown>>,
  properties: Readonly<Record<string, TSchema>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, text]) => [
      name,
      typeof text === 'string' ? valueOf(text, properties[name]) : text,
    ]),
  )
}

function valueOf(text: string, schema: TSchema | undefined): unknown {
  if (KindGuard.IsInteger(schema) && wholeNumber.test(text)) return Number(text)
  if (KindGuard.IsBoolean(schema)) return truths.get(text) ?? text
  return text
}
