/** Two versions of a record side by side, after another person has changed it; the user decides. */
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { useAccount, useShell } from '../context.ts'
import { textFor, valueOf, type Texts } from '../form-values.ts'
import type { ChangedMeanwhile } from '../records.ts'
import type { Field } from '../types.ts'
import { ReferenceName } from './reference-name.tsx'
import { ValueOf } from './value.tsx'

interface ConflictProps {
  readonly fields: readonly Field[]
  readonly mine: Texts
  readonly before: Texts
  readonly changed: ChangedMeanwhile
  readonly keepMine: () => void
  readonly takeTheirs: () => void
}

export function Conflict({
  fields,
  mine,
  before,
  changed,
  keepMine,
  takeTheirs,
}: ConflictProps): JSX.Element {
  const { t } = useShell()
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => box.current?.focus(), [changed])
  const rows = fields
    .map((field) => ({
      field,
      theirs: textFor(changed.record[field.name], field),
      own: mine[field.name] ?? '',
    }))
    .filter(({ field, theirs, own }) => theirs !== own || theirs !== (before[field.name] ?? ''))
  return (
    <div ref={box} class="card conflict" role="alert" tabIndex={-1}>
      <h2>{t('conflict')}</h2>
      <p>{t('conflict.hint')}</p>
      {rows.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">{t('conflict.field')}</th>
              <th scope="col">{t('conflict.theirs')}</th>
              <th scope="col">{t('conflict.mine')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ field, theirs, own }) => (
              <tr key={field.name}>
                <th scope="row">{field.label}</th>
                <td class="text">
                  <Version field={field} text={theirs} />
                </td>
                <td class="text">
                  <Version field={field} text={own} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div class="form-end">
        <button type="button" class="button" onClick={takeTheirs}>
          {t('conflict.take-theirs')}
        </button>
        <button type="button" class="button" onClick={keepMine}>
          {t('conflict.keep-mine')}
        </button>
      </div>
    </div>
  )
}

/** A value of the form as the pages of records show it. */
function Version({ field, text }: { readonly field: Field; readonly text: string }): JSX.Element {
  const { me } = useAccount()
  if (field.widget === 'reference' && text !== '') return <ReferenceName id={text} />
  const value = valueOf(text, field) ?? text
  return (
    <ValueOf
      field={field}
      item={{ id: '', [field.name]: text === '' ? null : value }}
      currency={me.currency?.code}
    />
  )
}
