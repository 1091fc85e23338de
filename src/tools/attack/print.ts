/** Prints conditions and statements, no two alike. */
import type { Condition, Path, Test } from './condition.ts'
import type { Random } from './random.ts'

const quote = (text: string, random: Random): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", random.chance(0.8) ? "''" : "\\'")}'`

export const printPath = ({ via, field }: Path): string => (via === undefined ? field : `${via}.${field}`)

function printTest(test: Test, random: Random): string {
  const path = printPath(test.path)
  const not = 'negated' in test && test.negated ? 'not ' : ''
  const blank = random.pick(['', ' ', '  '])
  switch (test.kind) {
    case 'compare': {
      const operator = test.operator === '!=' && random.chance(0.1) ? '<>' : test.operator
      return `${path}${blank}${operator}${blank}${quote(test.value, random)}`
    }
    case 'in':
      return `${path} ${not}in (${test.values.map((value) => quote(value, random)).join(',' + blank)})`
    case 'like': {
      const before = test.where === 'starts' ? '' : '%'
      const behind = test.where === 'ends' ? '' : '%'
      return `${path} ${not}like '${before}${test.text}${behind}'`
    }
    case 'null':
      return `${path} is ${not}null`
  }
}

/** With as many parentheses as it needs, or more. */
export function printCondition(
  condition: Condition,
  random: Random,
  parent: 'or' | 'and' | 'not' = 'or',
): string {
  if (condition.kind === 'not') return `not ${wrap(printCondition(condition.term, random, 'or'))}`
  if (!('terms' in condition)) {
    const test = printTest(condition, random)
    return random.chance(0.1) && parent === 'not' ? wrap(test) : test
  }
  const { kind, terms } = condition
  const [first] = terms
  if (first !== undefined && terms.length === 1) return printCondition(first, random, parent)
  const word = random.chance(0.9) ? kind : kind.toUpperCase()
  const text = terms.map((term) => printCondition(term, random, kind)).join(` ${word} `)
  return kind === 'or' && parent !== 'or' ? wrap(text) : text
}

const wrap = (text: string): string => `(${text})`

export interface Parts {
  readonly select: string
  readonly module: string
  readonly where: string | undefined
  readonly orderBy: string | undefined
  readonly offset: number
  readonly limit: number | undefined
}

export function printStatement(
  { select, module, where, orderBy, offset, limit }: Parts,
  random: Random,
): string {
  const word = (text: string): string => (random.chance(0.9) ? text : text.toUpperCase())
  const parts = [`${word('select')} ${select} ${word('from')} ${module}`]
  if (where !== undefined) parts.push(`${word('where')} ${where}`)
  if (orderBy !== undefined) parts.push(`${word('order by')} ${orderBy}`)
  if (limit !== undefined) {
    parts.push(
      offset > 0 || random.chance(0.3)
        ? random.chance(0.7)
          ? `limit ${offset},${limit}`
          : `limit ${limit} offset ${offset}`
        : `limit ${limit}`,
    )
  }
  return parts.join(random.chance(0.95) ? ' ' : '\n') + random.pick(['', ';', ' ;'])
}
