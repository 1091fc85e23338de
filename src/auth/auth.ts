/** Composes log-in and access re-check for the REST routes and for `/webservice.php`. */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import type { Corebos } from '../corebos/corebos.ts'
import type { Describer } from '../corebos/installation.ts'
import type { PasswordType } from '../corebos/login.ts'
import type { Contact, Level } from '../model/contact.ts'
import { GatewayError } from '../model/errors.ts'
import type { Rate } from '../model/rate.ts'
import { remembered } from '../model/remembered.ts'
import type { Opened, Store } from '../session/contract.ts'
import { KeyRing } from '../session/redis/encryption.ts'
import { AccessRecheck } from './access-recheck.ts'
import { decideAdmission } from './admission-decision.ts'
import { loginCalls, neverSent, serviceCalls } from './calls.ts'
import { Challenges } from './decoy-challenges.ts'
import { contactOf, dayOf } from './identity.ts'
import { KnownOrigins } from './known-origins.ts'
import { FailureBudget } from './lockout-budget.ts'
import { LoginLimits } from './login-limits.ts'
import { LoginService, type Entered } from './login-service.ts'
import type { LoginServices } from './login-services.ts'
import type { LoginMode } from './modes/mode.ts'
import { Passwords } from './passwords.ts'
import { findPerson } from './person.ts'
import type { RejectionReason } from './rejection.ts'
import { ResponsePacer } from './response-pacer.ts'
import { SessionCleanUp } from './session-clean-up.ts'

/** All that the policy says about log-ins. */
interface LoginPolicy {
  readonly level: Level
  readonly levelField: string | undefined
  readonly matchUsersBy: 'portalloginuser' | 'email'
}

export interface AuthOptions {
  readonly mode: LoginMode
  readonly corebos: Corebos
  readonly store: Store
  /** Overrides the type that each contact's record names (`COREBOS_PASSWORD_TYPE`). */
  readonly passwordType: PasswordType | undefined
  /** Milliseconds between two re-checks of a running session's contact (`ACCESS_RECHECK`). */
  readonly recheckEvery: number
  /** Failures of one name at one address (`RATE_LIMIT_LOGIN`). */
  readonly loginRate: Rate
  /** The same on every instance (`SESSION_KEYS`); without keys there is only one instance. */
  readonly keys: readonly Buffer[] | undefined
  /** The log-in settings of the policy in force; they may change while the gateway runs. */
  readonly policy: () => LoginPolicy
  /** Whether the policy fits the installation. */
  readonly policyInForce: {
    check(by?: Describer): Promise<void>
  }
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: { info(details: object, message: string): void }
}

/** What a session keeps of the request that opened it. */
interface Sender {
  readonly headers: { readonly 'user-agent'?: string | undefined }
  readonly ip: string
}

/** State that the log-ins of one interface share; budgets, limits and origins are shared by all interfaces. */
export interface LoginInterface {
  readonly pacer: ResponsePacer
  readonly services: LoginServices
  readonly recheck: AccessRecheck
}

export class Auth {
  readonly mode: LoginMode
  readonly challenges: Challenges
  readonly origins: KnownOrigins
  readonly limits: LoginLimits
  readonly loginService: LoginService
  readonly passwords: Passwords
  readonly recheck: AccessRecheck
  readonly cleanUp: SessionCleanUp
  readonly #options: AuthOptions
  readonly #budget: FailureBudget
  readonly #services: LoginServices
  /** One for each interface. */
  readonly #rechecks: AccessRecheck[] = []

  constructor(options: AuthOptions) {
    const { mode, corebos, store, keys, loginRate, now } = options
    this.#options = options
    this.mode = mode
    this.cleanUp = new SessionCleanUp(corebos)
    this.#budget = new FailureBudget({ state: store, now, wait, nonce: randomUUID, neverSent })
    this.challenges = new Challenges({
      state: store,
      secret: keys?.[0] ?? randomBytes(32),
      now,
      precise: preciseClock(now),
    })
    const ring = new KeyRing(keys ?? [randomBytes(32)])
    this.origins = new KnownOrigins({ state: store, ring, now, nonce: randomUUID })
    this.limits = new LoginLimits(store, loginRate)

    const { pacer, services, recheck } = this.openInterface()
    const { limits, origins } = this
    this.#services = services
    this.recheck = recheck
    this.loginService = new LoginService({ mode, context: services, pacer, limits, origins })
    this.passwords = new Passwords({
      mode,
      corebos,
      context: services,
      loginService: this.loginService,
      state: store,
      origins,
      recoveries: loginRate,
    })
  }

  /** What is in use at this moment, by kind. */
  readonly inUse = {
    login_attempts: () => this.#budget.count,
    access_checks: () => this.#rechecks.reduce((sum, { count }) => sum + count, 0),
  }

  /** Each interface times its own calls, because its rejections wait for its own period. */
  openInterface(): LoginInterface {
    const { mode, corebos, store, passwordType, recheckEvery, policy, policyInForce, now, log } =
      this.#options
    const pacer = this.pacer(mode.rounds)
    const levelField = () => policy().levelField
    const timed: ResponsePacer['time'] = async (kind, call) => pacer.time(kind, call)
    const checkPolicy = async (session: string, userId: string): Promise<void> =>
      policyInForce.check({ caller: corebos.session(session), userId: async () => userId })
    const rules = remembered((current: LoginPolicy) => rulesOf(mode, current))
    const services: LoginServices = {
      calls: loginCalls(corebos, this.challenges, levelField, timed),
      service: serviceCalls(corebos, levelField, timed),
      budget: this.#budget,
      passwordType,
      matchUsersBy: () => policy().matchUsersBy,
      level: () => policy().level,
      rules: () => rules(policy()),
      checkPolicy,
      today: () => dayOf(now()),
      end: async (session) => this.cleanUp.end(session),
    }
    const recheck = new AccessRecheck({
      mode,
      context: services,
      store,
      every: recheckEvery,
      checkPolicy: async ({ upstream, contact: { entity, user } }) =>
        upstream === undefined || entity === 'Employee'
          ? policyInForce.check()
          : checkPolicy(upstream, user.id),
      now,
      onEnded: ({ id, contact }, reason) =>
        log.info({ session: id, contact: contact.id, reason }, 'The access re-check ended a session'),
    })
    this.#rechecks.push(recheck)
    return { pacer, services, recheck }
  }

  /**
   * Opens the session of an admitted log-in, or ends its coreBOS session.
   *
   * @throws GatewayError `STORE_UNAVAILABLE`
   */
  async openSession(
    { contact, upstream, checkedUnder, releaseOnSuccess }: Entered,
    { headers, ip: address }: Sender,
  ): Promise<Opened> {
    try {
      const userAgent = headers['user-agent'] ?? ''
      const facts = { contact, upstream, userAgent, address, checkedUnder }
      return await this.#options.store.create(facts, releaseOnSuccess)
    } catch (error) {
      await this.cleanUp.end(upstream)
      throw error
    }
  }

  /** @param rounds sequential calls of the slowest rejection */
  pacer(rounds: LoginMode['rounds']): ResponsePacer {
    return new ResponsePacer({ rounds, now: () => performance.now(), wait })
  }

  /**
   * The contact or employee of a log-in name or an id, who need not be logged in, and whether it would be admitted
   * today.
   *
   * @throws GatewayError `NOT_FOUND`, `INVALID_VALUE`; `COREBOS_UNAVAILABLE` also without a service user
   */
  async person(
    who: string,
  ): Promise<{ readonly contact: Contact; readonly admission: RejectionReason | 'ok' }> {
    const { service, level, today } = this.#services
    if (service === undefined)
      throw new GatewayError(
        'COREBOS_UNAVAILABLE',
        'This requires a service user: set COREBOS_USER and COREBOS_ACCESS_KEY',
      )
    const { identity, entity } = await findPerson(service, who)
    const userId = identity.userId === '' ? (await service.user()).id : identity.userId
    const decided = decideAdmission({ record: identity }, today())
    return {
      contact: contactOf(identity, entity, { id: userId, name: '' }, level()),
      admission: 'rejected' in decided ? decided.rejected : 'ok',
    }
  }
}

/** Differs where a contact may be admitted otherwise, or have another level. */
function rulesOf({ name }: LoginMode, { level, levelField, matchUsersBy }: LoginPolicy): string {
  const rules = JSON.stringify([name, level, levelField, matchUsersBy])
  return createHash('sha256').update(rules).digest('base64url').slice(0, 12)
}

/** A clock of whole milliseconds, extended by the fractions of another clock. */
function preciseClock(now: () => number): () => number {
  return now === Date.now
    ? () => performance.timeOrigin + performance.now()
    : () => now() + (performance.now() % 1)
}
