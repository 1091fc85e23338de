/** Which rows and fields another policy gives a contact or takes from it, module by module. */
import type { ReadContext } from '../../access/context.ts'
import { ask } from '../../read/run.ts'
import { limits } from '../../model/limits.ts'
import * as tree from '../../query/tree.ts'
import { idsOf } from '../../scope/check.ts'

/** What one module shows. */
export interface Shown {
  readonly ids: ReadonlySet<string>
  readonly fields: ReadonlySet<string>
}

export interface Change {
  readonly module: string
  /** Undefined: closed. */
  readonly before: number | undefined
  readonly after: number | undefined
  readonly given: { readonly ids: readonly string[]; readonly fields: readonly string[] }
  readonly taken: { readonly ids: readonly string[]; readonly fields: readonly string[] }
}

/** @throws GatewayError how coreBOS failed */
export async function diff(before: ReadContext, after: ReadContext): Promise<Change[]> {
  const modules = [...new Set([...before.visible.names, ...after.visible.names])]
  const changes: Change[] = []
  for (const module of modules) {
    const [old, now] = await Promise.all([shownIn(module, before), shownIn(module, after)])
    changes.push({
      module,
      before: old?.ids.size,
      after: now?.ids.size,
      given: beyond(now, old),
      taken: beyond(old, now),
    })
  }
  return changes
}

/** @returns undefined where the module is closed */
async function shownIn(module: string, context: ReadContext): Promise<Shown | undefined> {
  const view = context.visible.find(module)
  if (view === undefined) return undefined
  const ids = new Set<string>()
  for (let offset = 0; ; offset += limits.rows) {
    const query = { ...idsOf(module, undefined), limit: { offset, count: limits.rows } }
    const { records } = await ask(tree.query(query), context)
    for (const { id } of records) if (id !== undefined) ids.add(id)
    if (records.length < limits.rows) break
  }
  return { ids, fields: new Set(view.readable.keys()) }
}

/** What the one shows and the other does not. */
function beyond(one: Shown | undefined, other: Shown | undefined): Change['given'] {
  const missing = (some: ReadonlySet<string> | undefined, others: ReadonlySet<string> | undefined) =>
    [...(some ?? [])].filter((each) => others?.has(each) !== true)
  return { ids: missing(one?.ids, other?.ids), fields: missing(one?.fields, other?.fields) }
}
