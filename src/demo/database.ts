/**
 * The store of the demo coreBOS: what MariaDB is to a real one. Values are those of the columns:
 * text or null (NULL and '' differ), a reference or owner as the bare number ('8546', '0' where empty),
 * a boolean as '1' or '0', decimals with their column's places, times in UTC as `YYYY-MM-DD hh:mm:ss`.
 */
import type { Field, Module } from './metadata.ts'

export type Value = string | null

export interface CrmRecord {
  /** Unique within the sequence that all entity modules share; Users, Groups and Currency count apart. */
  readonly number: number
  readonly module: string
  /** By field name, every field of the module. */
  readonly values: Map<string, Value>
  cbuuid: string
  deleted: boolean
}

export interface ProductLine {
  /** The Invoice, Quotes, SalesOrder or PurchaseOrder record. */
  document: number
  product: number
  sequence: string
  quantity: string
  listprice: string
  discount_percent: string
  discount_amount: string
  comment: string
}

export interface Comment {
  readonly number: number
  /** The ticket or FAQ. */
  readonly parent: number
  readonly text: string
  /** User or contact; a FAQ comment has none. */
  readonly owner: number
  readonly ownertype: string
  readonly createdtime: string
}

export interface Attachment {
  readonly number: number
  readonly name: string
  readonly type: string
  readonly content: Buffer
  /** The folder under `storage/`, for example `2026/November/week4`. */
  readonly folder: string
  /** Milliseconds. */
  readonly storedAt: number
}

/** A contact's (or employee's) log-in, vtiger_portalinfo. */
export interface PortalAccess {
  /** The number of the contact or employee. */
  readonly owner: number
  readonly entity: 'Contacts' | 'Employee'
  userName: string
  password: string
  active: boolean
  failures: number
}

/** Who asks. A contact's session works as the user that the contact is mapped to. */
export interface Caller {
  /** A row of Users. */
  readonly user: CrmRecord
  readonly isAdmin: boolean
  readonly contact?: {
    readonly entity: 'Contacts' | 'Employee'
    readonly number: number
    /** 0 where the contact has no account, and for employees. */
    readonly account: number
  }
}

/** Modules whose rows have a number sequence of their own. */
const OWN_SEQUENCE = new Set([
  'Users',
  'Groups',
  'Currency',
  'CompanyDetails',
  'Workflow',
  'LoginHistory',
  'ModTracker',
  'AuditTrail',
])

export class Database {
  readonly modules: Map<string, Module>
  readonly documentRelations: { record: number; document: number }[] = []
  /** vtiger_seactivityrel: which records an e-mail (`document`) is related to. */
  readonly emailRelations: { record: number; document: number }[] = []
  /** vtiger_crmentityrel, in the direction it was written. */
  readonly relations: { record: number; related: number }[] = []
  readonly productLines: ProductLine[] = []
  readonly comments: Comment[] = []
  /** By the number of the document (or of the record whose image it is). */
  readonly attachments = new Map<number, Attachment[]>()
  readonly portalAccess: PortalAccess[] = []
  readonly settings = new Map<string, string>()
  /** Per role: modules in which the role may not create, edit or delete. */
  readonly writeDenied = new Map<string, Set<string>>()
  /**
   * The time of the last save by record, where a relation or comment has changed the modified time since:
   * coreBOS keeps the two apart, and `sync` goes by the saves.
   */
  readonly savedTimes = new Map<number, string>()
  /** Password in clear by user number. */
  readonly userPasswords = new Map<number, string>()

  readonly #entities = new Map<number, CrmRecord>()
  readonly #byModule = new Map<string, Map<number, CrmRecord>>()
  readonly #counters = new Map<string, number>()
  #sequence = 0

  constructor(modules: Map<string, Module>) {
    this.modules = modules
  }

  module(name: string): Module | undefined {
    return this.modules.get(name)
  }

  moduleByPrefix(prefix: string): Module | undefined {
    for (const module of this.modules.values()) if (module.prefix === prefix) return module
    return undefined
  }

  /** The next number of the sequence that all entities, attachments and comments share. */
  nextNumber(): number {
    this.#sequence += 1
    return this.#sequence
  }

  /** The highest number given out so far; setting it leaves a gap as coreBOS's deleted rows do. */
  get lastNumber(): number {
    return this.#sequence
  }

  set lastNumber(number: number) {
    this.#sequence = number
  }

  /** Counts up a named sequence of its own (line items, relations …). */
  count(name: string): number {
    const next = (this.#counters.get(name) ?? 0) + 1
    this.#counters.set(name, next)
    return next
  }

  insert(record: CrmRecord): CrmRecord {
    if (!OWN_SEQUENCE.has(record.module)) {
      this.#entities.set(record.number, record)
      this.#sequence = Math.max(this.#sequence, record.number)
    }
    const rows = this.#byModule.get(record.module) ?? new Map<number, CrmRecord>()
    rows.set(record.number, record)
    this.#byModule.set(record.module, rows)
    return record
  }

  /** The rows of a module that are not deleted, in the order of their numbers. */
  records(module: string): CrmRecord[] {
    const rows = [...(this.#byModule.get(module)?.values() ?? [])].filter(({ deleted }) => !deleted)
    return rows.sort((left, right) => left.number - right.number)
  }

  /** The rows of a module with the deleted ones, in the order of their numbers. */
  allRecords(module: string): CrmRecord[] {
    const rows = [...(this.#byModule.get(module)?.values() ?? [])]
    return rows.sort((left, right) => left.number - right.number)
  }

  /** An entity by its number, deleted ones too; never a user, group or currency. */
  entity(number: number): CrmRecord | undefined {
    return this.#entities.get(number)
  }

  byCbuuid(cbuuid: string): CrmRecord | undefined {
    for (const record of this.#entities.values()) if (record.cbuuid === cbuuid) return record
    return undefined
  }

  /** A row of any module by number, deleted ones too. */
  row(module: string, number: number): CrmRecord | undefined {
    return this.#byModule.get(module)?.get(number)
  }

  /**
   * The row that a reference or owner field points to. Entities are found by number, independent of the field
   * says it refers to; deleted ones are found as well.
   */
  target(field: Field, value: Value | undefined): CrmRecord | undefined {
    if (value === null || value === undefined || value === '' || value === '0') return undefined
    const number = Number(value)
    if (field.type.name === 'owner') return this.row('Users', number) ?? this.row('Groups', number)
    const [first] = field.type.refersTo ?? []
    if (first !== undefined && OWN_SEQUENCE.has(first)) return this.row(first, number)
    return this.#entities.get(number)
  }

  /** `17x8625` */
  webserviceId(record: CrmRecord): string {
    return `${this.module(record.module)?.prefix ?? '0'}x${record.number}`
  }

  /** As coreBOS shows a record that another refers to: the module's label fields joined by a blank. */
  displayName(record: CrmRecord): string {
    const fields = this.module(record.module)?.labelFields ?? []
    return fields.map((name) => record.values.get(name) ?? '').join(' ')
  }
}

/** Columns that, empty, hold something else than their type of data says; by module and field. */
const EMPTY: Readonly<Record<string, Value>> = {
  'ModComments parent_comments': '0',
  'Contacts contact_id': '0',
  'Contacts convertedfromlead': '0',
  'Accounts convertedfromlead': '0',
  'Potentials convertedfromlead': '0',
  'Assets invoiceid': '0',
  'Invoice salesorder_id': null,
  'Quotes potential_id': null,
  'Quotes contact_id': null,
  'ServiceContracts progress': null,
  // The default folder exists in no table that the web service looks at: it is shown as empty.
  'Documents folderid': '1',
}

/** What a column holds where a record was saved without a value for the field. */
export const emptyValue = (module: string, field: Field): Value => {
  const own = EMPTY[`${module} ${field.name}`]
  if (own !== undefined) return own
  const [column] = field.typeofdata.split('~')
  // A boolean that cannot be set is not written with the record.
  if (field.type.name === 'boolean') return field.editable ? '0' : null
  if (field.type.name === 'date' || field.type.name === 'datetime') return null
  return column === 'I' || column === 'N' || column === 'NN' ? '0' : ''
}

export const isReference = (field: Field): boolean =>
  field.type.name === 'reference' || field.type.name === 'owner'
