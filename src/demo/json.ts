/**
 * JSON text as PHP's json_encode writes it: `/` and everything outside ASCII escaped, keys in the order they
 * were set. A Map becomes an object whose number-like keys keep their place, which JavaScript objects do not.
 */
const text = (value: string): string =>
  JSON.stringify(value)
    .replaceAll('/', '\\/')
    .replaceAll(/[\u007f-\uffff]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)

export const encodeJson = (value: unknown): string => {
  if (typeof value === 'string') return text(value)
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return `[${value.map(encodeJson).join(',')}]`
  if (typeof value === 'object') {
    const entries: [unknown, unknown][] = value instanceof Map ? [...value] : Object.entries(value)
    const held = entries.filter(([, entry]) => entry !== undefined)
    return `{${held.map(([key, entry]) => `${text(String(key))}:${encodeJson(entry)}`).join(',')}}`
  }
  return JSON.stringify(value)
}
