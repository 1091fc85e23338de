/** Which records are related to which. */
import type { CrmRecord, Database } from './database.ts'
import { CorebosError } from './errors.ts'
import type { Module } from './metadata.ts'

export const notRelated = (module: string, relatedModule: string): CorebosError =>
  new CorebosError('MODULES_NOT_RELATED', `Cannot find relation between ${module} and ${relatedModule}`)

interface RelatedList {
  readonly related_module: string
  readonly relatedfield: string | null
}

const relatedLists = (module: Module): RelatedList[] => {
  const lists = module.description?.['relatedModules'] ?? {}
  return Object.values(lists) as RelatedList[] // as describe gives them, see data/modules.json
}

/** Lists that describe calls N:N although a reference field makes them. */
const BY_FIELD: Readonly<Record<string, string>> = {
  'Project ProjectTask': 'projectid',
  'Project ProjectMilestone': 'projectid',
}

const SALES = new Set(['Quotes', 'SalesOrder', 'Invoice', 'PurchaseOrder'])

const linkedTo = (links: readonly { record: number; document: number }[], number: number): Set<number> =>
  new Set(links.filter(({ record }) => record === number).map(({ document }) => document))

const partners = (links: readonly { record: number; related: number }[], number: number): Set<number> =>
  new Set([
    ...links.filter(({ record }) => record === number).map(({ related }) => related),
    ...links.filter(({ related }) => related === number).map(({ record }) => record),
  ])

const pick = (database: Database, module: string, numbers: ReadonlySet<number>): CrmRecord[] =>
  database.records(module).filter(({ number }) => numbers.has(number))

const pointingTo = (
  database: Database,
  module: string,
  field: string,
  numbers: readonly number[],
): CrmRecord[] =>
  database.records(module).filter(({ values }) => numbers.includes(Number(values.get(field) ?? '0')))

/** The sales documents of a contact or account. */
const documentsOf = (database: Database, module: string, related: string, number: number): CrmRecord[] => {
  const field = module === 'Contacts' ? 'contact_id' : 'account_id'
  return pointingTo(database, related, field, [number])
}

/** ProductLineInvoice and the like: products related through sales documents, with the `Only` forms nothing else. */
const productsThroughDocuments = (
  database: Database,
  module: string,
  number: number,
  discriminator: string,
): Set<number> => {
  const kinds = {
    productlineinvoice: 'Invoice',
    productlinesalesorder: 'SalesOrder',
    productlinequote: 'Quotes',
  }
  const wanted = Object.entries(kinds)
    .filter(([name]) => discriminator.startsWith(name) || discriminator === 'productlineall')
    .flatMap(([, kind]) => documentsOf(database, module, kind, number))
  const documents = new Set(wanted.map((document) => document.number))
  return new Set(
    database.productLines.filter(({ document }) => documents.has(document)).map(({ product }) => product),
  )
}

const isParty = (module: string): boolean => module === 'Contacts' || module === 'Accounts'

const products = (
  database: Database,
  module: Module,
  number: number,
  relatedModule: string,
  discriminator: string,
): CrmRecord[] => {
  const direct = discriminator.endsWith('only') ? new Set<number>() : partners(database.relations, number)
  const through = isParty(module.name)
    ? productsThroughDocuments(database, module.name, number, discriminator)
    : new Set<number>()
  // Those related directly come first.
  const first = pick(database, relatedModule, direct)
  return [...first, ...pick(database, relatedModule, through).filter((record) => !first.includes(record))]
}

/** The records of `relatedModule` in the related list of one record; throws where there is no such list. */
export const relatedRecords = (
  database: Database,
  module: Module,
  number: number,
  relatedModule: Module,
  discriminator = '',
): CrmRecord[] => {
  const { name } = relatedModule
  if (name === 'ModComments') return pointingTo(database, name, 'related_to', [number])
  if (module.name === 'Products' && name === 'Products') throw notRelated('Products', 'ProductComponent')
  const isOther = database.entity(number)?.module !== module.name
  const list = relatedLists(module).find(({ related_module: related }) => related === name)
  if (list === undefined) throw notRelated(module.name, name)
  // The list joins its own module's table, which has no row of another module's number.
  if (isOther) return []
  const field = list.relatedfield ?? BY_FIELD[`${module.name} ${name}`]
  if (module.name === 'Contacts' && name === 'Potentials') {
    const account = Number(database.entity(number)?.values.get('account_id') ?? '0')
    return pointingTo(database, name, 'related_to', account === 0 ? [number] : [number, account])
  }
  if (field !== undefined) return pointingTo(database, name, field, [number])
  if (name === 'Products' || name === 'Services')
    return products(database, module, number, name, discriminator)
  if (name === 'Documents') return pick(database, name, linkedTo(database.documentRelations, number))
  if (name === 'Emails') return pick(database, name, linkedTo(database.emailRelations, number))
  if (SALES.has(name) && (module.name === 'Products' || module.name === 'Services')) {
    const lines = database.productLines.filter(({ product }) => product === number)
    return pick(database, name, new Set(lines.map(({ document }) => document)))
  }
  return pick(database, name, partners(database.relations, number))
}
