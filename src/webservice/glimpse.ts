/**
 * Reads session and operation from the first bytes of a body, before the rest is received. They only decide how much is
 * received: the whole body is parsed again, and its session is looked up then.
 */
import { formParameters, urlencodedPairs, type Parameters } from './php.ts'

const names = ['sessionName', 'operation', 'elementType'] as const

export function glimpse(contentType: string, start: Buffer): Parameters {
  if (/^multipart\/form-data\b/i.test(contentType)) return found(start, inParts)
  if (isForm(contentType)) return inForm(start)
  return found(start, inJson)
}

export function isForm(contentType: string): boolean {
  return /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(contentType)
}

const inParts = (name: string) =>
  new RegExp(`; name="?${name}"?\\r\\n(?:[^\\r\\n]{1,200}\\r\\n)?\\r\\n([^\\r\\n]{0,200})\\r\\n`)
const inJson = (name: string) => new RegExp(`[{,]\\s*"${name}"\\s*:\\s*"([^"\\\\]{0,200})"`)

function found(start: Buffer, pattern: (name: string) => RegExp): Parameters {
  const text = start.toString('latin1')
  return new Map(
    names.flatMap((name) => {
      const value = pattern(name).exec(text)?.[1]
      return value === undefined ? [] : [[name, value] as const]
    }),
  )
}

/** The pairs that have arrived whole. */
function inForm(start: Buffer): Parameters {
  try {
    return formParameters([], urlencodedPairs(start.subarray(0, Math.max(0, start.lastIndexOf(0x26)))))
  } catch {
    return new Map()
  }
}
