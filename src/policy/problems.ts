/** What is wrong in the content of a policy file, as lines for operators. */
import { KindGuard, type TSchema } from '@sinclair/typebox'
import { ValueErrorType, Value as Schema, type ValueError } from '@sinclair/typebox/value'
import { nearest } from './nearest.ts'
import { PolicySchema } from './schema.ts'

/** @returns one line for each place: its path, what was expected, and the nearest name */
export function problemsOf(content: unknown): string[] {
  const problems = new Map<string, string>()
  for (const error of Schema.Errors(PolicySchema, content)) {
    const path = error.path === '' ? '/' : error.path
    // A missing name has a second error, about its value.
    if (!problems.has(path)) problems.set(path, `${path}: ${problemOf(error)}`)
  }
  return [...problems.values()]
}

function problemOf({ type, path, message, schema, value }: ValueError): string {
  if (type === ValueErrorType.ObjectAdditionalProperties)
    return unknownName(path.slice(path.lastIndexOf('/') + 1), schema)
  const { description } = schema
  const expected = description === undefined ? message : `expected ${description}`
  if (type === ValueErrorType.ObjectRequiredProperty) return `missing; ${expected}`
  return typeof value === 'string' ? `${expected}${nearest(value, textsOf(schema))}` : expected
}

function unknownName(name: string, schema: TSchema): string {
  const names = KindGuard.IsObject(schema) ? Object.keys(schema.properties) : []
  if (names.length === 0) return 'expected a name of letters, digits and _ that does not begin with a digit'
  return `unknown name '${name}'${nearest(name, names) || `; accepted: ${names.join(', ')}`}`
}

/** The texts that a choice accepts. */
function textsOf(schema: TSchema): string[] {
  if (!KindGuard.IsUnion(schema)) return []
  return schema.anyOf.flatMap((each) =>
    KindGuard.IsLiteral(each) && typeof each.const === 'string' ? [each.const] : [],
  )
}
