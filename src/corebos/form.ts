/** The one encoding that is ever sent to coreBOS: a form in UTF-8, `application/x-www-form-urlencoded`. */
import { GatewayError } from '../errors.ts'

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/** Texts are sent as they are, everything else as compact JSON text. */
export type Params = Readonly<Record<string, Json>>

/** Lone surrogates have no UTF-8, and PHP and MariaDB each make of NUL what they like. */
export function isSendable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

/** @throws GatewayError `INVALID_VALUE` where a text cannot be sent as what it is */
export function encodeForm(params: Params): string {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) form.append(name, encoded(value))
  return form.toString()
}

function encoded(value: Json): string {
  if (typeof value === 'string') return sendable(value)
  // Escaped in the JSON text both would get through here and break, or be changed, in PHP's parser.
  return JSON.stringify(value, (name: string, each: unknown) => {
    sendable(name)
    return typeof each === 'string' ? sendable(each) : each
  })
}

function sendable(text: string): string {
  if (isSendable(text)) return text
  throw new GatewayError('INVALID_VALUE', 'a text holds a character that coreBOS cannot be sent')
}
