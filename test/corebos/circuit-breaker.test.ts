/** The circuit breaker: a coreBOS that does not answer is left alone, and found again soon. */
import t from 'tap'
import { CircuitBreaker, CircuitOpen } from '../../src/corebos/circuit-breaker.ts'
import { neverSent } from '../../src/corebos/never-sent.ts'

function breaker() {
  const clock = { now: 0 }
  const circuit = new CircuitBreaker({ failures: 3, probeEvery: 500, now: () => clock.now })
  const lets = () => {
    try {
      circuit.enter()
      return true
    } catch (error) {
      if (error instanceof CircuitOpen) return false
      throw error
    }
  }
  return { circuit, clock, lets }
}

t.test('opens after failures in a row, and an answer between them starts the count again', async (t) => {
  const { circuit, lets } = breaker()
  circuit.failed()
  circuit.failed()
  circuit.answered()
  circuit.failed()
  circuit.failed()
  t.ok(lets(), 'two in a row')
  circuit.failed()
  t.notOk(lets(), 'three in a row')
  t.ok(circuit.isOpen)
})

t.test('lets one call through in each period, also while an earlier one has no answer', async (t) => {
  const { circuit, clock, lets } = breaker()
  for (let i = 0; i < 3; i += 1) circuit.failed()
  clock.now = 499
  t.notOk(lets())
  clock.now = 500
  t.ok(lets())
  t.notOk(lets(), 'one alone')
  clock.now = 1000
  t.ok(lets(), 'the first may hang')
})

t.test('closes with the first answer, and looking at it lets no call through', async (t) => {
  const { circuit, clock, lets } = breaker()
  for (let i = 0; i < 3; i += 1) circuit.failed()
  t.throws(() => circuit.require(), { code: 'COREBOS_UNAVAILABLE', retryAfter: 1 })
  clock.now = 500
  circuit.require()
  t.ok(lets(), 'the look did not count as the call')
  circuit.answered()
  t.ok(lets() && lets(), 'all are let through')
})

t.test('a call that it stops was certainly not sent', async (t) => {
  t.ok(neverSent(new CircuitOpen()))
})
