/** The name of a record of which only the id is known. */
import type { JSX } from 'preact'
import { useAccount, useShell } from '../context.ts'
import { useLoad } from '../load.tsx'
import { nameOf } from '../metadata.ts'
import { readRecord } from '../records.ts'

export function ReferenceName({ id }: { readonly id: string }): JSX.Element {
  const { gateway } = useShell()
  const { catalogue } = useAccount()
  const loaded = useLoad(id, async (signal) => {
    const summary = catalogue.modules.find(({ idPrefix }) => id.startsWith(`${idPrefix}x`))
    if (summary === undefined) return undefined
    const module = await catalogue.describe(summary.name)
    return nameOf(await readRecord(gateway, summary.name, id, signal), module)
  })
  return <>{loaded.value ?? '–'}</>
}
