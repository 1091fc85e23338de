/** What an error means to a reader: what happened, and what can be done. */
import { ConnectionError, GatewayError } from '../client/index.ts'
import { useShell } from './context.ts'
import { ChangedMeanwhile } from './records.ts'
import type { Say, TextKey } from './texts/index.ts'

export interface Explained {
  readonly title: string
  readonly hint: string
  /** Whether the same request may succeed later. */
  readonly canRetry: boolean
  /** Finds the request in the log of the gateway. */
  readonly requestId: string | undefined
}

const byCode: Readonly<Record<string, readonly [title: TextKey, hint: TextKey, canRetry: boolean]>> = {
  NOT_FOUND: ['error.missing', 'error.missing.hint', false],
  UNKNOWN_MODULE: ['error.missing', 'error.missing.hint', false],
  ROUTE_NOT_FOUND: ['error.missing', 'error.missing.hint', false],
  RATE_LIMITED: ['error.limited', 'error.limited.hint', true],
  INVALID_CREDENTIALS: ['error.credentials', 'error.credentials.hint', false],
  CROSS_SITE: ['error.cross-site', 'error.cross-site.hint', false],
  WRONG_PASSWORD: ['error.password', 'error.password.hint', false],
  NOT_WRITABLE: ['error.forbidden', 'error.forbidden.hint', false],
  FIELD_NOT_WRITABLE: ['error.forbidden', 'error.forbidden.hint', false],
  PRECONDITION_FAILED: ['error.changed', 'error.changed.hint', false],
  BODY_TOO_LARGE: ['error.too-large', 'error.too-large.hint', false],
  UNSUPPORTED_MEDIA_TYPE: ['error.file-type', 'error.file-type.hint', false],
  VALIDATION_FAILED: ['error.values', 'error.values.hint', false],
  INVALID_VALUE: ['error.values', 'error.values.hint', false],
  VALUES_REFUSED: ['error.values', 'error.values.hint', false],
  REFERENCE_OUT_OF_SCOPE: ['error.values', 'error.values.hint', false],
  STORED_OTHERWISE: ['error.stored-otherwise', 'error.stored-otherwise.hint', false],
  // The page of a form that is shown again after the log-in; any other page has given way to the log-in.
  AUTHENTICATION_REQUIRED: ['error.session', 'error.session.hint', true],
  TOKEN_EXPIRED: ['error.session', 'error.session.hint', true],
  SESSION_ENDED: ['error.session', 'error.session.hint', true],
  OUTCOME_UNKNOWN: ['error.unknown-outcome', 'error.unknown-outcome.hint', false],
}

export function explain(error: unknown, t: Say): Explained {
  if (error instanceof ConnectionError || (error instanceof TypeError && !navigator.onLine))
    return { title: t('error.offline'), hint: t('error.offline.hint'), canRetry: true, requestId: undefined }
  if (error instanceof ChangedMeanwhile)
    return { title: t('error.changed'), hint: t('error.changed.hint'), canRetry: false, requestId: undefined }
  if (!(error instanceof GatewayError))
    return { title: t('error.unknown'), hint: t('error.unknown.hint'), canRetry: true, requestId: undefined }
  const { code, status, problem } = error
  const requestId = problem.requestId
  const known = byCode[code]
  if (known !== undefined)
    return { title: t(known[0]), hint: t(known[1]), canRetry: known[2], requestId: undefined }
  if (status >= 502)
    return { title: t('error.unavailable'), hint: t('error.unavailable.hint'), canRetry: true, requestId }
  return { title: t('error.unknown'), hint: t('error.unknown.hint'), canRetry: true, requestId }
}

/** Says in a notice why something failed. */
export function useFailureNotice(): (error: unknown) => void {
  const { t, notify } = useShell()
  return (error) => {
    // The log-in page says it.
    if (error instanceof GatewayError && byCode[error.code]?.[0] === 'error.session') return
    const { title, hint } = explain(error, t)
    notify({ text: `${title} ${hint}`, tone: 'bad' })
  }
}

/** Fields that the gateway names in an error; its words are English and name fields as the API does. */
export function wrongFields(error: unknown): ReadonlySet<string> {
  const places = error instanceof GatewayError ? (error.problem.errors ?? []) : []
  return new Set(places.flatMap(({ field }) => field ?? []))
}
