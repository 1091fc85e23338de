/** Webservice ids: the number of a module, an `x`, the number of a record. */

export interface WebserviceId {
  /** The number of the module; `describe` calls it `idPrefix`. */
  readonly prefix: string
  readonly number: string
  /** As coreBOS writes it: `12x8549`. */
  readonly text: string
}

const shape = /^([1-9][0-9]{0,5})x([1-9][0-9]{0,9})$/

/** Strict: no blanks, no signs, no leading zeros, and never the empty reference `12x0`. */
export function parseId(text: string): WebserviceId | undefined {
  const [, prefix, number] = shape.exec(text) ?? []
  return prefix === undefined || number === undefined ? undefined : { prefix, number, text }
}
