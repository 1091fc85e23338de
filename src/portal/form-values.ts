/** Values of records as the texts of a form, and back. Pure. */
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

/** @returns undefined where the text is not a value of the field */
export function valueOf(text: string, { widget, type }: Field): Value | undefined {
  if (widget === 'checkbox') return text === 'true'
  if (widget === 'multiselect') return choicesIn(text)
  const trimmed = text.trim()
  if (trimmed === '') return null
  if (['integer', 'double', 'currency'].includes(type)) {
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
  /** Fields whose text is not a value. */
  readonly wrong: readonly string[]
}

/** The values that differ from `before`. */
export function changedValues(fields: readonly Field[], texts: Texts, before: Texts): Sendable {
  const changed = fields.filter(({ name }) => (texts[name] ?? '') !== (before[name] ?? ''))
  const values = changed.map((field) => [field.name, valueOf(texts[field.name] ?? '', field)] as const)
  return {
    values: Object.fromEntries(
      values.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
    wrong: values.filter(([, value]) => value === undefined).map(([name]) => name),
  }
}
