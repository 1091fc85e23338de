/** Saves changes of a record, says so, and offers to undo them. */
import { useShell } from './context.ts'
import { useFailureNotice } from './errors.ts'
import { changeFields, changeRecord } from './records.ts'
import type { Item, Value } from './types.ts'

export interface Change {
  readonly module: string
  /** As it was before. */
  readonly item: Item
  readonly values: Readonly<Record<string, Value>>
  readonly etag: string | undefined
  /** Called after the change was undone. */
  readonly undone?: () => void
}

/** Only the types of values that a form can have come back from a record. */
const isValue = (value: unknown): value is Value =>
  value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value))

/** @returns a function that saves. @throws ChangedMeanwhile, or the error of the gateway */
export function useSave(): (change: Change) => Promise<Item> {
  const { t, gateway, notify } = useShell()
  const failed = useFailureNotice()
  return async ({ module, item, values, etag, undone }) => {
    const names = Object.keys(values)
    if (names.length === 0) {
      notify({ text: t('record.unchanged'), tone: 'info' })
      return item
    }
    const saved = await changeRecord(gateway, module, item.id, values, etag)
    const old = Object.fromEntries(
      names.flatMap((name) => {
        const value = item[name]
        return isValue(value) ? [[name, value] as const] : []
      }),
    )
    const undo = async (): Promise<void> => {
      // Changes that others have made to these fields since then stay.
      await changeFields(gateway, module, item.id, { from: saved, to: old })
      notify({ text: t('undone'), tone: 'good' })
      undone?.()
    }
    notify({
      text: t('saved'),
      tone: 'good',
      action: { label: t('undo'), run: () => void undo().catch(failed) },
    })
    return saved
  }
}
