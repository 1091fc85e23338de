/** Shortens the quotations of a request in error messages. */

/** Quoted characters. */
const mostQuoted = 100
/** Characters in total; no message without quotation is as long. */
const mostInAll = 1000

/**
 * A message with its quotation cut. The quoted text may contain quotes, so everything from the first quote to the last
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

/** A name that the caller has chosen. */
export function shortenedName(name: string): string {
  return name.length > mostQuoted ? head(name) : name
}
