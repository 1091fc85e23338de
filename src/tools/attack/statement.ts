/** Makes statements in every form that coreBOS's query language has, and says what they mean. */
import type { Meaning } from './attempt.ts'
import { certainly, isClosed, possibly, type Condition, type Path } from './condition.ts'
import { makeJson } from './json.ts'
import { pickCondition, pickModule, pickPath, testsIn, type Form, type Maker } from './pick.ts'
import { printCondition, printPath, printStatement } from './print.ts'
import { openModules } from './scope.ts'
import type { Module } from './world.ts'

export type Selection = 'fields' | 'all' | 'count' | 'distinct'

export interface Statement {
  readonly module: string
  readonly form: Form
  readonly selection: Selection
  readonly select: string
  /** What stands behind `where`; undefined: nothing. */
  readonly where: string | undefined
  readonly orderBy: string | undefined
  readonly offset: number
  /** Undefined: none is named. */
  readonly limit: number | undefined
  readonly text: string
  readonly closed: string | undefined
  readonly meaning: (() => Meaning) | undefined
}

/** Rows of an answer where no limit is named. */
const defaultLimit = 100

function pickSelect(
  maker: Maker,
  module: Module | undefined,
  form: Form,
): { selection: Selection; select: string; paths: Path[] } {
  const { random } = maker
  const selection = random.weighted<Selection>([
    [5, 'fields'],
    [2, 'all'],
    [3, 'count'],
    [form === 'extended' ? 2 : 0.5, 'distinct'],
  ])
  if (selection === 'all') return { selection, select: '*', paths: [] }
  if (selection === 'count') return { selection, select: 'count(*)', paths: [] }
  const paths = Array.from({ length: 1 + random.below(4) }, () =>
    pickPath(maker, module, form === 'basic' ? 0 : 0.2),
  )
  const list = paths.map(printPath).join(random.pick([',', ', ', ' , ']))
  return { selection, select: selection === 'distinct' ? `distinct ${list}` : list, paths }
}

export function makeStatement(maker: Maker, name = pickModule(maker)): Statement {
  const { random, world, scope, evaluator } = maker
  const module = world.modules.get(name)
  const form = random.weighted<Form>([
    [3, 'basic'],
    [4, 'extended'],
    [module === undefined ? 0 : 2, 'json'],
    [module === undefined ? 0 : 1, 'related'],
  ])
  const { selection, select, paths } = pickSelect(maker, module, form)
  const { condition, where, known } = makeWhere(maker, module, form)
  const orders = random.chance(0.3) ? random.some([1, 2], 1, 2).map(() => pickPath(maker, module, 0.03)) : []
  const orderBy =
    orders.length === 0
      ? undefined
      : orders.map((path) => `${printPath(path)}${random.pick(['', ' asc', ' desc'])}`).join(',')
  const offset = random.chance(0.15) ? random.below(5) : 0
  const limit = random.chance(0.4) || offset > 0 ? random.pick([0, 1, 2, 5, 100, 10_000]) : undefined
  const named = [
    ...paths,
    ...orders,
    ...(condition === undefined ? [] : testsIn(condition).map(({ path }) => path)),
  ]
  const closedPath = named.find((path) => isClosed(world, name, path))
  const isOpen = module !== undefined && openModules.includes(module.name)
  const statement = {
    module: name,
    form,
    selection,
    select,
    where,
    orderBy,
    offset,
    limit,
    // Whether a module in another letter case or an unknown name is rejected is not specified.
    closed:
      module !== undefined && !isOpen
        ? name
        : isOpen && closedPath !== undefined
          ? printPath(closedPath)
          : undefined,
    meaning:
      isOpen && known
        ? (): Meaning => {
            const rows = scope.of(name)
            const truths = rows.map((row) => (condition === undefined ? 1 : evaluator.truths(condition, row)))
            return {
              form: selection === 'count' || selection === 'distinct' ? selection : 'rows',
              sure: truths.filter(certainly).length,
              possible: new Set(rows.filter((_, i) => possibly(truths[i] ?? 0)).map(({ id }) => id)),
              offset,
              limit: limit ?? defaultLimit,
            }
          }
        : undefined,
  }
  return { ...statement, text: printStatement(statement, random) }
}

function makeWhere(
  maker: Maker,
  module: Module | undefined,
  form: Form,
): { condition: Condition | undefined; where: string | undefined; known: boolean } {
  const { random, world } = maker
  if (form === 'json' && module !== undefined) {
    const { condition, where } = makeJson(maker, module)
    return { condition, where, known: true }
  }
  if (form === 'related') {
    const other = random.pick([...openModules, 'Users', 'Leads'])
    const records = world.byModule.get(other) ?? []
    const id =
      records.length === 0 || random.chance(0.2)
        ? random.pick([...world.records.keys()])
        : random.pick(records).id
    const relation = `related.${other} = '${id}'`
    if (random.chance(0.4)) return { condition: undefined, where: relation, known: false }
    const condition = pickCondition(maker, module, form, 1)
    const word = random.pick(['and', 'or'])
    const text = printCondition(condition, random, 'and')
    return {
      condition,
      where: random.chance(0.8) ? `${relation} ${word} ${text}` : `${text} ${word} ${relation}`,
      known: false,
    }
  }
  if (random.chance(0.12)) return { condition: undefined, where: undefined, known: true }
  const condition = pickCondition(maker, module, form, 1 + random.below(3))
  return { condition, where: printCondition(condition, random), known: true }
}
