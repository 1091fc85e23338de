/** How much a test tries: a sample in `npm test`, everything in `npm run prove`, which runs these files again. */

/** Set by `npm run prove`. */
export const isThorough = process.env['THOROUGH'] === 'true'

/** Some of the items, evenly spaced and always the same; all of them in `npm run prove`. */
export function sample<T>(items: readonly T[], count: number): readonly T[] {
  if (isThorough || items.length <= count) return items
  return items.filter(
    (_, i) => Math.floor((i * count) / items.length) !== Math.floor(((i - 1) * count) / items.length),
  )
}

/** How often something is tried. */
export function times(usual: number, thorough: number): number {
  return isThorough ? thorough : usual
}
