/** What a reader has typed and not sent: kept in the tab, so that it survives a session that ends and a reload. */
import { useCallback, useLayoutEffect, useState } from 'preact/hooks'
import { forgetFiles, openFiles } from './kept-files.ts'
import { clearDrafts, openDrafts, readDraft, writeDraft } from './storage.ts'

/** After a log-in: what another contact has typed and chosen is removed. */
export function openAllDrafts(contactId: string): void {
  openDrafts(contactId)
  openFiles(contactId)
}

/** After a log-out. */
export function forgetAllDrafts(): void {
  clearDrafts()
  forgetFiles()
}

export interface Draft<T> {
  readonly values: T
  readonly change: (changes: Partial<T>) => void
  /** Goes back to what was there before. */
  readonly discard: () => void
  /** After it was sent: it stays on the page until the record is read again. */
  readonly sent: () => void
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
  const sent = useCallback(() => {
    writeDraft(name, undefined)
    setTouched(false)
  }, [name])
  useLayoutEffect(() => {
    // The record was read again.
    if (!isTouched) setValues(initial)
  }, [JSON.stringify(initial)])
  return { values, change, discard, sent, isRestored: stored !== undefined && isTouched }
}

function restored<T extends Readonly<Record<string, string>>>(initial: T, stored: object | undefined): T {
  const texts = Object.entries(stored ?? {}).filter(([, value]) => typeof value === 'string')
  return { ...initial, ...Object.fromEntries(texts) }
}
