/** Lists with filters, and the statements that mean the same: an empty field meets `ne` and `nin`. */
import { isReference, type Database } from '../../src/demo/database.ts'
import { seeded } from './corpus.ts'

export interface Listing {
  readonly path: string
  /** For the ids, of everything that the filters find. */
  readonly statement: string
}

const modules = [
  'HelpDesk',
  'HelpDesk',
  'Contacts',
  'Invoice',
  'Potentials',
  'Project',
  'ProjectTask',
  'Documents',
  'Products',
  'Faq',
]

const comparisons = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

/** Filters over every module with values that the data holds, visible or not, and orders in mixed directions. */
export function generatedListings(database: Database, count: number): readonly Listing[] {
  const below = seeded(20261130)
  const pick = <T>(list: readonly T[]): T => {
    const picked = list[below(list.length)]
    if (picked === undefined) throw new Error('nothing to pick from')
    return picked
  }
  const filterOf = (name: string): readonly [parameter: string, value: string, condition: string] => {
    const rows = database.records(name)
    const fields = (database.module(name)?.fields ?? []).filter(
      (field) =>
        new Set(rows.map(({ values }) => values.get(field.name))).size > 1 &&
        !/portal|support/.test(field.name),
    )
    const field = pick(fields)
    const { name: named } = field
    const held = rows.map(({ values }) => values.get(named) ?? '').filter((value) => value !== '')
    const [value, other] = [pick(held), pick(held)].map((each) => {
      if (!isReference(field)) return each
      const target = database.target(field, each)
      return target === undefined ? '12x8549' : database.webserviceId(target)
    }) as [string, string] // of a pair
    const { shown, literal, kind } = formsOf(field.type.name, isReference(field))
    const orEmpty = (condition: string) =>
      kind === 'boolean' ? condition : `(${condition} or ${named} is null)`
    const forms: (readonly [operator: string, value: string, condition: string])[] = [
      ['', shown(value), `${named} = ${literal(value)}`],
      ['[ne]', shown(value), orEmpty(`${named} != ${literal(value)}`)],
      [
        '[in]',
        [value, other].map((each) => listed(shown(each))).join(','),
        `${named} in (${literal(value)}, ${literal(other)})`,
      ],
      [
        '[nin]',
        [value, other].map((each) => listed(shown(each))).join(','),
        orEmpty(`${named} not in (${literal(value)}, ${literal(other)})`),
      ],
      ...(kind === 'text' || kind === 'number' || kind === 'time'
        ? Object.entries(comparisons).map(
            ([operator, sign]) =>
              [`[${operator}]`, shown(value), `${named} ${sign} ${literal(value)}`] as const,
          )
        : []),
      ...(kind === 'text'
        ? [
            ['[contains]', value.slice(0, 4), `${named} like '%${pattern(value.slice(0, 4))}%'`] as const,
            ['[startsWith]', value.slice(0, 3), `${named} like '${pattern(value.slice(0, 3))}%'`] as const,
          ]
        : []),
      ...(kind === 'text' || kind === 'id' ? [['[empty]', 'true', `${named} is null`] as const] : []),
    ]
    const [operator, text, condition] = pick(forms)
    return [`filter[${named}]${operator}`, text, condition]
  }
  return Array.from({ length: count }, () => {
    const name = pick(modules)
    const filters = [filterOf(name), ...(below(3) === 0 ? [filterOf(name)] : [])]
    const unique = [...new Map(filters.map((filter) => [filter[0], filter])).values()]
    const parameters = new URLSearchParams([
      ...unique.map(([parameter, value]) => [parameter, value] as [string, string]),
      ['fields', 'id'],
      ['count', 'true'],
      ['limit', '500'],
      ...(below(3) === 0 ? [['sort', '-assigned_user_id,id'] as [string, string]] : []),
    ])
    const where = unique.map(([, , condition]) => condition).join(' and ')
    return {
      path: `/modules/${name}/records?${parameters.toString()}`,
      statement: `select id from ${name} where ${where} limit 500`,
    }
  })
}

function formsOf(type: string, isId: boolean) {
  const quoted = (text: string): string => `'${text.replace(/['\\]/g, '$&$&')}'`
  const same = (text: string): string => text
  if (isId) return { kind: 'id', shown: same, literal: quoted }
  switch (type) {
    case 'integer':
    case 'double':
    case 'currency': {
      const whole = (text: string) => String(Math.trunc(Number(text)))
      return { kind: 'number', shown: whole, literal: whole }
    }
    case 'boolean':
      return { kind: 'boolean', shown: (text: string) => String(text === '1'), literal: quoted }
    case 'datetime':
      return { kind: 'time', shown: (text: string) => `${text.replace(' ', 'T')}Z`, literal: quoted }
    case 'date':
      return { kind: 'time', shown: same, literal: quoted }
    default:
      return { kind: 'text', shown: same, literal: quoted }
  }
}

const listed = (text: string): string => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
const pattern = (text: string): string => text.replace(/[%_]/g, '\\$&').replaceAll("'", "''")
