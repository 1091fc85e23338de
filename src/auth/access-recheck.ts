/** Re-checks whether the contact of a running session still has access, and which account it belongs to. */
import type { LoginServices } from './login-services.ts'
import { SharedWork } from '../corebos/shared-work.ts'
import { GatewayError } from '../model/errors.ts'
import type { Identity } from '../corebos/trusted.ts'
import type { PortalSession, Store } from '../session/contract.ts'
import type { LoginMode } from './modes/mode.ts'
import { decideAdmission } from './admission-decision.ts'
import { levelOf } from './identity.ts'
import { reject, type Rejected, type RejectionReason } from './rejection.ts'

export interface RecheckOptions {
  readonly mode: Pick<LoginMode, 'isMapped'>
  readonly context: LoginServices
  readonly store: Pick<Store, 'update' | 'end' | 'endAll' | 'invalidate'>
  /** Milliseconds (`ACCESS_RECHECK`). */
  readonly every: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Holds the policy against the installation unless that has been done. */
  readonly checkPolicy: (session: PortalSession) => Promise<void>
  readonly onEnded: (session: PortalSession, reason: RejectionReason) => void
}

/**
 * coreBOS does not end a running session when a contact is switched off, its support ends, it moves to another account
 * or its CRM user becomes an administrator; therefore the gateway re-checks each `ACCESS_RECHECK`. The session in the
 * store names the time and the rules of its last check, which counts on every instance with the same rules.
 */
export class AccessRecheck {
  readonly #options: RecheckOptions
  readonly #looks = new SharedWork<PortalSession>('access')

  constructor(options: RecheckOptions) {
    this.#options = options
  }

  /** Re-checks in progress. */
  get count(): number {
    return this.#looks.count
  }

  /**
   * The session, after a re-check in coreBOS if one is due. All requests of a session share one re-check.
   *
   * @throws GatewayError `SESSION_ENDED` if the contact no longer has access; the error of coreBOS or the store
   */
  async confirm(session: PortalSession): Promise<PortalSession> {
    const { now, every, checkPolicy, context } = this.#options
    await checkPolicy(session)
    if (session.checkedUnder === context.rules() && now() - session.checkedAt < every) return session
    return this.#looks.run(session.id, () => this.#look(session))
  }

  async #look(session: PortalSession): Promise<PortalSession> {
    const { context, store, now } = this.#options
    // Read before coreBOS is asked: a policy that is loaded meanwhile is not the one of this check.
    const checked = { checkedAt: now(), checkedUnder: context.rules() }
    const found = await this.#judge(session)
    if ('rejected' in found) return this.#end(session, found.rejected)
    const { identity } = found
    const contact = {
      ...session.contact,
      accountId: identity.accountId,
      language: identity.language,
      level: levelOf(identity, context.level()),
    }
    if (!(await store.update(session.id, { contact, ...checked }))) throw new GatewayError('SESSION_ENDED')
    const moved = contact.accountId !== session.contact.accountId || contact.level !== session.contact.level
    if (moved) await store.invalidate('records')
    return { ...session, contact, ...checked }
  }

  async #judge({ contact, upstream }: PortalSession): Promise<{ readonly identity: Identity } | Rejected> {
    const { mode, context } = this.#options
    const { calls, service, today } = context
    const reader = service ?? (upstream === undefined ? undefined : calls.identitiesIn(upstream))
    if (reader === undefined) return reject('unreadable')
    try {
      const [record, info] = await Promise.all([
        reader.byId(contact.entity, contact.id),
        upstream === undefined ? undefined : calls.userInfo(upstream),
      ])
      const mapped = record && (await mode.isMapped(record, { contact, info, reader }, context))
      return decideAdmission({ record, administrator: info?.administrator, mapped }, today())
    } catch (error) {
      // The contact's own coreBOS session has ended, and its rights ended with it.
      if (error instanceof GatewayError && error.code === 'SESSION_ENDED') return reject('unreadable')
      throw error
    }
  }

  async #end(session: PortalSession, reason: RejectionReason): Promise<never> {
    const { store, context, onEnded } = this.#options
    // A contact without access loses all its sessions; a mapping or an ended coreBOS session concerns this session
    // alone.
    const everywhere = reason === 'portal-off' || reason === 'support'
    const one = everywhere ? undefined : await store.end(session.id)
    const ended = everywhere ? await store.endAll(session.contact.id) : one === undefined ? [] : [one]
    for (const each of ended) onEnded(each, reason)
    await Promise.all(ended.map(async ({ upstream }) => context.end(upstream)))
    throw new GatewayError('SESSION_ENDED')
  }
}
