/** Valid but dangerous settings, reported at start in one line each. */
import { isIP } from 'node:net'
import type { Rate } from '../model/rate.ts'
import type { Config } from './config.ts'

export type Settings = Pick<
  Config,
  | 'PUBLIC_URL'
  | 'HOST'
  | 'COREBOS_URL'
  | 'LOG_LEVEL'
  | 'REDIS_URL'
  | 'RATE_LIMIT_IP'
  | 'RATE_LIMIT_CONTACT'
  | 'RATE_LIMIT_LOGIN'
>

/** Requests per second above which a limit has no effect. */
const boundless = { RATE_LIMIT_IP: 1000, RATE_LIMIT_CONTACT: 1000, RATE_LIMIT_LOGIN: 10 } as const

export function dangersOf(config: Settings): string[] {
  const { PUBLIC_URL, HOST, COREBOS_URL, LOG_LEVEL, REDIS_URL } = config
  const portal = new URL(PUBLIC_URL)
  const corebos = new URL(COREBOS_URL)
  const isOpen = !isLocal(HOST)
  const dangers: readonly (readonly [boolean, string])[] = [
    [
      isEvery(portal.hostname) || (isOpen && isLocal(portal.hostname)),
      `PUBLIC_URL: clients cannot reach ${PUBLIC_URL}; set it to the address that they use`,
    ],
    [
      portal.protocol === 'http:' && !isLocal(portal.hostname) && !isEvery(portal.hostname),
      `PUBLIC_URL: passwords and tokens travel unencrypted to ${portal.host}; use https`,
    ],
    [
      corebos.protocol === 'http:' && !isLocal(corebos.hostname),
      `COREBOS_URL: passwords and the access key travel unencrypted to ${corebos.host}; use https, or a network of their own`,
    ],
    ...Object.entries(boundless).map(([name, most]): readonly [boolean, string] => {
      // Object.entries widens the names.
      const { max, seconds }: Rate = config[name as keyof typeof boundless]
      return [max / seconds > most, `${name}: ${max} in ${seconds} seconds is no limit`]
    }),
    [REDIS_URL === undefined, 'REDIS_URL: without it sessions exist only in this process and end with it'],
    [LOG_LEVEL === 'silent', 'LOG_LEVEL: silent leaves out the audit lines of writes as well'],
  ]
  return dangers.filter(([is]) => is).map(([, line]) => line)
}

function isLocal(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '')
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'))
}

/** An address to listen on, but not to connect to. */
function isEvery(host: string): boolean {
  return host === '0.0.0.0' || host === '[::]'
}
