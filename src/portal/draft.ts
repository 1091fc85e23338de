/** What a reader has typed and not sent: kept in the tab, so that it survives a session that ends and a reload. */
import { useCallback, useEffect, useState } from 'preact/hooks'
import { readDraft, writeDraft } from './storage.ts'

export interface Draft<T> {
  readonly values: T
  readonly change: (changes: Partial<T>) => void
  /** After it was sent. */
  readonly discard: () => void
  /** Whether it was there when the page was opened. */
  readonly isRestored: boolean
}

/** @param name of the page and record; the texts of one contact are removed when another one logs in */
export function useDraft<T extends Readonly<Record<string, string>>>(name: string, initial: T): Draft<T> {
  const [stored] = useState(() => readDraft(name))
  const [isTouched, setTouched] = useState(stored !== undefined)
  const [values, setValues] = useState<T>(() => restored(initial, stored))
  const change = useCallback(
    (changes: Partial<T>) => {
      setTouched(true)
      setValues((before) => {
        const next = { ...before, ...changes }
        writeDraft(name, next)
        return next
      })
    },
    [name],
  )
  const discard = useCallback(() => {
    writeDraft(name, undefined)
    setTouched(false)
    setValues(initial)
  }, [name, JSON.stringify(initial)])
  useEffect(() => {
    // The record was read again.
    if (!isTouched) setValues(initial)
  }, [JSON.stringify(initial)])
  return { values, change, discard, isRestored: stored !== undefined && isTouched }
}

function restored<T extends Readonly<Record<string, string>>>(initial: T, stored: object | undefined): T {
  const texts = Object.entries(stored ?? {}).filter(([, value]) => typeof value === 'string')
  return { ...initial, ...Object.fromEntries(texts) }
}
