/** Decimal numbers as texts: equality by all digits, and which of them a double can hold. */
import { withoutTrailing } from './without-trailing.ts'

const decimal = /^(-?)([0-9]*)(?:\.([0-9]*))?$/

/** Significant digits that every double keeps. */
const safeDigits = 15

/**
 * @param text digits with at most one point, and a minus sign before negative numbers
 * @returns the shortest text of the same number: `-0.50` is `-0.5`, `007` is `7`
 */
export function plainDecimal(text: string): string {
  const [, sign = '', whole = '', places = ''] = decimal.exec(text) ?? []
  const fraction = withoutTrailing(places, '0')
  const digits = `${whole.replace(/^0+/, '') || '0'}${fraction === '' ? '' : `.${fraction}`}`
  return digits === '0' ? '0' : `${sign}${digits}`
}

/** @param text a decimal as {@link plainDecimal} takes it @returns undefined if a double cannot hold all its digits */
export function exactNumber(text: string): number | undefined {
  const plain = plainDecimal(text)
  const number = Number(plain)
  if (plain.length <= safeDigits) return number
  return decimalText(number) === plain ? number : undefined
}

/**
 * @param number a finite number
 * @returns its shortest decimal text without an exponent
 */
export function decimalText(number: number): string {
  const text = String(number)
  const [, sign, first, more = '', exponent] = /^(-?)([0-9])(?:\.([0-9]+))?e([+-][0-9]+)$/.exec(text) ?? []
  if (sign === undefined || first === undefined) return plainDecimal(text)
  const digits = `${first}${more}`
  const point = Number(exponent) + 1
  const placed =
    point <= 0
      ? `0.${'0'.repeat(-point)}${digits}`
      : `${digits.padEnd(point, '0').slice(0, point)}.${digits.slice(point)}`
  return plainDecimal(`${sign}${placed}`)
}
