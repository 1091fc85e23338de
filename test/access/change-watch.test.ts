/** Changes in coreBOS: how old an answer may be, on any instance and for any contact, and what a change ends. */
import t from 'tap'
import { Authenticator } from '../../src/access/authenticator.ts'
import { ChangeWatch } from '../../src/access/change-watch.ts'
import { Freshness } from '../../src/access/freshness.ts'
import { KeptAnswers } from '../../src/access/kept-answers.ts'
import { Provenance } from '../../src/access/provenance.ts'
import { ScopeLists } from '../../src/access/scope-lists.ts'
import { SharedCache } from '../../src/corebos/shared-cache.ts'
import type { Catalogue } from '../../src/corebos/catalogue.ts'
import type { VisibleModules } from '../../src/scope/view.ts'
import { EmbeddedStore } from '../../src/session/memory/store.ts'
import { startPortal } from '../support/portal.ts'
import { installed, sharedSettings, startRedis, until } from '../support/redis-server.ts'
import { times } from '../support/thorough.ts'

const names = ['HelpDesk', 'Invoice', 'Documents']
const prefixes = ['17', '7', '15']
const every = 5000
const ttlMs = 300_000
const contacts = ['alice', 'bob', 'carol']

/** A coreBOS whose times have whole seconds, and instances that cache what they read of it. */
class World {
  now = 1_800_000_000_000
  calls = 0
  isAway = false
  readonly #store = new EmbeddedStore({ life: { idle: 1, max: 1, grace: 1 }, now: () => this.now })
  readonly #saves: { module: string; id: string; at: number; own: boolean; deleted: boolean }[] = []
  readonly instances = [0, 1, 2].map(() => this.#instance())

  /** The number of saves in a module up to a moment. */
  versionAt(module: string, at: number): number {
    return this.#saves.filter((save) => save.module === module && save.at <= at).length
  }

  save(module: string, own: boolean, deleted = false): void {
    const id = `${prefixes[names.indexOf(module)] ?? ''}x${this.#saves.length % 3}`
    this.#saves.push({ module, id, at: this.now, own, deleted })
  }

  #call<T>(answer: T): Promise<T> {
    this.calls += 1
    return this.isAway ? Promise.reject(new Error('away')) : Promise.resolve(answer)
  }

  #instance() {
    const now = () => this.now
    const second = (ms: number) => Math.floor(ms / 1000)
    const watch = new ChangeWatch({
      store: this.#store,
      every,
      cacheTtl: ttlMs,
      now,
      modules: () => names,
      catalogue: async () => catalogue,
      changesSince: async (since) => {
        const found = this.#saves.filter(({ own, at }) => own && second(at) > since)
        return this.#call({
          saved: found.filter(({ deleted }) => !deleted).map(({ id, at }) => `${id} ${second(at)}`),
          deleted: found.filter(({ deleted }) => deleted).map(({ id }) => id),
          last: Math.max(since, ...found.map(({ at }) => second(at))),
        })
      },
      markOf: async (module) => {
        const saves = this.#saves.filter((save) => save.module === module)
        const last = saves.at(-1)
        return this.#call(JSON.stringify([9, last?.id, last && second(last.at)]))
      },
    })
    const freshness = new Freshness({ changePollMs: every, now, use: (modules) => watch.use(modules) })
    const caches = new Caches(now, this.#store)
    return {
      watch,
      isAlive: true,
      nextTick: 0,
      /** What the contact is told of a module; its documents are found by ids that depend on the tickets as well. */
      read: async (module: string, contact = 'alice'): Promise<Told> => {
        const generations = await this.#store.generations()
        const fresh = (modules: readonly string[]) => freshness.of(generations, modules)
        return caches.told(module, contact, fresh, (read) => {
          this.calls += 1
          return { contact, version: this.versionAt(read, this.now) }
        })
      },
    }
  }
}

interface Told {
  readonly contact: string
  readonly version: number
  /** How many tickets there were when the ids of the documents were looked up. */
  readonly scope?: number
}

/** All caches of an instance between a contact and coreBOS: rows, ids that make up a scope, and answers as bytes. */
class Caches {
  readonly #rows: SharedCache<Told>
  readonly #lists: ScopeLists
  readonly #answers: KeptAnswers
  // Kept answers compare it, and read nothing in it.
  readonly #visible = {} as unknown as VisibleModules

  constructor(now: () => number, store: EmbeddedStore) {
    const ttl = { ttlMs, now, observe: () => undefined }
    this.#rows = new SharedCache({ ...ttl, bound: { max: 100 } })
    this.#lists = new ScopeLists({ ...ttl, store })
    this.#answers = new KeptAnswers(ttl)
  }

  async told(
    module: string,
    contact: string,
    fresh: Parameters<KeptAnswers['find']>[0]['fresh'],
    ask: (module: string) => Told,
  ): Promise<Told> {
    const asked = { session: contact, visible: this.#visible, fresh }
    const kept = this.#answers.find(asked, module)
    // Written below.
    if (kept !== undefined) return JSON.parse(kept.body.toString()) as Told
    const provenance = new Provenance()
    const under = (modules: readonly string[]) => ({
      ...fresh(modules),
      key: `${contact} ${module} ${fresh(modules).generation}`,
      used: (readAt: number) => provenance.restsOn(modules, readAt, ttlMs),
    })
    const ids = under(['HelpDesk', 'Documents'])
    const list =
      module === 'Documents'
        ? await this.#lists.get(ids.key, async () => [`${ask('HelpDesk').version}`], ids.maxAge, ids.used)
        : undefined
    const rows = under([module])
    const found = await this.#rows.get(rows.key, async () => ask(module), rows.maxAge, rows.used)
    const answer = { ...found, ...(list && { scope: Number(list[0]) }) }
    this.#answers.add(asked, module, { body: Buffer.from(JSON.stringify(answer)), tags: [] }, provenance)
    return answer
  }
}

const fields = new Map([['modifiedtime', {}]])
// Of a description the watch needs the names of the fields.
const catalogue = {
  names,
  byName: () => ({ fields }),
  byIdPrefix: (prefix: string) => ({ name: names[prefixes.indexOf(prefix)] ?? '' }),
} as unknown as Catalogue

function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

t.test(
  'no answer to any contact is older than CHANGE_POLL, also while the lease moves and while coreBOS is away',
  async (t) => {
    for (let seed = 1; seed <= times(3, 12); seed++) {
      const world = new World()
      const random = randomFrom(seed)
      const wrong: string[] = []
      let reads = 0
      for (let step = 0; step < 1500; step++) {
        world.now += 100 + random(150)
        const module = names[random(names.length)] ?? ''
        if (random(20) === 0) world.save(module, random(2) === 0, random(8) === 0)
        if (random(60) === 0) world.isAway = !world.isAway && random(3) === 0
        for (const instance of world.instances) {
          // Instances stop and come back; one that hangs for a while is one that ticks late.
          if (random(150) === 0) instance.isAlive = !instance.isAlive
          if (!instance.isAlive || world.now < instance.nextTick) continue
          instance.nextTick = world.now + every * 0.95
          await instance.watch.tick().catch(() => undefined)
        }
        const contact = contacts[random(3)] ?? ''
        const told = await world.instances[random(3)]?.read(module, contact)
        reads += 1
        const least = (of: string) => world.versionAt(of, world.now - every)
        const isOld = (told?.version ?? 0) < least(module) || (told?.scope ?? Infinity) < least('HelpDesk')
        if (isOld || told?.contact !== contact)
          wrong.push(`seed ${seed}, step ${step}: ${contact}, ${module}: ${JSON.stringify(told)}`)
      }
      t.same(wrong, [])
      t.ok(world.calls < reads, `${world.calls} calls for ${reads} reads`)
    }
  },
)

t.test('while nothing changes one instance asks for all, and nothing cached is read again', async (t) => {
  const world = new World()
  const tick = async () => {
    for (const { watch } of world.instances) await watch.tick()
    world.now += every - 1
  }
  for (const { read } of world.instances) for (const name of names) await read(name)
  await tick()
  await tick()
  for (const { read } of world.instances) for (const name of names) await read(name)
  await tick()
  await tick()
  world.calls = 0
  for (let look = 0; look < 10; look++) {
    for (const { read } of world.instances) for (const name of names) await read(name)
    await tick()
  }
  t.equal(world.calls, 10 * (1 + names.length))
})

t.test('when the instance that asks stops, another one asks within two polls', async (t) => {
  const world = new World()
  const [first, ...others] = world.instances
  for (const { watch } of world.instances) await watch.tick()
  world.now += every
  await first?.watch.tick()
  world.calls = 0
  for (let poll = 0; poll < 2; poll++) {
    world.now += every
    for (const { watch } of others) await watch.tick()
  }
  t.ok(world.calls > 0)
})

t.test('each request knows what is known of changes', async (t) => {
  const store = new EmbeddedStore({ life: { idle: 1000, max: 1000, grace: 1 }, now: () => 0 })
  const contact = { entity: 'Contacts', id: '12x1', accountId: undefined, language: 'en_us' } as const
  const facts = { contact: { ...contact, user: { id: '19x5', name: 'portal' }, level: 'own' } as const }
  const { session } = await store.create({
    ...facts,
    upstream: undefined,
    userAgent: '',
    address: '',
    checkedUnder: '',
  })
  const authenticator = new Authenticator({
    store,
    readToken: () => {
      throw new Error('there is no token')
    },
    confirm: async (found) => found,
  })
  await store.watch({ until: 7, modules: new Map([['HelpDesk', 3]]) })
  const { watched } = await authenticator.authenticateBy({ sessionId: session.id, contactId: '12x1' })
  t.same(watched, { until: 7, modules: new Map([['HelpDesk', 3]]) })
})

const operator = { OPERATOR_TOKEN: 'operator-token-of-the-test-01234567' }
const ticket = '/records/17x8625'
const products = '/modules/Products/records?fields=productname&limit=3'

const redis = { skip: !installed('redis-server') && 'no redis-server' }

t.test('a save by the staff ends what was cached, on every instance', redis, async (t) => {
  const env = { ...(await sharedSettings(t, await startRedis(t))), READ_CACHE_TTL: '300', CHANGE_POLL: '1' }
  const portal = await startPortal(t, { env })
  const other = await portal.another()
  const read = async (at?: string) =>
    (await portal.as('alice', 'GET', ticket, at === undefined ? {} : { at })).text
  await read()
  await read(other)
  // Assigned to another user than the service user, so that `sync` does not tell of it.
  const element = { id: '17x8625', ticket_title: 'changed by the staff', assigned_user_id: '19x1' }
  await portal.admin.result('revise', { element })
  for (const at of [undefined, other])
    await until('it shows', async () => (await read(at)).includes('changed by the staff'))
})

t.test('what is pushed ends the answers of its module, and of no other', async (t) => {
  // No poll ends what is cached meanwhile.
  const portal = await startPortal(t, { env: { ...operator, READ_CACHE_TTL: '300', CHANGE_POLL: '300' } })
  const queries = (module: string) =>
    portal.relay.calls.filter(({ params }) => params.get('query')?.includes(`from ${module} `) === true)
      .length
  const push = async (body: object) => {
    const headers = {
      authorization: `Bearer ${operator.OPERATOR_TOKEN}`,
      'content-type': 'application/json',
    }
    const request = { method: 'POST', headers, body: JSON.stringify(body) }
    return (await fetch(`${portal.operatorUrl}/changed`, request)).status
  }
  const read = async () => portal.as('alice', 'GET', products)
  await read()
  await read()
  const before = queries('Products where')
  t.equal(await push({ module: 'HelpDesk', id: '17x8625' }), 204)
  await read()
  t.equal(queries('Products where'), before)
  t.equal(await push({ module: 'Products' }), 204)
  await read()
  t.ok(queries('Products where') > before)
  t.equal(await push({ module: 'Helpdesk' }), 404)
  t.equal(await push({ module: 'Users' }), 404)
  t.equal(await push({}), 400)
})
