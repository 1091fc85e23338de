/** One record of any module: its fields, and what the policy allows to do with it. */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Attachments } from '../components/attachments.tsx'
import { Confirm } from '../components/confirm.tsx'
import { Conversation } from '../components/conversation.tsx'
import { Details } from '../components/details.tsx'
import { Icon } from '../components/icon.tsx'
import { useModuleName } from '../components/module-name.ts'
import { PageFrame } from '../components/page-frame.tsx'
import { useAccount, useShell } from '../context.ts'
import { explain, useFailureNotice } from '../errors.ts'
import { Loading, useLoad, type Loaded } from '../load.tsx'
import { nameOf } from '../metadata.ts'
import { readRecord } from '../records.ts'
import { hrefTo, navigate, slugOf } from '../router.ts'
import type { Item, Module, RecordPageProps } from '../types.ts'

export interface ShownRecord {
  readonly module: Module
  readonly item: Item
}

/** The record of a page with the description of its module. */
export function useRecord(name: string, id: string) {
  const { gateway, language } = useShell()
  const { catalogue } = useAccount()
  return useLoad<ShownRecord>(`${id} ${language}`, async (signal) => {
    const [module, item] = await Promise.all([
      catalogue.describe(name),
      readRecord(gateway, name, id, signal),
    ])
    return { module, item }
  })
}

/** The name of the record; where it cannot be shown, the reason; empty while it is loaded. */
export function useTitle({ value, error }: Pick<Loaded<ShownRecord>, 'value' | 'error'>): string {
  const { t } = useShell()
  if (value !== undefined) return nameOf(value.item, value.module)
  return error === undefined ? '' : explain(error, t).title
}

export function RecordPage({ module: name, id }: RecordPageProps): JSX.Element {
  const { catalogue, me } = useAccount()
  const moduleName = useModuleName()
  const loaded = useRecord(name, id)
  const summary = catalogue.find(name)
  const shown = loaded.value
  return (
    <PageFrame
      title={useTitle(loaded)}
      back={summary && { href: hrefTo([slugOf(name)]), label: moduleName(summary) }}
      actions={shown !== undefined && <RecordActions {...shown} />}
    >
      <Loading of={loaded}>
        {({ module, item }) => (
          <>
            <Details module={module} item={item} currency={me.currency?.code} without={module.nameFields} />
            <Surroundings module={module} id={id} />
          </>
        )}
      </Loading>
    </PageFrame>
  )
}

/** Comments and documents of a record, where the policy opens them. */
export function Surroundings({ module, id }: { readonly module: Module; readonly id: string }): JSX.Element {
  const { catalogue } = useAccount()
  const { comment, relate } = module.rights
  const documents = catalogue.find('Documents')
  return (
    <>
      {comment && <Comments id={id} />}
      {relate.includes('Documents') && documents !== undefined && (
        <Attachments id={id} canAdd={documents.rights.create} />
      )}
    </>
  )
}

function Comments({ id }: { readonly id: string }): JSX.Element {
  const { gateway } = useShell()
  const comments = useLoad(id, async (signal) => gateway.comments(id, { signal }))
  return <Conversation id={id} comments={comments} canComment />
}

/** Edit and delete, as far as the contact may. */
export function RecordActions({ module, item }: ShownRecord): JSX.Element {
  const { t, gateway, notify } = useShell()
  const failed = useFailureNotice()
  const [isAsking, setAsking] = useState(false)
  const { rights, fields } = module
  const slug = slugOf(module.name)
  const name = nameOf(item, module)
  const remove = async (): Promise<void> => {
    await gateway.records(module.name).delete(item.id)
    notify({ text: t('record.deleted', { name }), tone: 'good' })
    navigate(hrefTo([slug]))
  }
  return (
    <>
      {rights.update && fields.some(({ updateable }) => updateable) && (
        <a class="button" href={hrefTo([slug, item.id, 'edit'])}>
          <Icon name="edit" />
          {t('edit')}
        </a>
      )}
      {rights.delete && (
        <button type="button" class="button danger" onClick={() => setAsking(true)}>
          {t('delete')}
        </button>
      )}
      {isAsking && (
        <Confirm
          question={t('record.delete-sure', { name })}
          action={t('delete')}
          cancel={() => setAsking(false)}
          confirm={() => void remove().catch(failed)}
        />
      )}
    </>
  )
}
