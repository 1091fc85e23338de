/** Reads one environment variable: text in, typed value out, or an error that says what was expected. */
import type { Rate } from '../model/rate.ts'
import { isIP } from 'node:net'
import { Type, type TSchema } from '@sinclair/typebox'
import { TransformDecodeError, Value } from '@sinclair/typebox/value'
import { withoutTrailing } from '../model/without-trailing.ts'

/** Annotations that the schema of a variable may carry besides its description. */
export interface Annotation {
  readonly description: string
  /** As written in the environment. Without a default, the variable is required or optional. */
  readonly default?: string
  /** Never shown: not in the dump, not in an error. */
  readonly secret?: boolean
}

/** Thrown by a reader; the message says what was expected, not what was received. */
class Expected extends Error {}

function variable<T>(annotation: Annotation, read: (text: string) => T) {
  return Type.Transform(Type.String({ ...annotation }))
    .Decode(read)
    .Encode(() => {
      throw new Error('The environment is read, never written')
    })
}

export const text = (annotation: Annotation, minLength = 1) =>
  variable(annotation, (value) => {
    if (value.length < minLength) throw new Expected(`at least ${minLength} characters`)
    return value
  })

export const oneOf = <const T extends string>(annotation: Annotation, ...words: readonly T[]) =>
  variable(annotation, (value) => {
    const word = words.find((candidate) => candidate === value)
    if (word === undefined) throw new Expected(`one of ${words.join(', ')}`)
    return word
  })

export const flag = (annotation: Annotation) =>
  variable(annotation, (value) => {
    if (value !== 'true' && value !== 'false') throw new Expected('true or false')
    return value === 'true'
  })

export const whole = (annotation: Annotation, min: number, max: number) =>
  variable(annotation, (value) => wholeNumber(value, min, max))

function wholeNumber(value: string, min: number, max: number): number {
  const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN
  if (!(number >= min && number <= max)) throw new Expected(`a whole number from ${min} to ${max}`)
  return number
}

const units: Readonly<Record<string, number>> = { '': 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }

/** `16 MiB`, `16MiB` or a bare number of bytes. */
export const bytes = (annotation: Annotation) =>
  variable(annotation, (value) => {
    const [, digits, unit] = /^(\d{1,12}) ?([A-Za-z]*)$/.exec(value) ?? []
    const factor = unit === undefined ? undefined : units[unit]
    const size = Number(digits) * (factor ?? NaN)
    if (!(size >= 1 && size <= 2 ** 31)) {
      throw new Expected('a size in bytes, or with KiB, MiB or GiB, up to 2 GiB')
    }
    return size
  })

/** `600/60`: at most 600 in 60 seconds. */
export const rate = (annotation: Annotation) =>
  variable(annotation, (value): Rate => {
    const [, max, seconds] = /^(\d{1,9})\/(\d{1,6})$/.exec(value) ?? []
    const result = { max: Number(max), seconds: Number(seconds) }
    if (!(result.max >= 1 && result.seconds >= 1)) throw new Expected('MAX/SECONDS, for example 600/60')
    return result
  })

/** An http(s) URL without credentials, query and fragment; returned without a trailing slash. */
export const webAddress = (annotation: Annotation) =>
  variable(annotation, (value) => {
    const url = URL.canParse(value) ? new URL(value) : undefined
    const plain =
      url !== undefined &&
      /^https?:$/.test(url.protocol) &&
      url.username + url.password + url.search + url.hash === ''
    if (!plain) throw new Expected('an http or https URL without user, query and fragment')
    return withoutTrailing(url.href, '/')
  })

const redisSchemes = ['', '-sentinel', '-cluster'].flatMap((kind) => [`redis${kind}:`, `rediss${kind}:`])

export const redisAddress = (annotation: Annotation) =>
  variable(annotation, (value) => {
    if (!redisSchemes.some((scheme) => value.startsWith(`${scheme}//`) && value.length > scheme.length + 2)) {
      throw new Expected(`a URL that begins ${redisSchemes.map((scheme) => `${scheme}//`).join(', ')}`)
    }
    return value
  })

/** A comma-separated list; `read` receives each entry, trimmed. */
export function list<T>(annotation: Annotation, read: (entry: string) => T) {
  return variable(annotation, (value): readonly T[] => value.split(',').map((entry) => read(entry.trim())))
}

export function origin(entry: string): string {
  if (!URL.canParse(entry) || !/^https?:/.test(entry) || new URL(entry).origin !== entry) {
    throw new Expected('origins such as https://portal.example.com, separated by commas')
  }
  return entry
}

/** An address or a CIDR. A hop count or `true` would let any client choose its address. */
export function network(entry: string): string {
  const [address = '', bits, ...more] = entry.split('/')
  const version = isIP(address)
  const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
  if (version === 0 || !fits || more.length > 0) {
    throw new Expected('addresses or CIDRs such as 10.0.0.0/8, separated by commas (no hop counts)')
  }
  return entry
}

export function mediaType(entry: string): string {
  if (!/^[a-z]+\/[a-z0-9.+-]+$/.test(entry)) throw new Expected('media types such as application/pdf')
  return entry
}

/** A language as coreBOS names it. */
export function language(entry: string): string {
  if (!/^[a-z]{2,3}_[a-z]{2}$/.test(entry))
    throw new Expected('languages as coreBOS names them, such as es_es, separated by commas')
  return entry
}

export function sealKey(entry: string): Buffer {
  const key = Buffer.from(entry, 'base64')
  if (key.length !== 32 || key.toString('base64') !== entry) {
    throw new Expected('base64 keys of 32 bytes each, separated by commas')
  }
  return key
}

/** What a variable should contain instead of `value`; undefined if the value is valid. */
export function whatWasExpected(schema: TSchema, value: string): string | undefined {
  try {
    Value.Decode(schema, value)
    return undefined
  } catch (error) {
    if (error instanceof TransformDecodeError && error.error instanceof Expected) return error.error.message
    throw error
  }
}
