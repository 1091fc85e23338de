/** Says that something could not be loaded or done, why, and what to do. */
import type { JSX } from 'preact'
import { useShell } from '../context.ts'
import { explain } from '../errors.ts'
import { Icon } from './icon.tsx'

interface FailureProps {
  readonly error: unknown
  readonly retry?: (() => void) | undefined
}

export function Failure({ error, retry }: FailureProps): JSX.Element {
  const { t } = useShell()
  const { title, hint, canRetry, requestId } = explain(error, t)
  return (
    <div class="state bad" role="alert">
      <Icon name="alert" />
      <h2>{title}</h2>
      <p>{hint}</p>
      {requestId !== undefined && <p class="quiet small">{t('error.reference', { id: requestId })}</p>}
      {canRetry && retry !== undefined && (
        <button type="button" class="button" onClick={retry}>
          {t('retry')}
        </button>
      )}
    </div>
  )
}

/** Beside the button that failed. */
export function FormFailure({ error }: { readonly error: unknown }): JSX.Element | null {
  const { t } = useShell()
  if (error === undefined) return null
  const { title, hint } = explain(error, t)
  return (
    <div class="form-failure" role="alert">
      <Icon name="alert" />
      <p>
        <strong>{title}</strong> {hint}
      </p>
    </div>
  )
}
