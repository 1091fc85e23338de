/** Entity tags (RFC 9110, 8.8.3) of answers as one contact sees them, and the conditions that requests make of them. */
import { createHmac, hkdfSync } from 'node:crypto'
import { GatewayError } from '../model/errors.ts'

export class EntityTags {
  readonly #keys: readonly Buffer[]

  /** @param secrets the first makes tags, all are recognised; without one a tag reveals nothing */
  constructor(secrets: readonly Buffer[]) {
    this.#keys = secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', 'entity tags', 32)))
  }

  of(answer: unknown, contactId: string): string {
    return this.#all(answer, contactId)[0] ?? ''
  }

  /**
   * All tags of an answer that is written as JSON already; {@link of} has the first.
   *
   * @param language of the labels in it; two languages are two representations, also where no label differs
   */
  ofJson(json: string | Buffer, contactId: string, language: string | undefined): readonly string[] {
    const [before, after] = language === undefined ? ['', ''] : [`[${JSON.stringify(language)},`, ']']
    return this.#keys.map((key) => tagOf(key, [`[${JSON.stringify(contactId)},${before}`, json, `${after}]`]))
  }

  /**
   * For writing.
   *
   * @throws GatewayError `PRECONDITION_FAILED`
   */
  require(conditions: Conditions, answer: unknown, contactId: string): void {
    const { 'if-match': match, 'if-none-match': noneMatch } = conditions
    const tags = this.#all(answer, contactId)
    const holds =
      (match === undefined || isAmong(tags, match, exactly)) &&
      (noneMatch === undefined || !isAmong(tags, noneMatch, weakly))
    if (!holds) throw new GatewayError('PRECONDITION_FAILED')
  }

  #all(answer: unknown, contactId: string): string[] {
    const text = JSON.stringify([contactId, answer])
    return this.#keys.map((key) => tagOf(key, [text]))
  }
}

export interface Conditions {
  readonly 'if-match'?: string | undefined
  readonly 'if-none-match'?: string | undefined
}

/** A compressed answer has a tag of its own ({@link encodedTag}), and is the same answer to a condition. */
const exactly = (tag: string): string => tag.replace(/^"([\w-]{43})-(?:br|gzip)"$/, '"$1"')
/** Proxies that compress an answer make its tag a weak one. */
const weakly = (tag: string): string => exactly(tag.replace(/^W\//, ''))

/** The tag of an answer in a content coding; representations that differ in bytes differ in strong tags. */
export function encodedTag(tag: string, coding: string): string {
  return tag.startsWith('W/') ? tag : tag.replace(/"$/, `-${coding}"`)
}

function isAmong(tags: readonly string[], condition: string, form: (tag: string) => string): boolean {
  if (condition.trim() === '*') return true
  const given = condition.split(',').map((each) => form(each.trim()))
  return tags.some((tag) => given.includes(tag))
}

/** For reading: whether the caller has the answer with these tags already. @param condition `If-None-Match` */
export function isKnownBy(condition: string | undefined, tags: readonly string[]): boolean {
  return condition !== undefined && isAmong(tags, condition, weakly)
}

function tagOf(key: Buffer, pieces: readonly (string | Buffer)[]): string {
  const hmac = createHmac('sha256', key)
  for (const piece of pieces) hmac.update(piece)
  return `"${hmac.digest('base64url')}"`
}
