/** Says that there is nothing to show, and what can be done about it. */
import type { ComponentChildren, JSX } from 'preact'
import { Icon } from './icon.tsx'

interface EmptyProps {
  readonly title: string
  readonly hint?: string | undefined
  readonly children?: ComponentChildren
}

export function Empty({ title, hint, children }: EmptyProps): JSX.Element {
  return (
    <div class="state">
      <Icon name="inbox" />
      <p class="state-title">{title}</p>
      {hint !== undefined && <p class="quiet">{hint}</p>}
      {children}
    </div>
  )
}
