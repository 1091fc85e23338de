/** The search text and the picklists above a list. */
import type { JSX } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { useShell } from '../context.ts'
import type { ListState } from '../listing.ts'
import type { Field } from '../types.ts'
import { Icon } from './icon.tsx'

interface ListFiltersProps {
  readonly state: ListState
  readonly fields: readonly Field[]
  /** By which phones sort, where the list has no headings. */
  readonly columns: readonly Field[]
  readonly canSearch: boolean
  readonly change: (state: Partial<ListState>) => void
}

/** Milliseconds after the last key. */
const pause = 300

export function ListFilters({ state, fields, columns, canSearch, change }: ListFiltersProps): JSX.Element {
  const { t } = useShell()
  const hasChoice = state.text !== '' || Object.values(state.chosen).some((value) => value !== '')
  return (
    <div class="filters" role="group" aria-label={t('filters')}>
      {canSearch && <TextFilter text={state.text} change={(text) => change({ text, page: 1 })} />}
      {fields.map((field) => (
        <label key={field.name}>
          <span>{field.label}</span>
          <select
            value={state.chosen[field.name] ?? ''}
            onChange={({ currentTarget: { value } }) =>
              change({ chosen: { ...state.chosen, [field.name]: value }, page: 1 })
            }
          >
            <option value="">{t('filter.any')}</option>
            {field.values?.map(({ value, label }) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
      ))}
      <SortChoice state={state} columns={columns} change={change} />
      {hasChoice && (
        <button type="button" class="link" onClick={() => change({ text: '', chosen: {}, page: 1 })}>
          {t('filter.clear')}
        </button>
      )}
    </div>
  )
}

function SortChoice({
  state: { sort },
  columns,
  change,
}: Pick<ListFiltersProps, 'state' | 'columns' | 'change'>): JSX.Element {
  const { t } = useShell()
  const id = useId()
  const isKnown = columns.some(({ name }) => name === sort.replace(/^-/, ''))
  return (
    <div class="sort-choice">
      <label for={id}>{t('sort')}</label>
      <select
        id={id}
        value={isKnown ? sort : ''}
        onChange={({ currentTarget: { value } }) => change({ sort: value, page: 1 })}
      >
        {!isKnown && <option value="">{t('field.choose')}</option>}
        {columns.flatMap(({ name, label: field }) => [
          <option key={name} value={name}>
            {t('sort.up', { field })}
          </option>,
          <option key={`-${name}`} value={`-${name}`}>
            {t('sort.down', { field })}
          </option>,
        ])}
      </select>
    </div>
  )
}

function TextFilter({
  text,
  change,
}: {
  readonly text: string
  readonly change: (text: string) => void
}): JSX.Element {
  const { t } = useShell()
  const [typed, setTyped] = useState(text)
  const latest = useRef(change)
  latest.current = change
  useEffect(() => setTyped(text), [text])
  useEffect(() => {
    if (typed === text) return undefined
    const timer = setTimeout(() => latest.current(typed), pause)
    return () => clearTimeout(timer)
  }, [typed])
  return (
    <label class="with-icon">
      <span>{t('filter.text')}</span>
      <Icon name="search" />
      <input type="search" value={typed} onInput={({ currentTarget }) => setTyped(currentTarget.value)} />
    </label>
  )
}
