/** The only encoding of calls to coreBOS: a form in UTF-8, `application/x-www-form-urlencoded`. */
import { GatewayError } from '../model/errors.ts'
import { FormFile } from '../model/form-file.ts'

export type Json =
  string | number | boolean | null | FormFile | readonly Json[] | { readonly [name: string]: Json }

/** Texts are sent unchanged, everything else as compact JSON, in which a file is its base64 text. */
export type Params = Readonly<Record<string, Json>>

/** Lone surrogates cannot be encoded in UTF-8, and PHP and MariaDB treat NUL differently. */
export function isSendable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

/** @throws GatewayError `INVALID_VALUE` if a text cannot be sent unchanged */
export function encodeForm(params: Params): string {
  return formPieces(params).join('')
}

/** The form in pieces, without copying those of files. @throws GatewayError as {@link encodeForm} */
export function formPieces(params: Params): readonly (string | Buffer)[] {
  const pieces: (string | Buffer)[] = []
  let text = ''
  for (const [name, value] of Object.entries(params)) {
    text += `${text === '' && pieces.length === 0 ? '' : '&'}${escaped(name)}=`
    if (typeof value === 'string') {
      text += escaped(sendable(value))
      continue
    }
    const files: FormFile[] = []
    const [before = '', ...others] = json(value, files).split(placeholder)
    text += escaped(before)
    for (const [index, after] of others.entries()) {
      pieces.push(`${text}${quote}`, ...(files[index]?.pieces ?? []))
      text = `${quote}${escaped(after)}`
    }
  }
  return [...pieces, text]
}

const quote = '%22'

/** Text of a caller never contains this in JSON, because NUL is rejected. */
const placeholder = JSON.stringify('\0')

function json(value: Json, files: FormFile[]): string {
  // JSON would escape both, so they would pass here and break, or be changed, in PHP's parser.
  return JSON.stringify(value, (name: string, each: unknown) => {
    sendable(name)
    if (each instanceof FormFile) {
      files.push(each)
      return '\0'
    }
    return typeof each === 'string' ? sendable(each) : each
  })
}

function escaped(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}

function sendable(text: string): string {
  if (isSendable(text)) return text
  throw new GatewayError('INVALID_VALUE', 'a text contains a character that cannot be sent to coreBOS')
}
