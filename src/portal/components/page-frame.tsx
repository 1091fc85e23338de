/** The frame of one page: its title in the tab and as heading, which takes the focus when the page changes. */
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { useShell } from '../context.ts'
import { Icon } from './icon.tsx'

interface PageFrameProps {
  readonly title: string
  /** Beside the title. */
  readonly badge?: ComponentChildren
  /** Buttons at the end of the line of the title. */
  readonly actions?: ComponentChildren
  readonly back?: { readonly href: string; readonly label: string } | undefined
  readonly children: ComponentChildren
}

/** The first page after a log-in or a reload leaves the focus where the browser put it. */
let hasNavigated = false

export function PageFrame({ title, badge, actions, back, children }: PageFrameProps): JSX.Element {
  const { portalName, announce } = useShell()
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = title === '' ? portalName : `${title} – ${portalName}`
  }, [title, portalName])
  // Before the page is drawn: a reader never has a page without the focus.
  useLayoutEffect(() => {
    if (hasNavigated) heading.current?.focus({ preventScroll: true })
    if (hasNavigated) scrollTo(0, 0)
    hasNavigated = true
  }, [])
  useEffect(() => {
    if (title !== '') announce(title)
  }, [title, announce])
  return (
    <div class="page">
      {back !== undefined && (
        <a class="back" href={back.href}>
          <Icon name="back" />
          {back.label}
        </a>
      )}
      <header class="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {badge}
        {actions !== undefined && <div class="page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  )
}
