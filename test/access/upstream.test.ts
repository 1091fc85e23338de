/** Which coreBOS session serves a contact, and what happens where there is none. */
import t from 'tap'
import { upstreamOf } from '../../src/access/upstream.ts'
import { Corebos } from '../../src/corebos/corebos.ts'
import { CorebosSession } from '../../src/corebos/session.ts'
import type { PortalSession } from '../../src/session/contract.ts'

const settings = {
  url: 'http://127.0.0.1:9/',
  timeoutMs: 1000,
  maxBytes: 1000,
  concurrency: 1,
  queue: 1,
  metadataTtlMs: 0,
  now: () => 0,
}
const serviceUser = { name: 'portal', accessKey: 'portal-access-key', sessions: 1 }
const withService = new Corebos({ ...settings, serviceUser })
const alone = new Corebos({ ...settings, serviceUser: undefined })

type Served = Pick<PortalSession, 'contact' | 'upstream'>

function served(entity: 'Contacts' | 'Employee', upstream: string | undefined): Served {
  const user = { id: '19x5', name: 'alice' }
  const contact = { entity, id: '12x1', accountId: undefined, user, language: 'en_us', level: 'own' } as const
  return { contact, upstream }
}

function nameOf(caller: object, corebos: Corebos): string {
  return caller instanceof CorebosSession ? caller.name : caller === corebos.service ? 'the service user' : ''
}

t.test('one coreBOS session serves a contact, at every route', async (t) => {
  const cases: readonly (readonly [string, Corebos, Served, own: string, service: string])[] = [
    ['a contact with a session', withService, served('Contacts', 's1'), 's1', 'the service user'],
    ['a contact without', withService, served('Contacts', undefined), 'the service user', 'the service user'],
    ['an employee', withService, served('Employee', 's1'), 'the service user', 'the service user'],
    ['a contact, without a service user', alone, served('Contacts', 's1'), 's1', 's1'],
    ['an employee, without a service user', alone, served('Employee', 's1'), 's1', 's1'],
  ]
  for (const [who, corebos, session, own, service] of cases) {
    const upstream = upstreamOf(session, corebos)
    t.equal(nameOf(upstream.caller, corebos), own, who)
    t.equal(nameOf(upstream.callerFor('contact'), corebos), own, `${who}: as the contact`)
    t.equal(nameOf(upstream.callerFor('service'), corebos), service, `${who}: as the service user`)
    t.equal(nameOf(upstream.callerFor('service-preferred'), corebos), service, `${who}: preferred`)
    if (own === 's1') t.equal(await upstream.userId(), '19x5', `${who}: with the rights of its CRM user`)
  }
})

t.test('where no coreBOS session serves a contact or an employee, its session has ended', async (t) => {
  for (const entity of ['Contacts', 'Employee'] as const) {
    t.throws(() => upstreamOf(served(entity, undefined), alone), { code: 'SESSION_ENDED' }, entity)
  }
  await Promise.all([withService.close(), alone.close()])
})
