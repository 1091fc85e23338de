/** Times as coreBOS writes them; the database works in UTC. */

/** `2026-11-24 06:38:58` */
export const dateTime = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ')

/** `2026-11-24` */
export const day = (milliseconds: number): string => dateTime(milliseconds).slice(0, 10)

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

const ordinal = (number: number): string => {
  if (number % 100 > 10 && number % 100 < 14) return `${number}th`
  return `${number}${['th', 'st', 'nd', 'rd'][number % 10] ?? 'th'}`
}

/** `Tuesday 24th November 2026 07:02:45 AM`, as a ticket's update history has it. */
export const longTime = (milliseconds: number): string => {
  const at = new Date(milliseconds)
  const two = (number: number): string => String(number).padStart(2, '0')
  const hour = at.getUTCHours() % 12 || 12
  const clock = `${two(hour)}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} ${at.getUTCHours() < 12 ? 'AM' : 'PM'}`
  const date = `${ordinal(at.getUTCDate())} ${MONTHS[at.getUTCMonth()] ?? ''} ${at.getUTCFullYear()}`
  return `${DAYS[at.getUTCDay()] ?? ''} ${date} ${clock}`
}

/** The folder of a file stored at this time: `2026/November/week4`. */
export const storageFolder = (milliseconds: number): string => {
  const at = new Date(milliseconds)
  const week = Math.ceil(at.getUTCDate() / 7)
  return `${at.getUTCFullYear()}/${MONTHS[at.getUTCMonth()] ?? ''}/week${week}`
}
