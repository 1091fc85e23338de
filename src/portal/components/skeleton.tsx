/** Grey lines in place of what is being loaded. */
import type { JSX } from 'preact'
import { useShell } from '../context.ts'

export function Skeleton({ lines = 5 }: { readonly lines?: number }): JSX.Element {
  const { t } = useShell()
  return (
    <div class="skeleton" role="status">
      <span class="for-readers">{t('loading')}</span>
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} class="skeleton-line" aria-hidden="true" />
      ))}
    </div>
  )
}
