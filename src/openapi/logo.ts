/** The name of the project as a picture, for the bar above the documentation. */

/** @param name without characters that have a meaning in XML */
export function logo(name: string): string {
  return (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 40" height="40" width="320">' +
    `<text x="0" y="27" font-family="system-ui, sans-serif" font-size="22" font-weight="600" fill="#fff">${name}</text></svg>`
  )
}
