/** What an installation has of the modules that a policy names, as the service user sees them. */
import { listTypes } from './describe.ts'
import type { Catalogue } from './catalogue.ts'
import type { Metadata } from './metadata.ts'
import type { ServiceUser } from './service-user.ts'

export interface Named {
  /** Exact. */
  readonly namedModules: readonly string[]
}

/** @throws GatewayError how coreBOS failed */
export async function installationOf(
  policy: Named,
  service: ServiceUser,
  metadata: Metadata,
): Promise<{ readonly modules: Catalogue; readonly names: readonly string[] }> {
  const wanted = policy.namedModules
  const modules = await metadata.of(await service.userId(), service, wanted)
  const isComplete = wanted.every((name) => modules.byName(name) !== undefined)
  return { modules, names: isComplete ? modules.names : await listTypes(service) }
}
