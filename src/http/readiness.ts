/** The reasons why the gateway is not ready, one line each, with the setting that can change it. */
import { CorebosRejection } from '../model/corebos-errors.ts'
import { GatewayError } from '../model/errors.ts'
import { PolicyMisfit } from '../model/policy-misfit.ts'

/** The checks of readiness. */
export type Need = 'corebos' | 'redis' | 'serviceUser' | 'policy'

/** Each probe rejects with the reason why something does not work. */
export type Probes = Readonly<Partial<Record<Need, () => Promise<void>>>>

export interface Missing {
  readonly field: Need | 'shutdown'
  readonly message: string
}

/** The only reason once the gateway is about to end. */
export const shuttingDown: readonly Missing[] = [
  { field: 'shutdown', message: 'SHUTDOWN_DELAY: the gateway is about to end' },
]

/** @returns the reasons; empty: ready */
export async function missingOf({ corebos, ...others }: Probes): Promise<Missing[]> {
  // If coreBOS does not answer, no other check of coreBOS can succeed.
  const base = await failureOf('corebos', corebos)
  const needs = base.length === 0 ? (['redis', 'serviceUser', 'policy'] as const) : (['redis'] as const)
  const more = await Promise.all(needs.map((need) => failureOf(need, others[need])))
  return [...base, ...more.flat()]
}

async function failureOf(field: Need, probe: (() => Promise<void>) | undefined): Promise<Missing[]> {
  try {
    await probe?.()
    return []
  } catch (error) {
    return [{ field, message: reasonOf(field, error) }]
  }
}

const settings: Readonly<Record<Need, string>> = {
  corebos: 'COREBOS_URL',
  redis: 'REDIS_URL',
  serviceUser: 'COREBOS_USER and COREBOS_ACCESS_KEY',
  policy: 'POLICY_FILE',
}

function reasonOf(need: Need, error: unknown): string {
  const setting = settings[need]
  if (error instanceof PolicyMisfit)
    return `${setting}: ${error.paths.join(', ')}: not in this installation; the log gives the reason`
  if (need === 'serviceUser' && error instanceof CorebosRejection)
    return `${setting}: coreBOS rejects this name or key`
  if (need === 'corebos' && doesNotResolve(error)) return `${setting}: the host does not resolve`
  return `${setting}: ${error instanceof GatewayError ? error.title : 'it does not answer as it should'}`
}

/** Whether a cause of the error is a name that the resolver does not know. */
function doesNotResolve(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? error.code : undefined
  return code === 'ENOTFOUND' || code === 'EAI_AGAIN' || doesNotResolve(error.cause)
}
