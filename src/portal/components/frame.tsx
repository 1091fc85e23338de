/** The frame around every page: header, menu (at the side, or at the bottom of a phone), skip link. */
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { useAccount, useShell } from '../context.ts'
import { hrefTo, navigate, slugOf, type Route } from '../router.ts'
import { textOf } from '../texts/index.ts'
import { ConnectionBar } from './connection-bar.tsx'
import { Icon, iconOf, type IconName } from './icon.tsx'
import { LanguageChoice } from './language-choice.tsx'
import { useModuleName } from './module-name.ts'

interface Entry {
  readonly href: string
  readonly label: string
  readonly icon: IconName
  readonly slug: string
}

/** Entries at the bottom of a phone, beside the button of the whole menu. */
const mostAtBottom = 4

function useEntries(): readonly Entry[] {
  const { t } = useShell()
  const { catalogue } = useAccount()
  const nameOf = useModuleName()
  return [
    { href: '#/', label: t('home'), icon: 'home', slug: '' },
    ...catalogue.entries.map((module) => ({
      href: hrefTo([slugOf(module.name)]),
      label: nameOf(module),
      icon: iconOf(module.name),
      slug: slugOf(module.name),
    })),
  ]
}

function Links({
  entries,
  current,
}: {
  readonly entries: readonly Entry[]
  readonly current: string
}): JSX.Element {
  return (
    <ul>
      {entries.map(({ href, label, icon, slug }) => (
        <li key={slug}>
          <a href={href} aria-current={slug === current ? 'page' : undefined}>
            <Icon name={icon} />
            <span>{label}</span>
          </a>
        </li>
      ))}
    </ul>
  )
}

function OwnLinks(): JSX.Element | null {
  const { settings, language } = useShell()
  if (settings.links === undefined || settings.links.length === 0) return null
  return (
    <ul class="own-links">
      {settings.links.map(({ label, url }) => (
        <li key={url}>
          <a href={url} rel="noopener noreferrer">
            <Icon name="link" />
            <span>{textOf(label, language)}</span>
          </a>
        </li>
      ))}
    </ul>
  )
}

export function Brand(): JSX.Element {
  const { settings, portalName } = useShell()
  return (
    <a class="brand" href="#/">
      {settings.logo !== null && <img src={settings.logo} alt="" />}
      <span>{portalName}</span>
    </a>
  )
}

function SearchBox({ route }: { readonly route: Route }): JSX.Element {
  const { t } = useShell()
  const isSearch = route.path[0] === 'search'
  const asked = isSearch ? (route.query.get('q') ?? '') : ''
  const [text, setText] = useState(asked)
  useEffect(() => setText(asked), [asked])
  return (
    <form
      class="search-box"
      role="search"
      onSubmit={(event) => {
        event.preventDefault()
        if (text.trim() !== '') navigate(hrefTo(['search'], { q: text.trim() }))
      }}
    >
      <Icon name="search" />
      <input
        type="search"
        aria-label={t('search.all')}
        placeholder={t('search.all')}
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
    </form>
  )
}

function Person(): JSX.Element {
  const { t } = useShell()
  const { me } = useAccount()
  const name = me.contact.name ?? me.contact.email ?? t('profile')
  return (
    <a class="person" href="#/profile">
      <span class="avatar" aria-hidden="true">
        {name.slice(0, 1).toUpperCase()}
      </span>
      <span class="person-name">
        {name}
        {me.account?.name != null && <small>{me.account.name}</small>}
      </span>
    </a>
  )
}

function useMenu(route: Route) {
  const dialog = useRef<HTMLDialogElement>(null)
  const page = route.path.join('/')
  useEffect(() => dialog.current?.close(), [page])
  return dialog
}

export function Frame({
  route,
  children,
}: {
  readonly route: Route
  readonly children: ComponentChildren
}): JSX.Element {
  const { t } = useShell()
  const { logOut } = useAccount()
  const entries = useEntries()
  const menu = useMenu(route)
  const current = route.path[0] ?? ''
  const leave = (
    <button type="button" class="menu-button" onClick={() => void logOut()}>
      <Icon name="out" />
      <span>{t('logout')}</span>
    </button>
  )
  return (
    <div class="frame">
      <a class="skip" href="#main" onClick={skip}>
        {t('skip')}
      </a>
      <header class="top">
        <Brand />
        <SearchBox route={route} />
        <Person />
      </header>
      <nav class="side" aria-label={t('menu')}>
        <div class="menu-links">
          <Links entries={entries} current={current} />
          <OwnLinks />
        </div>
        <div class="side-end">
          <LanguageChoice />
          {leave}
        </div>
      </nav>
      <main id="main" tabIndex={-1}>
        <ConnectionBar />
        {children}
      </main>
      <nav class="bottom" aria-label={t('menu.short')}>
        <Links entries={entries.slice(0, mostAtBottom)} current={current} />
        <button type="button" aria-haspopup="dialog" onClick={() => menu.current?.showModal()}>
          <Icon name="menu" />
          <span>{t('menu')}</span>
        </button>
      </nav>
      <dialog ref={menu} class="drawer" aria-label={t('menu')}>
        <button
          type="button"
          class="icon-button"
          aria-label={t('close')}
          onClick={() => menu.current?.close()}
        >
          <Icon name="close" />
        </button>
        <nav class="menu-links" aria-label={t('menu')}>
          <Links entries={entries} current={current} />
          <OwnLinks />
        </nav>
        <div class="side-end">
          <LanguageChoice />
          {leave}
        </div>
      </dialog>
    </div>
  )
}

/** The part behind `#` is the address of a page, so the browser cannot follow the skip link itself. */
function skip(event: Event): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}
