/** Converts values of records between JSON types and the texts of coreBOS. */
import { corebosTime } from '../model/corebos-time.ts'
import { decimalText, exactNumber } from '../model/decimal.ts'
import type { JsonRow, JsonValue } from '../model/json-value.ts'
import { valueKind, type FieldShape } from '../model/module.ts'
import { shapes } from '../scope/check.ts'
import { separator } from '../scope/value.ts'
import type { Row } from '../scope/verify.ts'
import type { ModuleView } from '../scope/view.ts'
import type { Given, GivenValue } from '../scope/write.ts'

const dateTime = /^([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}:[0-9]{2})(:[0-9]{2})?$/

/**
 * The JSON value of a field. A text without the form of its field's type is returned unchanged.
 *
 * @param text from coreBOS
 * @param field undefined: of unknown type
 */
export function jsonValue(text: string, field: FieldShape | undefined): JsonValue {
  if (text === '') return field?.type === 'boolean' ? false : null
  if (field === undefined) return text
  if (field.type === 'multipicklist') return text.split(separator)
  switch (valueKind(field)) {
    case 'number':
      return shapes.number[0].test(text) ? (exactNumber(text) ?? text) : text
    case 'boolean':
      return text === '1' ? true : text === '0' ? false : text
    case 'date':
    case 'datetime':
      return jsonTime(text)
    case 'id':
    case 'time':
    case 'text':
      return text
  }
}

/** @returns null if it is empty. @param text `YYYY-MM-DD hh:mm:ss` in UTC, or empty */
export function jsonTime(text: string): string | null {
  return text === ''
    ? null
    : text.replace(dateTime, (_, day, minutes, seconds = ':00') => `${day}T${minutes}${seconds}Z`)
}

/** @param fields by the names of the row; a value without one is a text of unknown type */
export function jsonRow(row: Row, fields: ReadonlyMap<string, FieldShape>): JsonRow {
  const json: Record<string, JsonValue> = {}
  for (const [name, text] of Object.entries(row)) json[name] = jsonValue(text, fields.get(name))
  return json
}

/** ISO 8601 with a zone; seconds and their fraction may be missing. */
const zoned =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})$/

/**
 * The value of a request as coreBOS's text, or the problem with it. A text without the form of the field is passed on
 * unchanged: it may be the current value.
 */
export function givenValue(value: unknown, field: FieldShape): GivenValue {
  const { name, type } = field
  const kind = valueKind(field)
  if (value === null) return kind === 'boolean' ? misfit(`'${name}' accepts true or false, not null`, '') : ''
  if (type === 'multipicklist') return givenList(value, name)
  switch (kind) {
    case 'number':
      return givenNumber(value, field)
    case 'boolean':
      if (typeof value === 'boolean') return value ? '1' : '0'
      return misfit(`'${name}' accepts true or false, not ${named(value)}`, asText(value))
    case 'datetime':
      return typeof value === 'string' ? givenTime(value, name) : misfit(wantsTime(name), '')
    case 'date':
    case 'time':
    case 'id':
    case 'text': {
      if (typeof value === 'string') return kind === 'date' ? givenDay(value, name) : value
      const expected =
        kind === 'id' ? "a webservice id ('12x34')" : kind === 'text' ? 'a text' : shapes[kind][1]
      return misfit(`'${name}' accepts ${expected}, not ${named(value)}`)
    }
  }
}

function givenNumber(value: unknown, { name, type }: FieldShape): GivenValue {
  const expected = type === 'integer' ? 'a whole number' : 'a number'
  if (typeof value === 'string') {
    const fits = type !== 'integer' || !shapes.number[0].test(value) || /^[^.]*(\.0*)?$/.test(value)
    return fits ? value : misfit(`'${name}' accepts ${expected}`, value)
  }
  if (typeof value !== 'number') return misfit(`'${name}' accepts ${expected}, not ${named(value)}`)
  if (type === 'integer' && !Number.isInteger(value))
    return misfit(`'${name}' accepts ${expected}`, decimalText(value))
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    return misfit(
      `'${name}' accepts numbers above ${Number.MAX_SAFE_INTEGER} as texts, which keep all digits`,
    )
  }
  return decimalText(value)
}

function givenDay(text: string, name: string): GivenValue {
  const time = zoned.test(text) ? givenTime(text, name) : text
  // The column may hold a time as well, which is then read with it.
  return time === text ? text : misfit(`'${name}' accepts ${shapes.date[1]}`, textOf(time))
}

function textOf(given: GivenValue): string | undefined {
  return typeof given === 'string' ? given : given.text
}

function givenTime(text: string, name: string): GivenValue {
  const [, day, minutes, seconds = ':00', fraction = '', zone] = zoned.exec(text) ?? []
  if (day === undefined || minutes === undefined || zone === undefined) {
    return dateTime.test(text) ? misfit(wantsTime(name), text) : text
  }
  if (/[1-9]/.test(fraction)) return misfit(`'${name}' accepts whole seconds`)
  const local = `${day} ${minutes}${seconds}`
  if (zone === 'Z') return local
  const time = Date.parse(`${day}T${minutes}${seconds}${zone}`)
  // A text that is not a time is passed on, and rejected as such.
  return Number.isNaN(time) ? local : corebosTime(time)
}

function wantsTime(name: string): string {
  return `'${name}' accepts a time in ISO 8601 with its zone (2026-11-24T07:35:26Z)`
}

function givenList(value: unknown, name: string): GivenValue {
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string'))
    return misfit(`'${name}' accepts a list of texts, not ${named(value)}`, asText(value))
  if (value.some((each) => each.trim() === '' || each.includes(separator.trim())))
    return misfit(`'${name}' accepts values of its picklist`, value.join(separator))
  return value.join(separator)
}

function misfit(problem: string, text?: string): GivenValue {
  return { problem, ...(text !== undefined && { text }) }
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function named(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return 'a text'
  if (typeof value === 'number') return 'a number'
  if (typeof value === 'boolean') return String(value)
  return Array.isArray(value) ? 'a list' : 'an object'
}

/**
 * The values of a body with JSON types, for a proposal, without what responses add to a record: a record that was read
 * with `display` or `expand` can be sent back.
 *
 * @param view of the module; unknown fields are left to the proposal to reject
 */
export function givenValues(values: Readonly<Record<string, unknown>>, view: ModuleView): Given {
  const isAdded = ([name, value]: [string, unknown]): boolean =>
    additions.has(name) && typeof value === 'object' && !view.module.fields.has(name)
  return mapped(Object.fromEntries(Object.entries(values).filter((each) => !isAdded(each))), view, givenValue)
}

/** What responses add to the fields of a record. */
const additions = new Set(['display', 'expanded', 'line'])

/** The values of a form, which are texts: `true` and `false` for checkboxes, a list as JSON. */
export function givenTexts(values: Readonly<Record<string, string>>, view: ModuleView): Given {
  return mapped(values, view, (text, field) => givenValue(formValue(text, field), field))
}

function mapped<T>(
  values: Readonly<Record<string, T>>,
  { readable }: ModuleView,
  toGiven: (value: T, field: FieldShape) => GivenValue,
): Given {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const field = readable.get(name)
      return [name, field === undefined ? '' : toGiven(value, field)]
    }),
  )
}

function formValue(text: string, field: FieldShape): unknown {
  if (text === '') return null
  if (valueKind(field) === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  if (field.type !== 'multipicklist') return text
  try {
    return JSON.parse(text)
  } catch {
    return [text]
  }
}
