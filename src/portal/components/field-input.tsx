/** The input for one field of a form, by the widget that the gateway names. Values are texts until they are sent. */
import type { JSX, TargetedInputEvent } from 'preact'
import { useId } from 'preact/hooks'
import { useShell } from '../context.ts'
import { choicesIn } from '../form-values.ts'
import type { Field } from '../types.ts'
import { ReferenceInput } from './reference-input.tsx'

interface FieldInputProps {
  readonly field: Field
  readonly value: string
  readonly error: string | undefined
  readonly change: (value: string) => void
  /** Other text than the label of coreBOS. */
  readonly label?: string
}

const types: Readonly<Record<string, 'date' | 'time' | 'datetime-local' | 'email' | 'tel' | 'url'>> = {
  date: 'date',
  time: 'time',
  datetime: 'datetime-local',
  email: 'email',
  phone: 'tel',
  url: 'url',
}

const autocompletes: Readonly<Record<string, string>> = {
  firstname: 'given-name',
  lastname: 'family-name',
  phone: 'tel',
  mobile: 'tel',
  email: 'email',
  mailingstreet: 'street-address',
  mailingcity: 'address-level2',
  mailingstate: 'address-level1',
  mailingzip: 'postal-code',
  mailingcountry: 'country-name',
}

export function FieldInput({
  field,
  value,
  error,
  change,
  label = field.label,
}: FieldInputProps): JSX.Element {
  const { t } = useShell()
  const id = useId()
  const notes = [
    ...(field.help !== null ? [{ id: `${id}-help`, text: field.help, isError: false }] : []),
    ...(error !== undefined ? [{ id: `${id}-error`, text: error, isError: true }] : []),
  ]
  const common = {
    id,
    name: field.name,
    required: field.mandatory && field.widget !== 'checkbox',
    'aria-invalid': error !== undefined,
    'aria-describedby': notes.length === 0 ? undefined : notes.map((note) => note.id).join(' '),
  }
  return (
    <div class={`field ${isLong(field) ? 'whole' : ''}`}>
      <label for={id}>
        {label}
        {field.mandatory && <span class="quiet"> {t('field.required')}</span>}
      </label>
      <Control field={field} value={value} change={change} common={common} />
      {notes.map((note) => (
        <p key={note.id} id={note.id} class={note.isError ? 'field-error' : 'quiet small'}>
          {note.text}
        </p>
      ))}
    </div>
  )
}

/** Fields that take the whole line of a form. */
const isLong = ({ widget, name }: Field): boolean =>
  widget === 'textarea' || (widget === 'text' && /title|subject|^(project|asset)name$/.test(name))

interface ControlProps extends Pick<FieldInputProps, 'field' | 'value' | 'change'> {
  readonly common: Readonly<Record<string, unknown>> & { readonly id: string }
}

function Control({ field, value, change, common }: ControlProps): JSX.Element {
  const { t } = useShell()
  const { widget, maxLength, values = [] } = field
  switch (widget) {
    case 'textarea':
      return (
        <textarea
          {...common}
          rows={/street|address/.test(field.name) ? 2 : 6}
          maxLength={maxLength}
          value={value}
          onInput={({ currentTarget }) => change(currentTarget.value)}
        />
      )
    case 'checkbox':
      return (
        <input
          {...common}
          type="checkbox"
          checked={value === 'true'}
          onChange={({ currentTarget }) => change(String(currentTarget.checked))}
        />
      )
    case 'multiselect':
      return <Choices field={field} value={value} change={change} common={common} />
    case 'reference':
      return <ReferenceInput field={field} value={value} change={change} common={common} />
    case 'select':
      return (
        <select {...common} value={value} onChange={({ currentTarget }) => change(currentTarget.value)}>
          {!values.some((choice) => choice.value === '') && <option value="">{t('field.choose')}</option>}
          {values.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
      )
    default: {
      // The types of Preact forbid some attributes for some types of input; none of those are here.
      const attributes: object = {
        ...common,
        type: types[widget] ?? 'text',
        inputMode: ['number', 'currency', 'percent'].includes(widget) ? 'decimal' : undefined,
        autocomplete: autocompletes[field.name] ?? 'off',
        maxLength,
        value,
        onInput: ({ currentTarget }: TargetedInputEvent<HTMLInputElement>) => change(currentTarget.value),
      }
      return <input {...attributes} />
    }
  }
}

function Choices({ field, value, change, common }: ControlProps): JSX.Element {
  const chosen = choicesIn(value)
  const toggle = (choice: string): void =>
    change(
      JSON.stringify(
        chosen.includes(choice) ? chosen.filter((each) => each !== choice) : [...chosen, choice],
      ),
    )
  return (
    <div id={common.id} role="group" aria-label={field.label} class="choices">
      {field.values?.map((choice) => (
        <label key={choice.value} class="check">
          <input
            type="checkbox"
            checked={chosen.includes(choice.value)}
            onChange={() => toggle(choice.value)}
          />
          <span>{choice.label}</span>
        </label>
      ))}
    </div>
  )
}
