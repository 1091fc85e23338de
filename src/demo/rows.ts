/** Records as the web service shows them. */
import type { Caller, CrmRecord, Database, Value } from './database.ts'
import type { Field } from './metadata.ts'
import { mayAccess } from './restriction.ts'
import { filePath } from './storage.ts'

/** A column's value in a row: references as web service ids, empty ones and NULL as ''. */
export const shownValue = (database: Database, field: Field, value: Value | undefined): string => {
  if (field.type.name === 'reference' || field.type.name === 'owner') {
    const target = database.target(field, value)
    return target === undefined ? '' : database.webserviceId(target)
  }
  return value ?? ''
}

export interface Reference {
  readonly module: string
  readonly reference: string
  readonly cbuuid: string
}

export const referenceTo = (database: Database, record: CrmRecord): Reference => ({
  module: record.module,
  reference: displayName(database, record),
  cbuuid: record.cbuuid,
})

const displayName = (database: Database, record: CrmRecord): string => {
  const name = database.displayName(record)
  if (record.module !== 'Currency') return name
  const symbol = record.values.get('currency_symbol') ?? ''
  return `${name} : ${symbol === '€' ? '&euro;' : symbol}`
}

/** The address of a document's file; undefined where it has none of its own. */
export const downloadUrl = (database: Database, url: string, record: CrmRecord): string | undefined => {
  if (record.values.get('filelocationtype') !== 'I') return undefined
  const file = database.attachments.get(record.number)?.at(-1)
  return file === undefined ? undefined : `${url}/${filePath(file)}`
}

export const countDownload = (document: CrmRecord): void => {
  const count = Number(document.values.get('filedownloadcount') ?? '0')
  document.values.set('filedownloadcount', String(count + 1))
}

/** The values of a record in the order of its module's fields, then id and cbuuid. */
export const fieldValues = (database: Database, record: CrmRecord): Record<string, unknown> => {
  const row: Record<string, unknown> = {}
  const module = database.module(record.module)
  for (const field of module?.fields ?? []) {
    row[field.name] = shownValue(database, field, record.values.get(field.name))
  }
  row['id'] = database.webserviceId(record)
  if (module?.isEntity === true && module.name !== 'Users') row['cbuuid'] = record.cbuuid
  return row
}

const productLines = (database: Database, record: CrmRecord): unknown[] =>
  database.productLines
    .filter(({ document }) => document === record.number)
    .map((line) => {
      const product = database.entity(line.product)
      const amount = line.discount_amount === '' ? 0 : line.discount_amount
      const percentage = line.discount_percent === '' ? 0 : line.discount_percent
      const type = percentage !== 0 ? 'percentage' : amount !== 0 ? 'amount' : 0
      return {
        productid: String(line.product),
        wsproductid: product === undefined ? '' : database.webserviceId(product),
        linetype: product?.module ?? '',
        comment: line.comment,
        qty: line.quantity,
        listprice: line.listprice,
        discount: type === 0 ? 0 : 1,
        discount_type: type,
        discount_percentage: percentage,
        discount_amount: amount,
      }
    })

/** The names of the roles that a new installation has. */
const ROLES: Readonly<Record<string, string>> = {
  H1: 'Organisation',
  H2: 'CEO',
  H3: 'Vice President',
  H4: 'Sales Manager',
  H5: 'Sales Man',
}

/** What `retrieve` puts into empty fields of a user; a query leaves them empty. */
const USER_DEFAULTS: Readonly<Record<string, string>> = {
  currency_grouping_pattern: '123,456,789',
  currency_grouping_separator: ',',
  currency_symbol_placement: '$1.0',
}

const completeUser = (row: Record<string, unknown>): void => {
  for (const [name, value] of Object.entries(USER_DEFAULTS)) if (row[name] === '') row[name] = value
  row['rolename'] = ROLES[String(row['roleid'])] ?? ''
}

export const INVENTORY = new Set(['Quotes', 'SalesOrder', 'Invoice', 'PurchaseOrder'])

/** What `retrieve` gives: values, a document's relations and file, names of references, product lines. */
export const retrievedRecord = (
  database: Database,
  caller: Caller,
  url: string,
  record: CrmRecord,
): Record<string, unknown> => {
  const row = fieldValues(database, record)
  if (record.module === 'Documents') {
    const relations = database.documentRelations.filter(({ document }) => document === record.number)
    const related = relations.map(({ record: number }) => database.entity(number))
    row['relations'] = related
      .filter((target) => target !== undefined)
      .map((target) => database.webserviceId(target))
    row['_downloadurl'] = downloadUrl(database, url, record)
  }
  if (record.module === 'Users') completeUser(row)
  const fields = database.module(record.module)?.fields ?? []
  const references = fields.filter(({ type }) => type.name === 'reference')
  const owners = fields.filter(({ name, type }) => type.name === 'owner' && name === 'assigned_user_id')
  for (const field of [...references, ...owners]) {
    const target = database.target(field, record.values.get(field.name))
    if (target === undefined || target.deleted) continue
    const readable = database.entity(target.number) !== target || mayAccess(database, caller, target)
    row[`${field.name}ename`] = readable ? referenceTo(database, target) : null
  }
  if (INVENTORY.has(record.module)) row['pdoInformation'] = productLines(database, record)
  return row
}
