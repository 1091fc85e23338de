/** Moves schemas with a `title` to `components.schemas`, so that generated clients have a type for each. */
import { isDeepStrictEqual } from 'node:util'

export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [name: string]: Json
}

/** Keywords whose values are data and not schemas. */
const data = new Set(['example', 'examples', 'default', 'enum', 'const'])

/** Keywords that describe one use of a schema; `$ref` may be combined with them. */
const ofUse = new Set(['description', 'headers'])

/**
 * @param document an OpenAPI document
 * @returns the same document; a schema that differs from another one with its title stays in place
 */
export function withNamedSchemas(document: JsonObject): JsonObject {
  const components = new Map<string, JsonObject>()

  function named(schema: JsonObject, title: string): JsonObject {
    const known = components.get(title)
    if (known === undefined) components.set(title, schema)
    else if (!isDeepStrictEqual(shapeOf(known), shapeOf(schema))) return schema
    const { description } = schema
    const isOwn = known === undefined || description === undefined || description === known['description']
    return { $ref: `#/components/schemas/${title}`, ...(!isOwn && { description }) }
  }

  function walk(value: Json): Json {
    if (isList(value)) return value.map(walk)
    if (!isObject(value)) return value
    const walked = openEnded(
      Object.fromEntries(
        Object.entries(value).map(([name, each]) => [name, data.has(name) ? each : walk(each)]),
      ),
    )
    const title = walked['title']
    if (typeof walked['in'] === 'string') return serialised(walked)
    return typeof title === 'string' && /^[A-Z]\w*$/.test(title) ? named(walked, title) : walked
  }

  const { components: own = {}, info = {}, ...others } = document
  const given = isObject(own) ? own : {}
  const { schemas = {}, ...rest } = given
  for (const [name, schema] of Object.entries(isObject(schemas) ? schemas : {}))
    if (isObject(schema)) components.set(name, schema)
  const walked = walk(others)
  const record = components.get('Record')
  if (record !== undefined) components.set('Record', withId(record))
  return {
    ...(isObject(walked) ? walked : {}),
    info,
    components: { ...rest, schemas: Object.fromEntries([...components].toSorted()) },
  }
}

/**
 * Properties of any name beside named ones have any type in the description: an index signature of TypeScript would
 * have to fit the named ones as well.
 */
function openEnded(schema: JsonObject): JsonObject {
  const { properties, additionalProperties } = schema
  const isBoth = isObject(properties) && isObject(additionalProperties) && schema['type'] === 'object'
  return isBoth && Object.keys(properties).length > 0 ? { ...schema, additionalProperties: true } : schema
}

/** Every record has its id, whichever fields were requested. */
function withId(record: JsonObject): JsonObject {
  const { properties = {}, required = [] } = record
  const id = { type: 'string', examples: ['17x8625'], description: 'The webservice id of the record' }
  return {
    ...record,
    properties: { id, ...(isObject(properties) ? properties : {}) },
    additionalProperties: true,
    required: ['id', ...listOf(required).filter((each) => each !== 'id')],
  }
}

/** A parameter describes itself how its value is written; schemas carry that for it. */
function serialised(parameter: JsonObject): JsonObject {
  const { schema } = parameter
  if (!isObject(schema)) return parameter
  const { style, explode, ...rest } = schema
  return {
    ...parameter,
    schema: rest,
    ...(style !== undefined && { style }),
    ...(explode !== undefined && { explode }),
  }
}

/** The identity of schemas with one title. */
function shapeOf(schema: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).filter(([name]) => !ofUse.has(name) && name !== 'examples' && name !== 'example'),
  )
}

/** The JSON form of a value. */
export function toJson(value: unknown): JsonObject {
  const json: unknown = JSON.parse(JSON.stringify(value))
  if (!isJsonObject(json)) throw new Error('an OpenAPI document is an object')
  return json
}

/** A value parsed from JSON consists of JSON. */
function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function listOf(value: Json | undefined): readonly Json[] {
  return isList(value) ? value : []
}

/** `Array.isArray` does not know read-only arrays. */
function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
