/** Asks before something that cannot be undone. */
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { useShell } from '../context.ts'

interface ConfirmProps {
  readonly question: string
  readonly action: string
  readonly confirm: () => void
  readonly cancel: () => void
}

export function Confirm({ question, action, confirm, cancel }: ConfirmProps): JSX.Element {
  const { t } = useShell()
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} class="confirm card" aria-label={question} onClose={cancel}>
      <p>{question}</p>
      <div class="form-end">
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          {t('cancel')}
        </button>
        <button
          type="button"
          class="button danger"
          onClick={() => {
            dialog.current?.close()
            confirm()
          }}
        >
          {action}
        </button>
      </div>
    </dialog>
  )
}
