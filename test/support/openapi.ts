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
