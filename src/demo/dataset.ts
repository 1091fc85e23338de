/** Fills a database with the data set of `data/dataset.json`: the clean data set, before any of the states. */
import { createHash } from 'node:crypto'
import { Database, emptyValue, isReference } from './database.ts'
import type { CrmRecord, Value } from './database.ts'
import { readData, standardModules } from './metadata.ts'
import type { Field, Module } from './metadata.ts'
import { insertStandardRows } from './standard-rows.ts'

interface DatasetFile {
  records: Record<string, Record<string, string>>
  documentRelations: { record: string; document: string }[]
  productLines: Record<
    | 'document'
    | 'product'
    | 'sequence'
    | 'quantity'
    | 'listprice'
    | 'discount_percent'
    | 'discount_amount'
    | 'comment',
    string
  >[]
  users: (Record<string, string> & { id: string })[]
  portalAccess: { contact: string; user_name: string; isactive: string }[]
  files: { document: string; name: string; type: string }[]
  salesProfile: Record<string, Record<string, boolean>>
}

export const numberOf = (webserviceId: string): number => Number(webserviceId.split('x')[1] ?? '0')

const columnValue = (module: string, field: Field, shown: string): Value => {
  // A boolean that was never saved shows as empty and is NULL; one that was saved is '0' or '1'.
  if (shown === '') return field.type.name === 'boolean' ? null : emptyValue(module, field)
  return isReference(field) ? String(numberOf(shown)) : shown
}

const record = (module: Module, id: string, shown: Record<string, string>): CrmRecord => ({
  number: numberOf(id),
  module: module.name,
  values: new Map(
    module.fields.map((field) => [field.name, columnValue(module.name, field, shown[field.name] ?? '')]),
  ),
  cbuuid: shown['cbuuid'] ?? '',
  deleted: false,
})

/** What coreBOS keeps of a user's password; no description shows these columns, a select list reaches them. */
const passwordColumns = (password: string): Record<string, string> => ({
  user_hash: createHash('md5').update(password).digest('hex'),
  user_password: `$2y$10$${createHash('sha256').update(password).digest('base64url')}`,
  crypt_type: 'PHASH',
})

/**
 * A user's row as coreBOS fills it by default; fields that describe does not show are in it too. The access key
 * is `NAME-access-key`, the password `NAME-password`.
 */
export const insertUser = (database: Database, number: number, values: Record<string, string>): CrmRecord => {
  const module = database.module('Users')
  if (module === undefined) throw new Error('the module Users is missing')
  const defaults: Record<string, string> = {
    currency_id: '1',
    currency_decimal_separator: '.',
    no_of_currency_decimals: '2',
    date_format: 'yyyy-mm-dd',
    time_zone: 'UTC',
    internal_mailer: '1',
    theme: 'softed',
    language: 'en_us',
    send_email_to_sender: '1',
    use_asterisk: '0',
    ename: `${values['first_name'] ?? ''} ${values['last_name'] ?? ''}`,
  }
  const login = values['user_name'] ?? ''
  const password = `${login}-password`
  database.userPasswords.set(number, password)
  const secrets = { accesskey: `${login}-access-key`, ...passwordColumns(password) }
  const row = new Map<string, Value>(module.fields.map(({ name }) => [name, '']))
  for (const [name, value] of Object.entries({ ...defaults, ...values, ...secrets })) row.set(name, value)
  return database.insert({ number, module: 'Users', values: row, cbuuid: '', deleted: false })
}

const STORED = Date.UTC(2026, 10, 24, 6, 39, 1)

const PASSWORDS: Readonly<Record<string, string>> = {
  'alice@example.com': 'alice-pw',
  'bob@example.com': 'bob-pw',
  'carol@example.com': 'carol-pw',
  'dave@example.com': 'dave-pw',
  'erin@example.com': 'erin-pw',
  'grace@example.com': 'grace-pw',
}

export const loadDataset = (): Database => {
  const file = readData('dataset.json') as DatasetFile // our own data file, made by data/generate.ts
  const database = new Database(standardModules())
  for (const { id, ...values } of file.users) {
    insertUser(database, numberOf(id), values)
  }
  insertStandardRows(database)
  for (const [id, shown] of Object.entries(file.records)) {
    const module = database.moduleByPrefix(id.split('x')[0] ?? '')
    if (module === undefined) throw new Error(`no module for ${id}`)
    database.insert(record(module, id, shown))
  }
  for (const { record: related, document } of file.documentRelations) {
    database.documentRelations.push({ record: numberOf(related), document: numberOf(document) })
  }
  for (const line of file.productLines) {
    database.productLines.push({
      ...line,
      document: numberOf(line.document),
      product: numberOf(line.product),
    })
  }
  for (const { contact, user_name: userName, isactive } of file.portalAccess) {
    database.portalAccess.push({
      owner: numberOf(contact),
      entity: 'Contacts',
      userName,
      password: PASSWORDS[userName] ?? '',
      active: isactive === '1',
      failures: 0,
    })
  }
  for (const { document, name, type } of file.files) {
    const number = numberOf(document)
    const content = Buffer.from(`hello ${name.replace('.txt', '')}\n`)
    // coreBOS stores the file first, so its number is the one before the document's.
    database.attachments.set(number, [
      { number: number - 1, name, type, content, folder: '2026/November/week4', storedAt: STORED },
    ])
  }
  for (const [module, rights] of Object.entries(file.salesProfile)) {
    if (Object.values(rights).every((right) => right)) continue
    const denied = database.writeDenied.get('H5') ?? new Set<string>()
    database.writeDenied.set('H5', denied.add(module))
  }
  const items = database
    .records('InventoryDetails')
    .map(({ values }) => Number(values.get('lineitem_id') ?? '0'))
  for (let item = 0; item < Math.max(0, ...items); item += 1) database.count('lineitems')
  return database
}
