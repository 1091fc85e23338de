/** Settings with which answers are kept and coreBOS is asked what has changed, for tests that hold with and without. */
export const keeping = { READ_CACHE_TTL: '300', CHANGE_POLL: '1' } as const
