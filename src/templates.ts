/** Remembers the templates of statements that contacts ask again and again. */
import { LRUCache } from 'lru-cache'
import { constantsIn, openingOf, type Template } from './scope/templates.ts'
import type { Sight } from './scope/view.ts'

export interface Fitting {
  readonly printed: Template['printed']
  /** What stands in the gaps of the statement that was looked for. */
  readonly constants: readonly string[]
}

/** Under one number; they are gone through one by one. */
const mostAlike = 32

/** By sight: by policy, contact and what coreBOS says of its modules. */
export class Templates {
  /** By a number made of sight and opening, which is found sooner than a text. */
  readonly #cache: LRUCache<number, readonly Template[]>
  readonly #numbers = new WeakMap<Sight, number>()
  #sights = 0

  /** @param size characters that all shapes and statements together may have */
  constructor(size = 32_000_000) {
    this.#cache = new LRUCache({
      maxSize: size,
      sizeCalculation: (templates) => templates.reduce((sum, template) => sum + sizeOf(template), 0),
    })
  }

  find(text: string, sight: Sight): Fitting | undefined {
    for (const { shape, printed } of this.#cache.get(this.#key(text, sight)) ?? []) {
      const constants = constantsIn(text, shape)
      if (constants !== undefined) return { printed, constants }
    }
    return undefined
  }

  /** @param text the statement that the template was made of */
  add(text: string, sight: Sight, template: Template): void {
    // Many may have asked it at once.
    if (this.find(text, sight) !== undefined) return
    const key = this.#key(text, sight)
    const others = this.#cache.get(key) ?? []
    this.#cache.set(key, [template, ...others.slice(0, mostAlike - 1)])
  }

  #key(text: string, sight: Sight): number {
    let number = this.#numbers.get(sight)
    if (number === undefined) this.#numbers.set(sight, (number = ++this.#sights))
    return number * 2 ** 32 + openingOf(text)
  }
}

function sizeOf({ shape, printed }: Template): number {
  return shape.texts.join('').length + (printed === undefined ? 100 : printed.parts.join('').length + 1_000)
}
