/** No stranger locks an account: one account in every mode, by every way in. The exhaustive version is in test/proof. */
import t from 'tap'
import { failuresBefore } from '../../src/auth/lockout-budget.ts'
import { KnownOrigins, originLife } from '../../src/auth/known-origins.ts'
import { LoginLimits } from '../../src/auth/login-limits.ts'
import { EmbeddedStore } from '../../src/session/memory/store.ts'
import { KeyRing } from '../../src/session/redis/encryption.ts'
import { besiege, Lockout, setups, ways } from '../support/lockout.ts'
import { isThorough, times } from '../support/thorough.ts'

for (const setup of setups) {
  t.test(`strangers at one account in ${setup.name}`, async (t) => {
    const gateway = await Lockout.start(t, setup)
    const people = isThorough && setup.mode === 'portal' ? ['alice', 'emil'] : ['alice']
    for (const person of people.filter((each) => gateway.people.includes(each)))
      for (const way of ways)
        await t.test(`${person}, ${way}`, (t) => besiege(t, gateway, person, way, times(12, 30)))
  })
}

t.test('a burst of guesses reaches coreBOS no more often than the limit says', async (t) => {
  for (const setup of setups) {
    const gateway = await Lockout.start(t, setup)
    for (const way of ways) {
      const before = gateway.guessesAtCorebos
      await gateway.attack('alice', way, times(30, 60), ['192.0.2.1'], 60)
      // In user mode a password in clear is tried as an access key and as a password.
      const most = setup.mode === 'user' && way === 'clear' ? 20 : 10
      t.ok(
        gateway.guessesAtCorebos - before <= most,
        `${setup.name}, ${way}: ${gateway.guessesAtCorebos - before}`,
      )
      t.ok(gateway.failuresOf('alice') <= failuresBefore.stranger)
      await gateway.passMinute()
    }
  }
})

function store() {
  let clock = 1_000_000
  const state = new EmbeddedStore({ life: { idle: 1, max: 1, grace: 1 }, now: () => clock })
  return { state, now: () => clock, pass: (ms: number) => void (clock += ms) }
}

t.test('a name that fails from many addresses keeps one attempt for each further address', async (t) => {
  const { state, pass } = store()
  const limits = new LoginLimits(state, { max: 10, seconds: 60 })
  const from = (network: string) => ({ network, deviceToken: undefined })
  const device = { kind: 'device', contactId: '12x1', device: 'd' } as const
  const tries = async (network: string, count: number, known?: typeof device) => {
    const results = await Promise.allSettled(
      Array.from({ length: count }, () => limits.reserve('Contacts:alice', known, from(network))),
    )
    return results.filter(({ status }) => status === 'fulfilled').length
  }
  for (let n = 0; n < 10; n++) t.equal(await tries(`192.0.2.${n}`, 200), 10, 'ten for each of ten addresses')
  for (let n = 10; n < 40; n++) t.equal(await tries(`192.0.2.${n}`, 200), 1, 'one for each further address')
  t.equal(await tries('192.0.2.1', 10, device), 10, 'a known device is not touched')
  t.equal(await tries('192.0.2.1', 10, device), 0, 'and has a limit of its own')
  await t.resolves(limits.reserve('Contacts:bob', undefined, from('192.0.2.1')), 'another name')
  pass(60_000)
  t.equal(await tries('192.0.2.1', 200), 10, 'the next window')

  pass(60_000)
  for (let n = 0; n < 50; n++) {
    const reservation = await limits.reserve('Contacts:alice', undefined, from('192.0.2.1'))
    await reservation.giveBack()
  }
  t.equal(await tries('192.0.2.1', 200), 10, 'what is given back is free again')
})

t.test('a mark is good for one name and contact, for half a year, and until it is revoked', async (t) => {
  const { state, now, pass } = store()
  let nonces = 0
  const ring = new KeyRing([Buffer.alloc(32, 1)])
  const origins = new KnownOrigins({ state, ring, now, nonce: () => `device ${nonces++}` })
  const at = (network: string, deviceToken?: string) => ({ network, deviceToken })
  const [account, other] = ['Contacts:alice@example.com', 'Contacts:bob@example.com']
  const token = await origins.remember(account, '12x1', at('192.0.2.1'))

  t.match(token, /^[\w-]+$/)
  t.notMatch(Buffer.from(token, 'base64url').toString('latin1'), /alice|12x1/, 'sealed')
  const device = { kind: 'device', contactId: '12x1', device: 'device 0' }
  t.same(await origins.recognize(account, at('198.51.100.1', token)), device)
  t.same(await origins.recognize(account, at('192.0.2.1')), { kind: 'network', contactId: '12x1' })
  const strange = [
    [account, at('198.51.100.1')],
    [other, at('192.0.2.1', token)],
    [account, at('198.51.100.1', '')],
    [account, at('198.51.100.1', 'x'.repeat(200))],
    [account, at('198.51.100.1', `${token.slice(0, -2)}AA`)],
    [account, at('198.51.100.1', ring.seal('another place', '[]').toString('base64url'))],
  ] as const
  for (const [name, origin] of strange) t.equal(await origins.recognize(name, origin), undefined)

  const again = await origins.remember(account, '12x1', at('198.51.100.1', token))
  t.same(await origins.recognize(account, at('', again)), device, 'a device stays the same one')
  await origins.revoke('12x1')
  for (const each of [token, again]) t.equal(await origins.recognize(account, at('', each)), undefined)
  t.equal(await origins.recognize(account, at('192.0.2.1')), undefined, 'addresses are forgotten too')

  const fresh = await origins.remember(account, '12x1', at('192.0.2.9'))
  t.match(await origins.recognize(account, at('', fresh)), { kind: 'device' }, 'in the same millisecond')
  pass(originLife + 1)
  t.equal(await origins.recognize(account, at('192.0.2.9', fresh)), undefined)
})

t.test('a log-out everywhere, a new password and an operator revoke the marks of a contact', async (t) => {
  const setup = setups[1]
  if (setup === undefined) throw new Error('no setup')
  for (const end of ['logout-all', 'password', 'operator'] as const) {
    const gateway = await Lockout.start(t, setup)
    const origin = { address: '198.51.100.1' }
    const { deviceToken = '' } = await gateway.logIn('alice', 'clear', origin)
    await gateway.revoke('alice', end, '12x8549')
    await gateway.attack('alice', 'clear', 30)
    const { status } = await gateway.logIn('alice', 'clear', { address: '198.51.100.2', deviceToken })
    t.equal(status, 'rejected', end)
  }
})
