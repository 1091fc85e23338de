/** Checks whether a value fits its field, and whether the field holds it afterwards. */
import { shapes, webserviceId } from './check.ts'
import { plainDecimal } from '../model/decimal.ts'
import { mostBytes } from '../model/lengths.ts'
import { valueKind, type FieldShape } from '../model/module.ts'

/** coreBOS stores three-byte UTF-8, and `????` for other characters. */
export const notKept = /[\u{10000}-\u{10FFFF}]/u

/** The separator of the values of a multi-select picklist. */
export const separator = ' |##| '

/**
 * @param maxLength characters that the field stores; undefined if unknown
 * @returns the problem; undefined if the value fits
 */
export function fitProblem(value: string, field: FieldShape, maxLength?: number): string | undefined {
  const { name, picklist } = field
  const kind = valueKind(field)
  if (!value.isWellFormed() || value.includes('\0'))
    return `'${name}' contains a character that cannot be stored`
  const [lost] = notKept.exec(value) ?? []
  if (lost !== undefined) return `'${name}' contains a character that coreBOS cannot store: ${lost}`
  if (maxLength !== undefined && value.length > maxLength) {
    return `'${name}' has ${value.length} characters; at most ${maxLength} are stored`
  }
  if (new TextEncoder().encode(value).length > mostBytes) return `'${name}' is longer than ${mostBytes} bytes`
  if (field.type === 'file') return `'${name}' is a file, which a text does not change`
  if (kind === 'boolean' || value !== '') {
    if (kind === 'id' && !webserviceId.test(value)) return `'${name}' accepts a webservice id ('12x34')`
    if (kind !== 'id' && kind !== 'text') {
      const [shape, expected] = shapes[kind]
      if (!shape.test(value)) return `'${name}' accepts ${expected}`
    }
    if ((kind === 'date' || kind === 'datetime') && !isDay(value.slice(0, 10))) {
      return `'${name}' is not a valid calendar date`
    }
    const chosen = field.type === 'multipicklist' ? value.split(separator) : [value]
    if (kind === 'text' && picklist !== undefined && !chosen.every((each) => isListed(each, picklist))) {
      return `'${name}' accepts one of the values of its picklist: ${listed(picklist)}`
    }
  }
  return undefined
}

/** The number of values that a message lists. */
const mostNamed = 20

function listed(picklist: NonNullable<FieldShape['picklist']>): string {
  const names = picklist.slice(0, mostNamed).map(({ value }) => `'${value}'`)
  const more = picklist.length - names.length
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function isListed(value: string, picklist: NonNullable<FieldShape['picklist']>): boolean {
  return picklist.some((each) => each.value === value)
}

/** @param day `YYYY-MM-DD` with a month and a day from 1 on */
function isDay(day: string): boolean {
  const [year = 0, month = 0, number = 0] = day.split('-').map(Number)
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const days = month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31
  return number <= days
}

/**
 * Whether writing one value over the other would change nothing: coreBOS writes numbers with the decimal places of
 * their column.
 */
export function sameValue(one: string, other: string, field: FieldShape): boolean {
  if (one === other) return true
  // A checkbox that was never set is not ticked.
  if (valueKind(field) === 'boolean') return [one, other].every((each) => each === '' || each === '0')
  const [shape] = shapes.number
  const areNumbers = valueKind(field) === 'number' && shape.test(one) && shape.test(other)
  return areNumbers && plainDecimal(one) === plainDecimal(other)
}

/** Whether a field holds the sent value: coreBOS completes times with seconds, and orders lists itself. */
export function isStored(sent: string, stored: string, field: FieldShape): boolean {
  if (sameValue(sent, stored, field)) return true
  const kind = valueKind(field)
  if (kind === 'datetime' || kind === 'time') return sent !== '' && stored === `${sent}:00`
  if (field.type !== 'multipicklist') return false
  const sorted = (value: string): string => value.split(separator).toSorted().join(separator)
  return sorted(sent) === sorted(stored)
}
