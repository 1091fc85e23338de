/** Files on their way to the gateway: checked before they are sent, sent one after the other, with progress and retry. */
import { useCallback, useRef, useState } from 'preact/hooks'
import { useAccount, useShell } from './context.ts'
import { useCreated } from './created.ts'
import { explain } from './errors.ts'

export interface Sending {
  readonly key: number
  readonly file: File
  readonly state: 'waiting' | 'sending' | 'sent' | 'failed' | 'rejected'
  /** From 0 to 1. */
  readonly progress: number
  readonly message?: string
  readonly canRetry?: boolean
  readonly documentId?: string
}

export interface Uploads {
  readonly files: readonly Sending[]
  readonly isSending: boolean
  /** Checks the files and keeps them. @returns the ones that can be sent */
  readonly add: (files: Iterable<File>) => readonly Sending[]
  readonly remove: (key: number) => void
  /** Sends what waits or has failed. @returns whether everything has arrived */
  readonly send: (relatedTo: readonly string[], only?: readonly Sending[]) => Promise<boolean>
  readonly clear: () => void
}

let last = 0

/** Documents are named like their files, without the ending. */
const titleOf = (name: string): string => name.replace(/\.[^.]{1,8}$/, '') || name

export function useUploads(sent?: () => void): Uploads {
  const { gateway, t, format } = useShell()
  const { limits } = useAccount().me
  const createdBy = useCreated()
  const [files, setFiles] = useState<readonly Sending[]>([])
  const latest = useRef(files)
  const keep = (next: readonly Sending[]): void => {
    latest.current = next
    setFiles(next)
  }
  const change = (key: number, changes: Partial<Sending>): void =>
    keep(latest.current.map((each) => (each.key === key ? { ...each, ...changes } : each)))

  function check(file: File): Pick<Sending, 'state' | 'message'> {
    const { maxBytes, types } = limits.uploads
    if (file.size > maxBytes)
      return { state: 'rejected', message: t('upload.too-large', { max: format.bytes(maxBytes) }) }
    if (file.size === 0) return { state: 'rejected', message: t('upload.empty') }
    // Browsers do not know every type, and the gateway decides by the ending then.
    const isKnown = file.type === '' || types.includes(file.type)
    return isKnown ? { state: 'waiting' } : { state: 'rejected', message: t('upload.wrong-type') }
  }

  async function sendOne({ key, file }: Sending, relatedTo: readonly string[]): Promise<boolean> {
    change(key, { state: 'sending', progress: 0 })
    try {
      const id = await createdBy(
        gateway.upload(file, {
          fields: { notes_title: titleOf(file.name) },
          relatedTo,
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

  return {
    files,
    isSending: files.some(({ state }) => state === 'sending'),
    add: (added) => {
      const next = [...added].map((file): Sending => ({
        key: (last += 1),
        file,
        progress: 0,
        ...check(file),
      }))
      keep([...latest.current, ...next])
      return next.filter(({ state }) => state === 'waiting')
    },
    remove: useCallback((key: number) => keep(latest.current.filter((each) => each.key !== key)), []),
    send: async (relatedTo, only) => {
      let isWhole = true
      for (const each of only ?? latest.current)
        if (each.state === 'waiting' || each.state === 'failed')
          isWhole = (await sendOne(each, relatedTo)) && isWhole
      sent?.()
      return isWhole
    },
    clear: useCallback(() => keep([]), []),
  }
}
