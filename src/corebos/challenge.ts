/** A complete challenge, for a client that hashes its password itself. */
import { CorebosRejection } from '../model/corebos-errors.ts'
import { outcomeOf, type Caller } from './caller.ts'
import { object, text, textOrNumber } from './shape.ts'

export interface Challenge {
  /** PHP's `uniqid`: seconds and microseconds in hexadecimal, 8 and 5 digits. */
  readonly token: string
  /** Unix seconds on coreBOS's clock. */
  readonly serverTime: number
  /** Unix seconds; a number if the token is new, a text if it was issued before. */
  readonly expireTime: number | string
}

/** @returns undefined if the name has no access */
export async function requestChallenge(outside: Caller, username: string): Promise<Challenge | undefined> {
  const outcome = await outcomeOf(outside, { operation: 'getchallenge', params: { username } })
  if (outcome.kind === 'rejection') {
    if (outcome.code === 'AUTHENTICATION_REQUIRED') return undefined
    throw new CorebosRejection('getchallenge', outcome.code, outcome.message)
  }
  const { token, serverTime, expireTime } = object(outcome.result, 'challenge')
  return {
    token: text(token, 'challenge'),
    serverTime: Number(textOrNumber(serverTime, 'challenge')),
    expireTime: typeof expireTime === 'number' ? expireTime : text(expireTime, 'challenge'),
  }
}
