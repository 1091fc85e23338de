/**
 * The lengths of texts that coreBOS stores: it cuts longer ones without an error, and its `describe` names no length.
 */
import { valueKind, type FieldShape } from './module.ts'

/** The capacity of MariaDB's type `text`, in bytes. */
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
 * The most characters of a field that are known to be stored, before any length has been learned.
 *
 * @param module its exact name
 * @returns undefined if the field does not hold text, or is a picklist
 */
export function maxLengthOf(module: string, field: FieldShape): number | undefined {
  if (!isFreeText(field)) return undefined
  return measured[module]?.[field.name] ?? mostBytes
}

function isFreeText(field: FieldShape): boolean {
  return valueKind(field) === 'text' && field.type !== 'file' && field.picklist === undefined
}

/** The measured lengths, and those at which a text was found to be cut since the gateway started. */
export class FieldLengths {
  #learnt = new Map<string, number>()
  readonly #onLearnt: (learnt: ReadonlyMap<string, number>) => void

  /** @param onLearnt told of all that was learnt, each time that there is more */
  constructor(onLearnt: (learnt: ReadonlyMap<string, number>) => void = () => undefined) {
    this.#onLearnt = onLearnt
  }

  /** @param learnt what such an object has told, in the place of what this one has learnt */
  replace(learnt: Iterable<readonly [string, number]>): void {
    this.#learnt = new Map(learnt)
  }

  /** As {@link maxLengthOf}, with the learned lengths. */
  of(module: string, field: FieldShape): number | undefined {
    return this.#learnt.get(keyOf(module, field.name)) ?? maxLengthOf(module, field)
  }

  /** @param length of the cut text, in characters */
  learn(module: string, field: FieldShape, length: number): void {
    const known = this.of(module, field)
    if (known === undefined || length >= known) return
    this.#learnt.set(keyOf(module, field.name), length)
    this.#onLearnt(this.#learnt)
  }
}

function keyOf(module: string, field: string): string {
  return `${module}.${field}`
}
