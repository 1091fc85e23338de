/** Refresh tokens: `session.generation.mac`, opaque to clients. Signed and counted, so that a successor can be derived again instead of stored. */
import { createHmac, timingSafeEqual } from 'node:crypto'

export interface RefreshClaim {
  readonly sessionId: string
  /** From 1. */
  readonly generation: number
}

export interface RefreshTokens {
  /** The same token for the same session and generation, always. */
  issue(sessionId: string, generation: number): string
  /** What a token claims, or `undefined` when we did not sign it. */
  read(token: string): RefreshClaim | undefined
}

const shape = /^([\w-]{1,100})\.([1-9]\d{0,9})\.([\w-]{43})$/

/** @param secretOf the secret that signs for a session, or `undefined` when there is none (any more) */
export function refreshTokens(secretOf: (sessionId: string) => Buffer | undefined): RefreshTokens {
  const sign = (secret: Buffer, sessionId: string, generation: number) =>
    createHmac('sha256', secret).update(`refresh\n${sessionId}\n${generation}`).digest('base64url')

  return {
    issue(sessionId, generation) {
      const secret = secretOf(sessionId)
      if (secret === undefined) throw new Error('no secret for a session that was just written')
      return `${sessionId}.${generation}.${sign(secret, sessionId, generation)}`
    },
    read(token) {
      const [, sessionId, digits, mac] = shape.exec(token) ?? []
      if (sessionId === undefined || digits === undefined || mac === undefined) return undefined
      const secret = secretOf(sessionId)
      if (secret === undefined) return undefined
      const generation = Number(digits)
      const right = Buffer.from(sign(secret, sessionId, generation))
      return timingSafeEqual(Buffer.from(mac), right) ? { sessionId, generation } : undefined
    },
  }
}

/** `rotate`: replace it; `repeat`: hand out the successor it already has; `reuse`: the session must end. */
export type RefreshVerdict = 'rotate' | 'repeat' | 'reuse'

/**
 * What a signed generation means to a store that remembers `current`, first issued at `rotatedAt`.
 *
 * - `current`: the normal case.
 * - `current + 1`: we signed it, so we issued it, and the store forgot: a write lost in a failover, no theft.
 * - `current - 1`: its successor has not been presented yet. Within the grace that is a second tab or a lost answer.
 * - anything else: somebody holds a token that was replaced, and we cannot tell who.
 *
 * The Redis store's script says the same in Lua.
 */
export function judge(
  presented: number,
  current: number,
  age: { readonly rotatedAt: number; readonly now: number; readonly grace: number },
): RefreshVerdict {
  if (presented === current || presented === current + 1) return 'rotate'
  if (presented === current - 1 && age.now - age.rotatedAt <= age.grace) return 'repeat'
  return 'reuse'
}
