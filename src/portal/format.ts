/** Writes dates, numbers, amounts and sizes as the language and region of the browser do. */

export interface Format {
  readonly locale: string
  date(value: string): string
  dateTime(value: string): string
  /** Of the form `08:30`, with or without seconds. */
  time(value: string): string
  /** "3 minutes ago". */
  ago(value: string, now: number): string
  number(value: number, decimals?: number): string
  money(value: number, currency: string | undefined): string
  percent(value: number): string
  bytes(value: number): string
  list(values: readonly string[]): string
}

const unitSeconds = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

const byteUnits = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const

/** What is not a date or number stays the text that it is. */
const orText = (value: string | number, write: () => string): string => {
  try {
    return write()
  } catch {
    return String(value)
  }
}

export function formatFor(locale: string): Format {
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' })
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'short', timeZone: 'UTC' })
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  const number = (value: number, options: Intl.NumberFormatOptions): string =>
    new Intl.NumberFormat(locale, options).format(value)
  return {
    locale,
    // A date has no time zone: it is the same day for every reader.
    date: (value) => orText(value, () => day.format(new Date(`${value}T00:00:00Z`))),
    time: (value) => orText(value, () => clock.format(new Date(`1970-01-01T${value}Z`))),
    dateTime: (value) => orText(value, () => moment.format(new Date(value))),
    ago: (value, now) =>
      orText(value, () => {
        const seconds = (new Date(value).getTime() - now) / 1000
        for (const [unit, length] of unitSeconds)
          if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit)
        return relative.format(0, 'minute')
      }),
    number: (value, decimals) => number(value, { maximumFractionDigits: decimals ?? 6 }),
    money: (value, currency) =>
      orText(value, () =>
        currency === undefined
          ? number(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 })
          : number(value, { style: 'currency', currency }),
      ),
    percent: (value) => number(value / 100, { style: 'percent', maximumFractionDigits: 2 }),
    bytes: (value) => {
      const power = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), byteUnits.length - 1)
      // Never more than there is: the size is also a limit.
      return number(Math.floor((value / 1000 ** power) * 10) / 10, {
        style: 'unit',
        unit: byteUnits[power] ?? 'byte',
        unitDisplay: power === 0 ? 'long' : 'short',
        maximumFractionDigits: power === 0 ? 0 : 1,
      })
    },
    list: (values) => new Intl.ListFormat(locale).format(values),
  }
}
