/** What lists take besides the parts of a statement, and aggregates: filters, orders, expanded fields, groups. */
import { namedOperators } from '../../query/filters.ts'
import type { Attempt } from './attempt.ts'
import { isClosed } from './condition.ts'
import { pickPresentation } from './display.ts'
import * as hostile from './hostile.ts'
import { pickField, pickModule, pickValue, type Maker } from './pick.ts'

type Parameter = readonly [name: string, value: string]

export interface ListParameters {
  readonly given: readonly Parameter[]
  /** A field that they name and that is closed. */
  readonly closed: string | undefined
}

/** Those that there are, and two that there are not. */
const operators: readonly string[] = [...namedOperators, 'eq', 'like']

const quoted = (text: string): string => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** Filters on one or two fields, now and then with a broken name. */
export function pickFilters(maker: Maker, name: string): ListParameters {
  const { random, world } = maker
  const module = world.modules.get(name)
  const fields = random.some([1, 2], 1, 2).map(() => pickField(maker, module))
  const given = fields.map((field): Parameter => {
    const operator = random.chance(0.4) ? '' : `[${random.pick(operators)}]`
    const value = (): string => pickValue(maker, module, module?.fields.get(field))
    const isList = operator === '[in]' || operator === '[nin]'
    const text =
      operator === '[empty]'
        ? random.pick(['true', 'false'])
        : isList
          ? [value(), value()].map(quoted).join(',')
          : value()
    const broken = random.chance(0.05) ? random.pick(['[', ']', '[gt]', '[__proto__]', '.x', "'"]) : ''
    return [`filter[${field}]${operator}${broken}`, random.chance(0.05) ? random.pick(hostile.values) : text]
  })
  return { given, closed: closedOf(maker, name, fields) }
}

/** Up to three fields in any mixture of directions. */
export function pickSort(maker: Maker, name: string): ListParameters {
  const { random, world } = maker
  const fields = random.some([1, 2, 3], 1, 3).map(() => pickField(maker, world.modules.get(name)))
  const sort = fields.map((field) => `${random.pick(['', '-', '-'])}${field}`).join(',')
  const text = random.chance(0.05) ? `${sort}${random.pick(hostile.fragments)}` : sort
  return { given: [['sort', text]], closed: text === sort ? closedOf(maker, name, fields) : undefined }
}

function closedOf({ world }: Maker, name: string, fields: readonly string[]): string | undefined {
  const module = world.modules.get(name)
  return module === undefined
    ? undefined
    : fields.find((field) => isClosed(world, name, { via: undefined, field }))
}

/** A reference with the fields that are wanted of its records, closed ones among them. */
export function pickNamedExpansion(maker: Maker, name: string): string {
  const { random, world } = maker
  const module = world.modules.get(name)
  const references = [...(module?.fields.values() ?? [])].filter(
    ({ refersTo, type }) => refersTo.length > 0 || type === 'owner',
  )
  if (references.length === 0) return 'comments'
  const reference = random.pick(references)
  // Owners and authors tell their names and nothing else.
  const { refersTo } = reference
  const target = world.modules.get(refersTo.length === 0 ? 'Users' : random.pick(refersTo))
  const fields = random.some([1, 2, 3], 1, 3).map(() => pickField(maker, target))
  return `${reference.name}(${fields.join(',')}${random.chance(0.2) ? ',comments' : ''})`
}

/** Groups, sums and bounds of any fields. */
export function aggregate(maker: Maker): Pick<Attempt, 'label' | 'path' | 'text' | 'modules' | 'closed'> {
  const { random, world } = maker
  const name = pickModule(maker)
  const module = world.modules.get(name)
  const measures = random.some(['groupBy', 'sum', 'min', 'max', 'avg'], 1, 3)
  const named = measures.map((measure) => [measure, pickField(maker, module)] as const)
  const filters: ListParameters = random.chance(0.5)
    ? pickFilters(maker, name)
    : { given: [], closed: undefined }
  const given: Parameter[] = [...named, ['count', 'true'], ...filters.given, ...pickPresentation(random)]
  const sent = given.map(([key, value]): [string, string] => [key, value.toWellFormed()])
  const isOpen = module !== undefined && !isClosed(world, name, { via: undefined, field: 'id' })
  const fields = named.map(([, field]) => field)
  return {
    label: 'GET /modules/:module/aggregate',
    path: `/modules/${encodeURIComponent(name)}/aggregate?${new URLSearchParams(sent).toString()}`,
    text: `${name} ${given.flat().join(' ')}`,
    modules: [name],
    closed: isOpen ? (closedOf(maker, name, fields) ?? filters.closed) : module && name,
  }
}
