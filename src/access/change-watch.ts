/** Watches what is saved and deleted in coreBOS itself, on one instance for all, and ends what was cached of it (`CHANGE_POLL`). */
import { randomUUID } from 'node:crypto'
import type { Catalogue } from '../corebos/catalogue.ts'
import type { Changes } from '../corebos/changes.ts'
import type { Store } from '../session/contract.ts'

export interface ChangeWatchOptions {
  readonly store: Pick<Store, 'claim' | 'put' | 'get' | 'invalidate' | 'watch'>
  /** Changes of records that are assigned to the service user, in all modules. @throws how coreBOS failed */
  readonly changesSince: (seconds: number) => Promise<Changes>
  /** Another one after every change in a module. @throws how coreBOS failed */
  readonly markOf: (module: string) => Promise<string>
  /** The names of all modules that the policy opens. */
  readonly modules: () => readonly string[]
  /** The same as the service user sees them. @throws how coreBOS failed */
  readonly catalogue: () => Promise<Catalogue>
  /** Between two looks (`CHANGE_POLL`). Milliseconds. */
  readonly every: number
  /** How long answers are kept (`READ_CACHE_TTL`). Milliseconds. */
  readonly cacheTtl: number
  readonly now: () => number
}

/** What the last look has found, kept for the next one, on this instance or another. */
interface Look {
  /** The last change, in seconds by the clock of coreBOS. */
  readonly last: number
  /** The changes that the look has found. */
  readonly seen: readonly string[]
  /** Of the modules that were watched. */
  readonly marks: Readonly<Record<string, string>>
  /** Since when each of them has been watched without a change. */
  readonly since: Readonly<Record<string, number>>
}

/**
 * Times have whole seconds: a change that follows another one in the same second shows neither in a mark nor in a list of
 * changes. What is read later than that is not affected. Milliseconds.
 */
const second = 1000

/** The first look begins so many seconds ago, so that clocks may differ by as much. */
const firstSeconds = 900

/** How long a look is kept. After a longer pause everything is read again. Milliseconds. */
const lookLife = 3_600_000

export class ChangeWatch {
  readonly #options: ChangeWatchOptions
  readonly #self = randomUUID()
  /** Modules of which something was cached here, and when the others were last told so. */
  readonly #used = new Map<string, number>()

  constructor(options: ChangeWatchOptions) {
    this.#options = options
  }

  /** Something of these modules is cached here. */
  use(modules: Iterable<string>): void {
    for (const module of modules) if (!this.#used.has(module)) this.#used.set(module, 0)
  }

  /**
   * One look, where it is this instance's. To be called every `CHANGE_POLL`.
   *
   * @throws how coreBOS or the store failed; answers are then not used for longer than `CHANGE_POLL`
   */
  async tick(): Promise<void> {
    await this.#tell()
    if (await this.#holdsLease()) await this.#look()
  }

  async #tell(): Promise<void> {
    const { store, cacheTtl, now } = this.#options
    for (const [module, toldAt] of this.#used) {
      if (now() - toldAt < cacheTtl / 2) continue
      await store.put(usedKey(module), '1', 2 * cacheTtl)
      // Told once more only where it is used again.
      if (toldAt === 0) this.#used.set(module, now())
      else this.#used.delete(module)
    }
  }

  /** An instance that has missed a look is followed by another one. */
  async #holdsLease(): Promise<boolean> {
    const { store, every } = this.#options
    const holder = await store.claim('change watch', this.#self, every)
    if (holder === this.#self) await store.put('change watch', this.#self, every)
    return holder === undefined || holder === this.#self
  }

  async #look(): Promise<void> {
    const { store, every, now } = this.#options
    const began = now()
    const before = await this.#lastLook()
    const catalogue = await this.#options.catalogue()
    const used = await this.#usedModules()
    const since = before?.last ?? Math.floor(began / 1000) - firstSeconds
    const [found, marks] = await Promise.all([
      // The second of the last change again: more may have been saved in it.
      this.#options.changesSince(Math.max(1, since - 1)),
      this.#marksOf(used, catalogue),
    ])
    const changed = changedModules(found, marks, before, catalogue)
    const outdated = before === undefined || changed.isAnyDeleted ? 'records' : [...changed.modules]
    if (outdated.length > 0) await store.invalidate(outdated)
    const isAsBefore = (name: string) => outdated !== 'records' && !changed.modules.has(name)
    const watched = used.map((name) => {
      const earlier = isAsBefore(name) ? before?.since[name] : undefined
      return [name, earlier ?? now() + second] as const
    })
    const seen = [...found.saved, ...found.deleted]
    const look: Look = { last: Math.max(since, found.last), seen, marks, since: Object.fromEntries(watched) }
    await store.put('change watch look', JSON.stringify(look), lookLife)
    // What is used until then is older than `CHANGE_POLL` by what this look has taken, and no more.
    await store.watch({ until: now() + every, modules: new Map(watched) })
  }

  async #lastLook(): Promise<Look | undefined> {
    const kept = await this.#options.store.get('change watch look')
    // Written above, and sealed by the store.
    return kept === undefined ? undefined : (JSON.parse(kept) as Look)
  }

  async #usedModules(): Promise<string[]> {
    const { store, modules } = this.#options
    const used = await Promise.all(
      modules().map(async (name) => ((await store.get(usedKey(name))) === undefined ? [] : [name])),
    )
    return used.flat()
  }

  async #marksOf(used: readonly string[], catalogue: Catalogue): Promise<Record<string, string>> {
    const marked = used.filter((name) => catalogue.byName(name)?.fields.has('modifiedtime') === true)
    const marks = await Promise.all(
      marked.map(async (name) => [name, await this.#options.markOf(name)] as const),
    )
    return Object.fromEntries(marks)
  }
}

function usedKey(module: string): string {
  return `change watch used ${module}`
}

interface Changed {
  readonly modules: ReadonlySet<string>
  /** coreBOS empties what referred to a deleted record, in whichever module that is. */
  readonly isAnyDeleted: boolean
}

/** Pure. A module without a mark of the look before is watched from now on. */
function changedModules(
  found: Changes,
  marks: Readonly<Record<string, string>>,
  before: Look | undefined,
  catalogue: Catalogue,
): Changed {
  const seen = new Set(before?.seen)
  const moduleOf = (change: string) => catalogue.byIdPrefix(change.slice(0, change.indexOf('x')))?.name
  const saved = found.saved.filter((each) => !seen.has(each)).flatMap((each) => moduleOf(each) ?? [])
  const earlier = before?.marks ?? {}
  const differing = Object.keys(marks).filter((name) => (earlier[name] ?? marks[name]) !== marks[name])
  const isFewer = differing.some((name) => countIn(marks[name]) < countIn(earlier[name]))
  return {
    modules: new Set([...saved, ...differing]),
    isAnyDeleted: isFewer || found.deleted.some((id) => !seen.has(id)),
  }
}

function countIn(mark: string | undefined): number {
  const count: unknown = mark === undefined ? 0 : (JSON.parse(mark) as readonly unknown[])[0]
  return typeof count === 'number' ? count : 0
}
