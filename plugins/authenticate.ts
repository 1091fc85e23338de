/** Who is asking: lets contacts log in, and finds the session behind an access token. */
import type { LoginServices } from '../src/auth/login-services.ts'
import type { SessionClaim } from '../src/session/claim.ts'
import { randomBytes, randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { networksOf } from '../src/http/client-address.ts'
import type { Config } from '../src/config/config.ts'
import { FailureBudget } from '../src/auth/lockout-budget.ts'
import { Challenges } from '../src/auth/decoy-challenges.ts'
import { loginCalls, neverSent, serviceCalls } from '../src/auth/calls.ts'
import type { Contact } from '../src/model/contact.ts'
import { LoginService } from '../src/auth/login-service.ts'
import { KnownOrigins, type Origin } from '../src/auth/known-origins.ts'
import { LoginLimits } from '../src/auth/login-limits.ts'
import { contactOf as contactOfIdentity, dayOf } from '../src/auth/identity.ts'
import { loginModes } from '../src/auth/modes/table.ts'
import { ResponsePacer } from '../src/auth/response-pacer.ts'
import { Passwords } from '../src/auth/passwords.ts'
import { AccessRecheck } from '../src/auth/access-recheck.ts'
import { admissionOf, contactOf, type Admission } from '../src/access/admission.ts'
import { parseId } from '../src/model/webservice-id.ts'
import { GatewayError } from '../src/model/errors.ts'
import type { Policy } from '../src/policy/policy.ts'
import type { Reading } from '../src/session/contract.ts'
import { KeyRing } from '../src/session/redis/encryption.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly challenges: Challenges
    readonly loginService: LoginService
    readonly passwords: Passwords
    /** From where contacts have logged in before. */
    readonly origins: KnownOrigins
    readonly loginLimits: LoginLimits
    /** Where a request comes from; a mark in a body counts before that of a cookie. */
    readonly originOf: (request: FastifyRequest, deviceToken?: string) => Origin
    /** What log-ins at a door need, timed by its own pacer; the budgets are those of every door. */
    readonly loginServicesAt: (pacer: ResponsePacer) => LoginServices
    readonly recheckIn: (context: LoginServices) => AccessRecheck
    /** For the `onRequest` of routes: the access token must be valid, its session running, and the contact still let in. */
    readonly authenticate: (request: FastifyRequest) => Promise<void>
    /** The same for a session that something else than an access token leads to. @throws GatewayError `SESSION_ENDED` */
    readonly authenticateBy: (claim: SessionClaim, request: FastifyRequest) => Promise<void>
    /** The same without a look at coreBOS, for what must work while coreBOS does not. */
    readonly identify: (request: FastifyRequest) => Promise<void>
    /** @throws GatewayError `AUTHENTICATION_REQUIRED` where the request carries no valid session */
    readonly admissionOf: typeof admissionOf
    /** @throws GatewayError `AUTHENTICATION_REQUIRED` where the request carries no valid session */
    readonly contactOf: typeof contactOf
    /**
     * A contact that need not be logged in, as coreBOS knows it; whether it would be let in is not asked.
     * @throws GatewayError `NOT_FOUND`; `COREBOS_UNAVAILABLE` also without a service user
     */
    readonly contactById: (id: string) => Promise<Contact>
    /**
     * Ends a coreBOS session that is of no more use, and never throws. Resolves when that is done, or when coreBOS has
     * taken too long to wait for it; the end of the gateway waits in any case.
     */
    readonly endUpstream: (session: string | undefined) => Promise<void>
  }
  interface FastifyRequest {
    /** Null until the access token has been checked, and where a route wants none. */
    admission: Admission | null
    /** The contact of `admission`. */
    readonly contact: Contact | null
  }
}

export interface AuthenticateOptions {
  readonly config: Pick<
    Config,
    'LOGIN_MODE' | 'COREBOS_PASSWORD_TYPE' | 'ACCESS_RECHECK' | 'RATE_LIMIT_LOGIN' | 'SESSION_KEYS'
  >
  /** The policy in force; it may change while the gateway runs. */
  readonly policy: () => Pick<Policy, 'level' | 'levelField' | 'matchUsersBy'>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** How long a log-out waits for coreBOS, in milliseconds. */
const longestGoodbye = 2000

async function authenticate(app: FastifyInstance, options: AuthenticateOptions): Promise<void> {
  const { config, policy, now } = options
  const { corebos, sessions, tokens } = app
  const mode = loginModes[config.LOGIN_MODE]

  const ending = new Set<Promise<void>>()
  async function endUpstream(session: string | undefined): Promise<void> {
    if (session === undefined) return
    const end = corebos
      .session(session)
      .end()
      .finally(() => ending.delete(end))
    ending.add(end)
    const patience = new AbortController()
    await Promise.race([end, wait(longestGoodbye, undefined, { signal: patience.signal })]).finally(() =>
      patience.abort(),
    )
  }

  const pacer = new ResponsePacer({ rounds: mode.rounds, now: () => performance.now(), wait })
  const levelField = () => policy().levelField
  const budget = new FailureBudget({ state: sessions, now, wait, nonce: randomUUID, neverSent })
  const challenges = new Challenges({
    state: sessions,
    // Without keys there is one instance alone.
    secret: config.SESSION_KEYS?.[0] ?? randomBytes(32),
    now,
    // A clock of whole milliseconds has the fractions of another one.
    precise:
      now === Date.now
        ? () => performance.timeOrigin + performance.now()
        : () => now() + (performance.now() % 1),
  })
  const contextAt = (ownPacer: ResponsePacer): LoginServices => ({
    calls: loginCalls(corebos, challenges, levelField, (kind, call) => ownPacer.time(kind, call)),
    service: serviceCalls(corebos, levelField, (kind, call) => ownPacer.time(kind, call)),
    budget,
    passwordType: config.COREBOS_PASSWORD_TYPE,
    matchUsersBy: () => policy().matchUsersBy,
    level: () => policy().level,
    today: () => dayOf(now()),
    end: endUpstream,
  })
  const recheckIn = (context: LoginServices): AccessRecheck =>
    new AccessRecheck({
      mode,
      context,
      store: sessions,
      every: config.ACCESS_RECHECK * 1000,
      now,
      onEnded: ({ id, contact }, reason) =>
        app.log.info({ session: id, contact: contact.id, reason }, 'The access re-check ended a session'),
    })
  const context = contextAt(pacer)
  const recheck = recheckIn(context)

  async function identify(request: FastifyRequest): Promise<void> {
    const token = app.cookies.accessTokenOf(request)
    if (token === undefined) throw new GatewayError('AUTHENTICATION_REQUIRED')
    const claims = tokens.read(token)
    if (claims.isExpired)
      throw new GatewayError((await isRunning(claims)) ? 'TOKEN_EXPIRED' : 'SESSION_ENDED')
    // The step that counted the request has read the session as well.
    admit(claims, request.reading ?? (await sessions.read(claims.sessionId)), request)
  }

  /** Listing does not extend the life of a session, as reading does. */
  async function isRunning({ contactId, sessionId }: SessionClaim): Promise<boolean> {
    return (await sessions.list(contactId)).some(({ id }) => id === sessionId)
  }

  function admit(
    { contactId }: SessionClaim,
    { session, cacheGeneration, schemaGeneration }: Omit<Reading, 'takes'>,
    request: FastifyRequest,
  ): void {
    if (session?.contact.id !== contactId) throw new GatewayError('SESSION_ENDED')
    request.admission = { session, cacheGeneration, schemaGeneration }
  }

  async function confirm(request: FastifyRequest): Promise<void> {
    const { session, ...rest } = admissionOf(request)
    request.admission = { ...rest, session: await recheck.confirm(session) }
  }

  const origins = new KnownOrigins({
    state: sessions,
    ring: new KeyRing(config.SESSION_KEYS ?? [randomBytes(32)]),
    now,
    nonce: randomUUID,
  })
  const limits = new LoginLimits(sessions, config.RATE_LIMIT_LOGIN)
  const loginService = new LoginService({ mode, context, pacer, limits, origins })
  app.decorate('challenges', challenges)
  app.decorate('loginService', loginService)
  app.decorate('loginServicesAt', contextAt)
  app.decorate('recheckIn', recheckIn)
  app.decorate('origins', origins)
  app.decorate('loginLimits', limits)
  app.decorate('originOf', (request: FastifyRequest, deviceToken?: string) => ({
    network: networksOf(request.ip)[0].name,
    deviceToken: deviceToken ?? app.cookies.deviceTokenOf(request),
  }))
  app.decorate(
    'passwords',
    new Passwords({
      mode,
      corebos,
      context,
      loginService,
      state: sessions,
      origins,
      recoveries: config.RATE_LIMIT_LOGIN,
    }),
  )
  app.decorateRequest('admission', null)
  app.decorateRequest('contact', {
    getter(this: FastifyRequest) {
      return this.admission?.session.contact ?? null
    },
  })
  app.decorate('identify', identify)
  app.decorate('authenticate', async (request: FastifyRequest) => {
    await identify(request)
    await confirm(request)
  })
  app.decorate('authenticateBy', async (claim: SessionClaim, request: FastifyRequest) => {
    admit(claim, await sessions.read(claim.sessionId), request)
    await confirm(request)
  })
  app.decorate('contactById', async (id: string) => {
    if (context.service === undefined)
      throw new GatewayError('COREBOS_UNAVAILABLE', 'This needs a service user (COREBOS_USER)')
    const identity = parseId(id) && (await context.service.byId('Contacts', id))
    if (identity === undefined) throw new GatewayError('NOT_FOUND')
    return contactOfIdentity(identity, 'Contacts', { id: identity.userId, name: '' }, policy().level)
  })
  app.decorate('admissionOf', admissionOf)
  app.decorate('contactOf', contactOf)
  app.decorate('endUpstream', endUpstream)
  app.addHook('onClose', async () => {
    await Promise.all(ending)
  })
}

export default fp(authenticate, {
  name: 'authenticate',
  dependencies: ['cookies', 'corebos', 'sessions', 'tokens'],
  fastify: '5.x',
})
