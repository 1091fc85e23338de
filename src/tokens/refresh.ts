/** Refresh tokens: `session.generation.mac`, opaque to clients. Signed and counted, so that a successor can be derived again instead of stored. */
import { createHmac, timingSafeEqual } from 'node:crypto'

export interface RefreshClaim {
  readonly sessionId: string
  /** From 1. */
  readonly generation: number
}

export interface RefreshTokens {
  /** Returns the same token for the same session and generation. */
  issue(sessionId: string, generation: number): string
  /** The claims of a token; `undefined` if the gateway did not sign it. */
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

/** The stored history of a session's refresh tokens. Times are milliseconds since 1970. */
export interface RefreshHistory {
  /** The newest generation that was issued. */
  readonly generation: number
  /** When the generations before it were first presented, oldest first; the last one is that of `generation - 1`. */
  readonly uses: readonly number[]
}

/** At most so many uses are remembered; while all of them are within the grace, the current token is not replaced. */
export const usesKept = 32

/**
 * What a presented generation leads to: the history as it stands afterwards, whose newest generation the caller gets,
 * or `reuse`: the session must end.
 *
 * - the current generation is replaced;
 * - one ahead of the current generation was issued by us and forgotten in a failover: it is replaced as well;
 * - an earlier generation gets the newest one for as long as `grace` since its own first use: another tab, or a lost answer;
 * - any other one was replaced long ago, so that two parties hold it.
 *
 * The Redis store's script says the same in Lua.
 */
export function present(
  presented: number,
  { generation, uses }: RefreshHistory,
  { now, grace }: { readonly now: number; readonly grace: number },
): RefreshHistory | 'reuse' {
  const firstRecent = uses.findIndex((used) => now - used <= grace)
  const recent = firstRecent === -1 ? [] : uses.slice(firstRecent)
  if (presented > generation + 1 || presented < generation - recent.length) return 'reuse'
  if (presented < generation || (presented === generation && recent.length >= usesKept))
    return { generation, uses: recent }
  const used = Array.from({ length: presented + 1 - generation }, () => now)
  return { generation: presented + 1, uses: [...recent, ...used].slice(-usesKept) }
}
