/** What log lines say of failures: no stack for one that is expected. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { GatewayError } from '../../src/model/errors.ts'
import { reasonOf } from '../../src/model/log-reason.ts'

const thrownBy = (work: () => unknown): unknown => {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

t.test('an expected failure is a line of reasons, each once', async (t) => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:9'), { code: 'ECONNREFUSED' })
  const fetching = Object.assign(new Error('', { cause: refused }), { code: 'UND_ERR_SOCKET' })
  t.strictSame(reasonOf(new GatewayError('COREBOS_UNAVAILABLE', undefined, { cause: fetching })), {
    reason: `${new GatewayError('COREBOS_UNAVAILABLE').title}: UND_ERR_SOCKET: connect ECONNREFUSED 127.0.0.1:9`,
  })
  t.strictSame(reasonOf(new Error('outer', { cause: refused })), {
    err: new Error('outer', { cause: refused }),
  })
  const errors = [{ field: 'policy', message: 'POLICY_FILE: /modules/Faq: not in this installation' }]
  t.strictSame(reasonOf(new GatewayError('NOT_READY', undefined, { errors })), {
    reason: `The gateway is not ready: ${errors.map(({ message }) => message).join()}`,
  })
  t.match(reasonOf(thrownBy(() => readFileSync('/nowhere'))), { reason: /^ENOENT: no such file/ })
})

t.test('a bug keeps its stack', async (t) => {
  for (const error of [
    new GatewayError('INTERNAL', undefined, { cause: new TypeError('x is not a function') }),
    new TypeError('x is not a function'),
    thrownBy(() => Buffer.alloc(-1)),
    'a text',
  ])
    t.strictSame(reasonOf(error), { err: error })
})
