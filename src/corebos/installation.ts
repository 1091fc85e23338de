/** What an installation has of the modules that a policy names, as one CRM user sees them. */
import type { Caller } from './caller.ts'
import { listTypes } from './describe.ts'
import type { Catalogue } from './catalogue.ts'
import type { Metadata } from './metadata.ts'

export interface Named {
  /** Exact. */
  readonly namedModules: readonly string[]
}

/** The CRM user that describes modules. */
export interface Describer {
  readonly caller: Caller
  /** Webservice id. @throws GatewayError how coreBOS failed */
  readonly userId: () => Promise<string>
}

/** @throws GatewayError how coreBOS failed */
export async function installationOf(
  policy: Named,
  { caller, userId }: Describer,
  metadata: Metadata,
): Promise<{ readonly modules: Catalogue; readonly names: readonly string[] }> {
  const wanted = policy.namedModules
  const modules = await metadata.of(await userId(), caller, wanted)
  const isComplete = wanted.every((name) => modules.byName(name) !== undefined)
  return { modules, names: isComplete ? modules.names : await listTypes(caller) }
}
