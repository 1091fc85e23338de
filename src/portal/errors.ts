/** What an error means to a reader: what happened, and what can be done. */
import { ConnectionError, GatewayError } from '../client/index.ts'
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
  OUTCOME_UNKNOWN: ['error.unknown-outcome', 'error.unknown-outcome.hint', false],
}

/** Errors that say what is wrong with the request: their own words are the hint. */
const aboutValues: Readonly<Record<string, TextKey>> = {
  VALIDATION_FAILED: 'error.values',
  INVALID_VALUE: 'error.values',
  VALUES_REFUSED: 'error.values',
  STORED_OTHERWISE: 'error.stored-otherwise',
}

export function explain(error: unknown, t: Say): Explained {
  if (error instanceof ConnectionError || (error instanceof TypeError && !navigator.onLine))
    return { title: t('error.offline'), hint: t('error.offline.hint'), canRetry: true, requestId: undefined }
  if (!(error instanceof GatewayError))
    return { title: t('error.unknown'), hint: t('error.unknown.hint'), canRetry: true, requestId: undefined }
  const { code, status, problem } = error
  const requestId = problem.requestId
  const title = aboutValues[code]
  if (title !== undefined)
    return { title: t(title), hint: placesOf(error), canRetry: false, requestId: undefined }
  const known = byCode[code]
  if (known !== undefined)
    return { title: t(known[0]), hint: t(known[1]), canRetry: known[2], requestId: undefined }
  if (status >= 502)
    return { title: t('error.unavailable'), hint: t('error.unavailable.hint'), canRetry: true, requestId }
  return { title: t('error.unknown'), hint: t('error.unknown.hint'), canRetry: true, requestId }
}

function placesOf({ problem, message }: GatewayError): string {
  const places = (problem.errors ?? []).flatMap((place) => messageOf(place) ?? [])
  return places.length === 0 ? message : places.join(' ')
}

/** Messages by the field that they are about. */
export function fieldErrors(error: unknown): ReadonlyMap<string, string> {
  if (!(error instanceof GatewayError)) return new Map()
  return new Map(
    (error.problem.errors ?? []).flatMap((place) => {
      const text = messageOf(place)
      return place.field === undefined || text === undefined ? [] : [[place.field, text] as const]
    }),
  )
}

function messageOf(place: object): string | undefined {
  const message: unknown = 'message' in place ? place.message : 'detail' in place ? place.detail : undefined
  return typeof message === 'string' ? message : undefined
}
