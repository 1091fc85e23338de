/**
 * JSON text as PHP's json_encode writes it: `/` and everything outside ASCII escaped, keys in the order they
 * were set. A Map becomes an object whose number-like keys keep their place, which JavaScript objects do not.
 */
const text = (value: string): string =>
  // Most texts need no escape, and a page of records has thousands of them.
  escaped.test(value)
    ? JSON.stringify(value)
        .replaceAll('/', '\\/')
        .replaceAll(/[\u007f-\uffff]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : `"${value}"`

// eslint-disable-next-line no-control-regex -- JSON escapes control characters
const escaped = /[\u0000-\u001f"/\\\u007f-\uffff]/

const object = (entries: readonly (readonly [unknown, unknown])[]): string => {
  let members = ''
  for (const [key, entry] of entries)
    if (entry !== undefined)
      members += `${members === '' ? '' : ','}${text(String(key))}:${encodeJson(entry)}`
  return `{${members}}`
}

export const encodeJson = (value: unknown): string => {
  if (typeof value === 'string') return text(value)
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return `[${value.map(encodeJson).join(',')}]`
  if (typeof value === 'object') return object(value instanceof Map ? [...value] : Object.entries(value))
  return JSON.stringify(value)
}
