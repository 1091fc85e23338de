/** Picks what statements are made of: names that exist, are closed or do not exist, values of any contact, tests of all kinds. */
import { kindOf, type Condition, type Evaluator, type Path, type Test } from './condition.ts'
import * as hostile from './hostile.ts'
import type { Random } from './random.ts'
import { isHidden, openModules, readableFields, type Scope } from './scope.ts'
import type { Field, Module, World } from './world.ts'

export type Form = 'basic' | 'extended' | 'related' | 'json'

export interface Maker {
  readonly random: Random
  /** What values are picked by: statements that differ in it alone are of one shape. */
  readonly values: Random
  readonly world: World
  readonly scope: Scope
  readonly evaluator: Evaluator
}

/** Mostly open modules, sometimes a closed one or a name that no module has. */
export function pickModule({ random, world }: Maker): string {
  return random.weighted<() => string>([
    [85, () => random.pick(openModules.filter((name) => world.modules.has(name)))],
    [12, () => random.pick([...world.modules.keys()])],
    [
      3,
      () =>
        random.pick(['Nope', 'vtiger_users', 'HelpDesk2', 'Contacts Accounts', '*', 'helpdesk', 'CONTACTS']),
    ],
  ])()
}

export function pickField({ random, world }: Maker, module: Module | undefined): string {
  if (module === undefined || random.chance(0.01))
    return random.pick(['nope', 'accesskey', 'crmid', 'smownerid', 'Id'])
  const hidden = [...module.fields.keys()].filter((name) => isHidden(module.name, name))
  if (hidden.length > 0 && random.chance(0.05)) return random.pick(hidden)
  if (random.chance(0.01))
    return random.pick([...(world.modules.get('Users')?.fields.keys() ?? ['accesskey'])])
  const readable = readableFields(module).map(({ name }) => name)
  return random.pick(readable.length > 0 ? readable : ['id'])
}

/** A path over a reference; often to where one leads, sometimes to anywhere. */
function pickHop(maker: Maker, module: Module): Path {
  const { random, world } = maker
  const targets = readableFields(module).flatMap(({ refersTo }) => refersTo)
  const via =
    targets.length > 0 && random.chance(0.9)
      ? random.pick(targets)
      : random.pick([...world.modules.keys(), 'Users', 'Users', 'Users'])
  return { via, field: pickField(maker, world.modules.get(via)) }
}

export function pickPath(maker: Maker, module: Module | undefined, hops: number): Path {
  if (module !== undefined && maker.random.chance(hops)) return pickHop(maker, module)
  return { via: undefined, field: pickField(maker, module) }
}

/** What is to be shown below a record: its comments, or what it refers to. */
export function pickExpansion(maker: Maker, module: Module | undefined): string {
  return maker.random.chance(0.3) ? 'comments' : pickChain(maker, module)
}

/** References to be followed one after the other; often ones that lead somewhere. */
function pickChain(maker: Maker, module: Module | undefined): string {
  const { random, world } = maker
  const names: string[] = []
  let at = module
  do {
    const references =
      at === undefined ? [] : readableFields(at).filter(({ refersTo }) => refersTo.length > 0)
    const field = references.length > 0 && random.chance(0.85) ? random.pick(references) : undefined
    names.push(field?.name ?? (random.chance(0.5) ? 'comments' : pickField(maker, at)))
    at = field && world.modules.get(random.pick(field.refersTo))
  } while (random.chance(0.6))
  return names.join('.')
}

/** A value of the field in some record, of this contact or of another, or one that does not exist. */
export function pickValue(
  { values: random, world, scope }: Maker,
  named: Module | undefined,
  field: Field | undefined,
): string {
  if (named === undefined || field === undefined) return random.pick(hostile.values)
  const kind = kindOf(field)
  const records = random.chance(0.5) ? scope.of(named.name) : (world.byModule.get(named.name) ?? [])
  const drawn = records.length === 0 ? undefined : random.pick(records)
  const held = field.name === 'id' ? drawn?.id : drawn?.values.get(field.name)
  if (held !== undefined && held !== '' && random.chance(0.75)) return held
  if (kind === 'id') return random.pick([...world.records.keys()])
  if (kind === 'number') return random.pick(['0', '1', '-3', '1.5', '100', '99999', '0.000000'])
  if (kind === 'date') return random.pick(['2026-11-24', '2026-01-01', '2020-02-29', '2035-12-31'])
  return random.pick(hostile.values)
}

export function pickTest(maker: Maker, module: Module | undefined, form: Form): Test {
  const { random, world } = maker
  const path = pickPath(maker, module, form === 'basic' ? 0 : form === 'json' ? 0.25 : 0.3)
  const named = path.via === undefined ? module : world.modules.get(path.via)
  const field = named?.fields.get(path.field)
  const kind = field === undefined ? 'text' : kindOf(field)
  const value = (): string => pickValue(maker, named, field)
  const free = form === 'extended' || form === 'related'
  return random.weighted<() => Test>([
    [
      5,
      () => ({
        kind: 'compare',
        path,
        operator: random.pick(kind === 'id' ? ['=', '!='] : ['=', '=', '!=', '<', '<=', '>', '>=']),
        value: value(),
      }),
    ],
    [
      form === 'json' ? 0 : 3,
      () => ({
        kind: 'in',
        path,
        values: Array.from({ length: 1 + random.below(4) }, value),
        negated: free && random.chance(0.4),
      }),
    ],
    [
      kind === 'text' ? 2 : 0.1,
      () => {
        const text =
          value()
            .replaceAll(/[^A-Za-z0-9 @.]/g, '')
            .slice(0, 12) || 'a'
        const at = random.below(Math.max(1, text.length - 3))
        return {
          kind: 'like',
          path,
          where: random.pick(['starts', 'ends', 'contains']),
          text: random.chance(0.6) ? text.slice(at, at + 3) : text,
          negated: form !== 'basic' && random.chance(0.3),
        }
      },
    ],
    [form === 'basic' ? 0 : 1.5, () => ({ kind: 'null', path, negated: random.chance(0.5) })],
  ])()
}

export function pickCondition(
  maker: Maker,
  module: Module | undefined,
  form: Form,
  depth: number,
): Condition {
  const { random } = maker
  if (form === 'basic') {
    // No parentheses: alternatives of conjunctions.
    const conjunction = (): Condition => ({
      kind: 'and',
      terms: Array.from({ length: 1 + random.below(3) }, () => pickTest(maker, module, form)),
    })
    return { kind: 'or', terms: Array.from({ length: 1 + random.below(3) }, conjunction) }
  }
  if (depth === 0 || random.chance(0.35)) return pickTest(maker, module, form)
  const terms = (): Condition[] =>
    Array.from({ length: 2 + random.below(2) }, () => pickCondition(maker, module, form, depth - 1))
  return random.weighted<() => Condition>([
    [4, () => ({ kind: 'and', terms: terms() })],
    [4, () => ({ kind: 'or', terms: terms() })],
    [2, () => ({ kind: 'not', term: pickCondition(maker, module, form, depth - 1) })],
  ])()
}

export function testsIn(condition: Condition): Test[] {
  if ('terms' in condition) return condition.terms.flatMap(testsIn)
  return condition.kind === 'not' ? testsIn(condition.term) : [condition]
}
