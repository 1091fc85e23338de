/** The form for a new ticket, with files. */
import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import { useAction } from '../action.ts'
import { DraftNote } from '../components/draft-note.tsx'
import { FieldInput } from '../components/field-input.tsx'
import { FileChooser } from '../components/file-chooser.tsx'
import { FormFailure } from '../components/failure.tsx'
import { PageFrame } from '../components/page-frame.tsx'
import { useAccount, useShell } from '../context.ts'
import { useCreated } from '../created.ts'
import { useFocusOnWrong, useFormFields } from '../form-fields.ts'
import { Loading, useLoad } from '../load.tsx'
import { hrefTo, navigate } from '../router.ts'
import type { Module, ModulePageProps } from '../types.ts'
import { useUploads } from '../uploads.ts'

export function NewTicketPage({ module: name }: ModulePageProps): JSX.Element {
  const { t } = useShell()
  const { catalogue } = useAccount()
  const described = useLoad(name, async () => catalogue.describe(name))
  return (
    <PageFrame title={t('ticket.new')} back={{ href: hrefTo(['tickets']), label: t('module.HelpDesk') }}>
      <Loading of={described}>{(module) => <NewTicket module={module} />}</Loading>
    </PageFrame>
  )
}

/** A new ticket begins with the status that coreBOS gives it, and a customer describes it in one text. */
const notAsked = new Set(['ticketstatus'])

/** The name of the draft and of the files. */
const draftName = 'new HelpDesk'

function NewTicket({ module }: { readonly module: Module }): JSX.Element {
  const { t, gateway, notify } = useShell()
  const { catalogue } = useAccount()
  const fields = module.fields.filter(({ createable, name }) => createable && !notAsked.has(name))
  const filled = useFormFields(draftName, fields, undefined)
  const { form, before, draft, take, messageFor } = filled
  const uploads = useUploads(draftName)
  const createdBy = useCreated()
  /** The ticket that was created although a file did not arrive. */
  const created = uploads.recordId
  const key = useRef(crypto.randomUUID())
  const canAttach =
    catalogue.find('Documents')?.rights.create === true && module.rights.relate.includes('Documents')

  const create = async (): Promise<string | undefined> => {
    const values = take()
    if (values === undefined) return undefined
    const given = { ...firstStatus(module), ...values }
    const creation = gateway.records('HelpDesk').create(given, { idempotencyKey: key.current })
    const id = await createdBy(creation)
    uploads.setRecord(id)
    draft.discard()
    return id
  }
  const leave = (): void => {
    draft.discard()
    uploads.clear()
  }
  const { isBusy, error, submit } = useAction(async () => {
    const id = created ?? (await create())
    if (id === undefined || !(await uploads.send([id]))) return
    leave()
    notify({ text: t('ticket.created'), tone: 'good' })
    navigate(hrefTo(['tickets', id]))
  })
  useFocusOnWrong(filled, error)
  return (
    <form ref={form} class="form card" onSubmit={submit}>
      {created === undefined && (
        <>
          <DraftNote draft={draft} before={before} />
          <div class="fields">
            {sorted(fields).map((field) => (
              <FieldInput
                key={field.name}
                field={field}
                value={draft.values[field.name] ?? ''}
                error={messageFor(field.name, error)}
                change={(value) => {
                  key.current = crypto.randomUUID()
                  draft.change({ [field.name]: value })
                }}
              />
            ))}
          </div>
        </>
      )}
      {canAttach && <FileChooser uploads={uploads} />}
      {created !== undefined && !isBusy && (
        <p class="note" role="alert">
          {t('ticket.created-without-files')}{' '}
          <a href={hrefTo(['tickets', created])} onClick={leave}>
            {t('ticket.show')}
          </a>
        </p>
      )}
      <FormFailure error={error} />
      <div class="form-end">
        <a class="button" href={hrefTo(['tickets'])} onClick={leave}>
          {t('cancel')}
        </a>
        <button type="submit" class="button primary" aria-disabled={isBusy}>
          {t(isBusy ? 'sending' : created === undefined ? 'ticket.send' : 'retry')}
        </button>
      </div>
    </form>
  )
}

function firstStatus({ fields }: Module): Readonly<Record<string, string>> {
  const status = fields.find(({ name, createable }) => name === 'ticketstatus' && createable)
  const first = status?.values?.[0]?.value
  return first === undefined ? {} : { ticketstatus: first }
}

/** The title first, then the text, then what few readers fill in. */
function sorted<T extends { readonly name: string }>(fields: readonly T[]): T[] {
  const order = ['ticket_title', 'description']
  const place = ({ name }: T): number => (order.includes(name) ? order.indexOf(name) : order.length)
  return fields.toSorted((one, other) => place(one) - place(other))
}
