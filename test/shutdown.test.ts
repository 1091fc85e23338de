/** The end of a gateway: it stops being ready first, and serves until it closes. */
import { once } from 'node:events'
import t from 'tap'
import { startSmallGateway, unlimited } from './support/apart.ts'

t.test('with SHUTDOWN_DELAY a gateway serves requests while it is no longer ready, then ends', async (t) => {
  const gateway = await startSmallGateway(t, { env: { ...unlimited, SHUTDOWN_DELAY: '3' } })
  const get = async (path: string) => fetch(`${gateway.url}${path}`, { headers: { connection: 'close' } })
  t.equal((await get('/health/ready')).status, 200)
  const exited = once(gateway.process, 'exit')
  gateway.process.kill('SIGTERM')
  let ready = await get('/health/ready')
  // The signal may come after the request.
  while (ready.status === 200) ready = await get('/health/ready')
  t.equal(ready.status, 503)
  t.match(await ready.json(), { code: 'NOT_READY', errors: [{ field: 'shutdown', message: /about to end/ }] })
  t.equal((await get('/health/live')).status, 200)
  const login = await fetch(`${gateway.url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ username: 'alice@example.com', password: 'alice-pw' }),
  })
  t.equal(login.status, 200, 'a log-in that begins now is answered')
  t.strictSame(await exited, [0, null])
})
