/** The custom views that coreBOS stores for a module: conditions with columns, made by its users. */
import { ask, type Caller } from './caller.ts'
import { flag, isObject, object, text, texts } from './shape.ts'

export interface SavedView {
  readonly id: string
  readonly name: string
  readonly status: string
  /** In the query language; empty if the list has no condition. */
  readonly condition: string
  /** The condition in the format of coreBOS's own forms, by columns and by fields: JSON in a text, or empty. */
  readonly criteria: { readonly byColumn: string; readonly byField: string }
  /** Whether it also has a condition on dates, which coreBOS returns only as SQL. */
  readonly datesInSql: boolean
  readonly fields: readonly string[]
  readonly isDefault: boolean
}

export interface SavedViews {
  readonly views: readonly SavedView[]
  readonly linkfields: readonly string[]
  readonly pagesize: number
}

const what = 'list of views'

/**
 * Without their authors.
 *
 * @param operation the two return different lists to different users
 * @param module case-sensitive, one that the caller may see
 */
export async function savedViews(
  caller: Caller,
  operation: 'getfiltersbymodule' | 'getViewsByModule',
  module: string,
): Promise<SavedViews> {
  const { result } = await ask(caller, { operation, params: { module } })
  const { filters, linkfields, pagesize } = object(result, what)
  // PHP writes an empty map as a list.
  const views = Object.entries(isObject(filters) ? filters : {}).map(([id, each]) => view(id, each))
  return {
    views,
    linkfields: linkfields === undefined ? [] : texts(linkfields, what),
    pagesize: typeof pagesize === 'number' ? pagesize : Number(text(pagesize, what)),
  }
}

function view(id: string, each: unknown): SavedView {
  const source = object(each, what)
  const dates = text(source['stdcriteria'], what)
  return {
    id,
    name: text(source['name'], what),
    status: text(source['status'], what),
    condition: text(source['advcriteriaWQL'], what).trim(),
    criteria: {
      byColumn: text(source['advcriteria'], what),
      byField: text(source['advcriteriaEVQL'], what),
    },
    datesInSql: dates !== '' && dates !== '[]',
    fields: texts(source['fields'], what),
    isDefault: flag(source['default'], what),
  }
}
