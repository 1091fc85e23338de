/** The form of any module: its fields in their blocks, errors beside them, and a draft that survives the session. */
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { useShell } from '../context.ts'
import { useDraft } from '../draft.ts'
import { fieldErrors } from '../errors.ts'
import { changedValues, textsFor, type Texts } from '../form-values.ts'
import { ChangedMeanwhile } from '../records.ts'
import type { Field, Item, Module, Value } from '../types.ts'
import { Conflict } from './conflict.tsx'
import { FormFailure } from './failure.tsx'
import { FieldInput } from './field-input.tsx'

export interface RecordFormProps {
  readonly module: Module
  /** Undefined: a new record. */
  readonly item: Item | undefined
  readonly draftName: string
  /** Sends the values; for a record only the changed ones. @throws what is shown in the form */
  readonly save: (values: Readonly<Record<string, Value>>, texts: Texts) => Promise<void>
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
  const before = textsFor(fields, item)
  const draft = useDraft<Texts>(draftName, before)
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const [wrong, setWrong] = useState<readonly string[]>([])
  /** Sends as soon as the form knows the record as it is stored by now. */
  const [isAgain, setAgain] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const errors = fieldErrors(error)
  const messageFor = (name: string): string | undefined =>
    wrong.includes(name) ? t('field.number') : errors.get(name)

  useEffect(() => {
    // The first field with an error is where the reader goes on.
    form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus()
  }, [error, wrong])

  const send = async (): Promise<void> => {
    // Of a new record every field with a text is sent, defaults included.
    const from = item === undefined ? {} : before
    const sendable = changedValues(fields, draft.values, from)
    setWrong(sendable.wrong)
    setError(undefined)
    if (sendable.wrong.length > 0) return
    setBusy(true)
    try {
      await save(sendable.values, draft.values)
      draft.discard()
    } catch (reason) {
      setError(reason)
    }
    setBusy(false)
  }
  useEffect(() => {
    if (!isAgain) return
    setAgain(false)
    void send()
  }, [item])
  return (
    <form
      ref={form}
      class="form"
      onSubmit={(event) => {
        event.preventDefault()
        if (!isBusy) void send()
      }}
    >
      {draft.isRestored && !isSame(draft.values, before) && (
        <p class="note">
          {t('draft.restored')}{' '}
          <button type="button" class="link" onClick={draft.discard}>
            {t('draft.discard')}
          </button>
        </p>
      )}
      {blocks.map(({ label, fields: shown }) => (
        <fieldset key={label} class="card">
          {label !== '' && <legend>{label}</legend>}
          <div class="fields">
            {shown.map((field) => (
              <FieldInput
                key={field.name}
                field={field}
                value={draft.values[field.name] ?? ''}
                error={messageFor(field.name)}
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
            setError(undefined)
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

const isSame = (one: Texts, other: Texts): boolean =>
  Object.keys(other).every((name) => (one[name] ?? '') === (other[name] ?? ''))
