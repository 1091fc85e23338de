/** The comments on a record, oldest first, and the form for a new one. */
import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import type { Comment } from '../../client/index.ts'
import { useAccount, useShell } from '../context.ts'
import { storedAs } from '../created.ts'
import { useDraft } from '../draft.ts'
import type { Loaded } from '../load.tsx'
import { Loading } from '../load.tsx'
import { FormFailure } from './failure.tsx'

interface ConversationProps {
  readonly id: string
  readonly comments: Loaded<readonly Comment[]>
  readonly canComment: boolean
}

export function Conversation({ id, comments, canComment }: ConversationProps): JSX.Element {
  const { t } = useShell()
  return (
    <section class="card conversation">
      <h2>{t('conversation')}</h2>
      <Loading of={comments}>
        {(all) => (
          <ol class="comments">
            {all.map((comment, index) => (
              <Entry key={comment.id ?? index} comment={comment} />
            ))}
            {all.length === 0 && (
              <li class="quiet">{t(canComment ? 'comments.none-yet' : 'comments.none')}</li>
            )}
          </ol>
        )}
      </Loading>
      {canComment && (
        <NewComment id={id} added={(comment) => comments.set([...(comments.value ?? []), comment])} />
      )}
    </section>
  )
}

function Entry({ comment }: { readonly comment: Comment }): JSX.Element {
  const { t, format } = useShell()
  const { me } = useAccount()
  const { author, time, text } = comment
  const isMine = author.id === me.contact.id
  const name = isMine ? t('you') : author.name || t('somebody')
  return (
    <li class={`comment ${author.kind === 'user' ? 'from-company' : ''} ${isMine ? 'mine' : ''}`}>
      <span class="avatar" aria-hidden="true">
        {(author.name || '?').slice(0, 1).toUpperCase()}
      </span>
      <div class="bubble">
        <p class="comment-head">
          <strong>{name}</strong>
          {author.kind === 'user' && <span class="badge info">{t('comment.staff')}</span>}
          <time dateTime={time} title={format.dateTime(time)}>
            {format.ago(time, Date.now())}
          </time>
        </p>
        <p class="text">{text}</p>
      </div>
    </li>
  )
}

function NewComment({
  id,
  added,
}: {
  readonly id: string
  readonly added: (comment: Comment) => void
}): JSX.Element {
  const { t, gateway, notify } = useShell()
  const draft = useDraft(`comment ${id}`, { text: '' })
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  // The same key for the same comment: sent twice, it is stored once.
  const key = useRef(crypto.randomUUID())
  const begin = (): void => {
    key.current = crypto.randomUUID()
    draft.discard()
  }
  const send = async (): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      added(await gateway.comment(id, draft.values.text.trim(), { idempotencyKey: key.current }))
      begin()
      notify({ text: t('comment.sent'), tone: 'good' })
    } catch (reason) {
      // It is stored all the same.
      if (storedAs(reason) !== undefined) begin()
      setError(reason)
    }
    setBusy(false)
  }
  return (
    <form
      class="form new-comment"
      onSubmit={(event) => {
        event.preventDefault()
        if (!isBusy && draft.values.text.trim() !== '') void send()
      }}
    >
      <label>
        <span>{t('comment.new')}</span>
        <textarea
          rows={3}
          value={draft.values.text}
          onInput={({ currentTarget }) => {
            key.current = crypto.randomUUID()
            draft.change({ text: currentTarget.value })
          }}
        />
      </label>
      <FormFailure error={error} />
      <div class="form-end">
        {draft.isRestored && draft.values.text !== '' && (
          <span class="quiet small">{t('draft.restored')}</span>
        )}
        <button
          type="submit"
          class="button primary"
          aria-disabled={isBusy || draft.values.text.trim() === ''}
        >
          {t(isBusy ? 'sending' : 'comment.send')}
        </button>
      </div>
    </form>
  )
}
