/** Reads `filter[FIELD]` and `filter[FIELD][OPERATOR]` of a query string. */
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'

/** The accepted names in the second brackets; without them a field equals the value. */
export const namedOperators = [
  'gt',
  'gte',
  'lt',
  'lte',
  'ne',
  'in',
  'nin',
  'contains',
  'startsWith',
  'empty',
] as const
export type FilterOperator = 'eq' | (typeof namedOperators)[number]

/** One condition on one field, as the query string has it. */
export interface Filter {
  /** The whole name: `filter[hours][gt]`. */
  readonly parameter: string
  readonly field: string
  readonly operator: FilterOperator
  readonly text: string
}

const shape = /^filter\[([A-Za-z_][A-Za-z0-9_]*)\](?:\[([A-Za-z]+)\])?$/

/**
 * Collects the filters of a query string in one list, under `filter`.
 *
 * @throws GatewayError `VALIDATION_FAILED` for a malformed name, `QUERY_TOO_LARGE` for too many filters
 */
export function withFilters(query: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const filters: Filter[] = []
  const others: [string, unknown][] = []
  for (const [name, value] of Object.entries(query)) {
    if (name === 'filter' || name.startsWith('filter[')) filters.push(readFilter(name, value))
    else others.push([name, value])
  }
  if (filters.length > limits.conditions) {
    const bound = `a request may have ${limits.conditions} filters at most; ${filters.length} were received`
    throw rejected('QUERY_TOO_LARGE', 'filter', bound)
  }
  return Object.fromEntries(filters.length === 0 ? others : [...others, ['filter', filters]])
}

function readFilter(parameter: string, value: unknown): Filter {
  const [, field, name] = shape.exec(parameter) ?? []
  const operator = name === undefined ? 'eq' : namedOperators.find((each) => each === name)
  if (field === undefined || operator === undefined) {
    const accepted = `accepted are filter[FIELD] and filter[FIELD][OPERATOR], with one of ${namedOperators.join(', ')}`
    throw rejected('VALIDATION_FAILED', parameter, `the name is not a valid filter; ${accepted}`)
  }
  if (typeof value !== 'string')
    throw rejected(
      'VALIDATION_FAILED',
      parameter,
      'the parameter is accepted once; it was received several times',
    )
  return { parameter, field, operator, text: value }
}

function rejected(
  code: 'VALIDATION_FAILED' | 'QUERY_TOO_LARGE' | 'INVALID_VALUE',
  parameter: string,
  message: string,
): GatewayError {
  return new GatewayError(code, message, { errors: [{ parameter, message }] })
}

/** A value in double quotes, with inner quotes doubled, or one without commas and quotation marks; and its end. */
const listed = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y

/**
 * The values of a comma-separated list: `a,"b, c","say ""x"""`.
 *
 * @throws GatewayError `INVALID_VALUE` for unbalanced quotation marks, `QUERY_TOO_LARGE` for too many values
 */
export function splitValues({ parameter, text }: Pick<Filter, 'parameter' | 'text'>): string[] {
  const values: string[] = []
  for (let at = 0; ;) {
    listed.lastIndex = at
    const [whole, quoted, bare = '', end] = listed.exec(text) ?? []
    if (whole === undefined) {
      const accepted = `a value with a comma or quotation mark is accepted in double quotes, with inner ones doubled ("a, ""b""")`
      throw rejected(
        'INVALID_VALUE',
        parameter,
        `the list is malformed from character ${at + 1} on; ${accepted}`,
      )
    }
    values.push(quoted?.replaceAll('""', '"') ?? bare)
    if (values.length > limits.list)
      throw rejected(
        'QUERY_TOO_LARGE',
        parameter,
        `a list may have ${limits.list} values at most; more were received`,
      )
    if (end === '') return values
    at += whole.length
  }
}
