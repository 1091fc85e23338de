/** What the values of a status mean to a reader: which colour they have, and whether something is finished. */

export type Tone = 'neutral' | 'info' | 'good' | 'warn' | 'bad'

/** Values of coreBOS in English; the values of other installations are neutral. */
const tones: readonly (readonly [Tone, RegExp])[] = [
  [
    'good',
    /^(closed|paid|completed|resolved|delivered|approved|accepted|in service|active|published|won|closed won)$/i,
  ],
  [
    'warn',
    /^(wait|waiting|on hold|pending|deferred|sent|high|medium|out-of-service|waiting for|in progress$)/i,
  ],
  ['bad', /^(urgent|critical|overdue|rejected|lost|closed lost|cancell?ed|cancel|archived|expired)$/i],
  ['info', /^(open|new|created|autocreated|initiated|planned|prospecting|draft)$/i],
]

export function toneOf(value: string): Tone {
  return tones.find(([, pattern]) => pattern.test(value))?.[0] ?? 'neutral'
}

const finished =
  /^(closed|resolved|done|finished|completed|paid|cancell?ed|cancel|credit invoice|delivered|archived|rejected|closed (won|lost))\b/i

/** Of the values of a picklist, those after which nothing is left to do. */
export function finishedValues(values: readonly { readonly value: string }[] = []): string[] {
  return values.map(({ value }) => value).filter((value) => finished.test(value))
}
