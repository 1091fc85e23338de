/** Adds decimal numbers without rounding. */

/**
 * @param texts digits with at most one point, and a minus sign before negative numbers
 * @returns a text of the same form
 */
export function decimalSum(texts: readonly string[]): string {
  const places = texts.reduce((most, text) => Math.max(most, fractionOf(text).length), 0)
  let sum = 0n
  for (const text of texts) {
    const fraction = fractionOf(text)
    const whole = fraction === '' ? text.replace('.', '') : text.slice(0, -fraction.length - 1)
    sum += BigInt(`${whole}${fraction.padEnd(places, '0')}`)
  }
  const digits = String(sum < 0n ? -sum : sum).padStart(places + 1, '0')
  const point = digits.length - places
  return `${sum < 0n ? '-' : ''}${digits.slice(0, point)}${places === 0 ? '' : `.${digits.slice(point)}`}`
}

function fractionOf(text: string): string {
  const point = text.indexOf('.')
  return point < 0 ? '' : text.slice(point + 1)
}
