/** Names in coreBOS: labels in a language, names of users, codes of currencies. Cached like metadata. */
import type { Caller } from './caller.ts'
import { currencyCodes } from './currency.ts'
import { SharedCache } from './shared-cache.ts'
import { translated } from './translation.ts'
import { userNames } from './users.ts'

export type Words = ReadonlyMap<string, string>

export interface DictionaryOptions {
  /** Milliseconds. */
  readonly ttlMs: number
  readonly now: () => number
}

/** Modules in a language, each with all of its texts. */
const mostLabels = 1000

/** The names do not depend on the contact: any session gets the same answer. */
export class Dictionary {
  readonly #labels: SharedCache<Words>
  readonly #names: SharedCache<Words>

  constructor(options: DictionaryOptions) {
    this.#labels = new SharedCache({ ...options, bound: { max: mostLabels }, kind: 'access' })
    this.#names = new SharedCache({ ...options, bound: { max: 2 }, kind: 'access' })
  }

  /**
   * @param texts all raw texts of the module, so that one call serves every request
   * @returns translations by the raw text, without texts that have none
   * @throws GatewayError the error of coreBOS
   */
  async labels(caller: Caller, texts: readonly string[], language: string, module: string): Promise<Words> {
    const different = [...new Set(texts)].filter((each) => each !== '')
    if (different.length === 0) return new Map()
    const key = JSON.stringify([language, module, ...different])
    return this.#labels.get(key, async () => translated(caller, different, language, module))
  }

  /** Display names by webservice id. @throws GatewayError the error of coreBOS */
  async userNames(caller: Caller): Promise<Words> {
    return this.#names.get('users', async () => userNames(caller))
  }

  /** By webservice id. @throws GatewayError the error of coreBOS */
  async currencyCodes(caller: Caller): Promise<Words> {
    return this.#names.get('currencies', async () => currencyCodes(caller))
  }

  clear(): void {
    this.#labels.clear()
    this.#names.clear()
  }
}
