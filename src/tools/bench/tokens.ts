/** How long it takes to verify an access token: one that is new, and one that was seen before. */
import { fastify } from 'fastify'
import tokens from '../../../plugins/tokens.ts'
import { generateSigningKeys } from '../../tokens/signing-keys.ts'
import type { PortalSession } from '../../session/contract.ts'
import { measure, times, type Times } from './measure.ts'

const session: PortalSession = {
  id: 'a-session',
  contact: {
    entity: 'Contacts',
    id: '12x8549',
    accountId: '11x8546',
    user: { id: '19x5', name: 'portal' },
    language: 'en_us',
    level: 'account',
  },
  upstream: undefined,
  userAgent: '',
  address: '',
  createdAt: 0,
  lastSeenAt: 0,
  checkedAt: 0,
  checkedUnder: '',
  expiresAt: 3_600_000,
  generation: 1,
}

export async function measureTokens(): Promise<{ readonly name: string; readonly times: Times }[]> {
  const app = fastify()
  await app.register(tokens, {
    keys: generateSigningKeys(),
    issuer: 'http://127.0.0.1',
    audience: 'http://127.0.0.1',
    ttl: 600,
    now: () => 1000,
  })
  await app.ready()
  const issue = (): string => app.tokens.issue(session).accessToken
  const verify = (token: string) => app.tokens.verify(token)
  measure(200, issue, verify)
  const known = issue()
  verify(known)
  const results = [
    { name: 'a new token', times: times(measure(2000, issue, verify)) },
    { name: 'a token seen before', times: times(measure(20_000, () => known, verify)) },
  ]
  await app.close()
  return results
}
