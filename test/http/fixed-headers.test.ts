/** The security headers of every response, the first one and those after it. */
import t from 'tap'
import { startGateway } from '../support/start.ts'

t.test('later responses have the security headers of the first one', async (t) => {
  const { url } = await startGateway(t)
  const security = async (path: string) => {
    const { headers } = await fetch(`${url}${path}`)
    const names = [
      'content-security-policy',
      'strict-transport-security',
      'referrer-policy',
      'x-frame-options',
    ]
    return [...names, 'x-content-type-options'].map((name) => headers.get(name))
  }
  const [first, ...later] = [
    await security('/health/live'),
    await security('/health/live'),
    await security('/me'),
    await security('/nope'),
    await security('/webservice.php'),
  ]
  t.match(first, [/default-src 'self'/, /max-age/, 'no-referrer', 'SAMEORIGIN', 'nosniff'])
  for (const each of later) t.same(each, first)
})
