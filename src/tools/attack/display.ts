/** Texts for people (`display`): asked for with any parameters, and judged by what the contact sees of each record. */
import * as hostile from './hostile.ts'
import type { Random } from './random.ts'
import { isHidden, openModules, type Scope } from './scope.ts'
import type { CrmRecord, World } from './world.ts'

type Parameter = readonly [name: string, value: string]

/** `display` and `lang`, now and then with values that there are not. */
export function pickPresentation(random: Random): Parameter[] {
  if (random.chance(0.65)) return []
  const display = random.chance(0.95) ? 'true' : random.pick(['maybe', '1', '', 'TRUE'])
  if (random.chance(0.6)) return [['display', display]]
  const lang = random.chance(0.7)
    ? random.pick(['es', 'en_us', 'de-DE'])
    : random.pick(['xx', '../en_us', ...hostile.values])
  return [
    ['display', display],
    ['lang', lang.toWellFormed()],
  ]
}

/** A field that holds CRM users or groups. */
function isOfUsers({
  type,
  refersTo,
}: {
  readonly type: string
  readonly refersTo: readonly string[]
}): boolean {
  return type === 'owner' || refersTo.includes('Users')
}

function nameOfUser({ values }: CrmRecord): string {
  return `${values.get('first_name') ?? ''} ${values.get('last_name') ?? ''}`.trim()
}

export class DisplayOracle {
  readonly #world: World
  readonly #scope: Scope
  /** Display names of the users that own or wrote what the contact sees, by webservice id. */
  readonly users = new Map<string, string>()

  constructor(world: World, scope: Scope) {
    this.#world = world
    this.#scope = scope
    for (const module of openModules) {
      const fields = [...(world.modules.get(module)?.fields.values() ?? [])].filter(
        (field) => isOfUsers(field) && !isHidden(module, field.name),
      )
      for (const { values } of scope.of(module)) {
        for (const { name } of fields) {
          const user = world.records.get(values.get(name) ?? '')
          if (user?.module === 'Users') this.users.set(user.id, nameOfUser(user))
        }
      }
    }
  }

  /** Whether an answer tells the name and nothing else of a user that the contact may know. */
  isNamedUser(id: string, value: Readonly<Record<string, unknown>>): boolean {
    const name = this.users.get(id)
    const isAlone = Object.keys(value).every((key) => key === 'id' || key === 'name')
    return name !== undefined && isAlone && (value['name'] === name || value['name'] === null)
  }

  /** What is wrong with a text of a field of a visible record, or of a group of them; undefined where nothing is. */
  wrong(
    { module, id }: Pick<CrmRecord, 'module' | 'id'>,
    name: string,
    text: unknown,
    row: Readonly<Record<string, unknown>>,
  ): string | undefined {
    const field = this.#world.modules.get(module)?.fields.get(name)
    const value = row[name]
    // Fields of referenced records in an answer to a statement: their values are judged as all others.
    if (field === undefined) return name in row ? undefined : `display of ${name}, which is not in the row`
    if (isHidden(module, name)) return `display of ${module} ${id} with ${name}`
    if (!(name in row)) return `display of ${name}, which is not in the row`
    if (field.type !== 'reference' && field.type !== 'owner') return undefined
    const target = this.#world.records.get(String(value))
    const expected = target === undefined ? undefined : this.#nameOf(target)
    return expected === undefined || expected === text
      ? undefined
      : `display of ${name} is ${JSON.stringify(text)}`
  }

  /** The name by which the contact may know a record; empty: by none. Undefined: of no module with records. */
  #nameOf(record: CrmRecord): string | undefined {
    const { module, values } = record
    if (module === 'Users') return nameOfUser(record)
    if (module === 'Currency') return values.get('currency_code') ?? ''
    if (module === 'Groups') return undefined
    if (!this.#scope.sees(record)) return ''
    const fields = this.#world.modules.get(module)?.labelFields ?? []
    return fields
      .filter((field) => !isHidden(module, field))
      .map((field) => values.get(field) ?? '')
      .join(' ')
      .trim()
  }
}
