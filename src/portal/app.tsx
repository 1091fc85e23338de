/** The whole portal: who is logged in, which language, which page; and what happens when a session begins or ends. */
import type { JSX } from 'preact'
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { sessionEnded, type Gateway, type Login } from '../client/index.ts'
import { textOn, readable } from './color.ts'
import { Announcer } from './components/announcer.tsx'
import { Failure } from './components/failure.tsx'
import { Frame } from './components/frame.tsx'
import { Notices, useNotices } from './components/notices.tsx'
import { Skeleton } from './components/skeleton.tsx'
import { AccountContext, ShellContext, type Account, type Shell } from './context.ts'
import { forgetAllDrafts, openAllDrafts } from './draft.ts'
import { formatFor } from './format.ts'
import { speak } from './gateway.ts'
import { Catalogue } from './metadata.ts'
import { LoginPage } from './pages/login.tsx'
import { Page } from './pages.tsx'
import { useRoute } from './router.ts'
import { readLanguage, writeLanguage } from './storage.ts'
import { labelsFor } from './texts/labels.ts'
import { countsFor, languageFor, localeFor, textsFor, type Language } from './texts/index.ts'
import type { KnownLogin, LoginReason, Me, ModuleSummary, Settings } from './types.ts'

interface AppProps {
  readonly settings: Settings
  readonly gateway: Gateway
}

type State =
  | { readonly is: 'starting' }
  | { readonly is: 'failed'; readonly error: unknown }
  | { readonly is: 'login'; readonly reason: LoginReason; readonly known?: KnownLogin }
  | { readonly is: 'in'; readonly me: Me; readonly modules: readonly ModuleSummary[] }

/** Tells the other tabs which contact has logged in, or that it logs out: they all share one cookie. */
const tabs = new BroadcastChannel('corebos-portal')
const loggingOut = ''

async function readAccount(gateway: Gateway): Promise<State> {
  const [me, { modules }] = await Promise.all([
    gateway.json<Me>({ path: '/me' }),
    gateway.json<{ modules: readonly ModuleSummary[] }>({ path: '/modules' }),
  ])
  openAllDrafts(me.contact.id)
  return { is: 'in', me, modules }
}

function knownLogin(
  { contact: { id, email, entity } }: Me,
  last: { readonly contactId: string; readonly username: string } | undefined,
): KnownLogin {
  const username = last?.contactId === id ? last.username : (email ?? '')
  return { username, isEmployee: entity === 'Employee' }
}

function useSession(gateway: Gateway, settings: Settings) {
  const [state, setState] = useState<State>({ is: 'starting' })
  const current = useRef(state)
  current.current = state
  const isLeaving = useRef(false)
  /** The name with which the contact has logged in on this page. */
  const lastLogin = useRef<{ readonly contactId: string; readonly username: string } | undefined>(undefined)

  const start = useCallback(async () => {
    try {
      const isIn = await gateway.isLoggedIn()
      setState(isIn ? await readAccount(gateway) : { is: 'login', reason: 'new' })
    } catch (error) {
      // After a session that has ended the log-in page is shown already.
      setState((now) => (now.is === 'login' ? now : { is: 'failed', error }))
    }
  }, [gateway])

  useEffect(() => {
    const ended = (): void => {
      const before = current.current
      const known =
        before.is === 'in' && !isLeaving.current ? knownLogin(before.me, lastLogin.current) : undefined
      if (isLeaving.current) forgetAllDrafts()
      setState({
        is: 'login',
        reason: isLeaving.current ? 'out' : 'ended',
        ...(known !== undefined && { known }),
      })
      isLeaving.current = false
    }
    const other = ({ data }: MessageEvent<unknown>): void => {
      if (data === loggingOut) {
        isLeaving.current = true
        return
      }
      const before = current.current
      // Pages of one contact must not show records of another.
      if (before.is === 'in' && data !== before.me.contact.id) location.reload()
      else if (before.is === 'login') void start()
    }
    gateway.addEventListener(sessionEnded, ended)
    tabs.addEventListener('message', other)
    void start()
    return () => {
      gateway.removeEventListener(sessionEnded, ended)
      tabs.removeEventListener('message', other)
    }
  }, [gateway, start])

  const entered = useCallback(
    async (contactId: string, { username }: Login) => {
      lastLogin.current = { contactId, username }
      if (settings.login.cookies) tabs.postMessage(contactId)
      setState({ is: 'starting' })
      await start()
    },
    [settings, start],
  )
  const logOut = useCallback(async () => {
    isLeaving.current = true
    if (settings.login.cookies) tabs.postMessage(loggingOut)
    try {
      await gateway.logout()
    } finally {
      isLeaving.current = false
    }
  }, [gateway, settings])
  return { state, start, entered, logOut }
}

function useShellValue({ settings, gateway }: AppProps) {
  const [language, setLanguage] = useState<Language>(() => languageFor(readLanguage(), navigator.languages))
  const notices = useNotices()
  const [announced, announce] = useState('')
  // Before the first request of the pages below.
  speak(language)
  const portalName = settings.name ?? textsFor(language)('portal')
  const shell = useMemo<Shell>(
    () => ({
      settings,
      gateway,
      language,
      setLanguage: (next) => {
        writeLanguage(next)
        setLanguage(next)
      },
      t: textsFor(language),
      count: countsFor(language),
      format: formatFor(localeFor(language, navigator.languages)),
      notify: notices.notify,
      announce,
      portalName,
    }),
    [settings, gateway, language, notices.notify, portalName],
  )
  useEffect(() => {
    document.documentElement.lang = language
  }, [language])
  return { shell, notices, announced }
}

/** The accent colour of the settings file, made readable on the light and the dark page. */
function useAccent(accent: string | undefined): void {
  useEffect(() => {
    if (accent === undefined) return
    const { style } = document.documentElement
    const solid = readable(accent, '#ffffff')
    style.setProperty('--accent-light', solid)
    style.setProperty('--on-accent-light', textOn(solid))
    const onDark = readable(accent, '#161a22', 5.5)
    style.setProperty('--accent-dark', onDark)
    style.setProperty('--on-accent-dark', textOn(onDark))
  }, [accent])
}

export function App(props: AppProps): JSX.Element {
  const { shell, notices, announced } = useShellValue(props)
  const { state, start, entered, logOut } = useSession(props.gateway, props.settings)
  const route = useRoute()
  useAccent(props.settings.colors?.accent)
  const account = useMemo<Account | undefined>(
    () =>
      state.is === 'in'
        ? {
            me: state.me,
            // Another language has other labels.
            catalogue: new Catalogue(props.gateway, state.modules, state.me, {
              chosen: props.settings.modules,
              labelIn: labelsFor(shell.language),
            }),
            logOut,
          }
        : undefined,
    [state, logOut, props.gateway, props.settings, shell.language],
  )
  return (
    <ShellContext.Provider value={shell}>
      {state.is === 'login' && <LoginPage reason={state.reason} known={state.known} entered={entered} />}
      {state.is === 'starting' && (
        <main class="starting">
          <Skeleton />
        </main>
      )}
      {state.is === 'failed' && (
        <main class="starting">
          <Failure error={state.error} retry={() => void start()} />
        </main>
      )}
      {account !== undefined && (
        <AccountContext.Provider value={account}>
          <Frame route={route}>
            <Page route={route} />
          </Frame>
        </AccountContext.Provider>
      )}
      <Notices {...notices} />
      <Announcer text={announced} />
    </ShellContext.Provider>
  )
}
