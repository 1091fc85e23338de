/** How long the texts are that coreBOS keeps: it cuts longer ones without an error, and its `describe` names no length. */
import { valueKind, type FieldShape } from './module.ts'

/** Bytes that the type `text` of MariaDB holds. */
export const mostBytes = 65_535

const address = { street: 250, pobox: 30, city: 200, state: 30, zip: 30, country: 40 }

function withPrefix(prefix: string, lengths: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(lengths).map(([name, length]) => [prefix + name, length]))
}

/** By module and field, in characters. Source: recording `documents.json`, entries `lengths: …`. */
const measured: Readonly<Record<string, Readonly<Record<string, number>>>> = {
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
    ...withPrefix('mailing', address),
  },
  HelpDesk: { ticket_title: 255 },
  Potentials: { potentialname: 120 },
  Project: { projectname: 255 },
  Assets: { assetname: 100, serialnumber: 200 },
}

/**
 * The most characters of a field's text that are known to be kept, before anything has been learnt.
 *
 * @param module its exact name
 * @returns undefined where the field does not hold text, or is a picklist
 */
export function maxLengthOf(module: string, field: FieldShape): number | undefined {
  if (!isFreeText(field)) return undefined
  return measured[module]?.[field.name] ?? mostBytes
}

function isFreeText(field: FieldShape): boolean {
  return valueKind(field) === 'text' && field.type !== 'file' && field.picklist === undefined
}

/** The measured lengths, and those at which a text was seen cut since the gateway has started. */
export class FieldLengths {
  readonly #learnt = new Map<string, number>()

  /** As {@link maxLengthOf}, with what has been learnt. */
  of(module: string, field: FieldShape): number | undefined {
    return this.#learnt.get(keyOf(module, field.name)) ?? maxLengthOf(module, field)
  }

  /** @param length of the text that was left of a longer one, in characters */
  learn(module: string, field: FieldShape, length: number): void {
    const known = this.of(module, field)
    if (known !== undefined && length < known) this.#learnt.set(keyOf(module, field.name), length)
  }
}

function keyOf(module: string, field: string): string {
  return `${module}.${field}`
}
