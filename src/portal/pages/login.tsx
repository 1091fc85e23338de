/** The log-in page, also where a session has ended; and the page for a forgotten password. */
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Login } from '../../client/index.ts'
import { useAction } from '../action.ts'
import { Brand } from '../components/frame.tsx'
import { FormFailure } from '../components/failure.tsx'
import { Icon } from '../components/icon.tsx'
import { LanguageChoice } from '../components/language-choice.tsx'
import { ConnectionBar } from '../components/connection-bar.tsx'
import { useShell } from '../context.ts'
import { textOf } from '../texts/index.ts'
import type { KnownLogin, LoginReason } from '../types.ts'

interface LoginProps {
  readonly reason: LoginReason
  /** Of a session that has ended. */
  readonly known: KnownLogin | undefined
  readonly entered: (contactId: string, login: Login) => Promise<void>
}

export function LoginPage({ reason, known, entered }: LoginProps): JSX.Element {
  const { t, settings, language, portalName } = useShell()
  const [isForgotten, setForgotten] = useState(false)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${t(isForgotten ? 'forgotten' : 'login')} – ${portalName}`
    if (isForgotten) heading.current?.focus()
  }, [isForgotten, t, portalName])
  return (
    <main class="login">
      <div class="login-card">
        <Brand />
        <ConnectionBar />
        <h1 ref={heading} tabIndex={-1}>
          {t(isForgotten ? 'forgotten' : 'login')}
        </h1>
        {isForgotten ? (
          <Forgotten back={() => setForgotten(false)} />
        ) : (
          <>
            {reason === 'ended' && (
              <p class="note" role="status">
                {t('login.ended')}
              </p>
            )}
            {reason === 'out' && (
              <p class="note" role="status">
                {t('login.out')}
              </p>
            )}
            {reason === 'new' && settings.welcome !== undefined && (
              <p class="welcome">{textOf(settings.welcome, language)}</p>
            )}
            <LoginForm known={known} entered={entered} forgotten={() => setForgotten(true)} />
          </>
        )}
      </div>
      <div class="login-foot">
        {settings.links?.map(({ label, url }) => (
          <a key={url} href={url} rel="noopener noreferrer">
            {textOf(label, language)}
          </a>
        ))}
        <LanguageChoice />
      </div>
    </main>
  )
}

function LoginForm({
  known,
  entered,
  forgotten,
}: Pick<LoginProps, 'known' | 'entered'> & { readonly forgotten: () => void }): JSX.Element {
  const { t, gateway, settings } = useShell()
  const { portalPasswords, employees, offered } = settings.login
  const [username, setUsername] = useState(known?.username ?? '')
  const [password, setPassword] = useState('')
  const [isEmployee, setEmployee] = useState(known?.isEmployee ?? false)
  const { isBusy, error, run, submit } = useAction(async (login: Login) => {
    const { id } = await gateway.login(login)
    await entered(id, login)
  })
  const typed: Login = {
    username: username.trim(),
    password,
    ...(isEmployee && { entity: 'Employee' }),
  }
  return (
    <>
      <form class="form" onSubmit={(event) => submit(event, typed)}>
        <label>
          <span>{t(portalPasswords ? 'email' : 'username')}</span>
          <input
            name="username"
            type="text"
            inputMode={portalPasswords ? 'email' : 'text'}
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            required
            value={username}
            onInput={({ currentTarget }) => setUsername(currentTarget.value)}
          />
        </label>
        <label>
          <span>{t('password')}</span>
          <input
            name="password"
            type="password"
            autocomplete="current-password"
            required
            value={password}
            onInput={({ currentTarget }) => setPassword(currentTarget.value)}
          />
        </label>
        {employees && (
          <label class="check">
            <input
              type="checkbox"
              checked={isEmployee}
              onChange={({ currentTarget }) => setEmployee(currentTarget.checked)}
            />
            <span>{t('login.employee')}</span>
          </label>
        )}
        <FormFailure error={error} />
        <button type="submit" class="button primary wide" aria-disabled={isBusy}>
          {t(isBusy ? 'login.busy' : 'login.do')}
        </button>
        {portalPasswords && (
          <button type="button" class="link" onClick={forgotten}>
            {t('login.forgotten')}
          </button>
        )}
      </form>
      {offered.length > 0 && (
        <section class="offered" aria-labelledby="offered">
          <h2 id="offered">{t('login.offered')}</h2>
          <ul>
            {offered.map((each) => (
              <li key={each.username}>
                <button type="button" class="button" aria-disabled={isBusy} onClick={() => run(each)}>
                  <Icon name="user" />
                  {each.label}
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  )
}

function Forgotten({ back }: { readonly back: () => void }): JSX.Element {
  const { t, gateway } = useShell()
  const [username, setUsername] = useState('')
  const [isSent, setSent] = useState(false)
  const { isBusy, error, submit } = useAction(async () => {
    await gateway.recoverPassword(username.trim())
    setSent(true)
  })
  return (
    <form class="form" onSubmit={submit}>
      {isSent ? (
        <p class="note" role="status">
          {t('forgotten.sent')}
        </p>
      ) : (
        <>
          <p>{t('forgotten.hint')}</p>
          <label>
            <span>{t('email')}</span>
            <input
              type="email"
              autocomplete="username"
              required
              value={username}
              onInput={({ currentTarget }) => setUsername(currentTarget.value)}
            />
          </label>
          <FormFailure error={error} />
          <button type="submit" class="button primary wide" aria-disabled={isBusy}>
            {t(isBusy ? 'sending' : 'forgotten.do')}
          </button>
        </>
      )}
      <button type="button" class="link" onClick={back}>
        {t('forgotten.back')}
      </button>
    </form>
  )
}
