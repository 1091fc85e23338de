/** Stands in for a contact without its password: the service user reads, and the policy alone decides what may be seen. */
import type { ReadContext } from '../../access/context.ts'
import { OwnerIdsReader } from '../../access/owner-ids.ts'
import type { Contact } from '../../model/contact.ts'
import { contactOf } from '../../auth/identity.ts'
import { detailViewActions } from '../../corebos/actions.ts'
import { Company } from '../../corebos/company.ts'
import type { Corebos } from '../../corebos/corebos.ts'
import { printed } from '../../corebos/files.ts'
import { query, relatedRecords, retrieveAttachment } from '../../corebos/read.ts'
import type { ServiceUser } from '../../corebos/service-user.ts'
import { Identities } from '../../corebos/trusted.ts'
import type { Policy } from '../../policy/policy.ts'
import { VisibleModules } from '../../scope/view.ts'

/** As long as a program runs. */
const forGood = { ttlMs: 0, now: () => 0 }

export class Stand {
  readonly #corebos: Corebos
  readonly #service: ServiceUser

  constructor(corebos: Corebos, service: ServiceUser) {
    this.#corebos = corebos
    this.#service = service
  }

  /**
   * The contact, or else the employee, of a log-in name; whether it may log in today plays no part.
   *
   * @throws Error where there is none, or more than one
   */
  async contact(email: string, policy: Policy): Promise<Contact> {
    const identities = new Identities(this.#service, policy.levelField)
    for (const entity of ['Contacts', 'Employee'] as const) {
      const [identity, ...others] = await identities.byName(entity, email)
      if (identity === undefined) continue
      if (others.length > 0) throw new Error(`${email}: ${others.length + 1} of ${entity} have this name`)
      const { userId } = identity
      const user = { id: userId === '' ? await this.#service.userId() : userId, name: '' }
      return contactOf(identity, entity, user, policy.level)
    }
    throw new Error(`${email}: there is no such contact or employee`)
  }

  async context(contact: Contact, policy: Policy): Promise<ReadContext> {
    const service = this.#service
    const catalogue = await this.#corebos.metadata.of(
      await service.userId(),
      service,
      policy.modulesFor(contact),
    )
    const ownerIds = new OwnerIdsReader({ company: new Company(service), ...forGood })
    const lists = new Map<string, Promise<readonly string[]>>()
    return {
      visible: new VisibleModules(contact, policy, catalogue, true),
      reader: {
        query: (statement) => query(service, statement),
        relatedIds: async (id, module, relatedModule) => {
          const rows = await relatedRecords(service, { id, module, relatedModule })
          return rows.map((row) => row['id'] ?? '')
        },
        comments: (id, module) => relatedRecords(service, { id, module, relatedModule: 'ModComments' }),
        attachment: (id) => retrieveAttachment(service, id),
        printed: (id) => printed(service, id),
        actions: (id, module) => detailViewActions(service, id, module),
      },
      ownerIds: (level) => ownerIds.of(contact, level, ''),
      remember: (key, load) => {
        const known = lists.get(key) ?? load()
        lists.set(key, known)
        return known
      },
      withheld: (rows, rule) => {
        const listed = rows.map(({ id, failed }) => `${id} (${failed})`).join(', ')
        throw new Error(`coreBOS answered rows that the rule ${rule} does not let through: ${listed}`)
      },
    }
  }
}
