/** The form for a record of any module: a new one, or a change of one. */
import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import { useModuleName } from '../components/module-name.ts'
import { PageFrame } from '../components/page-frame.tsx'
import { RecordForm } from '../components/record-form.tsx'
import { useAccount, useShell } from '../context.ts'
import { useCreated } from '../created.ts'
import { EditForm, useEditable } from '../editable.tsx'
import { Loading, useLoad } from '../load.tsx'
import { hrefTo, navigate, slugOf } from '../router.ts'
import { useTitle } from './record.tsx'
import type { ModulePageProps, RecordPageProps } from '../types.ts'

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

export function EditPage({ module: name, id }: RecordPageProps): JSX.Element {
  const { t } = useShell()
  const page = hrefTo([slugOf(name), id])
  const loaded = useEditable(name, id)
  const title = useTitle(loaded)
  return (
    <PageFrame
      title={loaded.value === undefined ? title : t('record.edit', { name: title })}
      back={{ href: page, label: title || t('close') }}
    >
      <EditForm of={loaded} cancelHref={page} saved={() => navigate(page)} />
    </PageFrame>
  )
}
