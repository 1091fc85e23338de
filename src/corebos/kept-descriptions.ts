/** Descriptions of modules in the store that instances share, so that one instance reads them for all. */
import type { FieldDescription, ModuleDescription } from './describe.ts'

/** The part of the store that is used. */
export interface SharedValues {
  get(key: string): Promise<string | undefined>
  put(key: string, value: string, ttl: number): Promise<void>
  claim(key: string, value: string, ttl: number): Promise<string | undefined>
}

/** The lifetime of a value in the store, in milliseconds; at most that of a schema generation. */
const life = 86_400_000

/** The time that one instance has to read outdated descriptions again, before another may try. Milliseconds. */
const refreshTime = 60_000

/** A value and when it was read, in milliseconds since 1970. */
export interface Dated<T> {
  readonly value: T
  readonly readAt: number
}

interface Packed extends Omit<ModuleDescription, 'fields'> {
  readonly fields: readonly FieldDescription[]
}

/** The descriptions for one CRM user under one schema generation. If the store fails, the value counts as missing. */
export class KeptDescriptions {
  readonly #store: SharedValues
  readonly #place: string

  constructor(store: SharedValues, generation: string, user: string) {
    this.#store = store
    this.#place = `metadata:${JSON.stringify([generation, user])}`
  }

  /** The names of the modules that the CRM user may see. */
  async names(): Promise<Dated<readonly string[]> | undefined> {
    return this.#get<readonly string[]>('')
  }

  async putNames(names: Dated<readonly string[]>): Promise<void> {
    await this.#put('', names)
  }

  /** A description; null inside: coreBOS does not describe the module to this CRM user. */
  async module(name: string): Promise<Dated<ModuleDescription | undefined> | undefined> {
    const kept = await this.#get<Packed | null>(name)
    return kept && { ...kept, value: kept.value === null ? undefined : unpacked(kept.value) }
  }

  async putModule(name: string, { value, readAt }: Dated<ModuleDescription | undefined>): Promise<void> {
    const packed = value === undefined ? null : { ...value, fields: [...value.fields.values()] }
    await this.#put(name, { value: packed, readAt })
  }

  /** Whether this instance reads the outdated descriptions again. */
  async mayRefresh(): Promise<boolean> {
    try {
      return (await this.#store.claim(`${this.#place}refresh`, '1', refreshTime)) === undefined
    } catch {
      return true
    }
  }

  async #get<T>(name: string): Promise<Dated<T> | undefined> {
    try {
      const text = await this.#store.get(this.#place + name)
      // Written below, and encrypted by the store.
      return text === undefined ? undefined : (JSON.parse(text) as Dated<T>)
    } catch {
      return undefined
    }
  }

  async #put(name: string, dated: Dated<unknown>): Promise<void> {
    await this.#store.put(this.#place + name, JSON.stringify(dated), life).catch(() => undefined)
  }
}

function unpacked({ fields, ...others }: Packed): ModuleDescription {
  // Undefined values are not written.
  const whole = fields.map((field) => Object.freeze({ ...field, picklist: field.picklist }))
  return Object.freeze({ ...others, fields: new Map(whole.map((field) => [field.name, field])) })
}
