/** How a request is checked against the schemas of its route, and how an answer is written. */
import { KindGuard, type TSchema } from '@sinclair/typebox'
import { type TypeCheck, TypeCompiler, type ValueError, ValueErrorType } from '@sinclair/typebox/compiler'
import { IsObject } from '@sinclair/typebox/value'
import type { FastifySchemaCompiler, FastifySchemaValidationError, FastifySerializerCompiler } from 'fastify'
import { mostErrors } from './problem.ts'

const wholeNumber = /^-?[0-9]{1,15}$/
const truths: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
])

/** Errors that are looked for in one part of a request: beyond these it is only said that there are more. */
const mostCounted = 50 * mostErrors

/**
 * Bodies are not converted. A text in a URL is converted to the type of its schema if it has exactly that form: the
 * library's own conversion reads `1e9` as 1 and `2.5` as 2.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  let known: TypeCheck<TSchema> | undefined
  const isConverted = httpPart !== 'body' && KindGuard.IsObject(schema)
  return (given: unknown) => {
    const value = isConverted && IsObject(given) ? converted(given, schema.properties) : given
    // At the first request: most routes of an instance that has just started wait for theirs.
    const compiled = (known ??= TypeCompiler.Compile(schema))
    if (compiled.Check(value)) return { value }
    const error: FastifySchemaValidationError[] = []
    for (const each of compiled.Errors(value)) {
      if (error.length === mostCounted) break
      const message = messageOf(each)
      error.push({ instancePath: each.path, message, keyword: '', schemaPath: '', params: {} })
    }
    return { error }
  }
}

/** What is wrong, and what is accepted in its place. */
function messageOf({ type, schema, message }: ValueError): string {
  if (type === ValueErrorType.ObjectAdditionalProperties && KindGuard.IsObject(schema)) {
    const names = Object.keys(schema.properties)
    return names.length === 0 ? 'not accepted; none is' : `not accepted; accepted are ${names.join(', ')}`
  }
  if (type === ValueErrorType.Union && KindGuard.IsUnion(schema) && schema.anyOf.every(KindGuard.IsLiteral))
    return `expected one of ${schema.anyOf.map((each) => JSON.stringify(each.const)).join(', ')}`
  return type === ValueErrorType.Boolean ? 'expected true or false' : message
}

/**
 * The schema of an answer describes it and does not change it: rows have been verified, and a serializer made of the
 * schema would check each value once more, for a third of the time that the gateway takes to start. That answers are as
 * described is the subject of test/http/described.test.ts.
 */
export const serializerCompiler: FastifySerializerCompiler<unknown> = () => (data) => JSON.stringify(data)

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
