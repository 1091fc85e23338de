/** Builds the read and write context of a request: what the contact may see, and the coreBOS session that serves it. */
import type {
  ReadContext,
  AuditLine,
  Auditor,
  WriteContext,
  ReadBy,
  WriteBy,
  WriteOperation,
} from '../src/access/context.ts'
import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { LRUCache } from 'lru-cache'
import { OwnerIdsReader } from '../src/access/owner-ids.ts'
import type { Contact } from '../src/model/contact.ts'
import { loginModes } from '../src/auth/modes/table.ts'
import type { Config } from '../src/config/config.ts'
import { detailViewActions } from '../src/corebos/actions.ts'
import { Company } from '../src/corebos/company.ts'
import type { Caller } from '../src/corebos/caller.ts'
import { printed } from '../src/corebos/files.ts'
import { parseId } from '../src/model/webservice-id.ts'
import type { Catalogue } from '../src/corebos/metadata.ts'
import { query, relatedRecords, retrieveAttachment, type Rows } from '../src/corebos/read.ts'
import { SharedCache } from '../src/corebos/shared-cache.ts'
import { SharedReads } from '../src/corebos/shared-reads.ts'
import * as write from '../src/corebos/write.ts'
import { Downloads } from '../src/records/documents/downloads.ts'
import { GatewayError } from '../src/model/errors.ts'
import type { Metrics } from '../src/http/metrics.ts'
import { bypassCache } from '../src/read/bypass-cache.ts'
import type { Policy } from '../src/policy/policy.ts'
import { toGatewayError } from '../src/http/problem.ts'
import { markOf, type PortalSession } from '../src/session/contract.ts'
import type { SendableQuery } from '../src/model/sendable-query.ts'
import { VisibleModules } from '../src/scope/view.ts'
import { WebserviceRejection } from '../src/webservice/envelope.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly door: Access
  }
  interface FastifyContextConfig {
    /** What the route writes: where it rejects a contact before anything else has said so, that is an audit line as well. */
    writes?: WriteOperation
  }
  interface FastifyRequest {
    /** The same for one request, on a route that takes many kinds. */
    writes: WriteOperation | undefined
    /** Whether there is an audit line of it. */
    audited: boolean
  }
}

export interface Access {
  /** @throws GatewayError `AUTHENTICATION_REQUIRED`, or how coreBOS failed to say what modules there are */
  readContextOf(request: FastifyRequest): Promise<ReadContext>
  /**
   * A contact that need not be logged in, read for by the service user: for operators.
   * @throws GatewayError `COREBOS_UNAVAILABLE` without a service user
   */
  readContextFor(contact: Contact): Promise<ReadContext>
  /** The context of a request that writes. */
  writeContextOf(request: FastifyRequest): Promise<WriteContext>
  /** The audit log for writes outside records. @throws GatewayError `AUTHENTICATION_REQUIRED` */
  auditorOf(request: FastifyRequest): Auditor
}

export interface AccessOptions {
  readonly mode: Config['LOGIN_MODE']
  /** The policy in force; it may change while the gateway runs. */
  readonly policy: () => Policy
  readonly metrics: Pick<Metrics, 'rowsWithheld' | 'sharedReads'>
  /** How long ids that make up a scope may be used (`ACCESS_RECHECK`). Milliseconds. */
  readonly scopeTtlMs: number
  /** How long rows that coreBOS has answered may be used again (`READ_CACHE_TTL`). Milliseconds. */
  readonly readTtlMs: number
  readonly now: () => number
  /** Of one contact, at once. */
  readonly downloads: number
}

interface Asking {
  readonly contact: Contact
  /** What is remembered under another one is not used. */
  readonly cacheGeneration: string
  /** Whose coreBOS session reads where it is not the service user's. */
  readonly session: string
  readonly log: FastifyBaseLogger
}

interface Remembered {
  readonly policy: Policy
  readonly catalogue: Catalogue
  readonly visible: VisibleModules
}

/** Withheld rows that one log line names; the line counts all of them. */
const mostWithheldLogged = 20

/** What a contact sees depends on this alone. */
function scopeKey({ entity, id, accountId, user, level }: Contact): string {
  return JSON.stringify([entity, id, accountId, user.id, level])
}

async function accessPlugin(app: FastifyInstance, options: AccessOptions): Promise<void> {
  const { metrics, scopeTtlMs, now } = options
  const { hasRestrictedSession } = loginModes[options.mode]
  const { corebos } = app
  const { service } = corebos
  const company = service && new Company(service)
  const ownerIds = new OwnerIdsReader({ company, ttlMs: scopeTtlMs, now })
  const lists = new SharedCache<readonly string[]>({ ttlMs: scopeTtlMs, now, bound: { max: 10_000 } })
  let listsPolicy = options.policy()
  let schemaGeneration: string | undefined
  const reads = new SharedReads({
    ttlMs: options.readTtlMs,
    now,
    observe: (how) => metrics.sharedReads.inc({ how }),
  })
  const downloads = new Downloads(options.downloads)
  const visibleByScope = new LRUCache<string, Remembered>({ max: 10_000 })

  function visibleModulesOf(contact: Contact, policy: Policy, catalogue: Catalogue): VisibleModules {
    const key = scopeKey(contact)
    const known = visibleByScope.get(key)
    if (known?.policy === policy && known.catalogue === catalogue) return known.visible
    const visible = new VisibleModules(
      contact,
      policy,
      catalogue,
      service !== undefined || !hasRestrictedSession,
    )
    visibleByScope.set(key, { policy, catalogue, visible })
    return visible
  }

  /** Where an operator has cleared what is remembered, on whichever instance, modules and fields are read again as well. */
  function keepUp(now: string): void {
    if (schemaGeneration !== undefined && schemaGeneration !== now) corebos.metadata.clear()
    schemaGeneration = now
  }

  /** The coreBOS session that a contact's own rights count in. */
  function callerOf(request: FastifyRequest): Caller {
    const { contact } = app.admissionOf(request).session
    // An employee's own coreBOS session shows products and services, and nothing else.
    return contact.entity === 'Employee' && service !== undefined ? service : app.upstreamOf(request)
  }

  async function readContextOf(request: FastifyRequest): Promise<ReadContext> {
    const { cacheGeneration, schemaGeneration } = app.admissionOf(request)
    keepUp(schemaGeneration)
    return readContextUnder(cacheGeneration, request)
  }

  async function readContextUnder(cacheGeneration: string, request: FastifyRequest): Promise<ReadContext> {
    const { contact, id } = app.admissionOf(request).session
    return readContextBy(callerOf(request), { contact, cacheGeneration, session: id, log: request.log })
  }

  async function readContextFor(contact: Contact): Promise<ReadContext> {
    if (service === undefined)
      throw new GatewayError('COREBOS_UNAVAILABLE', 'This needs a service user (COREBOS_USER)')
    return readContextBy(service, { contact, cacheGeneration: randomUUID(), session: '', log: app.log })
  }

  async function readContextBy(
    caller: Caller,
    { contact, cacheGeneration, session, log }: Asking,
  ): Promise<ReadContext> {
    const callerFor = (by: ReadBy): Caller => (by === 'contact' ? caller : (service ?? caller))
    const queryBy = async (
      statement: SendableQuery,
      by: ReadBy,
      bypassCache?: 'bypassCache',
    ): Promise<Rows> => {
      const reading = callerFor(by)
      const ask = () => query(reading, statement)
      if (bypassCache !== undefined) return ask()
      // The scope stands in the statement itself: the same text in the same rights finds the same rows.
      return reads.read([cacheGeneration, reading === service ? '' : session, statement.text].join('\n'), ask)
    }
    const policy = options.policy()
    if (policy !== listsPolicy) {
      lists.clear()
      listsPolicy = policy
    }
    const user = caller === service ? await service.userId() : contact.user.id
    const catalogue = await corebos.metadata.of(user, caller, policy.modulesFor(contact))
    return {
      visible: visibleModulesOf(contact, policy, catalogue),
      reader: {
        query: queryBy,
        relatedIds: async (id, module, relatedModule, by) => {
          const rows = await relatedRecords(callerFor(by), { id, module, relatedModule })
          return rows.map((row) => row['id'] ?? '')
        },
        // In a contact's own session coreBOS fails at those on tickets, and hides others.
        comments:
          service === undefined && hasRestrictedSession
            ? undefined
            : (id, module) => relatedRecords(service ?? caller, { id, module, relatedModule: 'ModComments' }),
        attachment: (id, by) => downloads.begin(contact.id, () => retrieveAttachment(callerFor(by), id)),
        printed: (id, by) => printed(callerFor(by), id),
        actions: (id, module, by) => detailViewActions(callerFor(by), id, module),
      },
      ownerIds: (level) => ownerIds.of(contact, level, cacheGeneration),
      remember: (key, load) => lists.get(JSON.stringify([scopeKey(contact), cacheGeneration, key]), load),
      withheld: (rows, rule) => {
        metrics.rowsWithheld.inc({ module: rule }, rows.length)
        log.error(
          { rule, contact: contact.id, rows: rows.length, withheld: rows.slice(0, mostWithheldLogged) },
          'coreBOS returned rows outside the scope; they were withheld',
        )
      },
    }
  }

  async function writeContextOf(request: FastifyRequest): Promise<WriteContext> {
    const { session } = app.admissionOf(request)
    const caller = callerOf(request)
    const auditor = auditorOf(request)
    const callerFor = (by: WriteBy): Caller => (by === 'contact' ? caller : (service ?? caller))
    return {
      ...bypassCache(await readContextOf(request)),
      writer: {
        create: (values, relations, by, file) => write.create(callerFor(by), values, relations, file),
        revise: (id, values, by) => write.revise(callerFor(by), id, values),
        remove: (id, by) => write.remove(callerFor(by), id),
        relate: (id, other, by) => write.relate(callerFor(by), id, other),
        unrelate: (id, other, by) => write.unrelate(callerFor(by), id, other),
        act: (action, id, by) => write.act(callerFor(by), action, id),
        addComment: (id, text, author, by) => write.addComment(callerFor(by), id, text, author),
      },
      ...auditor,
      changed: async () => readContextUnder(await generationAfter(session, request), request),
    }
  }

  function auditorOf(request: FastifyRequest): Auditor {
    const { session } = app.admissionOf(request)
    return { audit: (line) => audit(line, session, request) }
  }

  /** Written at every log level except `silent`. */
  function audit(line: AuditLine, { id, contact }: PortalSession, request: FastifyRequest): void {
    request.audited = true
    const level = app.log.level === 'silent' ? 'silent' : 'info'
    // The caller may have sent any text in the place of an id.
    const ids = line.ids.filter((each) => parseId(each) !== undefined)
    const who = { contact: contact.id, entity: contact.entity, by: markOf(id) }
    request.log.child({}, { level }).info({ audit: { ...who, ...line, ids } }, 'write')
  }

  /** What never came as far as the door for writes: a form that cannot be read, a key that is in use. */
  async function auditRejection(request: FastifyRequest, error: Error): Promise<void> {
    const operation = request.writes ?? request.routeOptions.config.writes
    if (operation === undefined || request.audited || request.admission === null) return
    const outcome = error instanceof WebserviceRejection ? error.code : toGatewayError(error).code
    auditorOf(request).audit({
      operation,
      module: undefined,
      ids: idsIn(request.params),
      rule: undefined,
      outcome,
    })
  }

  /** What was written stands, even where the store cannot say so to the others; they look again after a while anyhow. */
  async function generationAfter({ id }: PortalSession, request: FastifyRequest): Promise<string> {
    try {
      await app.sessions.invalidate('records')
      return (await app.sessions.read(id)).cacheGeneration
    } catch (error) {
      request.log.error({ err: error }, 'The caches could not be invalidated')
      return request.id
    }
  }

  app.decorateRequest('writes', undefined)
  app.decorateRequest('audited', false)
  app.addHook('onError', async (request, _reply, error) => auditRejection(request, error))
  app.decorate('door', { readContextOf, readContextFor, writeContextOf, auditorOf })
}

/** Of the parameters of a route. */
function idsIn(params: unknown): string[] {
  return Object.values(params ?? {}).filter((each) => typeof each === 'string')
}

export default fp(accessPlugin, {
  name: 'door',
  dependencies: ['corebos', 'authenticate', 'sessions'],
  fastify: '5.x',
})
