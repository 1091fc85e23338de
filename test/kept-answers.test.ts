/** Answers that are kept as bytes: who is given one, what ends it, and that it is the same answer as one that is made. */
import { rmSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { brotliDecompressSync } from 'node:zlib'
import t from 'tap'
import { request } from 'undici'
import { KeptAnswers } from '../src/access/kept-answers.ts'
import { Provenance } from '../src/access/provenance.ts'
import type { Contact } from '../src/model/contact.ts'
import { VisibleModules } from '../src/scope/view.ts'
import { Policy } from '../src/policy/policy.ts'
import { builtinPolicy } from '../src/policy/builtin.ts'
import {
  credentialsOf,
  policyFile,
  startPortal,
  usualModes,
  type Answer,
  type Portal,
} from './support/portal.ts'
import { textAt } from './support/webservice-client.ts'
import { policyWith } from './support/policy.ts'

const cached = { READ_CACHE_TTL: '300' }
const list = '/modules/HelpDesk/records?fields=ticket_title,ticketstatus&limit=1000&count=true'
const query = `/query?q=${encodeURIComponent('select ticket_title from HelpDesk limit 1000')}`
const paths = [list, query, '/records/17x8625', `${list}&display=true`, `${list}&expand=parent_id(lastname)`]

async function answersKept({ operatorUrl }: Portal): Promise<number> {
  const metrics = await (await fetch(`${operatorUrl}/metrics`)).text()
  const [, count = '0'] =
    /^portal_cache_requests_total\{cache="answers",how="kept"\} (\d+)/m.exec(metrics) ?? []
  return Number(count)
}

/** Whether an answer came from those that are kept. */
async function isKept(portal: Portal, ask: () => Promise<Answer>): Promise<readonly [boolean, Answer]> {
  const before = await answersKept(portal)
  const answer = await ask()
  return [(await answersKept(portal)) > before, answer]
}

const ids = ({ body }: Answer): string[] => (body.records ?? []).map(({ id }) => String(id))

for (const mode of usualModes)
  t.test(
    `a kept answer is what is answered without READ_CACHE_TTL, for each contact, in ${mode} mode`,
    async (t) => {
      const portal = await startPortal(t, { mode, env: cached })
      const bare = await startPortal(t, { mode })
      // The two coreBOS were made one after the other.
      const same = ({ text }: Answer) => text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|"cbuuid":"\w+"/g, 'x')
      for (const path of paths) {
        for (const name of ['alice', 'bob', 'carol']) {
          const first = await portal.as(name, 'GET', path)
          const [kept, again] = await isKept(portal, async () => portal.as(name, 'GET', path))
          t.equal(kept, first.status === 200, `${name}: ${path}`)
          t.equal(again.status, first.status)
          // Errors name their request.
          if (first.status !== 200) continue
          t.equal(again.text, first.text)
          t.equal(again.headers['content-type'], first.headers['content-type'])
          t.equal(again.headers['etag'], first.headers['etag'])
          t.equal(same(again), same(await bare.as(name, 'GET', path)), `${name}: ${path}, as without`)
        }
      }
      t.ok(ids(await portal.as('alice', 'GET', list)).includes('17x8625'))
      t.notOk(ids(await portal.as('bob', 'GET', list)).includes('17x8625'))
      t.equal((await portal.as('bob', 'GET', '/records/17x8625')).status, 404, 'which is kept for alice')
    },
  )

t.test('two sessions of one contact are given answers of their own', async (t) => {
  const portal = await startPortal(t, { env: cached })
  await portal.as('alice', 'GET', list)
  const { body } = await portal.as(undefined, 'POST', '/auth/login', { body: credentialsOf('alice') })
  const headers = { authorization: `Bearer ${textAt(body, 'accessToken')}` }
  const [kept, { status }] = await isKept(portal, async () => portal.as(undefined, 'GET', list, { headers }))
  t.equal(status, 200)
  t.notOk(kept)
  t.equal((await portal.as(undefined, 'POST', '/auth/logout', { headers })).status, 204)
  t.equal(
    (await portal.as(undefined, 'GET', list, { headers })).status,
    401,
    'an ended session is given none',
  )
})

t.test('an answer ends with the scope of its contact, in the same session', async (t) => {
  let now = Date.now()
  const POLICY_FILE = await policyFile(t, {}, { levelField: 'title' })
  const portal = await startPortal(t, { mode: 'service', now: () => now, env: { ...cached, POLICY_FILE } })
  const alice = portal.corebos.database.records('Contacts').find(({ number }) => number === 8549)
  alice?.values.set('title', 'account')
  const wide = ids(await portal.as('alice', 'GET', list))
  t.ok((await isKept(portal, async () => portal.as('alice', 'GET', list)))[0])
  alice?.values.set('title', 'own')
  now += 61_000
  const [kept, narrow] = await isKept(portal, async () => portal.as('alice', 'GET', list))
  t.notOk(kept)
  t.ok(ids(narrow).length < wide.length, `${ids(narrow).length} of ${wide.length}`)
})

t.test('an answer ends with the policy', async (t) => {
  const POLICY_FILE = await policyFile(t, {})
  const portal = await startPortal(t, { env: { ...cached, POLICY_FILE } })
  const ask = async () => portal.as('alice', 'GET', '/records/17x8625')
  t.ok('solution' in (await ask()).body)
  t.ok((await isKept(portal, ask))[0])
  writeFileSync(POLICY_FILE, JSON.stringify(policyWith({ HelpDesk: { hide: ['solution'] } })))
  const before = portal.log.length
  process.kill(process.pid, 'SIGHUP')
  while (!portal.log.slice(before).some((line) => /The policy (?:file is invalid|was reloaded)/.test(line)))
    await setTimeout(5)
  const [kept, { body }] = await isKept(portal, ask)
  t.notOk(kept)
  t.notOk('solution' in body)
  rmSync(POLICY_FILE)
})

t.test('an answer ends with a write to what it rests on, and with no other write', async (t) => {
  const portal = await startPortal(t, { env: cached })
  const products = '/modules/Products/records?fields=productname&limit=3'
  const ask = (path: string) => async () => portal.as('alice', 'GET', path)
  for (const path of [list, products]) await ask(path)()
  t.ok((await isKept(portal, ask(list)))[0])
  const body = { ticket_title: 'a new one', ticketstatus: 'Open' }
  t.equal((await portal.as('alice', 'POST', '/modules/HelpDesk/records', { body })).status, 201)
  const [kept, { text }] = await isKept(portal, ask(list))
  t.notOk(kept)
  t.match(text, 'a new one')
  const title = { ticket_title: 'changed by the contact' }
  t.equal((await portal.as('alice', 'PATCH', '/records/17x8625', { body: title })).status, 200)
  t.match((await ask(list)()).text, 'changed by the contact')
})

t.test('an answer is no older than READ_CACHE_TTL, with all that it rests on', async (t) => {
  let now = Date.now()
  const portal = await startPortal(t, { mode: 'service', now: () => now, env: { READ_CACHE_TTL: '60' } })
  const rows = '/modules/HelpDesk/records?limit=1000'
  const ask = async (path: string) => portal.as('alice', 'GET', path)
  await ask(rows)
  now += 40_000
  // Made of the same rows, which are 40 seconds old already.
  await ask(`${rows}&sort=id`).then(() => ask(rows))
  await portal.admin.result('revise', { element: { id: '17x8625', ticket_title: 'by the staff' } })
  now += 21_000
  t.match((await ask(rows)).text, 'by the staff')
})

t.test('language, display, count, method and condition make answers of their own', async (t) => {
  const portal = await startPortal(t, { env: { ...cached, LANGUAGES: 'en_us,es_es' } })
  const shown = `${list}&display=true`
  const ask = async (path: string, headers = {}) => portal.as('alice', 'GET', path, { headers })
  const variants = [
    async () => ask(list),
    async () => ask(list.replace('&count=true', '')),
    async () => ask(shown),
    async () => ask(shown, { 'accept-language': 'es' }),
    async () => ask(`${shown}&lang=en`),
  ]
  const made = await Promise.all(variants.map(async (each) => each()))
  for (const [i, variant] of variants.entries()) {
    const [kept, { text, headers }] = await isKept(portal, variant)
    t.ok(kept)
    t.equal(text, made[i]?.text)
    t.equal(headers['content-language'], made[i]?.headers['content-language'])
    t.equal(headers['etag'], made[i]?.headers['etag'])
  }
  t.equal(new Set(made.map(({ headers }) => headers['etag'])).size, 4, 'the contact itself has English')
  const tag = String(made[0]?.headers['etag'])
  const [kept, { status, text, headers }] = await isKept(portal, async () =>
    ask(list, { 'if-none-match': tag }),
  )
  t.match({ kept, status, text, tag: headers['etag'] }, { kept: true, status: 304, text: '', tag })
  t.equal((await ask(shown, { 'if-none-match': tag })).status, 200, 'the tag of another answer')
  const head = await portal.as('alice', 'HEAD', list)
  t.match(head, { status: 200, text: '' })
  t.equal(head.headers['content-length'], String(Buffer.byteLength(made[0]?.text ?? '')))
})

t.test('a kept answer is compressed for those who ask for it, and for no others', async (t) => {
  const portal = await startPortal(t, { env: cached })
  const path = '/modules/Products/records?limit=1000'
  const plain = await portal.as('alice', 'GET', path)
  const { body } = await portal.as(undefined, 'POST', '/auth/login', { body: credentialsOf('alice') })
  const authorization = `Bearer ${textAt(body, 'accessToken')}`
  for (let n = 0; n < 3; n++) {
    const headers = { authorization, 'accept-encoding': 'br' }
    const answer = await request(`${portal.url}${path}`, { headers })
    t.equal(answer.headers['content-encoding'], 'br')
    t.match(answer.headers['etag'], /-br"$/)
    const bytes = Buffer.from(await answer.body.arrayBuffer())
    t.equal(brotliDecompressSync(bytes).toString(), plain.text)
    const again = await portal.as('alice', 'GET', path)
    t.equal(again.text, plain.text)
    t.equal(again.headers['content-encoding'], undefined)
  }
})

t.test(
  'what is read from coreBOS each time is not kept with the rest, nor anything without READ_CACHE_TTL',
  async (t) => {
    const portal = await startPortal(t, { env: cached })
    const comments = '/modules/HelpDesk/records?fields=ticket_title&expand=comments'
    for (let n = 0; n < 3; n++)
      t.notOk((await isKept(portal, async () => portal.as('alice', 'GET', comments)))[0])
    const bare = await startPortal(t, {})
    for (let n = 0; n < 3; n++) t.notOk((await isKept(bare, async () => bare.as('alice', 'GET', list)))[0])
  },
)

t.test('an answer is found under exactly what it was kept under', async (t) => {
  let now = 1000
  const kept = new KeptAnswers({ ttlMs: 100, now: () => now, observe: () => undefined })
  const contact: Contact = {
    entity: 'Contacts',
    id: '12x1',
    accountId: undefined,
    user: { id: '19x1', name: 'u' },
    language: '',
    level: 'own',
  }
  const none = {
    names: [],
    byName: () => undefined,
    byIdPrefix: () => undefined,
    requireAll: () => undefined,
  }
  const visibleModules = () => new VisibleModules(contact, new Policy(builtinPolicy), none, true)
  const visible = visibleModules()
  let generation = '1'
  let maxAge = Infinity
  const asked = { session: 's', visible, fresh: () => ({ generation, maxAge }) }
  const answer = { body: Buffer.from('{}'), tags: [] }
  const add = (readAt = now): void => {
    const provenance = new Provenance()
    provenance.restsOn(['HelpDesk'], readAt, 50)
    kept.add(asked, 'q', answer, provenance)
  }
  const found = (changed: object = {}, question = 'q') =>
    kept.find({ ...asked, ...changed }, question) !== undefined
  add()
  t.ok(found())
  t.notOk(found({}, 'q2'))
  t.notOk(found({ session: 's2' }))
  t.ok(found())
  t.notOk(found({ visible: visibleModules() }))
  add()
  generation = '2'
  t.notOk(found(), 'a change')
  add(now - 10)
  maxAge = 9
  t.notOk(found(), 'older than it may be')
  maxAge = 30
  add(now - 10)
  t.ok(found())
  now += 40
  t.notOk(found(), 'as old as its oldest part')
  const unknown = new Provenance()
  unknown.isUnknown()
  kept.add(asked, 'q', answer, unknown)
  t.notOk(found())
})
