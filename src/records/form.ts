/** The properties of a module's fields that a form and a list need, as one contact may use them. */
import type { JsonValue } from '../model/json-value.ts'
import type { FieldLengths } from '../model/lengths.ts'
import type { FieldShape } from '../model/module.ts'
import type { Words } from '../access/wording.ts'
import { isChosen, isOpen } from '../scope/write.ts'
import type { ModuleView, VisibleModules } from '../scope/view.ts'
import { jsonValue } from './values.ts'

export const widgets = [
  'text',
  'textarea',
  'select',
  'multiselect',
  'date',
  'datetime',
  'time',
  'checkbox',
  'number',
  'currency',
  'percent',
  'email',
  'phone',
  'url',
  'reference',
  'file',
] as const
export type Widget = (typeof widgets)[number]

const widgetOfType: Readonly<Record<string, Widget>> = {
  picklist: 'select',
  multipicklist: 'multiselect',
  date: 'date',
  datetime: 'datetime',
  time: 'time',
  boolean: 'checkbox',
  integer: 'number',
  double: 'number',
  currency: 'currency',
  email: 'email',
  phone: 'phone',
  url: 'url',
  reference: 'reference',
  owner: 'reference',
  file: 'file',
}

/** Columns of percentages, which are of the type `double`. */
const percentColumn = '9'
/** Columns of several lines; the smaller kind also holds titles. */
const areaColumns = { any: ['19', '20'], small: '21' }

function widgetOf({ name, type, uitype }: FieldShape, labelFields: readonly string[] = []): Widget {
  if (type === 'double' && uitype === percentColumn) return 'percent'
  const widget = widgetOfType[type]
  if (widget !== undefined) return widget
  const isArea =
    areaColumns.any.includes(uitype) || (uitype === areaColumns.small && !labelFields.includes(name))
  return isArea ? 'textarea' : 'text'
}

/** Decimal places that coreBOS stores of an amount. Source: the recorded rows of inventory modules. */
const currencyPlaces = 6

/** @returns undefined if coreBOS does not say, and for fields that hold no numbers */
export function decimalsOf({ type, typeofdata = '' }: FieldShape): number | undefined {
  if (type === 'integer') return 0
  if (type === 'currency') return currencyPlaces
  if (type !== 'double') return undefined
  const [, , digits = '', places] = typeofdata.split('~')
  const said = places ?? digits.split(',')[1]
  return said !== undefined && /^[0-9]{1,2}$/.test(said) ? Number(said) : undefined
}

export interface DescribedField {
  readonly name: string
  readonly label: string
  readonly type: string
  readonly widget: Widget
  /** Whether its numbers may be returned as texts, because a double cannot hold all their digits. */
  readonly mayBeText?: true
  readonly decimals?: number
  /** Characters. */
  readonly maxLength?: number
  readonly default: JsonValue
  readonly help: string | null
  /** Its index in {@link DescribedForm.blocks}; null: in no block. */
  readonly block: number | null
  readonly mandatory: boolean
  readonly createable: boolean
  readonly updateable: boolean
  readonly refersTo?: string[]
  readonly values?: { readonly value: string; readonly label: string }[]
}

export interface DescribedForm {
  readonly blocks: { readonly label: string; readonly fields: string[] }[]
  readonly nameFields: string[]
  readonly listColumns: string[]
  readonly pageSize: number
  readonly fields: DescribedField[]
}

/**
 * Only fields that the contact can read are named anywhere in it.
 *
 * @param words labels by their raw text; missing ones are in the language of the CRM user
 */
export function describedForm(
  view: ModuleView,
  visible: VisibleModules,
  lengths: Pick<FieldLengths, 'of'>,
  words: Words = new Map(),
): DescribedForm {
  const { module, readable } = view
  const { labelFields = [], list = { columns: [], pageSize: 20 } } = module
  const blocks = blocksOf([...readable.values()], words)
  const blockOf = new Map(blocks.flatMap(({ fields }, index) => fields.map((name) => [name, index] as const)))
  return {
    blocks,
    nameFields: labelFields.filter((name) => readable.has(name)),
    listColumns: list.columns.filter((name) => readable.has(name)),
    pageSize: list.pageSize,
    fields: [...readable.values()].map((field) => {
      const maxLength = lengths.of(module.name, field)
      return {
        ...describedField(field, view, visible, words),
        ...(maxLength !== undefined && { maxLength }),
        block: blockOf.get(field.name) ?? null,
      }
    }),
  }
}

/** In the order of coreBOS's forms, each with its fields. */
function blocksOf(fields: readonly FieldShape[], words: Words): DescribedForm['blocks'] {
  const byLabel = new Map<string, { sequence: number; key: string; fields: FieldShape[] }>()
  for (const field of fields) {
    const block = field.form?.block
    if (block === undefined) continue
    const known = byLabel.get(block.label) ?? {
      sequence: block.sequence,
      key: block.labelKey ?? '',
      fields: [],
    }
    known.fields.push(field)
    byLabel.set(block.label, known)
  }
  const sequence = ({ form }: FieldShape): number => form?.sequence ?? 0
  return [...byLabel]
    .toSorted(([, one], [, other]) => one.sequence - other.sequence)
    .map(([label, block]) => ({
      label: words.get(block.key) ?? label,
      fields: block.fields.toSorted((one, other) => sequence(one) - sequence(other)).map(({ name }) => name),
    }))
}

function describedField(
  field: FieldShape,
  view: ModuleView,
  visible: VisibleModules,
  words: Words,
): Omit<DescribedField, 'block' | 'maxLength'> {
  const { name, type, picklist, form, refersTo } = field
  const createable = isOpen(view, 'create') && isChosen(name, view, 'create')
  const updateable = isOpen(view, 'update') && isChosen(name, view, 'update') && type !== 'file'
  const decimals = decimalsOf(field)
  return {
    name,
    label: words.get(field.labelKey ?? '') ?? field.label,
    type,
    widget: widgetOf(field, view.module.labelFields),
    ...(['integer', 'double', 'currency'].includes(type) && { mayBeText: true as const }),
    ...(decimals !== undefined && { decimals }),
    default: createable ? jsonValue(form?.default ?? '', field) : null,
    help: form === undefined || form.help === '' ? null : form.help,
    mandatory: field.mandatory && (createable || updateable),
    createable,
    updateable,
    ...(type === 'reference' && {
      refersTo: refersTo.filter((module) => visible.find(module) !== undefined),
    }),
    ...(picklist !== undefined && {
      values: picklist.map(({ value, label }) => ({ value, label: words.get(value) ?? label })),
    }),
  }
}
