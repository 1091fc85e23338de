/** Files of the gateway in the browser: saved to the disk, or shown on the page. */

/** Saves bytes under a name. */
export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser has begun to read by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

/** Types that a browser shows without running anything in them. */
const shownTypes = new Map([
  ['png', 'image/png'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['gif', 'image/gif'],
  ['webp', 'image/webp'],
  ['pdf', 'application/pdf'],
])

/** The type to show a file as, by the ending of its name; undefined where it is not shown. */
export function shownTypeOf(name: string): string | undefined {
  return shownTypes.get(name.slice(name.lastIndexOf('.') + 1).toLowerCase())
}
