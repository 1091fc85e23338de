/** Leads to the pages before and after the shown one, and says how many records there are. */
import type { JSX } from 'preact'
import { useShell } from '../context.ts'
import { Icon } from './icon.tsx'

interface PagerProps {
  readonly page: number
  readonly size: number
  readonly shown: number
  /** Undefined where the gateway does not say. */
  readonly total: number | undefined
  readonly hasNext: boolean
  readonly goTo: (page: number) => void
}

export function Pager({ page, size, shown, total, hasNext, goTo }: PagerProps): JSX.Element | null {
  const { t, format } = useShell()
  if (shown === 0) return null
  const from = (page - 1) * size + 1
  const range = { from: format.number(from), to: format.number(from + shown - 1) }
  const text =
    total === undefined
      ? t('pager.range', range)
      : t('pager.range-of', { ...range, total: format.number(total) })
  return (
    <nav class="pager" aria-label={t('pager')}>
      <p role="status">{text}</p>
      {(page > 1 || hasNext) && (
        <div>
          <button type="button" class="button" disabled={page <= 1} onClick={() => goTo(page - 1)}>
            <Icon name="back" />
            {t('pager.previous')}
          </button>
          <button type="button" class="button" disabled={!hasNext} onClick={() => goTo(page + 1)}>
            {t('pager.next')}
            <Icon name="next" />
          </button>
        </div>
      )}
    </nav>
  )
}
