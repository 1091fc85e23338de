/**
 * Statements that were printed before, with places for their constants. Portals ask the same few statements with other
 * values; reading, scoping and printing them anew costs tens of microseconds, filling one in costs one or two.
 *
 * A constant gets a place only where its text decides nothing: not how the statement is read, not which fields it fits,
 * not how it is printed. Any other constant stands in the shape as it is, so that another one makes another shape.
 */
import type { SettledQuery } from './rewrite.ts'

/** A statement's text with a mark in the place of each constant that may be another, and these constants. */
export interface Shape {
  readonly key: string
  readonly constants: readonly string[]
}

interface Kind {
  readonly mark: string
  readonly pattern: RegExp
  /** A constant of this kind, found again wherever it is printed. */
  readonly sample: (number: number) => string
}

/** Nothing that any grammar would read otherwise, in quotes or behind them. */
const word = '[A-Za-z][A-Za-z0-9]*(?: [A-Za-z0-9]+)*'
const texts: readonly Kind[] = [
  { mark: 'w', pattern: new RegExp(`^${word}$`), sample: (n) => `Qz${n}zQ` },
  { mark: '%w', pattern: new RegExp(`^%${word}$`), sample: (n) => `%Qz${n}zQ` },
  { mark: 'w%', pattern: new RegExp(`^${word}%$`), sample: (n) => `Qz${n}zQ%` },
  { mark: '%w%', pattern: new RegExp(`^%${word}%$`), sample: (n) => `%Qz${n}zQ%` },
  {
    mark: 'day',
    pattern: /^20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])$/,
    sample: (n) => `2099-11-${10 + n}`,
  },
]
/** Behind a comparison alone, since a limit decides more than itself; and no 0 or 1, since these fit more fields. */
const whole: Kind = {
  mark: 'n',
  pattern: /^(?:[2-9]|[1-9][0-9]{1,8})$/,
  sample: (n) => String(987_654_310 + n),
}

const longest = { statement: 2_000, constant: 80, constants: 16 } as const

const constant = /'([^']*)'|([<>=] ?)([0-9]+)(?![0-9A-Za-z_.])/g

/** Puts something else in the place of every constant that has one. */
function replaced(text: string, by: (found: string, kind: Kind) => string): string {
  return text.replace(
    constant,
    (all: string, quoted: string | undefined, comparison: string | undefined, digits: string | undefined) => {
      if (quoted === undefined) {
        return digits !== undefined && whole.pattern.test(digits)
          ? `${comparison ?? ''}${by(digits, whole)}`
          : all
      }
      if (quoted.length > longest.constant) return all
      const kind = texts.find(({ pattern }) => pattern.test(quoted))
      return kind === undefined ? all : `'${by(quoted, kind)}'`
    },
  )
}

/** @returns undefined where a statement is too long or too odd for one */
export function shapeOf(text: string): Shape | undefined {
  // A backslash or a doubled quote would part constants otherwise than the grammar does, and JSON has its own.
  if (text.length > longest.statement || /[\\[\0]|''/.test(text)) return undefined
  const constants: string[] = []
  const key = replaced(text, (found, { mark }) => {
    constants.push(found)
    return `\0${mark}`
  })
  return constants.length > longest.constants ? undefined : { key, constants }
}

/** What was printed: texts, and between them the numbers of the constants. */
export type Parts = readonly (string | number)[]

/**
 * Prints a statement with other constants, and takes what comes out apart at these.
 *
 * @param print undefined where a statement cannot be printed without asking coreBOS
 * @returns undefined where it cannot be had, or is not what the statement itself is printed as
 */
export function partsOf(
  text: string,
  { constants }: Shape,
  print: (text: string) => string | undefined,
): Parts | undefined {
  const samples: string[] = []
  const sampled = print(
    replaced(text, (_found, { sample }) => {
      const made = sample(samples.length)
      samples.push(made)
      return made
    }),
  )
  if (sampled === undefined) return undefined
  const parts =
    samples.length === 0
      ? [sampled]
      : sampled
          .split(new RegExp(`(${samples.join('|')})`))
          .map((part, i) => (i % 2 === 0 ? part : samples.indexOf(part)))
  return filled(parts, constants) === print(text) ? parts : undefined
}

export function filled(parts: Parts, constants: readonly string[]): string {
  let text = ''
  for (const part of parts) text += typeof part === 'string' ? part : (constants[part] ?? '')
  return text
}

export interface Template {
  readonly parts: Parts
  /** What the rows of every statement of this shape are looked at by. */
  readonly settled: Omit<SettledQuery, 'where'>
}
