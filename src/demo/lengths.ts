/** How much a column holds: what is longer is cut without a word, and no description names the length. */
import type { Field } from './metadata.ts'

const ADDRESS = { street: 250, pobox: 30, city: 200, state: 30, zip: 30, country: 40 }

const withPrefix = (prefix: string, lengths: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(lengths).map(([name, length]) => [prefix + name, length]))

/** By module and field, in characters, as measured; what is missing here has the common length. */
const LENGTHS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  Contacts: {
    firstname: 40,
    lastname: 80,
    phone: 50,
    mobile: 50,
    homephone: 50,
    otherphone: 50,
    fax: 50,
    title: 50,
    department: 230,
    ...withPrefix('mailing', ADDRESS),
  },
  Potentials: { potentialname: 120 },
  Assets: { assetname: 100, serialnumber: 200 },
}

/** The type VARCHAR(255). */
const COMMON = 255

/** The type TEXT, in bytes; a description is kept in a larger type. */
const TEXT = 65_535
const TEXT_AREAS = new Set(['19', '20'])

const cutBytes = (text: string, most: number): string => {
  const bytes = Buffer.from(text)
  if (bytes.length <= most) return text
  let end = most
  // Not within a character: its second and third byte begin with the bits 10.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return bytes.toString('utf8', 0, end)
}

/** What is left of a text in the column of a field. */
export const cutToColumn = (module: string, { name, uitype }: Field, text: string): string => {
  if (name === 'description') return text
  if (TEXT_AREAS.has(uitype)) return cutBytes(text, TEXT)
  return text.slice(0, LENGTHS[module]?.[name] ?? COMMON)
}
