/** Names and labels, as the coreBOS sessions that serve a contact show them. They grant no right. */
import type { Caller } from '../corebos/caller.ts'
import type { Dictionary, Words } from '../corebos/dictionary.ts'
import type { ModuleShape } from '../model/module.ts'

export type { Words } from '../corebos/dictionary.ts'

/** Looks up names for ids that a visible record holds. */
export interface Wording {
  /** Display names of users and groups among these, by webservice id. @throws GatewayError the error of coreBOS */
  userNames(ids: ReadonlySet<string>): Promise<Words>
  /** Codes of all currencies, by webservice id. @throws GatewayError the error of coreBOS */
  currencyCodes(): Promise<Words>
  /** Labels of a module, its blocks, fields and picklists, by raw text. @throws GatewayError the error of coreBOS */
  labels(module: ModuleShape, language: string): Promise<Words>
  /** Labels of modules by their names. @throws GatewayError the error of coreBOS */
  moduleLabels(names: readonly string[], language: string): Promise<Words>
}

/** The modules that have been described so far. */
interface Described {
  readonly names: readonly string[]
  readonly undescribed: readonly string[]
  readonly byName: (name: string) => ModuleShape | undefined
}

/** @param caller that of the service user, if there is one */
export function wordingBy(caller: Caller, dictionary: Dictionary, described: Described): Wording {
  return {
    userNames: async (ids) => {
      const names = await dictionary.userNames(caller)
      const others = [...ids].filter((id) => !names.has(id))
      return others.length === 0 ? names : new Map([...names, ...groupsAmong(others, described)])
    },
    currencyCodes: async () => dictionary.currencyCodes(caller),
    labels: async (module, language) => dictionary.labels(caller, textsOf(module), language, module.name),
    moduleLabels: async (names, language) => dictionary.labels(caller, names, language, ''),
  }
}

/**
 * Labels of all modules whose records hold values with labels, so that no request waits for them. One call after the
 * other: requests come first.
 *
 * @throws GatewayError the error of coreBOS
 */
export async function readLabels(
  caller: Caller,
  dictionary: Dictionary,
  described: Described,
  languages: ReadonlySet<string>,
): Promise<void> {
  const wording = wordingBy(caller, dictionary, described)
  const modules = described.names.flatMap((name) => described.byName(name) ?? [])
  const labelled = modules.filter(({ fields }) => [...fields.values()].some(({ picklist }) => picklist))
  for (const language of languages) for (const module of labelled) await wording.labels(module, language)
}

/** coreBOS names groups only in the descriptions of modules. */
function groupsAmong(ids: readonly string[], { names, undescribed, byName }: Described): [string, string][] {
  const groups = names
    .filter((name) => !undescribed.includes(name))
    .flatMap((name) => [...(byName(name)?.fields.values() ?? [])])
    .map((field) => field.groups)
    .filter((each) => each !== undefined)
  return ids.flatMap((id) => {
    const name = groups.find((each) => Object.hasOwn(each, id))?.[id]
    return name === undefined ? [] : [[id, name] as [string, string]]
  })
}

function textsOf({ name, labelKey = '', fields }: ModuleShape): string[] {
  const all = [...fields.values()]
  return [
    name,
    labelKey,
    ...all.flatMap(({ labelKey: key = '', form, picklist = [] }) => [
      key,
      form?.block?.labelKey ?? '',
      ...picklist.map(({ value }) => value),
    ]),
  ]
}
