/** Where Redis is, read off its URL alone: one server, Sentinel or Cluster, with or without TLS. */
import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'

export interface Address {
  readonly kind: 'redis' | 'sentinel' | 'cluster'
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  readonly master: string
  readonly db: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly sentinelPassword: string | undefined
  readonly tls: ConnectionOptions | undefined
}

const form =
  /^redis(s?)(?:-(sentinel|cluster))?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/?#@]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/

/**
 * Reads `redis://`, `rediss://`, `redis-sentinel://host:port,host:port/name`, `redis-cluster://host:port,host:port`, the
 * last two with TLS as `rediss-…`; `user:password@` before the hosts, `/db` after one host or after a Sentinel's name;
 * `?ca=FILE` names the PEM file of an authority of one's own, `?sentinelPassword=` what Sentinels ask for.
 *
 * @throws Error with one line that does not quote the URL
 */
export function readAddress(url: string): Address {
  const parts = form.exec(url)
  if (parts === null) throw new Error('REDIS_URL: not a Redis URL')
  const [, secure, variant, username, password, hosts = '', path = '', query = ''] = parts
  const kind = variant === 'sentinel' || variant === 'cluster' ? variant : 'redis'
  const nodes = hosts.split(',').map((text) => readNode(text, kind === 'sentinel' ? 26379 : 6379))
  if (kind === 'redis' && nodes.length > 1)
    throw new Error('REDIS_URL: several hosts need redis-sentinel:// or redis-cluster://')

  const [first = '', second = ''] = path.split('/').map(decodeURIComponent)
  const db = kind === 'sentinel' ? second : first
  if (!/^\d{0,3}$/.test(db)) throw new Error('REDIS_URL: the database must be a number')
  if (kind === 'cluster' && db !== '' && db !== '0')
    throw new Error('REDIS_URL: a cluster has only database 0')
  if (kind === 'sentinel' && first === '')
    throw new Error('REDIS_URL: redis-sentinel:// needs the name of the master after the hosts')

  const options = new URLSearchParams(query)
  const unknown = [...options.keys()].find((name) => name !== 'ca' && name !== 'sentinelPassword')
  if (unknown !== undefined) throw new Error(`REDIS_URL: there is no option ${JSON.stringify(unknown)}`)
  const ca = options.get('ca')
  if (ca !== null && secure === '') throw new Error('REDIS_URL: the option "ca" needs a rediss URL')
  return {
    kind,
    nodes,
    master: first,
    db: Number(db),
    username: username === undefined || username === '' ? undefined : decodeURIComponent(username),
    password: password === undefined ? undefined : decodeURIComponent(password),
    sentinelPassword: options.get('sentinelPassword') ?? undefined,
    tls: secure === '' ? undefined : ca === null ? {} : { ca: readFileSync(ca) },
  }
}

function readNode(text: string, defaultPort: number): { host: string; port: number } {
  const [, bracketed, plain, digits] =
    /^(?:\[([\da-fA-F:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = digits === undefined ? defaultPort : Number(digits)
  if (host === undefined || port < 1 || port > 65535)
    throw new Error('REDIS_URL: a host is not of the form host:port')
  return { host, port }
}
