/** Webservice ids: the number of a module, an `x`, the number of a record. */

export interface WebserviceId {
  /** The number of the module; `describe` calls it `idPrefix`. */
  readonly prefix: string
  readonly number: string
  /** As coreBOS writes it: `12x8549`. */
  readonly text: string
}

/** The one form of a webservice id: no blanks, no signs, no leading zeros, and never the empty reference `12x0`. */
export const webserviceIdPattern = '[1-9][0-9]{0,5}x[1-9][0-9]{0,9}'

const shape = new RegExp(`^${webserviceIdPattern}$`)

/** @returns undefined if a text is not exactly a webservice id */
export function parseId(text: string): WebserviceId | undefined {
  if (!shape.test(text)) return undefined
  const [prefix = '', number = ''] = text.split('x')
  return { prefix, number, text }
}
