/** Says that a form begins with what was typed before, and offers to discard it. */
import type { JSX } from 'preact'
import { useShell } from '../context.ts'
import type { Draft } from '../draft.ts'
import type { Texts } from '../form-values.ts'

interface DraftNoteProps {
  readonly draft: Draft<Texts>
  /** What the form holds without the draft. */
  readonly before: Texts
}

export function DraftNote({ draft, before }: DraftNoteProps): JSX.Element | null {
  const { t } = useShell()
  const isSame = Object.keys(before).every((name) => (draft.values[name] ?? '') === (before[name] ?? ''))
  if (!draft.isRestored || isSame) return null
  return (
    <p class="note">
      {t('draft.restored')}{' '}
      <button type="button" class="link" onClick={draft.discard}>
        {t('draft.discard')}
      </button>
    </p>
  )
}
