/** One record of any module. */
import type { JSX } from 'preact'
import { Details } from '../components/details.tsx'
import { useModuleName } from '../components/module-name.ts'
import { PageFrame } from '../components/page-frame.tsx'
import { useAccount, useShell } from '../context.ts'
import { Loading, useLoad } from '../load.tsx'
import { nameOf } from '../metadata.ts'
import { readRecord } from '../records.ts'
import { hrefTo, slugOf } from '../router.ts'
import type { RecordPageProps } from '../types.ts'

export function RecordPage({ module: name, id }: RecordPageProps): JSX.Element {
  const { gateway, language } = useShell()
  const { catalogue, me } = useAccount()
  const moduleName = useModuleName()
  const loaded = useLoad(`${id} ${language}`, async (signal) => {
    const [module, item] = await Promise.all([
      catalogue.describe(name),
      readRecord(gateway, name, id, signal),
    ])
    return { module, item }
  })
  const summary = catalogue.find(name)
  const title = loaded.value === undefined ? '' : nameOf(loaded.value.item, loaded.value.module)
  return (
    <PageFrame title={title} back={summary && { href: hrefTo([slugOf(name)]), label: moduleName(summary) }}>
      <Loading of={loaded}>
        {({ module, item }) => (
          <Details module={module} item={item} currency={me.currency?.code} without={module.nameFields} />
        )}
      </Loading>
    </PageFrame>
  )
}
