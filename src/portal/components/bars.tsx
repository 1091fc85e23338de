/** Numbers by value as bars: a list for screen readers, a small chart for the eye. */
import type { JSX } from 'preact'
import { useShell } from '../context.ts'
import { toneOf } from '../meaning.ts'

export interface Bar {
  readonly value: string
  readonly label: string
  readonly count: number
  readonly href?: string
}

export function Bars({ bars }: { readonly bars: readonly Bar[] }): JSX.Element {
  const { format } = useShell()
  const most = Math.max(1, ...bars.map(({ count }) => count))
  return (
    <ul class="bars">
      {bars.map(({ value, label, count, href }) => (
        <li key={value}>
          <span class="bar-label">{href === undefined ? label : <a href={href}>{label}</a>}</span>
          <span class="bar-track" aria-hidden="true">
            <span class={`bar ${toneOf(value)}`} style={{ width: `${(100 * count) / most}%` }} />
          </span>
          <span class="bar-count">{format.number(count)}</span>
        </li>
      ))}
    </ul>
  )
}
