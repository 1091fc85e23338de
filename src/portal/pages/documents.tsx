/** All documents, and the upload of more; one document with its preview. */
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Details } from '../components/details.tsx'
import { FileChooser } from '../components/file-chooser.tsx'
import { Icon } from '../components/icon.tsx'
import { PageFrame } from '../components/page-frame.tsx'
import { WorkButton } from '../components/work-button.tsx'
import { useAccount, useShell } from '../context.ts'
import { saveBlob, shownTypeOf } from '../files.ts'
import { Loading, useLoad } from '../load.tsx'
import { textIn } from '../metadata.ts'
import { hrefTo } from '../router.ts'
import type { Item, ModulePageProps, RecordPageProps } from '../types.ts'
import { useUploads } from '../uploads.ts'
import { ListPage } from './list.tsx'
import { RecordActions, useRecord, useTitle } from './record.tsx'

export function DocumentsPage(props: ModulePageProps): JSX.Element {
  const { t } = useShell()
  const { catalogue } = useAccount()
  const [isOpen, setOpen] = useState(false)
  const [round, setRound] = useState(0)
  const canUpload = catalogue.find(props.module)?.rights.create === true
  return (
    <ListPage
      {...props}
      round={round}
      actions={
        canUpload && (
          <button
            type="button"
            class="button primary"
            aria-expanded={isOpen}
            onClick={() => setOpen(!isOpen)}
          >
            <Icon name="plus" />
            {t('document.upload')}
          </button>
        )
      }
      before={isOpen && <Upload sent={() => setRound((last) => last + 1)} />}
    />
  )
}

function Upload({ sent }: { readonly sent: () => void }): JSX.Element {
  const uploads = useUploads('Documents', sent)
  return (
    <section class="card">
      <FileChooser
        uploads={uploads}
        added={(files) => void uploads.send([], files)}
        retry={(file) => void uploads.send([], [file])}
      />
    </section>
  )
}

/** Bytes; a larger file is shown when the reader asks for it. */
const largestShown = 5_000_000

export function DocumentPage({ module: name, id }: RecordPageProps): JSX.Element {
  const { t } = useShell()
  const loaded = useRecord(name, id)
  const shown = loaded.value
  return (
    <PageFrame
      title={useTitle(loaded)}
      back={{ href: hrefTo(['documents']), label: t('module.Documents') }}
      actions={
        shown !== undefined && (
          <>
            <Download item={shown.item} />
            <RecordActions {...shown} />
          </>
        )
      }
    >
      <Loading of={loaded}>
        {({ module, item }) => (
          <>
            <Preview item={item} />
            <Details
              module={module}
              item={item}
              without={[...module.nameFields, 'filelocationtype', 'filestatus', 'folderid', 'filetype']}
            />
          </>
        )}
      </Loading>
    </PageFrame>
  )
}

function Download({ item }: { readonly item: Item }): JSX.Element | null {
  const { t, gateway } = useShell()
  const name = textIn(item, 'filename')
  if (name === undefined) return null
  return (
    <WorkButton class="primary" work={async () => saveBlob(await gateway.download(item.id), name)}>
      {(isBusy) => (
        <>
          <Icon name="download" />
          {t(isBusy ? 'loading' : 'document.download')}
        </>
      )}
    </WorkButton>
  )
}

function Preview({ item }: { readonly item: Item }): JSX.Element {
  const { t } = useShell()
  const name = textIn(item, 'filename')
  const type = name === undefined ? undefined : shownTypeOf(name)
  const size = item['filesize']
  const [isWanted, setWanted] = useState(typeof size === 'number' && size <= largestShown)
  return (
    <section class="card">
      <h2>{t('document.preview')}</h2>
      {name === undefined && <p class="quiet">{t('document.no-file')}</p>}
      {name !== undefined && type === undefined && <p class="quiet">{t('document.no-preview')}</p>}
      {type !== undefined &&
        name !== undefined &&
        (isWanted ? (
          <ShownFile id={item.id} name={name} type={type} />
        ) : (
          <button type="button" class="button" onClick={() => setWanted(true)}>
            {t('document.show-preview')}
          </button>
        ))}
    </section>
  )
}

interface ShownFileProps {
  readonly id: string
  readonly name: string
  readonly type: string
}

function ShownFile({ id, name, type }: ShownFileProps): JSX.Element {
  const { gateway } = useShell()
  const loaded = useLoad(id, async (signal) => {
    const file = await gateway.download(id, { signal })
    // The type that was checked, not the one that the file was uploaded as.
    return URL.createObjectURL(new Blob([file], { type }))
  })
  const url = loaded.value
  useEffect(
    () => () => {
      if (url !== undefined) URL.revokeObjectURL(url)
    },
    [url],
  )
  return (
    <Loading of={loaded}>
      {(source) =>
        type === 'application/pdf' ? (
          <iframe class="preview" src={source} title={name} />
        ) : (
          <img class="preview-image" src={source} alt={name} />
        )
      }
    </Loading>
  )
}
