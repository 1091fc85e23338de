/** Writes the parameters of lists and aggregates. */
import type { Operators } from './types.ts'

const isOperators = (value: unknown): value is Operators<unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A value with a comma or a quotation mark is put in quotation marks, so that a list keeps its items apart. */
const item = (value: unknown): string => {
  const text = String(value)
  return /[",]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const parameter = (name: string, value: unknown): [string, string] => [
  name,
  Array.isArray(value) ? value.map(item).join(',') : String(value),
]

/** `filter[FIELD]` and `filter[FIELD][OPERATOR]`. */
function filterParameters(filter: unknown): [string, string][] {
  return present(Object(filter) as object).flatMap(([field, wanted]) => {
    if (wanted === null) return [parameter(`filter[${field}][empty]`, true)]
    if (!isOperators(wanted)) return [parameter(`filter[${field}]`, wanted)]
    return present(wanted).map(([operator, value]) => parameter(`filter[${field}][${operator}]`, value))
  })
}

const present = (values: object): [string, unknown][] =>
  Object.entries(values).filter(([, value]) => value !== undefined)

/** The parameters of a list, an aggregate or a record, with the `?` before them; empty where there are none. */
export function queryString(options: object): string {
  const parameters = present(options).flatMap(([name, value]): [string, string][] =>
    // Items of `fields`, `sort` and `expand` have commas of their own only where these have a meaning.
    name === 'filter' ? filterParameters(value) : [[name, String(value)]],
  )
  const text = new URLSearchParams(parameters).toString()
  return text && `?${text}`
}
