/** A running portal whose routes are requested by three contacts. */
import { subscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import type { CrmRecord, Database } from '../../../src/demo/database.ts'
import { Oracle, ownerIdsOf } from '../../support/oracle.ts'
import {
  credentialsOf,
  offerActions,
  policyFile,
  startPortal,
  type Mode,
  type Portal,
} from '../../support/portal.ts'
import { passwordTypes, textAt, WebserviceClient } from '../../support/webservice-client.ts'
import type { ReadContext } from './row.ts'

/** The routes of each Fastify that is started, as `GET /records/:id`. */
const started: Set<string>[] = []
subscribe('fastify.initialization', (message) => {
  const { fastify } = message as { fastify: FastifyInstance } // as Fastify says
  const routes = new Set<string>()
  started.push(routes)
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) routes.add(`${each} ${url.replace(/\(.*?\)|(?<=.)\/$/g, '')}`)
  })
})

export type OneMoreSession = Awaited<ReturnType<PortalUnderTest['login']>>

export class PortalUnderTest {
  readonly portal: Portal
  readonly mode: Mode
  readonly routes: ReadonlySet<string>
  readonly operatorRoutes: ReadonlySet<string>
  readonly database: Database
  readonly alice: ReadContext
  readonly bob: ReadContext
  readonly carol: ReadContext
  /** What there was after the last request, by what that was about; empty where that has changed it. */
  readonly unchanged = new Map<string, string>()
  /** Which kinds of GET have been tried as HEAD. */
  readonly headed = new Set<string>()

  private constructor(portal: Portal, mode: Mode, sessions: Readonly<Record<string, string>>) {
    this.portal = portal
    this.mode = mode
    const [operatorRoutes = new Set(), routes = new Set()] = started.toReversed()
    this.routes = routes
    this.operatorRoutes = operatorRoutes
    this.database = portal.corebos.database
    const context = (name: string, number: number): ReadContext => ({
      name,
      contact: this.record(`12x${number}`),
      oracle: new Oracle(this.database, ownerIdsOf(this.database, number, 'account')),
      own: new Oracle(this.database, ownerIdsOf(this.database, number, 'own')),
      session: sessions[name] ?? '',
    })
    this.alice = context('alice', 8549)
    this.bob = context('bob', 8550)
    this.carol = context('carol', 8551)
  }

  static async start(
    t: Test,
    mode: Mode,
    settings: Readonly<Record<string, string>>,
  ): Promise<PortalUnderTest> {
    // What the built-in policy closes would be rejected for every contact.
    const POLICY_FILE = await policyFile(t, {
      HelpDesk: { delete: true },
      Invoice: { delete: true },
      Contacts: { actions: ['call_back', 'not_offered'] },
    })
    const portal = await startPortal(t, {
      mode,
      env: {
        POLICY_FILE,
        OPERATOR_TOKEN: 'an-operator-token',
        LOG_LEVEL: 'silent',
        ACCESS_TOKEN_TTL: '86400',
        ...settings,
      },
    })
    offerActions(portal, 'call_back', 'unlisted')
    const sessions: Record<string, string> = {}
    for (const name of ['alice', 'bob', 'carol']) {
      const client = new WebserviceClient(portal.url)
      const { username, password } = credentialsOf(name, mode)
      await (mode === 'user'
        ? client.tryUser(username, password)
        : client.tryPortal(username, password, passwordTypes[name] ?? 'md5'))
      sessions[name] = client.session
    }
    return new PortalUnderTest(portal, mode, sessions)
  }

  /** One more session of a contact. */
  async login({ name }: ReadContext, password = credentialsOf(name, this.mode).password) {
    const body = { ...credentialsOf(name, this.mode), password }
    const answer = await this.portal.as(undefined, 'POST', '/auth/login', { body })
    const headers = { authorization: `Bearer ${textAt(answer.body, 'accessToken')}` }
    const session = await this.session(headers)
    return { status: answer.status, headers, refreshToken: textAt(answer.body, 'refreshToken'), session }
  }

  /** The id of a session that runs, and whose it is. */
  async session(headers: Readonly<Record<string, string>>) {
    const { status, body } = await this.portal.as(undefined, 'GET', '/auth/session', { headers })
    return status === 200 ? { id: textAt(body, 'id'), contact: textAt(body, 'contact', 'id') } : undefined
  }

  id(record: CrmRecord): string {
    return this.database.webserviceId(record)
  }

  record(id: string | undefined): CrmRecord {
    const record = this.database.entity(Number(id?.split('x')[1]))
    if (record === undefined) throw new Error(`no record ${id ?? ''}`)
    return record
  }

  /** The first record of a module that is alice's own, one of her company's, and one that she does not see. */
  some(module: string) {
    const { own, oracle } = this.alice
    const records = this.database.records(module)
    return {
      own: records.find((each) => own.sees(each)),
      company: records.find((each) => oracle.sees(each) && !own.sees(each)),
      foreign: records.find((each) => !oracle.sees(each)),
    }
  }

  the(module: string, whose: 'own' | 'company' | 'foreign' = 'own'): CrmRecord {
    const record = this.some(module)[whose]
    if (record === undefined) throw new Error(`the data set has no such ${module}`)
    return record
  }

  among(...modules: readonly string[]): readonly CrmRecord[] {
    return modules.flatMap((module) => Object.values(this.some(module)).filter((each) => each !== undefined))
  }
}
