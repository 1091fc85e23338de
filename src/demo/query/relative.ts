/** The operations of the workflow dialect that count days or hours from now. */
import { dateTime } from '../times.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

const day = (time: number): string => dateTime(time).slice(0, 10)

type Work = (now: number, given: number) => string

const WORK: ReadonlyMap<string, Work> = new Map<string, Work>([
  ['less than days ago', (now, days) => `${day(now - days * DAY)},${day(now + DAY)}`],
  ['more than days ago', (now, days) => day(now - (days - 1) * DAY)],
  ['in less than', (now, days) => `${day(now - DAY)},${day(now + (days + 1) * DAY)}`],
  ['in more than', (now, days) => day(now + (days - 1) * DAY)],
  ['days ago', (now, days) => day(now - days * DAY)],
  ['days later', (now, days) => day(now + days * DAY)],
  ['is today', (now) => day(now)],
  ['less than hours before', (now, hours) => `${dateTime(now - hours * HOUR)},${dateTime(now)}`],
  ['less than hours later', (now, hours) => `${dateTime(now)},${dateTime(now + hours * HOUR)}`],
  ['more than hours before', (now, hours) => dateTime(now - hours * HOUR)],
  ['more than hours later', (now, hours) => dateTime(now + hours * HOUR)],
])

/** The value that such an operation compares with; undefined for any other operation. `now` in milliseconds. */
export const relativeDate = (operation: string, value: string, now: number): string | undefined =>
  WORK.get(operation)?.(now, Number.parseFloat(value) || 0)
