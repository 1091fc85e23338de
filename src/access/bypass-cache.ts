/** Read contexts that do not use cached answers. */
import type { ReadContext } from './context.ts'

/** A context that looks its scope up again, because files and writes must not depend on an earlier state. */
export function bypassCache<T extends ReadContext>(context: T): T {
  const found = new Map<string, Promise<readonly string[]>>()
  const remember: ReadContext['remember'] = (key, _modules, load) => {
    const ids = found.get(key) ?? load()
    found.set(key, ids)
    return ids
  }
  return { ...bypassSharedReads(context), remember }
}

/** A context that does not share rows with other requests. */
export function bypassSharedReads<T extends ReadContext>(context: T): T {
  const { reader } = context
  return {
    ...context,
    keeping: undefined,
    reader: { ...reader, query: (statement, by) => reader.query(statement, by, 'bypassCache') },
  }
}
