/** The capability to write values: they have been checked for the contact. */
import type { ModuleShape } from './module.ts'

let construct: (module: ModuleShape, values: Readonly<Record<string, string>>) => CheckedValues

/**
 * Values that may be written to a record: the fields are open to the contact, every reference leads to a record that
 * it sees, and the record stays within its scope. Neither an object nor a look-alike is accepted in its place: the
 * constructor is private, and the architecture test pins who calls {@link sealValues}.
 */
export class CheckedValues {
  readonly #module: ModuleShape
  readonly #values: Readonly<Record<string, string>>

  private constructor(module: ModuleShape, values: Readonly<Record<string, string>>) {
    this.#module = module
    this.#values = Object.freeze({ ...values })
  }

  get module(): string {
    return this.#module.name
  }

  /** The part of the record's id before the `x`. */
  get idPrefix(): string {
    return this.#module.idPrefix
  }

  get values(): Readonly<Record<string, string>> {
    return this.#values
  }

  static {
    construct = (module, values) => new CheckedValues(module, values)
  }
}

/** Only the check of a proposal calls this. */
export function sealValues(module: ModuleShape, values: Readonly<Record<string, string>>): CheckedValues {
  return construct(module, values)
}
