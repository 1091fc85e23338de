/** Keeps what an error message quotes of a request short. */

/** Characters of what was received. */
const mostQuoted = 100
/** Characters in all; no message of the gateway's own words is as long. */
const mostInAll = 1000

/**
 * A message whose quoted text is cut. The text may hold quotes itself, so that all from the first quote to the last
 * counts as quoted.
 */
export function shortened(message: string): string {
  const first = message.indexOf("'")
  const last = message.lastIndexOf("'")
  const isLong = last - first > 2 * mostQuoted
  const cut = isLong
    ? `${message.slice(0, first + 1)}${head(message.slice(first + 1, last))}${message.slice(last)}`
    : message
  return cut.length > mostInAll ? `${cut.slice(0, mostQuoted)}…` : cut
}

function head(text: string): string {
  return `${text.slice(0, mostQuoted)}…`
}

/** A name of the caller's own choice. */
export function shortenedName(name: string): string {
  return name.length > mostQuoted ? head(name) : name
}
