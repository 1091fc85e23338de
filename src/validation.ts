/** How a request is checked against the schemas of its route. */
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import { Kind, type TSchema } from '@sinclair/typebox'
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
export const validatorCompiler: FastifySchemaCompiler<TSchema> = (route) => {
  const validate = TypeBoxValidatorCompiler({ ...route, httpPart: 'body' })
  const properties: unknown = route.schema['properties']
  if (route.httpPart === 'body' || !isObject(properties)) return validate
  return (value: unknown) => validate(isObject(value) ? converted(value, properties) : value)
}

function converted(
  value: Readonly<Record<string, unknown>>,
  properties: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, text]) => [
      name,
      typeof text === 'string' ? valueOf(text, properties[name]) : text,
    ]),
  )
}

function valueOf(text: string, schema: unknown): unknown {
  if (!isObject(schema)) return text
  if (schema[Kind] === 'Integer' && wholeNumber.test(text)) return Number(text)
  if (schema[Kind] === 'Boolean') return truths.get(text) ?? text
  return text
}

const isObject = (value: unknown): value is Record<PropertyKey, unknown> =>
  typeof value === 'object' && value !== null
