/** A list of records: a table on wide screens, cards on phones. The first column leads to the record. */
import type { JSX } from 'preact'
import { useAccount, useShell } from '../context.ts'
import { currencyOf, nameOf } from '../metadata.ts'
import { hrefTo, slugOf } from '../router.ts'
import type { Field, Item, Module } from '../types.ts'
import { Icon } from './icon.tsx'
import { ValueOf } from './value.tsx'

interface RecordTableProps {
  readonly module: Module
  readonly columns: readonly Field[]
  readonly items: readonly Item[]
  readonly caption: string
  /** Of the form `-createdtime`. */
  readonly sort?: string
  readonly sortBy?: (sort: string) => void
}

export function RecordTable(props: RecordTableProps): JSX.Element {
  const { module, columns, items, caption } = props
  const { me } = useAccount()
  const title = columns.find(({ name }) => name === module.nameFields[0]) ?? columns[0]
  // The roles stay where the style makes cards of the rows.
  return (
    <table class="records" role="table">
      <caption class="for-readers">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((field) => (
            <Heading key={field.name} field={field} {...props} />
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {items.map((item) => (
          <tr key={item.id} role="row">
            {columns.map((field) => (
              <td
                key={field.name}
                role="cell"
                data-label={field.label}
                data-empty={isEmpty(item[field.name]) || undefined}
                class={`${field === title ? 'main' : ''} ${isNumeric(field) ? 'numeric' : ''}`}
              >
                {field === title ? (
                  <a href={hrefTo([slugOf(module.name), item.id])}>{nameOf(item, module)}</a>
                ) : (
                  <ValueOf field={field} item={item} currency={currencyOf(item, me.currency)} />
                )}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const isEmpty = (value: unknown): boolean => value === null || value === undefined || value === ''

const isNumeric = ({ widget }: Field): boolean => ['number', 'currency', 'percent'].includes(widget)

function Heading({ field, sort = '', sortBy }: RecordTableProps & { readonly field: Field }): JSX.Element {
  const { t } = useShell()
  const isSorted = sort.replace(/^-/, '') === field.name
  const isDown = isSorted && sort.startsWith('-')
  return (
    <th
      role="columnheader"
      scope="col"
      class={isNumeric(field) ? 'numeric' : ''}
      aria-sort={isSorted ? (isDown ? 'descending' : 'ascending') : undefined}
    >
      {sortBy === undefined ? (
        field.label
      ) : (
        <button
          type="button"
          onClick={() => sortBy(isSorted && !isDown ? `-${field.name}` : field.name)}
          title={t('sort.by', { field: field.label })}
        >
          {field.label}
          {isSorted && <Icon name={isDown ? 'down' : 'up'} />}
        </button>
      )}
    </th>
  )
}
