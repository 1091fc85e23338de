/** The modules of the demo coreBOS, read from `data/modules.json` (made from recordings, see `data/generate.ts`). */
import { readFileSync } from 'node:fs'

export interface PicklistValue {
  readonly label: string
  readonly value: string
  readonly tooltip?: string
}

export interface FieldType {
  /** coreBOS's word: string, text, picklist, reference, owner, boolean, integer, double, currency, date, datetime … */
  readonly name: string
  readonly refersTo?: readonly string[]
  readonly picklistValues?: readonly PicklistValue[]
  readonly defaultValue?: string
  readonly format?: string
  readonly maxUploadFileSize?: string
}

export interface Field {
  readonly name: string
  readonly label: string
  readonly label_raw: string
  readonly mandatory: boolean
  readonly type: FieldType
  readonly nullable: boolean
  readonly editable: boolean
  readonly uitype: string
  /** For example `V~M`, `I~O`, `D~O`: type of the column, mandatory or optional. */
  readonly typeofdata: string
  readonly displaytype: string | number
  readonly default: string
  readonly [rest: string]: unknown
}

export interface Module {
  readonly name: string
  /** The number in front of a web service id: `17` of `17x8625`. */
  readonly prefix: string
  readonly label: string
  readonly singular: string
  readonly isEntity: boolean
  /** The fields that make the display name of a record, joined by a blank. */
  readonly labelFields: readonly string[]
  /** In the order of describe, which is also that of rows; `id` is not among them. */
  readonly fields: readonly Field[]
  readonly field: (name: string) => Field | undefined
  /** What describe says besides the fields, keys in its order; undefined for modules whose describe is not known. */
  readonly description: Readonly<Record<string, unknown>> | undefined
}

/** What describe says of a module, as `data/modules.json` holds it. */
export interface Description extends Record<string, unknown> {
  name: string
  label: string
  idPrefix: string
  isEntity: boolean
  labelFields: string
  fields: Field[]
}

interface ModulesFile {
  types: string[]
  typesOfField: Record<string, string[]>
  manyToOne: Record<string, { label: string; name: string; field: string }[]>
  uitypes: Record<string, Record<string, string>>
  picklists: Record<string, Record<string, string[]>>
  information: Record<string, { isEntity: boolean; label: string; singular: string }>
  described: Record<string, Description>
  employee: Description
}

export const readData = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`./data/${name}`, import.meta.url), 'utf8'))

const file = readData('modules.json') as ModulesFile // our own data file, made by data/generate.ts

export const listedTypes: readonly string[] = file.types
/** The modules that have a field of a type, for the types whose lists were recorded. */
export const typesOfField: Readonly<Record<string, readonly string[]>> = file.typesOfField
export const manyToOne = file.manyToOne
export const uitypes = file.uitypes
/** A module's picklists and their values as getPicklistValues has them, where that was recorded. */
export const recordedPicklists = file.picklists
export const typeInformation = file.information

/** Prefixes of modules whose describe was not recorded; those of 23, 24 and above 40 are assumed. */
const OTHER_PREFIXES: Readonly<Record<string, string>> = {
  Campaigns: '1',
  Vendors: '2',
  PurchaseOrder: '5',
  PriceBooks: '8',
  Leads: '10',
  CompanyDetails: '23',
  PBXManager: '24',
  GlobalVariable: '34',
  cbTermConditions: '38',
  Workflow: '51',
  AuditTrail: '52',
  LoginHistory: '53',
  ModTracker: '54',
}

const plainField = (name: string): Field => {
  const of = (type: FieldType, uitype: string, typeofdata: string, rest: Partial<Field> = {}): Field => ({
    name,
    label: name,
    label_raw: name,
    mandatory: false,
    type,
    nullable: true,
    editable: true,
    uitype,
    typeofdata,
    displaytype: '1',
    default: '',
    ...rest,
  })
  const fixed = { editable: false, nullable: false, displaytype: '2' }
  if (name === 'assigned_user_id') return of({ name: 'owner' }, '53', 'V~M', { mandatory: true })
  if (name === 'createdtime' || name === 'modifiedtime') return of({ name: 'datetime' }, '70', 'DT~O', fixed)
  if (name === 'modifiedby' || name === 'created_user_id') {
    return of({ name: 'reference', refersTo: ['Users'] }, '52', 'V~O', fixed)
  }
  if (name === 'annualrevenue') return of({ name: 'currency' }, '71', 'N~O')
  if (name === 'noofemployees') return of({ name: 'integer' }, '1', 'I~O')
  if (name === 'emailoptout') return of({ name: 'boolean' }, '56', 'C~O')
  if (name === 'email' || name === 'secondaryemail') return of({ name: 'email' }, '13', 'E~O')
  if (name === 'phone' || name === 'mobile' || name === 'fax') return of({ name: 'phone' }, '11', 'V~O')
  if (name === 'website') return of({ name: 'url' }, '17', 'V~O')
  if (name === 'description') return of({ name: 'text' }, '19', 'V~O')
  if (name.endsWith('_no')) return of({ name: 'string' }, '4', 'V~O', fixed)
  return of({ name: 'string' }, '1', 'V~O')
}

const LEADS =
  'salutationtype firstname lead_no lastname phone company mobile designation fax leadsource email industry website annualrevenue leadstatus noofemployees rating secondaryemail assigned_user_id modifiedtime createdtime modifiedby emailoptout created_user_id lane pobox code city country state description'
const VENDORS =
  'vendorname vendor_no email phone glacct website createdtime category modifiedtime modifiedby assigned_user_id created_user_id street pobox city state postalcode country description'

const UNDESCRIBED: Readonly<Record<string, { fields: string; labelFields: string[] }>> = {
  Leads: { fields: LEADS, labelFields: ['firstname', 'lastname'] },
  Vendors: { fields: VENDORS, labelFields: ['vendorname'] },
  cbTermConditions: {
    fields:
      'cbtandcno reference formodule isdefault copyfrom assigned_user_id createdtime modifiedtime modifiedby created_user_id tandc',
    labelFields: ['reference'],
  },
  GlobalVariable: {
    fields:
      'globalno gvname default_check value mandatory blocked module_list category in_module_list assigned_user_id createdtime modifiedtime modifiedby created_user_id description',
    labelFields: ['gvname'],
  },
  LoginHistory: { fields: 'user_name user_ip logout_time login_time status', labelFields: ['user_name'] },
  Workflow: {
    fields: 'module_name summary test execution_condition defaultworkflow type',
    labelFields: ['summary'],
  },
  CompanyDetails: {
    fields: 'organizationname address city state country code phone fax website',
    labelFields: ['organizationname'],
  },
  AuditTrail: { fields: 'userid module action recordid actiondate', labelFields: ['action'] },
  ModTracker: { fields: 'crmid module whodid changedon status', labelFields: ['crmid'] },
}

const moduleOf = (
  name: string,
  rest: Omit<Module, 'name' | 'field' | 'fields'>,
  fields: readonly Field[],
): Module => {
  const byName = new Map(fields.map((field) => [field.name, field]))
  return { name, ...rest, fields, field: (wanted) => byName.get(wanted) }
}

const fromDescription = (description: Description): Module => {
  const information = file.information[description.name]
  const labelFields =
    description.name === 'Users' ? ['first_name', 'last_name'] : description.labelFields.split(',')
  return moduleOf(
    description.name,
    {
      prefix: description.idPrefix,
      label: description.label,
      singular: information?.singular ?? description.label,
      isEntity: description.isEntity,
      labelFields,
      description,
    },
    description.fields.filter(({ name }) => name !== 'id'),
  )
}

/** The module of employees, which a coreBOS has only after it was installed. */
export const employeeModule = (): Module => ({ ...fromDescription(file.employee), singular: 'Employee' })

/** A module that an installation has made for itself. */
export const customModule = (description: Description): Module => fromDescription(description)

const undescribed = (name: string): Module => {
  const information = file.information[name]
  const known = UNDESCRIBED[name]
  return moduleOf(
    name,
    {
      prefix: OTHER_PREFIXES[name] ?? '',
      label: information?.label ?? name,
      singular: information?.singular ?? name,
      isEntity: information?.isEntity ?? true,
      labelFields: known?.labelFields ?? [],
      description: undefined,
    },
    (known?.fields.split(' ') ?? []).map(plainField),
  )
}

/** Whether every coreBOS has the module. */
export const isStandard = (name: string): boolean =>
  file.types.includes(name) || Object.hasOwn(file.described, name)

/** Every module by its exact name. */
export const standardModules = (): Map<string, Module> => {
  const names = [...file.types, ...Object.keys(file.described)]
  return new Map(
    names.map((name) => {
      const description = file.described[name]
      return [name, description === undefined ? undescribed(name) : fromDescription(description)]
    }),
  )
}
