/** The paths of the next and the previous page, with all parameters of the request. */
import type { Filter } from '../query/filters.ts'

type Parameter = string | number | boolean | readonly Filter[] | undefined

export interface Links {
  readonly next?: string
  readonly prev?: string
}

export interface PageOf {
  /** The path of the list, as clients use it. */
  readonly path: string
  /** The parameters of the request by their names. */
  readonly parameters: Readonly<Record<string, Parameter>>
  readonly offset: number
  readonly limit: number
  /** Whether more records follow. */
  readonly hasMore: boolean
}

/** Without `next` at the end, without `prev` at the beginning, and without both if the page is empty. */
export function linksOf({ path, parameters, offset, limit, hasMore }: PageOf): Links {
  if (limit === 0) return {}
  const link = (from: number, count: number): string => {
    const query: [string, string][] = [
      ...Object.entries(parameters)
        .filter(([name]) => name !== 'limit' && name !== 'offset')
        .flatMap(shown),
      ['limit', String(count)],
      ['offset', String(from)],
    ]
    return `${path}?${new URLSearchParams(query).toString()}`
  }
  // The first page may be shorter, so that no record is on two pages.
  const before = Math.min(limit, offset)
  return {
    ...(hasMore && { next: link(offset + limit, limit) }),
    ...(offset > 0 && { prev: link(offset - before, before) }),
  }
}

function shown([name, value]: [string, Parameter]): [string, string][] {
  if (value === undefined || value === false) return []
  if (typeof value === 'object') return value.map(({ parameter, text }) => [parameter, text])
  return [[name, String(value)]]
}
