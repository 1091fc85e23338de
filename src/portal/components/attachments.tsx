/** The documents of a record, and the way to add more. */
import type { JSX } from 'preact'
import { useAccount, useShell } from '../context.ts'
import { Loading, useLoad } from '../load.tsx'
import { textIn } from '../metadata.ts'
import { relatedRecords } from '../records.ts'
import { hrefTo, slugOf } from '../router.ts'
import type { Item } from '../types.ts'
import { useUploads } from '../uploads.ts'
import { FileChooser } from './file-chooser.tsx'
import { Icon } from './icon.tsx'
import { Skeleton } from './skeleton.tsx'

interface AttachmentsProps {
  readonly id: string
  readonly canAdd: boolean
}

export function Attachments({ id, canAdd }: AttachmentsProps): JSX.Element {
  const { t, gateway } = useShell()
  const documents = useLoad(id, async (signal) => relatedRecords(gateway, id, 'Documents', signal))
  const uploads = useUploads(id, documents.reload)
  return (
    <section class="card">
      <h2>{t('attachments')}</h2>
      <Loading of={documents} meanwhile={<Skeleton lines={2} />}>
        {(items) => (
          <>
            {items.length > 0 && <Files items={items} />}
            {items.length === 0 && <p class="quiet">{t('attachments.none')}</p>}
          </>
        )}
      </Loading>
      {canAdd && (
        <FileChooser
          uploads={uploads}
          added={(files) => void uploads.send([id], files)}
          retry={(file) => void uploads.send([id], [file])}
        />
      )}
    </section>
  )
}

function Files({ items }: { readonly items: readonly Item[] }): JSX.Element {
  const { format } = useShell()
  const { catalogue } = useAccount()
  return (
    <ul class="files">
      {items.map((item) => {
        const title = textIn(item, 'notes_title') ?? textIn(item, 'filename') ?? item.id
        const size = item['filesize']
        return (
          <li key={item.id}>
            <Icon name="document" />
            {catalogue.shows('Documents') ? (
              <a href={hrefTo([slugOf('Documents'), item.id])}>{title}</a>
            ) : (
              <span>{title}</span>
            )}
            {typeof size === 'number' && <small class="quiet">{format.bytes(size)}</small>}
          </li>
        )
      })}
    </ul>
  )
}
