/** The gateway's own statements about accounts: the other members of a contact's company, and of the group above it. */
import { GatewayError } from '../model/errors.ts'
import { readingOf } from '../query/dialect.ts'
import { sealQuery, type SendableQuery } from '../model/sendable-query.ts'
import type { Caller } from './caller.ts'
import { parseId } from '../model/webservice-id.ts'
import { query } from './read.ts'

/** The most ids of one answer; a longer one is rejected, because a truncated scope would hide rows. */
const mostIds = 20_000

/** Reads with the session of the service user: a contact's own session shows nothing above its account. */
export class Company {
  readonly #caller: Caller

  constructor(caller: Caller) {
    this.#caller = caller
  }

  /** The contacts of some accounts. */
  async contactsOf(accounts: readonly string[]): Promise<string[]> {
    return accounts.length === 0
      ? []
      : this.#column('id', statement('id', 'Contacts', 'account_id', accounts))
  }

  /** @returns undefined if the account has no parent */
  async parentOf(account: string): Promise<string | undefined> {
    const [parent] = await this.#column('account_id', statement('account_id', 'Accounts', 'id', [account]))
    return parent
  }

  /** The accounts directly below one. */
  async accountsBelow(parent: string): Promise<string[]> {
    return this.#column('id', statement('id', 'Accounts', 'account_id', [parent]))
  }

  async #column(name: 'id' | 'account_id', sendable: SendableQuery): Promise<string[]> {
    const { rows } = await query(this.#caller, sendable)
    if (rows.length > mostIds)
      throw new GatewayError(
        'QUERY_TOO_LARGE',
        `the company has more than ${mostIds} members, which is the maximum`,
      )
    return rows.map((row) => row[name] ?? '').filter((id) => parseId(id) !== undefined)
  }
}

function statement(wanted: string, module: string, field: string, ids: readonly string[]): SendableQuery {
  if (!ids.every((id) => parseId(id) !== undefined))
    throw new GatewayError('INVALID_VALUE', 'the id of the account is not a valid webservice id')
  const list = ids.map((id) => `'${id}'`).join(',')
  const text = `select ${wanted} from ${module} where ${field} in (${list}) limit ${mostIds + 1};`
  if (readingOf(text) !== 'basic') throw new Error('a list of ids is read in the basic dialect')
  return sealQuery(text, 'basic')
}
