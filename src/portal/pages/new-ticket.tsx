/** The form for a new ticket, with files. */
import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { FieldInput } from '../components/field-input.tsx'
import { FileChooser } from '../components/file-chooser.tsx'
import { FormFailure } from '../components/failure.tsx'
import { PageFrame } from '../components/page-frame.tsx'
import { useAccount, useShell } from '../context.ts'
import { useCreated } from '../created.ts'
import { useDraft } from '../draft.ts'
import { fieldErrors } from '../errors.ts'
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

function NewTicket({ module }: { readonly module: Module }): JSX.Element {
  const { t, gateway, notify } = useShell()
  const { catalogue } = useAccount()
  const createdBy = useCreated()
  const fields = module.fields.filter(({ createable, name }) => createable && !notAsked.has(name))
  const status = module.fields.find(({ name, createable }) => name === 'ticketstatus' && createable)
  const draft = useDraft<Record<string, string>>(
    'new HelpDesk',
    Object.fromEntries(fields.map(({ name }) => [name, ''])),
  )
  const uploads = useUploads()
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  /** The ticket that was created although a file did not arrive. */
  const [created, setCreated] = useState<string>()
  const key = useRef(crypto.randomUUID())
  const errors = fieldErrors(error)
  const canAttach =
    catalogue.find('Documents')?.rights.create === true && module.rights.relate.includes('Documents')

  const create = async (): Promise<string> => {
    if (created !== undefined) return created
    const first = status?.values?.[0]?.value
    const given = Object.entries(draft.values).filter(([name, value]) => value !== '' && !notAsked.has(name))
    const values = {
      ...(status !== undefined && first !== undefined && { ticketstatus: first }),
      ...Object.fromEntries(given),
    }
    const id = await createdBy(gateway.records('HelpDesk').create(values, { idempotencyKey: key.current }))
    setCreated(id)
    draft.discard()
    return id
  }
  const send = async (): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      const id = await create()
      const areSent = await uploads.send([id])
      if (areSent) {
        notify({ text: t('ticket.created'), tone: 'good' })
        navigate(hrefTo(['tickets', id]))
      }
    } catch (reason) {
      setError(reason)
    }
    setBusy(false)
  }
  return (
    <form
      class="form card"
      onSubmit={(event) => {
        event.preventDefault()
        if (!isBusy) void send()
      }}
    >
      {draft.isRestored && created === undefined && <p class="note">{t('draft.restored')}</p>}
      {created === undefined && (
        <div class="fields">
          {sorted(fields).map((field) => (
            <FieldInput
              key={field.name}
              field={field}
              value={draft.values[field.name] ?? ''}
              error={errors.get(field.name)}
              change={(value) => {
                key.current = crypto.randomUUID()
                draft.change({ [field.name]: value })
              }}
            />
          ))}
        </div>
      )}
      {canAttach && <FileChooser uploads={uploads} />}
      {created !== undefined && !isBusy && (
        <p class="note" role="alert">
          {t('ticket.created-without-files')} <a href={hrefTo(['tickets', created])}>{t('ticket.show')}</a>
        </p>
      )}
      <FormFailure error={error} />
      <div class="form-end">
        <a class="button" href={hrefTo(['tickets'])}>
          {t('cancel')}
        </a>
        <button type="submit" class="button primary" aria-disabled={isBusy}>
          {t(isBusy ? 'sending' : created === undefined ? 'ticket.send' : 'retry')}
        </button>
      </div>
    </form>
  )
}

/** The title first, then the text, then what few readers fill in. */
function sorted<T extends { readonly name: string }>(fields: readonly T[]): T[] {
  const order = ['ticket_title', 'description']
  const place = ({ name }: T): number => (order.includes(name) ? order.indexOf(name) : order.length)
  return fields.toSorted((one, other) => place(one) - place(other))
}
