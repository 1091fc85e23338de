/** The form of any module: its fields in their blocks, errors beside them, and a draft that survives the session. */
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useShell } from '../context.ts'
import { useAction } from '../action.ts'
import { useFocusOnWrong, useFormFields } from '../form-fields.ts'
import { ChangedMeanwhile } from '../records.ts'
import type { Field, Item, Module, Value } from '../types.ts'
import { Conflict } from './conflict.tsx'
import { DraftNote } from './draft-note.tsx'
import { FormFailure } from './failure.tsx'
import { FieldInput } from './field-input.tsx'

export interface RecordFormProps {
  readonly module: Module
  /** Undefined: a new record. */
  readonly item: Item | undefined
  readonly draftName: string
  /** Sends the values; for a record only the changed ones. @throws what is shown in the form */
  readonly save: (values: Readonly<Record<string, Value>>) => Promise<void>
  /** Shows the record as it is stored by now. */
  readonly takeStored?: (changed: ChangedMeanwhile) => void
  readonly saveLabel: string
  readonly cancelHref?: string
}

/** Fields that the contact fills in, by block. */
function blocksFor(module: Module, isNew: boolean): readonly { label: string; fields: readonly Field[] }[] {
  const isOpen = (field: Field): boolean =>
    (isNew ? field.createable : field.updateable) && field.widget !== 'file'
  const fields = module.fields.filter(isOpen)
  const blocks = module.blocks.map(({ label, fields: names }) => ({
    label,
    fields: names.flatMap((name) => fields.find((field) => field.name === name) ?? []),
  }))
  const others = fields.filter(({ block }) => block === null)
  return [...blocks, { label: '', fields: others }].filter((block) => block.fields.length > 0)
}

export function RecordForm(props: RecordFormProps): JSX.Element {
  const { module, item, draftName, save, takeStored, saveLabel, cancelHref } = props
  const { t } = useShell()
  const blocks = blocksFor(module, item === undefined)
  const fields = blocks.flatMap((block) => block.fields)
  const filled = useFormFields(draftName, fields, item)
  const { form, before, draft, take, messageFor } = filled
  /** Sends as soon as the form knows the record as it is stored by now. */
  const [isAgain, setAgain] = useState(false)
  const { isBusy, error, run, submit, forgetError } = useAction(async () => {
    const values = take()
    if (values === undefined) return
    await save(values)
    draft.sent()
  })
  useFocusOnWrong(filled, error)
  useEffect(() => {
    if (!isAgain) return
    setAgain(false)
    run()
  }, [item])
  return (
    <form ref={form} class="form" onSubmit={submit}>
      <DraftNote draft={draft} before={before} />
      {blocks.map(({ label, fields: shown }) => (
        <fieldset key={label} class="card">
          {label !== '' && <legend>{label}</legend>}
          <div class="fields">
            {shown.map((field) => (
              <FieldInput
                key={field.name}
                field={field}
                value={draft.values[field.name] ?? ''}
                error={messageFor(field.name, error)}
                change={(value) => draft.change({ [field.name]: value })}
              />
            ))}
          </div>
        </fieldset>
      ))}
      {error instanceof ChangedMeanwhile && takeStored !== undefined ? (
        <Conflict
          fields={fields}
          mine={draft.values}
          before={before}
          changed={error}
          keepMine={() => {
            takeStored(error)
            setAgain(true)
          }}
          takeTheirs={() => {
            draft.discard()
            takeStored(error)
            forgetError()
          }}
        />
      ) : (
        <FormFailure error={error} />
      )}
      <div class="form-end">
        {cancelHref !== undefined && (
          <a class="button" href={cancelHref} onClick={draft.discard}>
            {t('cancel')}
          </a>
        )}
        <button type="submit" class="button primary" aria-disabled={isBusy}>
          {isBusy ? t('saving') : saveLabel}
        </button>
      </div>
    </form>
  )
}
