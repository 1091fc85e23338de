/** Files on their way to the gateway: checked before they are sent, sent one after the other, with progress and retry. */
import { useEffect, useState } from 'preact/hooks'
import { useAccount, useShell } from './context.ts'
import { useCreated } from './created.ts'
import { explain } from './errors.ts'
import { filesOf, keepFiles, lostFiles, onFiles, type Sending } from './kept-files.ts'

export interface Uploads {
  readonly files: readonly Sending[]
  /** The record that the files belong to, if it was created after they were chosen. */
  readonly recordId: string | undefined
  /** Names of files that were chosen before the page was loaded again, and have to be chosen again. */
  readonly lost: string | undefined
  /** Checks the files and keeps them. @returns the ones that can be sent */
  readonly add: (files: Iterable<File>) => readonly Sending[]
  readonly remove: (key: number) => void
  readonly setRecord: (id: string) => void
  /**
   * Sends what waits or has failed.
   *
   * @param only these; a notice says that they have arrived
   * @returns whether everything has arrived
   */
  readonly send: (relatedTo: readonly string[], only?: readonly Sending[]) => Promise<boolean>
  readonly clear: () => void
}

let last = 0

/** Documents are named like their files, without the ending. */
const titleOf = (name: string): string => name.replace(/\.[^.]{1,8}$/, '') || name

/** @param name of the page and record: files that were not sent are there again when the page is */
export function useUploads(name: string, sent?: () => void): Uploads {
  const { gateway, t, format, notify } = useShell()
  const { limits } = useAccount().me
  const createdBy = useCreated()
  const [lost] = useState(() => lostFiles(name))
  const [, setRound] = useState(0)
  useEffect(() => onFiles(name, () => setRound((round) => round + 1)), [name])
  // What has arrived is among the documents when the page is shown again.
  useState(() => {
    const before = filesOf(name)
    const files = before.files.filter(({ state }) => state !== 'sent')
    if (files.length < before.files.length) keepFiles(name, { ...before, files })
  })
  const keep = (files: readonly Sending[]): void => keepFiles(name, { ...filesOf(name), files })
  const change = (key: number, changes: Partial<Sending>): void =>
    keep(filesOf(name).files.map((each) => (each.key === key ? { ...each, ...changes } : each)))

  function check(file: File): Pick<Sending, 'state' | 'message'> {
    const { maxBytes, types } = limits.uploads
    if (file.size > maxBytes)
      return { state: 'rejected', message: t('upload.too-large', { max: format.bytes(maxBytes) }) }
    if (file.size === 0) return { state: 'rejected', message: t('upload.empty') }
    // Browsers do not know every type, and the gateway decides by the ending then.
    const isKnown = file.type === '' || types.includes(file.type)
    return isKnown ? { state: 'waiting' } : { state: 'rejected', message: t('upload.wrong-type') }
  }

  async function sendOne(sending: Sending, relatedTo: readonly string[]): Promise<boolean> {
    const { key, file, idempotencyKey } = sending
    change(key, { state: 'sending', progress: 0 })
    try {
      const id = await createdBy(
        gateway.upload(file, {
          fields: { notes_title: titleOf(file.name) },
          relatedTo,
          idempotencyKey,
          onProgress: (done, total) => change(key, { progress: total === 0 ? 1 : done / total }),
        }),
      )
      change(key, { state: 'sent', progress: 1, documentId: id })
      return true
    } catch (error) {
      const { title, hint, canRetry } = explain(error, t)
      change(key, { state: 'failed', message: `${title} ${hint}`, canRetry })
      return false
    }
  }

  const { files, recordId } = filesOf(name)
  return {
    files,
    recordId,
    lost: files.length === 0 ? lost : undefined,
    add: (added) => {
      const next = [...added].map((file): Sending => {
        last += 1
        return { key: last, file, progress: 0, idempotencyKey: crypto.randomUUID(), ...check(file) }
      })
      keep([...filesOf(name).files, ...next])
      return next.filter(({ state }) => state === 'waiting')
    },
    remove: (key) => keep(filesOf(name).files.filter((each) => each.key !== key)),
    setRecord: (id) => keepFiles(name, { ...filesOf(name), recordId: id }),
    send: async (relatedTo, only) => {
      let isWhole = true
      for (const each of only ?? filesOf(name).files)
        if (each.state === 'waiting' || each.state === 'failed')
          isWhole = (await sendOne(each, relatedTo)) && isWhole
      sent?.()
      if (isWhole && only !== undefined) notify({ text: t('upload.sent'), tone: 'good' })
      return isWhole
    },
    clear: () => keepFiles(name, { files: [] }),
  }
}
