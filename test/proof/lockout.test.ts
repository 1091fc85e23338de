/** No stranger locks an account: every account of the demo in every mode, by every way in, 1,000 guesses each time. */
import t from 'tap'
import { failuresBefore } from '../../src/auth/lockout-budget.ts'
import { besiege, Lockout, setups, ways } from '../support/lockout.ts'

const guesses = 1000

// Most of the time is spent waiting for log-ins that are rejected.
t.jobs = 2 * setups.length

for (const setup of setups) {
  t.test(`every account in ${setup.name}`, { buffered: true }, async (t) => {
    const gateway = await Lockout.start(t, setup)
    for (const person of gateway.people)
      for (const way of ways)
        await t.test(`${person}, ${way}`, (t) => besiege(t, gateway, person, way, guesses))
    t.comment(`${setup.name}: ${gateway.people.join(', ')}`)
  })

  t.test(`a burst of 200 guesses in ${setup.name}`, { buffered: true }, async (t) => {
    const gateway = await Lockout.start(t, setup)
    for (const person of gateway.people) {
      for (const way of ways) {
        const before = gateway.guessesAtCorebos
        await gateway.attack(person, way, 200, ['192.0.2.1'], 200)
        const reached = gateway.guessesAtCorebos - before
        t.comment(`${person}, ${way}: ${reached} of 200 reached coreBOS`)
        t.ok(reached <= (setup.mode === 'user' && way === 'clear' ? 20 : 10))
        t.ok(gateway.failuresOf(person) <= failuresBefore.stranger)
        await gateway.passMinute()
      }
    }
  })
}
