/** The form for a record of any module: a new one, or a change of one. */
import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import { useModuleName } from '../components/module-name.ts'
import { PageFrame } from '../components/page-frame.tsx'
import { RecordForm } from '../components/record-form.tsx'
import { useAccount, useShell } from '../context.ts'
import { useCreated } from '../created.ts'
import { Loading, useLoad } from '../load.tsx'
import { nameOf } from '../metadata.ts'
import { useSave } from '../save.ts'
import { hrefTo, navigate, slugOf } from '../router.ts'
import type { Item, Module, ModulePageProps, RecordPageProps } from '../types.ts'

export function CreatePage({ module: name }: ModulePageProps): JSX.Element {
  const { t, gateway, notify } = useShell()
  const { catalogue } = useAccount()
  const moduleName = useModuleName()
  const createdBy = useCreated()
  const described = useLoad(name, async () => catalogue.describe(name))
  const summary = catalogue.find(name)
  const label = summary === undefined ? name : moduleName(summary)
  const list = hrefTo([slugOf(name)])
  // The same key for the same values: sent twice, the record is stored once.
  const key = useRef({ values: '', key: '' })
  return (
    <PageFrame title={t('record.new-in', { module: label })} back={{ href: list, label }}>
      <Loading of={described}>
        {(module) => (
          <RecordForm
            module={module}
            item={undefined}
            draftName={`new ${name}`}
            saveLabel={t('save')}
            cancelHref={list}
            save={async (values) => {
              const text = JSON.stringify(values)
              if (key.current.values !== text) key.current = { values: text, key: crypto.randomUUID() }
              const given = Object.entries(values).filter(([, value]) => value !== null)
              const id = await createdBy(
                gateway.records(name).create(Object.fromEntries(given), { idempotencyKey: key.current.key }),
              )
              notify({ text: t('record.created'), tone: 'good' })
              navigate(hrefTo([slugOf(name), id]))
            }}
          />
        )}
      </Loading>
    </PageFrame>
  )
}

interface Editable {
  readonly module: Module
  readonly item: Item
  readonly etag: string | undefined
}

export function EditPage({ module: name, id }: RecordPageProps): JSX.Element {
  const { t, gateway } = useShell()
  const { catalogue } = useAccount()
  const save = useSave()
  const page = hrefTo([slugOf(name), id])
  const loaded = useLoad<Editable>(id, async (signal) => {
    const [module, { record, etag }] = await Promise.all([
      catalogue.describe(name),
      gateway.records(name).read(id, { signal }),
    ])
    return { module, item: record, etag }
  })
  const title = loaded.value === undefined ? '' : nameOf(loaded.value.item, loaded.value.module)
  return (
    <PageFrame
      title={title && t('record.edit', { name: title })}
      back={{ href: page, label: title || t('close') }}
    >
      <Loading of={loaded}>
        {({ module, item, etag }) => (
          <RecordForm
            module={module}
            item={item}
            draftName={`edit ${id}`}
            saveLabel={t('save')}
            cancelHref={page}
            takeStored={(changed) => loaded.set({ module, item: changed.record, etag: changed.etag })}
            save={async (values) => {
              await save({ module: name, item, values, etag })
              navigate(page)
            }}
          />
        )}
      </Loading>
    </PageFrame>
  )
}
