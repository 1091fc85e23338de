/**
 * Watches changes that are made in coreBOS itself, on one instance for all, and invalidates the cached answers
 * (`CHANGE_POLL`).
 */
import { randomUUID } from 'node:crypto'
import type { Catalogue } from '../corebos/catalogue.ts'
import type { Changes } from '../corebos/changes.ts'
import type { Store } from '../session/contract.ts'

export interface ChangeWatchOptions {
  readonly store: Pick<Store, 'claim' | 'put' | 'get' | 'invalidate' | 'watch'>
  /** Changes of records that are assigned to the service user, in all modules. @throws the error of coreBOS */
  readonly changesSince: (seconds: number) => Promise<Changes>
  /** A mark of a module that differs after every change. @throws the error of coreBOS */
  readonly markOf: (module: string) => Promise<string>
  /** The names of all open modules of the policy. */
  readonly modules: () => readonly string[]
  /** The modules as the service user sees them. @throws the error of coreBOS */
  readonly catalogue: () => Promise<Catalogue>
  /** The time between two polls (`CHANGE_POLL`). Milliseconds. */
  readonly every: number
  /** The lifetime of answers (`READ_CACHE_TTL`). Milliseconds. */
  readonly cacheTtl: number
  readonly now: () => number
}

/** The result of the last poll, stored for the next one, on this instance or another. */
interface Look {
  /** The last change, in seconds by the clock of coreBOS. */
  readonly last: number
  /** The changes that the poll has found. */
  readonly seen: readonly string[]
  /** The marks of watched modules. */
  readonly marks: Readonly<Record<string, string>>
  /** Since when each module has been watched without a change. */
  readonly since: Readonly<Record<string, number>>
}

/**
 * Times have whole seconds: a second change within the same second shows neither in a mark nor in the list of changes.
 * Rows that are read after this time are not affected. Milliseconds.
 */
const second = 1000

/** The first poll begins this many seconds in the past, to allow for differing clocks. */
const firstSeconds = 900

/** The lifetime of a poll's result. After a longer pause everything is read again. Milliseconds. */
const lookLife = 3_600_000

export class ChangeWatch {
  readonly #options: ChangeWatchOptions
  readonly #self = randomUUID()
  /** Modules with cached answers on this instance, and when the other instances were last told. */
  readonly #used = new Map<string, number>()

  constructor(options: ChangeWatchOptions) {
    this.#options = options
  }

  /** Notes that answers of these modules are cached here. */
  use(modules: Iterable<string>): void {
    for (const module of modules) if (!this.#used.has(module)) this.#used.set(module, 0)
  }

  /**
   * Polls once, if it is this instance's task. To be called every `CHANGE_POLL`.
   *
   * @throws the error of coreBOS or the store; answers then expire after `CHANGE_POLL`
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
      // The others are told again only if the module is used again.
      if (toldAt === 0) this.#used.set(module, now())
      else this.#used.delete(module)
    }
  }

  /** If an instance has missed a poll, another one takes over. */
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
      // The second of the last change is polled again: more may have been saved in it.
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
    // Answers used until then are at most `CHANGE_POLL` old, plus the duration of this poll.
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
  /** coreBOS empties references to a deleted record, in any module. */
  readonly isAnyDeleted: boolean
}

/** Pure. A module without a mark in the previous result is watched from now on. */
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
