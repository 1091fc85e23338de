/** Reads OpenAPI documents, for tests that look at what a route says of itself. */

type Json = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The same document with each named schema in the places that refer to it; a schema within itself stays a reference. */
export function dereferenced<T>(document: T): T {
  function follow(value: unknown, within: readonly string[]): unknown {
    if (Array.isArray(value)) return value.map((each) => follow(each, within))
    if (!isObject(value)) return value
    const { $ref, ...beside } = value
    if (typeof $ref === 'string' && !within.includes($ref)) {
      const target = $ref
        .split('/')
        .slice(1)
        .reduce<unknown>((found, name) => (isObject(found) ? found[name] : undefined), document)
      const followed = follow(target, [...within, $ref])
      return isObject(followed) ? { ...followed, ...beside } : followed
    }
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, follow(each, within)]))
  }
  return follow(document, []) as T // only references are replaced
}

/** Where a value holds a property that its schema, without references, does not name: `records.0.owner`. */
export function undescribed(value: unknown, schema: unknown, place = ''): string[] {
  if (!isObject(schema)) return []
  if (Array.isArray(value))
    return value.flatMap((each, i) => undescribed(each, schema['items'], `${place}.${i}`))
  if (!isObject(value)) return []
  const choices = [schema['anyOf'], schema['oneOf']].filter((each) => Array.isArray(each)).flat()
  if (choices.length > 0) {
    const found = choices.map((choice) => undescribed(value, choice, place))
    return found.find((each) => each.length === 0) ?? found[0] ?? []
  }
  const all: readonly unknown[] = Array.isArray(schema['allOf']) ? schema['allOf'] : []
  const parts = [schema, ...all].filter(isObject)
  const named = Object.assign({}, ...parts.map(({ properties }) => properties)) as Record<string, unknown> // of OpenAPI
  const others = parts
    .map(({ additionalProperties }) => additionalProperties)
    .find((each) => each !== undefined)
  const isClosed = Object.keys(named).length > 0 && (others === undefined || others === false)
  return Object.entries(value).flatMap(([name, held]) => {
    const where = place === '' ? name : `${place}.${name}`
    if (Object.hasOwn(named, name)) return undescribed(held, named[name], where)
    return isClosed ? [where] : undescribed(held, others, where)
  })
}
