/** The modules that the contact sees, and their fields: read once, when a page needs them. */
import type { Gateway } from '../client/index.ts'
import type { Field, Item, Me, Module, ModuleSummary } from './types.ts'

/** Modules whose records are parts of other records: they have no entry in the menu. */
const parts: readonly string[] = ['ModComments', 'InventoryDetails', 'ProjectTask', 'ProjectMilestone']

/** To a contact, these hold little more than the own data; to an employee, they are customers. */
const ownData: readonly string[] = ['Contacts', 'Accounts']

/** Modules without pages: their records are shown with the record that they belong to. */
const withoutPages = new Set(['ModComments', 'InventoryDetails'])

/** The order of the menu; other modules follow. */
const order = [
  'HelpDesk',
  'Project',
  'Invoice',
  'Quotes',
  'SalesOrder',
  'Documents',
  'Assets',
  'ServiceContracts',
  'Faq',
]

export interface CatalogueOptions {
  /** The modules that the settings file shows, in its order; undefined: all. */
  readonly chosen: readonly string[] | undefined
  /** The label in the language of the reader. */
  readonly labelIn: (label: string) => string
}

export class Catalogue {
  readonly modules: readonly ModuleSummary[]
  readonly #gateway: Gateway
  readonly #withoutEntry: readonly string[]
  readonly #chosen: readonly string[] | undefined
  readonly #labelIn: (label: string) => string
  readonly #described = new Map<string, Promise<Module>>()

  constructor(
    gateway: Gateway,
    modules: readonly ModuleSummary[],
    { contact }: Pick<Me, 'contact'>,
    { chosen, labelIn }: CatalogueOptions,
  ) {
    this.#gateway = gateway
    this.modules = modules
    this.#withoutEntry = contact.entity === 'Contacts' ? [...parts, ...ownData] : parts
    this.#chosen = chosen
    this.#labelIn = labelIn
  }

  find(name: string): ModuleSummary | undefined {
    return this.modules.find((module) => module.name === name)
  }

  /** Whether the portal shows pages of the module. */
  shows(name: string): boolean {
    return this.find(name) !== undefined && (this.#chosen?.includes(name) ?? !withoutPages.has(name))
  }

  /** Modules of the menu, in its order. */
  get entries(): readonly ModuleSummary[] {
    const names = this.#chosen ?? [
      ...order,
      ...this.modules
        .map(({ name }) => name)
        .filter((name) => !order.includes(name) && !this.#withoutEntry.includes(name)),
    ]
    return names.flatMap((name) => this.find(name) ?? [])
  }

  /** Fields, blocks and picklists of a module. */
  async describe(name: string): Promise<Module> {
    const known = this.#described.get(name) ?? this.#read(name)
    this.#described.set(name, known)
    return known
  }

  async #read(name: string): Promise<Module> {
    try {
      const path = `/modules/${encodeURIComponent(name)}`
      return translated(await this.#gateway.json<Module>({ path }), this.#labelIn)
    } catch (error) {
      this.#described.delete(name)
      throw error
    }
  }
}

function translated(module: Module, labelIn: (label: string) => string): Module {
  return {
    ...module,
    blocks: module.blocks.map((block) => ({ ...block, label: labelIn(block.label) })),
    fields: module.fields.map((field) => ({
      ...field,
      label: labelIn(field.label),
      ...(field.values !== undefined && {
        values: field.values.map(({ value, label }) => ({ value, label: labelIn(label) })),
      }),
    })),
  }
}

export const fieldOf = (module: Module, name: string): Field | undefined =>
  module.fields.find((field) => field.name === name)

/** The name of a record; where it is empty, the first text that its list shows, such as its number. */
export function nameOf(item: Item, module: Pick<Module, 'nameFields' | 'listColumns'>): string {
  const parts = module.nameFields.map((name) => item[name]).filter((part) => typeof part === 'string')
  const name = parts.join(' ').trim()
  if (name !== '') return name
  const shown = module.listColumns.map((column) => item.display?.[column] ?? item[column])
  return shown.find((text): text is string => typeof text === 'string' && text.trim() !== '') ?? item.id
}

/** The text of a field; undefined where it is empty or not a text. */
export function textIn(item: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = item[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The field that names the currency of the amounts of a record. */
export const currencyField = 'currency_id'

/** The code of the currency of a record; undefined where it is not known. @param base of the installation */
export function currencyOf(
  item: Item | undefined,
  base: { readonly id: string; readonly code: string } | null,
): string | undefined {
  const currency = item?.[currencyField]
  if (currency === undefined || currency === null || currency === base?.id) return base?.code
  const code = item?.display?.[currencyField]
  return code !== undefined && /^[A-Z]{3}$/.test(code) ? code : undefined
}

/** The text of a value of a picklist. */
export function labelOf(field: Field | undefined, value: string): string {
  return field?.values?.find((choice) => choice.value === value)?.label ?? value
}

/** Fields that say nothing to a customer: who in the CRM made or changed a record, and how it is stored. */
const technical =
  /^(id|modifiedby|created_user_id|assigned_user_id|conversion_rate|smownerid|.*_exchange_rate)$/

export const isTechnical = ({ name, type }: Field): boolean => technical.test(name) || type === 'owner'
