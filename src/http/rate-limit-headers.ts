/** `RateLimit` and `RateLimit-Policy` of a response (draft-ietf-httpapi-ratelimit-headers-10, structured fields). */

/** A limit that a request was counted against, as it stands after the count. */
export interface Quota {
  readonly name: 'address' | 'contact' | 'login'
  /** Requests in a window. */
  readonly max: number
  /** Length of the window in seconds. */
  readonly seconds: number
  /** Requests that are left in this window. */
  readonly remaining: number
  /** Milliseconds until the window ends. */
  readonly resetIn: number
}

/**
 * @param quotas with several of one name, the one with the fewest requests left is shown
 * @returns no headers for a request that was not counted
 */
export function rateLimitHeaders(quotas: readonly Quota[]): Readonly<Record<string, string>> {
  const tightest = new Map<string, Quota>()
  for (const quota of quotas) {
    const known = tightest.get(quota.name)
    if (known === undefined || quota.remaining < known.remaining) tightest.set(quota.name, quota)
  }
  if (tightest.size === 0) return {}
  const shown = [...tightest.values()]
  return {
    'ratelimit-policy': shown.map(({ name, max, seconds }) => `"${name}";q=${max};w=${seconds}`).join(', '),
    ratelimit: shown
      .map(({ name, remaining, resetIn }) => `"${name}";r=${remaining};t=${Math.ceil(resetIn / 1000)}`)
      .join(', '),
  }
}
