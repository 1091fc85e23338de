/** One ticket: its status, its conversation, its attachments. */
import type { JSX } from 'preact'
import { Attachments } from '../components/attachments.tsx'
import { Badge } from '../components/badge.tsx'
import { Conversation } from '../components/conversation.tsx'
import { Details } from '../components/details.tsx'
import { PageFrame } from '../components/page-frame.tsx'
import { WorkButton } from '../components/work-button.tsx'
import { useAccount, useShell } from '../context.ts'
import { useFailureNotice } from '../errors.ts'
import { Loading, useLoad, type Loaded } from '../load.tsx'
import { finishedValues } from '../meaning.ts'
import { fieldOf, labelOf } from '../metadata.ts'
import { changeFields, ChangedMeanwhile } from '../records.ts'
import { hrefTo } from '../router.ts'
import type { Item, RecordPageProps } from '../types.ts'
import { RecordActions, useRecord, useTitle, type ShownRecord } from './record.tsx'

const status = 'ticketstatus'

export function TicketPage({ module: name, id }: RecordPageProps): JSX.Element {
  const { t, gateway } = useShell()
  const { catalogue } = useAccount()
  const loaded = useRecord(name, id)
  const hasComments = catalogue.find('ModComments') !== undefined
  const comments = useLoad(hasComments ? id : undefined, async (signal) => gateway.comments(id, { signal }))
  const ticket = loaded.value
  const rights = catalogue.find(name)?.rights
  const value = ticket?.item[status]
  return (
    <PageFrame
      title={useTitle(loaded)}
      badge={
        ticket !== undefined &&
        typeof value === 'string' && (
          <Badge value={value} label={labelOf(fieldOf(ticket.module, status), value)} />
        )
      }
      back={{ href: hrefTo(['tickets']), label: t('module.HelpDesk') }}
      actions={
        ticket !== undefined && (
          <>
            <StatusButton ticket={ticket} loaded={loaded} />
            <RecordActions {...ticket} />
          </>
        )
      }
    >
      <Loading of={loaded}>
        {({ module, item }) => (
          <div class="columns">
            <div class="column-main">
              <Description item={item} />
              {hasComments && (
                <Conversation id={id} comments={comments} canComment={rights?.comment === true} />
              )}
            </div>
            <div class="column-side">
              <Details module={module} item={item} without={['ticket_title', 'description', status]} />
              {catalogue.find('Documents') !== undefined && (
                <Attachments
                  id={id}
                  canAdd={
                    catalogue.find('Documents')?.rights.create === true &&
                    rights?.relate.includes('Documents') === true
                  }
                />
              )}
            </div>
          </div>
        )}
      </Loading>
    </PageFrame>
  )
}

function Description({ item }: { readonly item: Item }): JSX.Element | null {
  const { t, format } = useShell()
  const { description, createdtime } = item
  if (typeof description !== 'string' || description === '') return null
  return (
    <section class="card">
      <h2>{t('ticket.description')}</h2>
      <p class="text">{description}</p>
      {typeof createdtime === 'string' && (
        <p class="quiet small">{t('ticket.opened', { time: format.dateTime(createdtime) })}</p>
      )}
    </section>
  )
}

/** Closes an open ticket, or opens a closed one again; both can be undone. */
function StatusButton({
  ticket,
  loaded,
}: {
  readonly ticket: ShownRecord
  readonly loaded: Loaded<ShownRecord>
}): JSX.Element | null {
  const { t, gateway, notify } = useShell()
  const failed = useFailureNotice()
  const { module, item } = ticket
  const field = fieldOf(module, status)
  const from = item[status]
  if (field?.updateable !== true || typeof from !== 'string') return null
  const done = finishedValues(field.values)
  const isDone = done.includes(from)
  const to = isDone ? field.values?.find(({ value }) => !done.includes(value))?.value : done[0]
  if (to === undefined) return null

  const change = async (before: string, after: string, canUndo: boolean): Promise<void> => {
    try {
      const changed = await changeFields(gateway, module.name, item.id, {
        from: { [status]: before },
        to: { [status]: after },
      })
      loaded.set({ module, item: { ...item, ...changed } })
      notify({
        text: t('ticket.status-is', { status: labelOf(field, after) }),
        tone: 'good',
        ...(canUndo && {
          action: { label: t('undo'), run: () => void change(after, before, false).catch(failed) },
        }),
      })
    } catch (error) {
      if (!(error instanceof ChangedMeanwhile)) throw error
      loaded.reload()
      notify({ text: t('ticket.changed-meanwhile'), tone: 'info' })
    }
  }
  return (
    <WorkButton work={async () => change(from, to, true)}>
      {() => t(isDone ? 'ticket.reopen' : 'ticket.close')}
    </WorkButton>
  )
}
