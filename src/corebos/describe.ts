/** Reads the descriptions of modules, as coreBOS gives them to one CRM user. */
import { CorebosRejection } from '../model/corebos-errors.ts'
import { ask, outcomeOf, type Caller } from './caller.ts'
import type { FieldForm } from '../model/module.ts'
import { array, flag, isObject, object, text, textOrNumber, texts } from './shape.ts'

export interface PicklistValue {
  readonly value: string
  /** In the language of the CRM user. */
  readonly label: string
}

export interface FieldDescription {
  readonly name: string
  readonly label: string
  /** The label before translation. */
  readonly labelKey: string
  /** `string`, `text`, `reference`, `owner`, `picklist`, `date`, `double` … */
  readonly type: string
  /** The modules that a reference may point to. */
  readonly refersTo: readonly string[]
  /** Absent if the field is not a picklist. */
  readonly picklist: readonly PicklistValue[] | undefined
  readonly mandatory: boolean
  readonly editable: boolean
  readonly nullable: boolean
  /** coreBOS's number for the kind of field; `''` for the fields of modules that are not entities. */
  readonly uitype: string
  /** `V~M`: kind and whether mandatory; `''` like `uitype`. */
  readonly typeofdata: string
  readonly form: FieldForm
  /** Display names of the groups that may own a record, by webservice id; absent for other fields. */
  readonly groups?: Readonly<Record<string, string>>
  /** The name of its module. */
  readonly module: string
}

export interface ModuleDescription {
  readonly name: string
  readonly label: string
  readonly labelKey: string
  /** The part of its records' webservice ids before the `x`. */
  readonly idPrefix: string
  readonly isEntity: boolean
  readonly createable: boolean
  readonly updateable: boolean
  readonly deleteable: boolean
  readonly retrieveable: boolean
  /** The fields whose values, joined by blanks, are a record's name. */
  readonly labelFields: readonly string[]
  readonly list: { readonly columns: readonly string[]; readonly pageSize: number }
  /** By name, in coreBOS's order. */
  readonly fields: ReadonlyMap<string, FieldDescription>
}

/** The modules that the CRM user may see, by their exact names. */
export async function listTypes(caller: Caller, signal?: AbortSignal): Promise<readonly string[]> {
  const { result } = await ask(caller, { operation: 'listtypes' }, signal)
  return texts(object(result, 'list of modules')['types'], 'list of modules')
}

/**
 * One call for all modules, as long as the CRM user may see all of them: a single module that it may not see makes
 * coreBOS reject the whole call, often without its name, so the list is then split in halves.
 *
 * @param names case-sensitive, without commas
 * @returns by name; without modules that the CRM user may not see
 */
export async function describe(
  caller: Caller,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, ModuleDescription>> {
  if (names.length === 0) return new Map()
  const call = { operation: 'describe', params: { elementType: names.join(',') } }
  const outcome = await outcomeOf(caller, call, signal)
  if (outcome.kind === 'success') return described(outcome.result, names)
  if (outcome.code !== 'ACCESS_DENIED') throw new CorebosRejection('describe', outcome.code, outcome.message)
  if (names.length === 1) return new Map()
  const middle = Math.ceil(names.length / 2)
  const first = await describe(caller, names.slice(0, middle), signal)
  return new Map([...first, ...(await describe(caller, names.slice(middle), signal))])
}

function described(result: unknown, names: readonly string[]): Map<string, ModuleDescription> {
  const answer = object(result, 'description')
  // The answer for one module is the module itself, for several an object by name.
  const modules = names.length === 1 ? [answer] : names.map((name) => object(answer[name], 'description'))
  return new Map(modules.map(module).map((each) => [each.name, each]))
}

function module(source: Readonly<Record<string, unknown>>): ModuleDescription {
  const what = 'description'
  return Object.freeze({
    name: text(source['name'], what),
    label: text(source['label'], what),
    labelKey: textOr(source['label_raw']),
    idPrefix: text(source['idPrefix'], what),
    isEntity: flag(source['isEntity'], what),
    createable: flag(source['createable'], what),
    updateable: flag(source['updateable'], what),
    deleteable: flag(source['deleteable'], what),
    retrieveable: flag(source['retrieveable'], what),
    labelFields: text(source['labelFields'], what)
      .split(',')
      .filter((name) => name !== ''),
    list: list(source['filterFields']),
    fields: new Map(
      array(source['fields'], what)
        .map((each) => field(each, text(source['name'], what)))
        .map((each) => [each.name, each]),
    ),
  })
}

/** Rows of a page if coreBOS does not say. */
const defaultPageSize = 20

function list(source: unknown): ModuleDescription['list'] {
  // Modules without lists have an empty text, or no value.
  const { fields, pagesize } = isObject(source) ? source : {}
  const columns = Array.isArray(fields) ? fields.filter((name) => typeof name === 'string') : []
  const pageSize = Number(pagesize)
  return { columns, pageSize: Number.isInteger(pageSize) && pageSize > 0 ? pageSize : defaultPageSize }
}

/** Missing values only affect how a form looks, so another shape is not an error. */
function form({ block, sequence, default: given, helpinfo }: Readonly<Record<string, unknown>>): FieldForm {
  const { blockname, blocklabel, blocksequence } = isObject(block) ? block : {}
  const isShown = typeof blockname === 'string' && blockname !== ''
  return {
    block: isShown
      ? { label: blockname, labelKey: textOr(blocklabel), sequence: Number(blocksequence) || 0 }
      : undefined,
    sequence: Number(sequence) || 0,
    default: textOr(given),
    help: textOr(helpinfo),
  }
}

function textOr(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function field(each: unknown, module: string): FieldDescription {
  const what = 'description of a field'
  const source = object(each, what)
  const { name, label, label_raw, type, mandatory, editable, nullable, uitype, typeofdata } = source
  const { name: typeName, refersTo, picklistValues, assignto } = object(type, what)
  return Object.freeze({
    name: text(name, what),
    label: text(label, what),
    labelKey: textOr(label_raw),
    type: text(typeName, what),
    refersTo: refersTo === undefined ? [] : texts(refersTo, what),
    picklist: picklistValues === undefined ? undefined : array(picklistValues, what).map(picklistValue),
    mandatory: flag(mandatory, what),
    editable: flag(editable, what),
    nullable: flag(nullable, what),
    uitype: uitype === undefined ? '' : textOrNumber(uitype, what),
    typeofdata: typeofdata === undefined ? '' : text(typeofdata, what),
    form: form(source),
    ...(isObject(assignto) && { groups: groups(assignto['groups']) }),
    module,
  })
}

function groups(list: unknown): Readonly<Record<string, string>> {
  const options = isObject(list) && Array.isArray(list['options']) ? list['options'].filter(isObject) : []
  return Object.fromEntries(
    options.map(({ groupid, groupname }) => [textOr(groupid), textOr(groupname).trim()]),
  )
}

function picklistValue(source: unknown): PicklistValue {
  const what = 'value of a picklist'
  if (!isObject(source)) return { value: text(source, what), label: text(source, what) }
  return { value: text(source['value'], what), label: text(source['label'], what) }
}
