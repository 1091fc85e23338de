/** The fields of a record in the blocks of its form. Empty fields and those of the CRM's own bookkeeping are left out. */
import type { JSX } from 'preact'
import { isTechnical } from '../metadata.ts'
import type { Field, Item, Module } from '../types.ts'
import { ValueOf } from './value.tsx'

interface DetailsProps {
  readonly module: Module
  readonly item: Item
  readonly currency?: string | undefined
  /** Fields that the page shows elsewhere. */
  readonly without?: readonly string[]
}

const isEmpty = (value: unknown): boolean => value === null || value === undefined || value === ''

/** A reference is shown by its name; a number that was never filled in is 0. */
const hasText = ({ name, widget, values }: Field, item: Item): boolean => {
  if (widget === 'number') return item[name] !== 0
  return widget !== 'reference' || item.display?.[name] !== undefined || values !== undefined
}

export function Details({ module, item, currency, without = [] }: DetailsProps): JSX.Element {
  const byName = new Map(module.fields.map((field) => [field.name, field]))
  const isShown = (field: Field): boolean =>
    !isTechnical(field) && !without.includes(field.name) && !isEmpty(item[field.name]) && hasText(field, item)
  const blocks = module.blocks
    .map(({ label, fields }) => ({
      label,
      fields: fields.flatMap((name) => byName.get(name) ?? []).filter(isShown),
    }))
    .filter(({ fields }) => fields.length > 0)
  return (
    <>
      {blocks.map(({ label, fields }) => (
        <section key={label} class="card">
          <h2>{label}</h2>
          <dl class="details">
            {fields.map((field) => (
              <div key={field.name} class={field.widget === 'textarea' ? 'whole' : ''}>
                <dt>{field.label}</dt>
                <dd>
                  <ValueOf field={field} item={item} currency={currency} />
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </>
  )
}
