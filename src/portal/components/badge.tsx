/** A status with the colour of its meaning; the text says the same. */
import type { JSX } from 'preact'
import { toneOf } from '../meaning.ts'

export function Badge({
  value,
  label = value,
}: {
  readonly value: string
  readonly label?: string
}): JSX.Element {
  return <span class={`badge ${toneOf(value)}`}>{label}</span>
}
