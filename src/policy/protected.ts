/** Fields that no policy may open for writing: they say who a contact is, how far it sees, and who wrote a record. */
import type { ModuleRuleSource } from './schema.ts'

/** coreBOS sets these itself in every module; writing them would forge the record's history. */
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

/** A contact that could change these would become another contact, or see another contact's records. */
const access = ['portal', 'support_start_date', 'support_end_date', 'portalpasswordtype', 'portalloginuser']
const identity: Readonly<Record<string, readonly string[]>> = {
  Contacts: ['email', 'account_id', ...access],
  Accounts: ['account_id'],
  cbEmployee: ['work_email', ...access],
}

/** The fields by which coreBOS finds the file of a document: changing them alone would lose the file. */
const ofFile = ['filelocationtype', 'filesize', 'filetype', 'filedownloadcount']

function requireFileKept(update: ModuleRuleSource['update'], at: string): void {
  const lost = [...(update?.fields ?? []), ...Object.keys(update?.force ?? {})].find((field) =>
    ofFile.includes(field),
  )
  if (lost !== undefined) {
    throw new Error(`${at}/update: '${lost}' cannot be written, coreBOS would lose the file of the document`)
  }
}

/** @param levelField the field of contacts that holds their level @throws Error that names the path in the file */
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
  if (module === 'Documents') requireFileKept(update, at)
  for (const [writing, rule] of Object.entries({ create, update })) {
    for (const field of rule?.fields ?? []) {
      if (forbidden.has(field)) {
        throw new Error(`${at}/${writing}/fields: '${field}' cannot be opened; use 'force' to set it`)
      }
      if (hide.includes(field)) {
        throw new Error(
          `${at}/${writing}/fields: '${field}' is hidden, so it cannot be written; remove it from 'hide' or from 'fields'`,
        )
      }
    }
  }
}
