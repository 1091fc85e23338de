/** Values of records as the texts of a form, and back. Pure. */
import type { TextKey } from './texts/index.ts'
import type { Field, Item, Value } from './types.ts'

export type Texts = Readonly<Record<string, string>>

const two = (number: number): string => String(number).padStart(2, '0')

/** A time in the clock of the reader, as `<input type="datetime-local">` takes it. */
function localTime(value: string): string {
  const time = new Date(value)
  if (Number.isNaN(time.getTime())) return ''
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-')
  return `${day}T${two(time.getHours())}:${two(time.getMinutes())}`
}

export function textFor(value: unknown, { widget }: Field): string {
  if (value === null || value === undefined) return widget === 'checkbox' ? 'false' : ''
  if (Array.isArray(value)) return JSON.stringify(value)
  if (typeof value === 'string') return widget === 'datetime' ? localTime(value) : value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

export function textsFor(fields: readonly Field[], item: Item | undefined): Texts {
  return Object.fromEntries(
    fields.map((field) => [
      field.name,
      textFor(item === undefined ? field.default : item[field.name], field),
    ]),
  )
}

/** The chosen values of a list with several. */
export function choicesIn(text: string): readonly string[] {
  if (text === '') return []
  const parsed: unknown = JSON.parse(text)
  return Array.isArray(parsed) ? parsed.filter((each) => typeof each === 'string') : []
}

const isNumber = ({ type }: Pick<Field, 'type'>): boolean => ['integer', 'double', 'currency'].includes(type)

/** @returns undefined where the text is not a value of the field */
export function valueOf(text: string, { widget, type }: Field): Value | undefined {
  if (widget === 'checkbox') return text === 'true'
  if (widget === 'multiselect') return choicesIn(text)
  const trimmed = text.trim()
  if (trimmed === '') return null
  if (isNumber({ type })) {
    // A decimal comma is what many readers write.
    const number = Number(trimmed.replace(/^(-?\d+),(\d+)$/, '$1.$2'))
    return Number.isFinite(number) ? number : undefined
  }
  if (widget === 'datetime') {
    const time = new Date(text)
    return Number.isNaN(time.getTime()) ? undefined : `${time.toISOString().slice(0, 19)}Z`
  }
  return text
}

export interface Sendable {
  readonly values: Readonly<Record<string, Value>>
  /** Fields whose text is not a value, with what is wrong. */
  readonly wrong: ReadonlyMap<string, TextKey>
}

/** coreBOS stores no emoji: the gateway rejects what has more than 16 bits. */
const notKept = /[\u{10000}-\u{10FFFF}]/u

export const isStorable = (text: string): boolean => !notKept.test(text)

/** The values that differ from `before`. */
export function changedValues(fields: readonly Field[], texts: Texts, before: Texts): Sendable {
  const changed = fields.filter(({ name }) => (texts[name] ?? '') !== (before[name] ?? ''))
  const values: Record<string, Value> = {}
  const wrong = new Map<string, TextKey>()
  for (const field of changed) {
    const text = texts[field.name] ?? ''
    const value = valueOf(text, field)
    if (!isStorable(text)) wrong.set(field.name, 'field.characters')
    else if (value === undefined)
      wrong.set(field.name, isNumber(field) ? 'field.number' : 'field.not-accepted')
    else values[field.name] = value
  }
  return { values, wrong }
}
