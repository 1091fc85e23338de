/** The comments on a record, oldest first, and the form for a new one. */
import type { JSX } from 'preact'
import { useId, useRef } from 'preact/hooks'
import type { Comment } from '../../client/index.ts'
import { useAction } from '../action.ts'
import { useAccount, useShell } from '../context.ts'
import { storedAs } from '../created.ts'
import { useDraft } from '../draft.ts'
import { isStorable } from '../form-values.ts'
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
  const { me } = useAccount()
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
        <NewComment
          id={id}
          added={(comment) => {
            // coreBOS gives the comment of an employee an author of its own.
            if (me.contact.entity === 'Employee') comments.reload()
            else comments.set([...(comments.value ?? []), comment])
          }}
        />
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
  // The same key for the same comment: sent twice, it is stored once.
  const key = useRef(crypto.randomUUID())
  const begin = (): void => {
    key.current = crypto.randomUUID()
    draft.discard()
  }
  const text = draft.values.text.trim()
  const wrongId = useId()
  const isWrong = !isStorable(text)
  const { isBusy, error, submit } = useAction(async () => {
    if (text === '' || isWrong) return
    try {
      added(await gateway.comment(id, text, { idempotencyKey: key.current }))
    } catch (reason) {
      // It is stored all the same.
      if (storedAs(reason) !== undefined) begin()
      throw reason
    }
    begin()
    notify({ text: t('comment.sent'), tone: 'good' })
  })
  return (
    <form class="form new-comment" onSubmit={submit}>
      <label>
        <span>{t('comment.new')}</span>
        <textarea
          rows={3}
          aria-invalid={isWrong}
          aria-describedby={isWrong ? wrongId : undefined}
          value={draft.values.text}
          onInput={({ currentTarget }) => {
            key.current = crypto.randomUUID()
            draft.change({ text: currentTarget.value })
          }}
        />
      </label>
      {isWrong && (
        <p id={wrongId} class="field-error" role="alert">
          {t('field.characters')}
        </p>
      )}
      <FormFailure error={error} />
      <div class="form-end">
        {draft.isRestored && draft.values.text !== '' && (
          <span class="quiet small">{t('draft.restored')}</span>
        )}
        <button type="submit" class="button primary" aria-disabled={isBusy || isWrong || text === ''}>
          {t(isBusy ? 'sending' : 'comment.send')}
        </button>
      </div>
    </form>
  )
}
