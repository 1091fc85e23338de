/** No stranger locks an account: one account in every mode, by every way in. The exhaustive version is in test/proof. */
import t, { type Test } from 'tap'
import { failuresBefore } from '../../src/auth/lockout-budget.ts'
import { KnownOrigins, originLife } from '../../src/auth/known-origins.ts'
import { LoginLimits } from '../../src/auth/login-limits.ts'
import { networksOf } from '../../src/http/client-address.ts'
import { EmbeddedStore } from '../../src/session/memory/store.ts'
import { KeyRing } from '../../src/session/redis/encryption.ts'
import { until } from '../support/aborts.ts'
import { semaphore } from '../support/corebos-stub.ts'
import { startPortal } from '../support/portal.ts'
import { besiege, Lockout, setups, ways, type Setup } from '../support/lockout.ts'
import { isThorough, times } from '../support/thorough.ts'

for (const setup of setups) {
  t.test(`strangers at one account in ${setup.name}`, async (t) => {
    const gateway = await Lockout.start(t, setup)
    const people = isThorough && setup.mode === 'portal' ? ['alice', 'emil'] : ['alice']
    for (const person of people.filter((each) => gateway.people.includes(each)))
      for (const way of ways)
        await t.test(`${person}, ${way}`, (t) => besiege(t, gateway, person, way, times(8, 30)))
    await t.test('a burst of guesses reaches coreBOS no more often than the limit says', (t) =>
      burst(t, gateway, setup),
    )
  })
}

async function burst(t: Test, gateway: Lockout, { mode }: Setup): Promise<void> {
  for (const way of ways) {
    const before = gateway.guessesAtCorebos
    await gateway.attack('alice', way, times(24, 60), ['192.0.2.1'], 60)
    // In user mode a password in clear is tried as an access key and as a password.
    const most = mode === 'user' && way === 'clear' ? 20 : 10
    t.ok(gateway.guessesAtCorebos - before <= most, `${way}: ${gateway.guessesAtCorebos - before}`)
    t.ok(gateway.failuresOf('alice') <= failuresBefore.stranger)
    await gateway.passMinute()
  }
}

function store() {
  let clock = 1_000_000
  const state = new EmbeddedStore({ life: { idle: 1, max: 1, grace: 1 }, now: () => clock })
  return { state, now: () => clock, pass: (ms: number) => void (clock += ms) }
}

t.test('a name that fails from many addresses keeps one attempt for each further address', async (t) => {
  const { state, pass } = store()
  const limits = new LoginLimits(state, { max: 10, seconds: 60 })
  const from = (network: string, ...wider: { name: string; share: number }[]) => ({ network, wider })
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

  pass(60_000)
  const passed = async (address: string, count: number) => {
    const [{ name }, ...wider] = networksOf(address)
    const tried = Array.from({ length: count }, () =>
      limits.reserve('Contacts:alice', undefined, from(name, ...wider)),
    )
    return (await Promise.allSettled(tried)).filter(({ status }) => status === 'fulfilled').length
  }
  let sum = 0
  for (let n = 0; n < 300; n++) sum += await passed(`2001:db8:1:${n.toString(16)}::1`, 3)
  t.equal(sum, 80, 'two /56 have four times the limit of one network each')
  for (let n = 2; n < 256; n++) sum += await passed(`2001:db8:1:${n.toString(16)}00::1`, 3)
  t.equal(sum, 160, 'a /48 has sixteen times that limit')
  t.equal(await passed('2001:db8:2::1', 1), 1, 'another one is not touched')
  t.equal(await passed('192.0.2.99', 1), 1, 'nor an IPv4 address')
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
    await gateway.attack('alice', 'clear', times(12, 30))
    const { status } = await gateway.logIn('alice', 'clear', { address: '198.51.100.2', deviceToken })
    t.equal(status, 'rejected', end)
  }
})

t.test('all addresses of one network wait for coreBOS in one share', async (t) => {
  const portal = await startPortal(t, {
    env: {
      TRUST_PROXY: '127.0.0.0/8',
      COREBOS_CONCURRENCY: '8',
      COREBOS_QUEUE: '40',
      RATE_LIMIT_LOGIN: '1000/60',
      RATE_LIMIT_IP: '100000/60',
    },
  })
  const { relay, url, inUse } = portal
  const challenge = async (address: string) => {
    const query = `operation=getchallenge&username=${address}@example.com`
    const response = await fetch(`${url}/webservice.php?${query}`, {
      headers: { 'x-forwarded-for': address },
    })
    return (await response.text()).includes('COREBOS_BUSY') ? 'busy' : 'answered'
  }
  await challenge('192.0.2.1')
  const held = semaphore()
  relay.held = held.opened
  let busy = 0
  const answers = Array.from({ length: 100 }, async (_, n) => {
    if ((await challenge(`2001:db8::${n.toString(16)}`)) === 'busy') busy += 1
  })
  // Half of the slots are in use, and a quarter of the queue.
  t.ok(await until(() => busy === 86))
  t.match(inUse(), { calls_running: 4, calls_waiting: 10 })
  const other = challenge('2001:db8:0:1::1')
  t.ok(await until(() => inUse()['calls_running'] === 5), 'another network has slots')
  held.open()
  relay.held = undefined
  t.equal(await other, 'answered')
  await Promise.all(answers)
})
