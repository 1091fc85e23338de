/** Looks up the owner ids of a contact's level, which ties are compared with. */
import type { Contact, Level } from '../model/contact.ts'
import type { Company } from '../corebos/company.ts'
import { SharedCache, type CacheUse } from '../corebos/shared-cache.ts'
import { GatewayError } from '../model/errors.ts'
import type { Fresh } from './freshness.ts'
import { ownerIdsWithoutLookup, type OwnerIds } from '../scope/owner-ids.ts'

export interface OwnerIdLookupOptions {
  /** Absent without a service user; then no level above `account` can be read. */
  readonly company: Company | undefined
  /** The lifetime of a company's ids (`ACCESS_RECHECK`). Milliseconds. */
  readonly ttlMs: number
  readonly now: () => number
  /** Receives each look-up of a company. */
  readonly observe: (how: CacheUse) => void
}

export class OwnerIdsReader {
  readonly #company: Company | undefined
  readonly #cache: SharedCache<OwnerIds>

  constructor({ company, ttlMs, now, observe }: OwnerIdLookupOptions) {
    this.#company = company
    this.#cache = new SharedCache({ ttlMs, now, observe, bound: { max: 10_000 } })
  }

  /** Companies that are being read. */
  get reading(): number {
    return this.#cache.reading
  }

  /**
   * @param fresh what was read under another generation, or is older, is not used
   * @param used told when they were read, where they had to be
   * @throws GatewayError how coreBOS failed
   */
  async of(
    contact: Contact,
    level: Level,
    fresh: () => Fresh,
    used: (readAt: number) => void,
  ): Promise<OwnerIds> {
    const own = ownerIdsWithoutLookup(contact, level)
    if (own !== undefined) return own
    const { generation, maxAge } = fresh()
    const key = JSON.stringify([contact.id, contact.accountId, level, generation])
    return this.#cache.get(key, () => this.#lookUp(contact, level), maxAge, used)
  }

  async #lookUp(contact: Contact, level: Level): Promise<OwnerIds> {
    const company = this.#company
    if (company === undefined)
      throw new GatewayError(
        'COREBOS_UNAVAILABLE',
        'this level requires a service user; set COREBOS_USER and COREBOS_ACCESS_KEY',
      )
    const { accountId } = contact
    if (accountId === undefined) return { contacts: [contact.id], accounts: [] }
    const parent = level === 'company' ? undefined : await company.parentOf(accountId)
    const siblings = level === 'group' && parent !== undefined ? await company.accountsBelow(parent) : []
    const accounts = unique([accountId, ...(parent === undefined ? [] : [parent]), ...siblings])
    const contacts = await company.contactsOf(level === 'group' ? accounts : [accountId])
    return { contacts: unique([contact.id, ...contacts]), accounts }
  }
}

function unique(ids: readonly string[]): string[] {
  return [...new Set(ids)]
}
