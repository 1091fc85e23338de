/** The form of conditions that coreBOS's workflows have: a list in JSON. */
import { referenceTo, type Condition, type Test } from './condition.ts'
import { pickTest, type Maker } from './pick.ts'
import type { Module } from './world.ts'

const jsonOperations = {
  '=': 'is',
  '!=': 'is not',
  '<': 'less than',
  '<=': 'less than or equal to',
  '>': 'greater than',
  '>=': 'greater than or equal to',
} as const

/** Groups of conditions: within one `and` binds first, and so it does between them. */
export function makeJson(
  maker: Maker,
  module: Module,
): { condition: Condition; where: string; tests: Test[] } {
  const { random } = maker
  const entries: Record<string, string>[] = []
  const tests: Test[] = []
  const groups: { condition: Condition; join: 'and' | 'or' }[] = []
  const count = 1 + random.below(3)
  for (let group = 0; group < count; group++) {
    const alternatives: Test[][] = [[]]
    const size = 1 + random.below(3)
    const join = random.pick(['and', 'or'] as const)
    for (let i = 0; i < size; i++) {
      const test = pickTest(maker, module, 'json')
      const last = i === size - 1
      const joinNext = random.pick(['and', 'or'] as const)
      entries.push({
        ...jsonTest(test, module),
        valuetype: 'raw',
        joincondition: last ? '' : joinNext,
        groupid: String(group),
        groupjoin: group === 0 ? '' : join,
      })
      tests.push(test)
      alternatives.at(-1)?.push(test)
      if (!last && joinNext === 'or') alternatives.push([])
    }
    groups.push({ condition: orOfAnds(alternatives), join })
  }
  const alternatives: Condition[][] = [[]]
  for (const [i, { condition, join }] of groups.entries()) {
    if (i > 0 && join === 'or') alternatives.push([])
    alternatives.at(-1)?.push(condition)
  }
  return { condition: orOfAnds(alternatives), where: JSON.stringify(entries), tests }
}

function orOfAnds(alternatives: readonly (readonly Condition[])[]): Condition {
  return { kind: 'or', terms: alternatives.map((terms) => ({ kind: 'and', terms })) }
}

function jsonTest(test: Test, module: Module): { fieldname: string; operation: string; value: string } {
  const { via, field } = test.path
  const reference = via === undefined ? undefined : (referenceTo(module, via)?.name ?? 'id')
  const fieldname = via === undefined ? field : `$(${reference ?? 'id'} : (${via}) ${field})`
  switch (test.kind) {
    case 'compare':
      return { fieldname, operation: jsonOperations[test.operator], value: test.value }
    case 'like': {
      const operation = {
        starts: test.negated ? 'does not start with' : 'starts with',
        ends: test.negated ? 'does not end with' : 'ends with',
        contains: test.negated ? 'does not contain' : 'contains',
      }[test.where]
      return { fieldname, operation, value: test.text }
    }
    case 'null':
      return { fieldname, operation: test.negated ? 'is not empty' : 'is empty', value: '' }
    case 'in':
      throw new Error('this form has no lists')
  }
}
