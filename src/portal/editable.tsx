/** One record in a form: read with its `ETag`, so that changes of others are noticed, changed and saved. */
import type { JSX } from 'preact'
import { RecordForm } from './components/record-form.tsx'
import { useAccount, useShell } from './context.ts'
import { Loading, useLoad, type Loaded } from './load.tsx'
import { useSave } from './save.ts'
import type { Item, Module } from './types.ts'

export interface Editable {
  readonly module: Module
  readonly item: Item
  readonly etag: string | undefined
}

export function useEditable(name: string, id: string): Loaded<Editable> {
  const { gateway } = useShell()
  const { catalogue } = useAccount()
  return useLoad<Editable>(id, async (signal) => {
    const [module, { record, etag }] = await Promise.all([
      catalogue.describe(name),
      gateway.records(name).read(id, { signal }),
    ])
    return { module, item: record, etag }
  })
}

interface EditFormProps {
  readonly of: Loaded<Editable>
  readonly saved: () => void
  /** Called after the change was undone. */
  readonly undone?: () => void
  readonly cancelHref?: string
}

export function EditForm({ of: loaded, saved, undone, cancelHref }: EditFormProps): JSX.Element {
  const { t } = useShell()
  const save = useSave()
  return (
    <Loading of={loaded}>
      {({ module, item, etag }) => (
        <RecordForm
          module={module}
          item={item}
          draftName={`edit ${item.id}`}
          saveLabel={t('save')}
          {...(cancelHref !== undefined && { cancelHref })}
          takeStored={(changed) => loaded.set({ module, item: changed.record, etag: changed.etag })}
          save={async (values) => {
            await save({ module: module.name, item, values, etag, ...(undone !== undefined && { undone }) })
            saved()
          }}
        />
      )}
    </Loading>
  )
}
