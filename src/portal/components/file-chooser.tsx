/** Chooses files by a button or by dropping them, and shows how far each of them has got. */
import type { JSX } from 'preact'
import { useId, useState } from 'preact/hooks'
import { useAccount, useShell } from '../context.ts'
import type { Sending } from '../kept-files.ts'
import type { Uploads } from '../uploads.ts'
import { Icon } from './icon.tsx'

interface FileChooserProps {
  readonly uploads: Uploads
  /** Called with the files that can be sent. */
  readonly added?: (files: readonly Sending[]) => void
  /** Sends a failed file again. */
  readonly retry?: (file: Sending) => void
}

export function FileChooser({ uploads, added, retry }: FileChooserProps): JSX.Element {
  const { t, format } = useShell()
  const { limits } = useAccount().me
  const [isOver, setOver] = useState(false)
  const id = useId()
  const take = (files: Iterable<File>): void => {
    const accepted = uploads.add(files)
    if (accepted.length > 0) added?.(accepted)
  }
  return (
    <div class="chooser">
      <div
        class={`drop ${isOver ? 'over' : ''}`}
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault()
          setOver(false)
          take(event.dataTransfer?.files ?? [])
        }}
      >
        <Icon name="clip" />
        <label for={id} class="link">
          {t('upload.choose')}
        </label>
        <span class="quiet">{t('upload.hint', { max: format.bytes(limits.uploads.maxBytes) })}</span>
        <input
          id={id}
          type="file"
          class="for-readers"
          multiple
          onChange={({ currentTarget }) => {
            take(currentTarget.files ?? [])
            currentTarget.value = ''
          }}
        />
      </div>
      {uploads.lost !== undefined && (
        <p class="note" role="status">
          {t('upload.lost', { names: uploads.lost })}
        </p>
      )}
      {uploads.files.length > 0 && (
        <ul class="sendings">
          {uploads.files.map((file) => (
            <Row key={file.key} file={file} remove={uploads.remove} retry={retry} />
          ))}
        </ul>
      )}
    </div>
  )
}

interface RowProps {
  readonly file: Sending
  readonly remove: (key: number) => void
  readonly retry: ((file: Sending) => void) | undefined
}

function Row({ file, remove, retry }: RowProps): JSX.Element {
  const { t, format } = useShell()
  const isBad = file.state === 'failed' || file.state === 'rejected'
  return (
    <li class={isBad ? 'bad' : ''}>
      <Icon name={file.state === 'sent' ? 'check' : isBad ? 'alert' : 'document'} />
      <span class="sending-name">
        {file.file.name} <small class="quiet">{format.bytes(file.file.size)}</small>
      </span>
      {file.state === 'sending' && (
        <progress value={file.progress} max={1} aria-label={t('upload.progress', { name: file.file.name })} />
      )}
      {file.message !== undefined && isBad && <span role="alert">{file.message}</span>}
      {file.state === 'failed' && file.canRetry === true && retry !== undefined && (
        <button type="button" class="button small" onClick={() => retry(file)}>
          {t('retry')}
        </button>
      )}
      {file.state !== 'sending' && file.state !== 'sent' && (
        <button
          type="button"
          class="icon-button"
          aria-label={t('upload.remove', { name: file.file.name })}
          onClick={() => remove(file.key)}
        >
          <Icon name="close" />
        </button>
      )}
    </li>
  )
}
