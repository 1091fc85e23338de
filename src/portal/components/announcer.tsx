/** A text that screen readers read aloud when it changes. */
import type { JSX } from 'preact'

export function Announcer({ text }: { readonly text: string }): JSX.Element {
  return (
    <div class="for-readers" role="status" aria-live="polite">
      {text}
    </div>
  )
}
