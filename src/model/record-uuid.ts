/** The uuid that coreBOS gives each record (`cbuuid`): 40 hexadecimal digits. */

export interface RecordUuid {
  readonly text: string
}

const shape = /^[0-9a-f]{40}$/

/** @returns undefined if a text is not exactly a uuid */
export function parseUuid(text: string): RecordUuid | undefined {
  return shape.test(text) ? { text } : undefined
}
