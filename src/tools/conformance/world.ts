/** The installation that is asked, and who asks. */
import type { Caller } from '../../corebos/caller.ts'
import type { ModuleDescription } from '../../corebos/describe.ts'
import type { CorebosSession } from '../../corebos/session.ts'

export interface ContactSession {
  readonly session: CorebosSession
  /** Webservice ids; the account's is empty where there is none. */
  readonly id: string
  readonly accountId: string
  /** The CRM user that the contact is mapped to. */
  readonly userId: string
  /** The session's user is an administrator: coreBOS restricts nothing. */
  readonly isAdministrator: boolean
}

export interface World {
  /** Without a session. */
  readonly outside: Caller
  readonly service: Caller
  /** Webservice id of the service user, and the name it logs in by. */
  readonly serviceId: string
  readonly serviceName: string
  /** As the service user may see them. */
  readonly modules: ReadonlyMap<string, ModuleDescription>
  readonly contact: ContactSession | undefined
}

/** A text between quotes in the basic dialect. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}
