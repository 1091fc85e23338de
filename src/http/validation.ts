/** How a request is checked against the schemas of its route. */
import { KindGuard, type TSchema } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { IsObject } from '@sinclair/typebox/value'
import type { FastifySchemaCompiler, FastifySchemaValidationError } from 'fastify'
import { mostErrors } from './problem.ts'

const wholeNumber = /^-?[0-9]{1,15}$/
const truths: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
])

/** Errors that are looked for in one part of a request: beyond these it is only said that there are more. */
const mostCounted = 50 * mostErrors

/**
 * Bodies are taken as they are. What a URL says in text becomes what its schema names, where the text says exactly that:
 * the library's own conversion takes `1e9` for 1 and `2.5` for 2.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = TypeCompiler.Compile(schema)
  const isConverted = httpPart !== 'body' && KindGuard.IsObject(schema)
  return (given: unknown) => {
    const value = isConverted && IsObject(given) ? converted(given, schema.properties) : given
    if (compiled.Check(value)) return { value }
    const error: FastifySchemaValidationError[] = []
    for (const { path, message } of compiled.Errors(value)) {
      if (error.length === mostCounted) break
      error.push({ instancePath: path, message, keyword: '', schemaPath: '', params: {} })
    }
    return { error }
  }
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
