/** Short notices at the edge of the page: what was done, with a way to undo it. */
import type { JSX } from 'preact'
import { useCallback, useState } from 'preact/hooks'
import { useShell, type Notice } from '../context.ts'
import { Icon } from './icon.tsx'

interface Shown extends Notice {
  readonly key: number
}

export interface NoticesProps {
  readonly shown: readonly Shown[]
  readonly notify: (notice: Notice) => void
  readonly dismiss: (key: number) => void
}

/** Milliseconds. A notice with an action stays until it is used or dismissed, or replaced by the next two. */
const duration = 7000
const most = 2
let last = 0

export function useNotices(): NoticesProps {
  const [shown, setShown] = useState<readonly Shown[]>([])
  const dismiss = useCallback((key: number) => setShown((now) => now.filter((each) => each.key !== key)), [])
  const notify = useCallback(
    (notice: Notice) => {
      const key = (last += 1)
      setShown((now) => [...now, { ...notice, key }].slice(-most))
      if (notice.action === undefined && notice.tone !== 'bad') setTimeout(() => dismiss(key), duration)
    },
    [dismiss],
  )
  return { shown, notify, dismiss }
}

export function Notices({ shown, dismiss }: NoticesProps): JSX.Element {
  const { t } = useShell()
  return (
    <div class="notices" role="region" aria-label={t('notices')} aria-live="polite">
      {shown.map(({ key, text, tone, action }) => (
        <div key={key} class={`notice ${tone}`}>
          <span>{text}</span>
          {action !== undefined && (
            <button
              type="button"
              class="button small"
              onClick={() => {
                dismiss(key)
                action.run()
              }}
            >
              {action.label}
            </button>
          )}
          <button type="button" class="icon-button" aria-label={t('dismiss')} onClick={() => dismiss(key)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  )
}
