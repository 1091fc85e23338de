/** The address of a client: as proxies forward it, and the networks that it is counted by. */
import type { IncomingMessage, Server } from 'node:http'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * An address in its usual form, without port, brackets and zone.
 *
 * @returns undefined if the text is not an address: `unknown`, `_hidden`, a name
 */
export function readAddress(text: string): string | undefined {
  const [, bracketed, withPort, plain] =
    /^(?:\[([^\]]*)\](?::\d{1,5})?|(\d[\d.]*):\d{1,5}|(.*))$/.exec(text.trim()) ?? []
  const [address = ''] = (bracketed ?? withPort ?? plain ?? '').split('%')
  const version = isIP(address)
  if (version === 0 || (bracketed !== undefined && version !== 6)) return undefined
  // `::ffff:192.0.2.1` is 192.0.2.1.
  return ipaddr.process(address).toString()
}

/**
 * The entries of `X-Forwarded-For` that can be believed: from the right, up to the first that is not an address. The
 * proxy that sent such an entry then counts as the client.
 *
 * @returns undefined where none is left
 */
export function believableEntries(header: string): string | undefined {
  const entries = header
    .split(',')
    .filter((entry) => entry.trim() !== '')
    .map(readAddress)
  const wrong = entries.lastIndexOf(undefined)
  const believed = entries.slice(wrong + 1)
  return believed.length === 0 ? undefined : believed.join(', ')
}

export interface Network {
  readonly name: string
  /** How many times the limit of one address it has. */
  readonly share: number
}

/** Bits of an IPv6 prefix, and its share: one site often has a whole /48, and 65,536 /64s in it. */
const prefixes = [
  [64, 1],
  [56, 4],
  [48, 16],
] as const

/** The networks that a client is counted by, the narrowest first. IPv4 addresses are counted alone. */
export function networksOf(address: string): readonly [Network, ...Network[]] {
  const known = readAddress(address)
  // The socket of a client that has left has no address.
  if (known === undefined) return [{ name: 'unknown', share: 1 }]
  const parsed = ipaddr.parse(known)
  if (!(parsed instanceof ipaddr.IPv6)) return [{ name: known, share: 1 }]
  const [first, ...wider] = prefixes.map(([bits, share]) => ({ name: prefixOf(parsed, bits), share }))
  return first === undefined ? [{ name: known, share: 1 }] : [first, ...wider]
}

function prefixOf({ parts }: ipaddr.IPv6, bits: number): string {
  const groups = parts.map((part, index) => {
    const kept = Math.min(16, Math.max(0, bits - 16 * index))
    return part & (0xffff << (16 - kept)) & 0xffff
  })
  return `${new ipaddr.IPv6(groups).toString()}/${bits}`
}

/** Runs before Fastify, so that Fastify reads a valid client address. */
export function believeAddressesAlone(server: Server): void {
  server.prependListener('request', ({ headers }: IncomingMessage) => {
    const header = headers['x-forwarded-for']
    if (header === undefined) return
    const believed = believableEntries(String(header))
    if (believed === undefined) delete headers['x-forwarded-for']
    else headers['x-forwarded-for'] = believed
  })
}
