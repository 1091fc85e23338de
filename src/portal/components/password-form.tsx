/** Changes the password of the contact. */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { useAction } from '../action.ts'
import { useAccount, useShell } from '../context.ts'
import type { TextKey } from '../texts/index.ts'
import { FormFailure } from './failure.tsx'

const empty = { current: '', next: '', again: '' }
const inputs: readonly (readonly [keyof typeof empty, TextKey, string])[] = [
  ['current', 'password.current', 'current-password'],
  ['next', 'password.new', 'new-password'],
  ['again', 'password.repeat', 'new-password'],
]

/** Characters that the gateway asks for. */
const shortest = 8

export function PasswordForm(): JSX.Element {
  const { t, gateway, notify } = useShell()
  const { me } = useAccount()
  const [values, setValues] = useState(empty)
  const [isDifferent, setDifferent] = useState(false)
  const { isBusy, error, submit } = useAction(async () => {
    setDifferent(values.next !== values.again)
    if (values.next !== values.again) return
    await gateway.changePassword({ currentPassword: values.current, newPassword: values.next })
    setValues(empty)
    notify({ text: t('password.changed'), tone: 'good' })
  })
  return (
    <form class="form card" aria-labelledby="password" onSubmit={submit}>
      <h2 id="password">{t('password.change')}</h2>
      <input
        type="text"
        autocomplete="username"
        value={me.contact.email ?? ''}
        class="for-readers"
        aria-hidden="true"
        tabIndex={-1}
        readOnly
      />
      <div class="fields">
        {inputs.map(([name, key, autocomplete]) => (
          <label key={name} class="field">
            <span>{t(key)}</span>
            <input
              type="password"
              autocomplete={autocomplete}
              minLength={name === 'next' ? shortest : undefined}
              required
              aria-invalid={name === 'again' && isDifferent}
              value={values[name]}
              onInput={({ currentTarget }) => setValues({ ...values, [name]: currentTarget.value })}
            />
          </label>
        ))}
      </div>
      {isDifferent && (
        <p class="field-error" role="alert">
          {t('password.different')}
        </p>
      )}
      <FormFailure error={error} />
      <div class="form-end">
        <button type="submit" class="button primary" aria-disabled={isBusy}>
          {t(isBusy ? 'saving' : 'password.change')}
        </button>
      </div>
    </form>
  )
}
