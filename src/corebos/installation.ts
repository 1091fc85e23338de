/** What an installation has of the modules that a policy names, as the service user sees them. */
import { listTypes } from './describe.ts'
import type { Catalogue } from './catalogue.ts'
import type { Metadata } from './metadata.ts'
import type { ServiceUser } from './service-user.ts'

export interface Named {
  /** @returns exact names */
  modulesToDescribe(contact: { readonly entity: 'Contacts' | 'Employee' }): string[]
}

/** @throws GatewayError how coreBOS failed */
export async function installationOf(
  policy: Named,
  service: ServiceUser,
  metadata: Metadata,
): Promise<{ readonly modules: Catalogue; readonly names: readonly string[] }> {
  const named = (['Contacts', 'Employee'] as const).flatMap((entity) => policy.modulesToDescribe({ entity }))
  const wanted = [...new Set(named)]
  const modules = await metadata.of(await service.userId(), service, wanted)
  const isComplete = wanted.every((name) => modules.byName(name) !== undefined)
  return { modules, names: isComplete ? modules.names : await listTypes(service) }
}
