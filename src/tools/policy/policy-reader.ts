/** Stands in for a contact without its password: the service user reads, and the policy alone decides what may be seen. */
import { bypassCache } from '../../access/bypass-cache.ts'
import type { ReadContext } from '../../access/context.ts'
import { ReadContexts } from '../../access/read-contexts.ts'
import type { Contact } from '../../model/contact.ts'
import { contactOf } from '../../auth/identity.ts'
import { findPerson } from '../../auth/person.ts'
import type { Corebos } from '../../corebos/corebos.ts'
import type { ServiceUser } from '../../corebos/service-user.ts'
import { Identities } from '../../corebos/trusted.ts'
import { installationOf } from '../../corebos/installation.ts'
import type { Installation } from '../../scope/faults.ts'
import type { Policy } from '../../policy/policy.ts'

export class Stand {
  readonly #corebos: Corebos
  readonly #service: ServiceUser

  constructor(corebos: Corebos, service: ServiceUser) {
    this.#corebos = corebos
    this.#service = service
  }

  /** What the installation has of the modules that a policy names. */
  async installation(policy: Policy): Promise<Installation> {
    const by = { caller: this.#service, userId: async () => this.#service.userId() }
    return { ...(await installationOf(policy, by, this.#corebos.metadata)), readsAll: true }
  }

  /**
   * The contact, or else the employee, of a log-in name or a webservice id; whether it may log in today plays no part.
   *
   * @throws GatewayError where there is none, or more than one
   */
  async contact(who: string, policy: Policy): Promise<Contact> {
    const { identity, entity } = await findPerson(new Identities(this.#service, policy.levelField), who)
    const { userId } = identity
    const user = { id: userId === '' ? await this.#service.userId() : userId, name: '' }
    return contactOf(identity, entity, user, policy.level)
  }

  async context(contact: Contact, policy: Policy): Promise<ReadContext> {
    const contexts = new ReadContexts({
      corebos: this.#corebos,
      policy: () => policy,
      hasRestrictedSession: false,
      sharesReads: false,
      scopeTtlMs: 0,
      readTtlMs: 0,
      changePollMs: 0,
      use: () => undefined,
      shared: undefined,
      now: () => 0,
      downloads: Infinity,
      observe: () => undefined,
    })
    const context = await contexts.forContact(contact, (rows, rule) => {
      const listed = rows.map(({ id, failed }) => `${id} (${failed})`).join(', ')
      throw new Error(`coreBOS answered rows that the rule ${rule} does not let through: ${listed}`)
    })
    // Keeps the ids of a scope as long as the program runs.
    return bypassCache(context)
  }
}
