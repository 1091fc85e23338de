/**
 * Statements that were printed before, with places for their constants. Portals ask the same few statements with other
 * values; reading, scoping and printing them anew costs several microseconds, filling one in less than one.
 *
 * A constant gets a place only where its text decides nothing: not how the statement is read, not which fields it fits,
 * not how it is printed. Any other constant stands in the shape as it is, so that another one makes another shape.
 */
import { outsideQuotes } from '../query/dialect.ts'
import type { SettledQuery } from './rewrite.ts'

interface Kind {
  /** Sticky: looks at the place where a constant begins, and at what ends it. */
  readonly pattern: RegExp
  /** A constant of this kind, found again wherever it is printed. */
  readonly sample: (number: number) => string
}

/** A statement's text with gaps in the place of each constant that may be another. */
export interface Shape {
  /** What stands before, between and behind the gaps. */
  readonly texts: readonly string[]
  readonly kinds: readonly Kind[]
}

/** Nothing that any grammar would read otherwise, in quotes or behind them. */
const word = '[A-Za-z][A-Za-z0-9]*(?: [A-Za-z0-9]+)*'
const day = '20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])'
const quoted: readonly Kind[] = [
  { pattern: new RegExp(`${word}(?=')`, 'y'), sample: (n) => `Qz${n}zQ` },
  { pattern: new RegExp(`%${word}(?=')`, 'y'), sample: (n) => `%Qz${n}zQ` },
  { pattern: new RegExp(`${word}%(?=')`, 'y'), sample: (n) => `Qz${n}zQ%` },
  { pattern: new RegExp(`%${word}%(?=')`, 'y'), sample: (n) => `%Qz${n}zQ%` },
  { pattern: new RegExp(`${day}(?=')`, 'y'), sample: (n) => `2099-11-${10 + n}` },
  {
    pattern: new RegExp(`${day} (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?=')`, 'y'),
    sample: (n) => `2099-11-${10 + n} 21:43:59`,
  },
]
/** Behind the `x`, since what stands before it names the module. */
const idNumber: Kind = { pattern: /[1-9][0-9]{0,9}(?=')/y, sample: (n) => String(9_876_543_210 + n) }
/** Behind a comparison alone, since a limit decides more than itself; and no 0 or 1, since these fit more fields. */
const whole: Kind = {
  pattern: /(?:[2-9]|[1-9][0-9]{1,8})(?![0-9A-Za-z_.])/y,
  sample: (n) => String(123_456_710 + n),
}

const longest = { statement: 2_000, constant: 80, constants: 16, printed: 20_000 } as const

/** What stands before a gap. */
const opener = /'(?:[1-9][0-9]{0,5}x(?=[1-9]))?|[<>=] ?(?=[0-9])/g

/** The constant of a kind that begins here. */
function constantAt(text: string, begin: number, { pattern }: Kind): string | undefined {
  pattern.lastIndex = begin
  if (!pattern.test(text) || pattern.lastIndex - begin > longest.constant) return undefined
  return text.slice(begin, pattern.lastIndex)
}

function kindsBehind(opening: string): readonly Kind[] {
  if (opening === "'") return quoted
  return opening.startsWith("'") ? [idNumber] : [whole]
}

/** @returns undefined where a statement is too long or too odd for one */
export function shapeOf(text: string): Shape | undefined {
  // A backslash or a doubled quote would part constants otherwise than the grammar does, and JSON has its own.
  if (text.length > longest.statement || /[\\[]|''/.test(text)) return undefined
  const texts: string[] = []
  const kinds: Kind[] = []
  let done = 0
  let begin = 0
  for (;;) {
    opener.lastIndex = begin
    const [opening] = opener.exec(text) ?? []
    if (opening === undefined) break
    begin = opener.lastIndex
    for (const kind of kindsBehind(opening)) {
      const constant = constantAt(text, begin, kind)
      if (constant === undefined) continue
      texts.push(text.slice(done, begin))
      kinds.push(kind)
      begin = done = begin + constant.length
      break
    }
    const closing = opening.startsWith("'") ? text.indexOf("'", begin) : begin - 1
    if (closing < 0) return undefined
    begin = closing + 1
  }
  return kinds.length > longest.constants ? undefined : { texts: [...texts, text.slice(done)], kinds }
}

/** @returns undefined where a statement is of another shape */
export function constantsIn(text: string, { texts, kinds }: Shape): readonly string[] | undefined {
  if (text.length > longest.statement) return undefined
  const constants: string[] = []
  let end = 0
  for (let i = 0; i < texts.length; i++) {
    const before = texts[i] ?? ''
    const begin = end
    end += before.length
    // `startsWith` takes five times as long.
    if (text.slice(begin, end) !== before) return undefined
    const kind = kinds[i]
    if (kind === undefined) break
    const constant = constantAt(text, end, kind)
    if (constant === undefined) return undefined
    constants.push(constant)
    end += constant.length
  }
  return end === text.length ? constants : undefined
}

/** A number of 32 bits that all statements of a shape have, and few others: made of what stands before the first gap. */
export function openingOf(text: string): number {
  const found = text.search(/['<>=]/)
  const end = found < 0 ? text.length : found
  let hash = end
  for (let i = end - 8; i < end; i++) hash = (31 * hash + text.charCodeAt(i)) | 0
  return hash >>> 0
}

/** What was printed: texts, and between them the numbers of the constants. */
export type Parts = readonly (string | number)[]

/**
 * Prints a statement with other constants, and takes what comes out apart at these.
 *
 * @param printed what the statement itself is printed as
 * @param print undefined where a statement cannot be printed without asking coreBOS
 * @returns undefined where it cannot be had
 */
export function partsOf(
  text: string,
  shape: Shape,
  printed: string,
  print: (text: string) => string | undefined,
): Parts | undefined {
  const samples = shape.kinds.map(({ sample }, i) => sample(i))
  const constants = constantsIn(text, shape)
  if (printed.length > longest.printed || samples.some((sample) => text.includes(sample))) return undefined
  const sampled = print(shape.texts.map((before, i) => before + (samples[i] ?? '')).join(''))
  if (sampled === undefined || constants === undefined) return undefined
  // Quotes and parentheses in fixed values may put a constant where coreBOS takes it for a part of the language.
  const looked = outsideQuotes(sampled)
  if (samples.some((sample, i) => shape.kinds[i] !== whole && looked.includes(sample.toLowerCase())))
    return undefined
  const parts =
    samples.length === 0
      ? [sampled]
      : sampled
          .split(new RegExp(`(${samples.join('|')})`))
          .map((part, i) => (i % 2 === 0 ? part : samples.indexOf(part)))
  return filled(parts, constants) === printed ? parts : undefined
}

export function filled(parts: Parts, constants: readonly string[]): string {
  let text = ''
  for (const part of parts) text += typeof part === 'string' ? part : (constants[part] ?? '')
  return text
}

export interface Template {
  readonly shape: Shape
  /** Undefined where it is known that statements of this shape are to be printed anew each time. */
  readonly printed: Printed | undefined
}

export interface Printed {
  readonly parts: Parts
  /** What the rows of every statement of this shape are looked at by. */
  readonly settled: Omit<SettledQuery, 'where'>
}
