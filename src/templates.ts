/** Remembers the templates of statements that contacts ask again and again. */
import { LRUCache } from 'lru-cache'
import type { Shape, Template } from './scope/templates.ts'
import type { Sight } from './scope/view.ts'

/** By sight: by policy, contact and what coreBOS says of its modules. */
export class Templates {
  readonly #cache: LRUCache<string, Template | 'none'>
  readonly #numbers = new WeakMap<Sight, number>()
  #sights = 0

  /** @param size characters that all shapes and statements together may have */
  constructor(size = 32_000_000) {
    this.#cache = new LRUCache({
      maxSize: size,
      sizeCalculation: (value, key) =>
        key.length + (value === 'none' ? 100 : value.parts.join('').length + 1_000),
    })
  }

  /** @returns `none` where it is known that there is none to be had */
  get(shape: Shape, sight: Sight): Template | 'none' | undefined {
    return this.#cache.get(this.#key(shape, sight))
  }

  set(shape: Shape, sight: Sight, template: Template | undefined): void {
    this.#cache.set(this.#key(shape, sight), template ?? 'none')
  }

  #key({ key }: Shape, sight: Sight): string {
    let number = this.#numbers.get(sight)
    if (number === undefined) this.#numbers.set(sight, (number = ++this.#sights))
    return `${number}\0${key}`
  }
}
