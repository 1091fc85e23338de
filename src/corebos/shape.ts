/** Checks values from coreBOS: a value without the recorded shape is an error, never a guess. */
import { GatewayError } from '../model/errors.ts'
import { isObject } from '../model/is-object.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** @returns undefined if it is not JSON in UTF-8 */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(body))
  } catch {
    return undefined
  }
}

export { isObject } from '../model/is-object.ts'

function misshapen(what: string): GatewayError {
  return new GatewayError('COREBOS_FAILED', `coreBOS answered with a ${what} of an unexpected shape`)
}

/** @throws GatewayError `COREBOS_FAILED`, like the other functions here */
export function object(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value
  throw misshapen(what)
}

export function array(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw misshapen(what)
}

export function text(value: unknown, what: string): string {
  if (typeof value === 'string') return value
  throw misshapen(what)
}

export function flag(value: unknown, what: string): boolean {
  if (typeof value === 'boolean') return value
  throw misshapen(what)
}

export function texts(value: unknown, what: string): readonly string[] {
  return array(value, what).map((each) => text(each, what))
}

/** For values, ids among them, that coreBOS writes as text or as number. */
export function textOrNumber(value: unknown, what: string): string {
  return typeof value === 'number' ? String(value) : text(value, what)
}

/** One row: every value is a text, possibly empty. */
export function row(value: unknown, what: string): Readonly<Record<string, string>> {
  const given = object(value, what)
  if (isRow(given)) return given
  throw misshapen(what)
}

function isRow(given: Readonly<Record<string, unknown>>): given is Readonly<Record<string, string>> {
  for (const name in given) if (typeof given[name] !== 'string') return false
  return true
}
