/**
 * The presentation of modules for a portal: the whole of `describe` and `listtypes`, and the formats of a CRM user.
 * Only the properties that are named here are passed on; names of staff and additions of an installation are not.
 */
import { ask, type Caller } from './caller.ts'
import { array, flag, isObject, object, text, texts } from './shape.ts'

export interface ListedModule {
  readonly name: string
  readonly isEntity: boolean
  readonly label: string
  readonly singular: string
}

/** In coreBOS's order. */
export async function listModules(caller: Caller): Promise<readonly ListedModule[]> {
  const what = 'list of modules'
  const { result } = await ask(caller, { operation: 'listtypes' })
  const { types, information } = object(result, what)
  const known = object(information, what)
  return texts(types, what).map((name) => {
    const { isEntity, label, singular } = object(known[name], what)
    return {
      name,
      isEntity: flag(isEntity, what),
      label: text(label, what),
      singular: text(singular, what),
    }
  })
}

export type Property =
  string | number | boolean | null | { readonly [name: string]: Property } | readonly Property[]
export type Properties = Readonly<Record<string, Property>>

export interface PresentedField {
  readonly name: string
  /** The field's type, without the names of users and groups. */
  readonly type: Properties & { readonly name: string }
  readonly refersTo: readonly string[] | undefined
  /** Everything else, by coreBOS's names and in its order. */
  readonly properties: Properties
}

export interface PresentedRelation {
  readonly name: string
  /** Empty if the list shows no records of a module. */
  readonly module: string
  /** The field by which the related records point to the record; null for a many-to-many relation. */
  readonly field: string | null
  readonly properties: Properties
  readonly columns: ListColumns
}

/** The columns of the module's lists, by field name. */
export interface ListColumns {
  readonly fields: readonly string[]
  readonly linkfields: readonly string[]
  readonly pagesize: number
}

export interface PresentedModule {
  readonly name: string
  readonly properties: Properties
  readonly rights: {
    readonly createable: boolean
    readonly updateable: boolean
    readonly deleteable: boolean
    readonly retrieveable: boolean
  }
  readonly fields: readonly PresentedField[]
  readonly idPrefix: string
  readonly isEntity: boolean
  readonly labelFields: readonly string[]
  readonly columns: ListColumns
  readonly relations: readonly PresentedRelation[]
}

const what = 'description'
const moduleProperties = ['label', 'label_raw', 'name']
const fieldProperties = [
  'label',
  'label_raw',
  'mandatory',
  'nullable',
  'editable',
  'uitype',
  'helpinfo',
  'typeofdata',
  'sequence',
  'quickcreate',
  'displaytype',
  'summary',
  'block',
  'default',
]
const typeProperties = ['defaultValue', 'format', 'maxUploadFileSize', 'name']
const relationProperties = [
  'related_tabid',
  'related_module',
  'label',
  'labeli18n',
  'actions',
  'relationId',
  'relatedfield',
  'relationtype',
]

/** @param module case-sensitive, one that the caller may see */
export async function presentModule(caller: Caller, module: string): Promise<PresentedModule> {
  const { result } = await ask(caller, { operation: 'describe', params: { elementType: module } })
  const source = object(result, what)
  const { createable, updateable, deleteable, retrieveable, isEntity } = source
  return {
    name: text(source['name'], what),
    properties: picked(source, moduleProperties),
    rights: {
      createable: flag(createable, what),
      updateable: flag(updateable, what),
      deleteable: flag(deleteable, what),
      retrieveable: flag(retrieveable, what),
    },
    fields: array(source['fields'], what).map(field),
    idPrefix: text(source['idPrefix'], what),
    isEntity: flag(isEntity, what),
    labelFields: text(source['labelFields'], what)
      .split(',')
      .filter((name) => name !== ''),
    columns: columns(source['filterFields']),
    relations: Object.entries(isObject(source['relatedModules']) ? source['relatedModules'] : {}).map(
      ([name, each]) => relation(name, each),
    ),
  }
}

function field(each: unknown): PresentedField {
  const source = object(each, what)
  const type = object(source['type'], what)
  const picklist = type['picklistValues']
  const name = text(type['name'], what)
  return {
    name: text(source['name'], what),
    type: {
      ...picked(type, typeProperties),
      // A reference's list holds records of another module.
      ...(picklist !== undefined && type['refersTo'] === undefined && { picklistValues: property(picklist) }),
      name,
    },
    refersTo: type['refersTo'] === undefined ? undefined : texts(type['refersTo'], what),
    properties: picked(source, fieldProperties),
  }
}

function relation(name: string, each: unknown): PresentedRelation {
  const source = object(each, what)
  const by = source['relatedfield']
  return {
    name,
    module: text(source['related_module'], what),
    field: typeof by === 'string' ? by : null,
    properties: picked(source, relationProperties),
    columns: columns(source['filterFields']),
  }
}

function columns(each: unknown): ListColumns {
  const { fields, linkfields, pagesize } = object(each, what)
  return {
    fields: texts(fields, what),
    linkfields: texts(linkfields, what),
    pagesize: typeof pagesize === 'number' ? pagesize : Number(text(pagesize, what)),
  }
}

function picked(source: Readonly<Record<string, unknown>>, names: readonly string[]): Properties {
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(source, name)).map((name) => [name, property(source[name])]),
  )
}

function property(value: unknown): Property {
  if (Array.isArray(value)) return value.map(property)
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, property(each)]))
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}

const settingNames = [
  'date_format',
  'first_name',
  'last_name',
  'language',
  'currency_grouping_pattern',
  'currency_decimal_separator',
  'currency_grouping_separator',
  'currency_symbol_placement',
  'id',
]

/** Name, language and formats of the CRM user behind a session; never its rights, role, profiles or address. */
export async function userSettings(caller: Caller): Promise<Readonly<Record<string, string>>> {
  const { result } = await ask(caller, { operation: 'getPortalUserInfo' })
  const source = object(result, 'user')
  return Object.fromEntries(settingNames.map((name) => [name, text(source[name], 'user')]))
}

/** `yyyy-mm-dd` and the like. */
export async function dateFormat(caller: Caller): Promise<string> {
  const { result } = await ask(caller, { operation: 'getPortalUserDateFormat' })
  return text(result, 'date format')
}
