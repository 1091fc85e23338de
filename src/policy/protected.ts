/** What no policy may open to the caller: fields that say who a contact is, how far it sees, and who wrote a record. */
import type { ModuleRuleSource } from './schema.ts'

/** coreBOS keeps these itself, in every module; what a caller writes there would forge the record's history. */
const kept = [
  'id',
  'assigned_user_id',
  'created_user_id',
  'creator',
  'modifiedby',
  'createdtime',
  'modifiedtime',
  'isconvertedfromlead',
  'convertedfromlead',
  'from_portal',
  'from_mailscanner',
  'update_log',
  'commentadded',
]

/** A contact that could change these would become another contact, or see what another contact sees. */
const access = ['portal', 'support_start_date', 'support_end_date', 'portalpasswordtype', 'portalloginuser']
const identity: Readonly<Record<string, readonly string[]>> = {
  Contacts: ['email', 'account_id', ...access],
  Accounts: ['account_id'],
  cbEmployee: ['work_email', ...access],
}

/**
 * @param levelField the field of contacts that says how far they see
 * @throws Error that names the place in the file
 */
export function requireProtected(
  module: string,
  {
    create,
    update,
    hide,
    actor,
  }: Pick<ModuleRuleSource, 'create' | 'update' | 'actor'> & {
    readonly hide: readonly string[]
  },
  at: string,
  levelField: string | undefined,
): void {
  const forbidden = new Set([
    ...kept,
    ...(identity[module] ?? []),
    ...(module === 'Contacts' && levelField !== undefined ? [levelField] : []),
    ...(actor === undefined ? [] : [actor]),
  ])
  for (const [writing, rule] of Object.entries({ create, update })) {
    for (const field of rule?.fields ?? []) {
      if (forbidden.has(field)) {
        throw new Error(`${at}/${writing}/fields: '${field}' cannot be opened, it can only be forced`)
      }
      if (hide.includes(field)) {
        throw new Error(`${at}/${writing}/fields: '${field}' is hidden, so that it cannot be written either`)
      }
    }
  }
}
