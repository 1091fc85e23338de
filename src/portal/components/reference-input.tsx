/** Chooses a record that the contact sees, for a field that refers to one. */
import type { JSX } from 'preact'
import { useAccount, useShell } from '../context.ts'
import { useLoad } from '../load.tsx'
import { nameOf } from '../metadata.ts'
import { listRecords } from '../records.ts'
import type { Field } from '../types.ts'

interface ReferenceInputProps {
  readonly field: Field
  readonly value: string
  readonly change: (value: string) => void
  readonly common: Readonly<Record<string, unknown>>
}

/** Records of each module; more are too many for a list. */
const most = 200

export function ReferenceInput({ field, value, change, common }: ReferenceInputProps): JSX.Element {
  const { t, gateway } = useShell()
  const { catalogue } = useAccount()
  const targets = (field.refersTo ?? []).filter((name) => catalogue.find(name) !== undefined)
  const loaded = useLoad(targets.join(), async (signal) =>
    Promise.all(
      targets.map(async (name) => {
        const module = await catalogue.describe(name)
        const [first] = module.nameFields
        const request = {
          fields: [...module.nameFields],
          limit: most,
          ...(first !== undefined && { sort: [first] }),
        }
        const { records } = await listRecords(gateway, name, request, signal)
        return {
          label: module.label,
          choices: records.map((item) => ({ id: item.id, name: nameOf(item, module) })),
        }
      }),
    ),
  )
  const groups = loaded.value ?? []
  const isKnown = groups.some(({ choices }) => choices.some(({ id }) => id === value))
  return (
    <select {...common} value={value} onChange={({ currentTarget }) => change(currentTarget.value)}>
      <option value="">{t(loaded.isLoading ? 'loading' : 'field.choose')}</option>
      {value !== '' && !isKnown && <option value={value}>{t('field.as-it-is')}</option>}
      {groups.map(({ label, choices }) => (
        <optgroup key={label} label={label}>
          {choices.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </optgroup>
      ))}
    </select>
  )
}
