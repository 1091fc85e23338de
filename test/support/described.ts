/** The operations that the description of the gateway names, with requests made of its examples. */
import { FormData } from 'undici'
import { dereferenced } from './openapi.ts'
import { at, rowsAt, textAt } from './webservice-client.ts'

export function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}

export interface Operation {
  readonly name: string
  readonly method: string
  /** With examples in the place of parameters, as far as there are any. */
  readonly path: string
  readonly pattern: string
  /** From `?` on; empty where there are no examples. */
  readonly query: string
  readonly parameters: readonly string[]
  /** Empty where it takes no body. */
  readonly mediaType: string
  readonly body: unknown
  readonly description: string
  /** Whether it wants an access token. */
  readonly secured: boolean
  readonly responses: unknown
}

/** The example of a part of the description: its own, or put together from those of its fields. */
function exampleOf(schema: unknown, example?: unknown): unknown {
  const own = example ?? at(schema, 'example') ?? at(schema, 'examples', 0)
  if (own !== undefined) return own
  if (at(schema, 'format') === 'binary') return new File(['a note'], 'note.txt', { type: 'text/plain' })
  if (at(schema, 'type') === 'array') return [exampleOf(at(schema, 'items'))]
  if (at(schema, 'type') !== 'object') return undefined
  const fields = entriesOf(at(schema, 'properties')).map(([key, each]) => [key, exampleOf(each)] as const)
  return Object.fromEntries(fields.filter(([, each]) => each !== undefined))
}

export function operationsIn(description: unknown): Operation[] {
  return entriesOf(at(dereferenced(description), 'paths')).flatMap(([path, methods]) =>
    entriesOf(methods).map(([method, operation]): Operation => {
      let target = path
      const query = new URLSearchParams()
      const parameters = rowsAt(operation, 'parameters')
      for (const parameter of parameters) {
        const example = exampleOf(at(parameter, 'schema'), at(parameter, 'example'))
        const [key, place] = [textAt(parameter, 'name'), textAt(parameter, 'in')]
        if (typeof example === 'string' && place === 'path')
          target = target.replace(`{${key}}`, encodeURIComponent(example))
        if (typeof example === 'string' && place === 'query') query.set(key, example)
      }
      const [[mediaType, content] = ['', undefined]] = entriesOf(at(operation, 'requestBody', 'content'))
      return {
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path: target,
        pattern: path,
        query: query.size === 0 ? '' : `?${query.toString()}`,
        parameters: parameters.map((parameter) => textAt(parameter, 'name')),
        mediaType,
        body: exampleOf(at(content, 'schema'), at(content, 'example')),
        description: textAt(operation, 'description'),
        secured: rowsAt(operation, 'security').length > 0,
        responses: at(operation, 'responses'),
      }
    }),
  )
}

/** An example as a form. */
export function formOf(example: unknown): FormData {
  const form = new FormData()
  for (const [name, value] of entriesOf(example))
    for (const each of [value].flat()) form.append(name, each instanceof File ? each : String(each))
  return form
}
