/** Signing keys of access tokens: a JSON Web Key Set in, what signs and what verifies out. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'
import { isObject } from '../model/is-object.ts'

export type SigningAlgorithm = 'ES256' | 'ES384' | 'EdDSA' | 'RS256' | 'PS256'

export interface SigningKey {
  readonly kid: string
  readonly alg: SigningAlgorithm
  /** PEM (SPKI). */
  readonly publicKey: string
  /** PEM (PKCS 8); absent for a retired key that only verifies any more. */
  readonly privateKey: string | undefined
  /** What the world may see. */
  readonly jwk: Readonly<Record<string, string>>
}

export type SigningKeys = readonly [SigningKey & { readonly privateKey: string }, ...SigningKey[]]

/**
 * Reads a JSON Web Key Set (RFC 7517). The first key signs, all verify. EC P-256 and P-384, Ed25519, and RSA of at
 * least 2048 bits; a missing `kid` becomes the key's thumbprint (RFC 7638).
 *
 * @throws Error with one line that names the key and what is wrong with it, never its value
 */
export function readSigningKeys(text: string): SigningKeys {
  const set = parseJson(text)
  if (!isObject(set) || !Array.isArray(set['keys']))
    throw new Error('not a JSON Web Key Set: {"keys": [...]}')
  const keys = set['keys'].map((jwk: unknown, index) => readKey(jwk, index + 1))
  const twice = keys.find((key, index) => keys.findIndex(({ kid }) => kid === key.kid) !== index)
  if (twice !== undefined) throw new Error(`two keys have the kid ${JSON.stringify(twice.kid)}`)
  return signing(keys)
}

/** One new key, for a process without configured keys. Tokens signed with it do not outlive the process. */
export function generateSigningKeys(): SigningKeys {
  return signing([readKey(generateJwk(), 1)])
}

/**
 * How key pairs are generated: as text. A key that is an object shares a lock with what generated it. If that is
 * collected as garbage while the key is exported, Node 20 waits for itself without end.
 */
const publicKeyEncoding = { type: 'spki', format: 'pem' } as const
const privateKeyEncoding = { type: 'pkcs8', format: 'pem' } as const

/** @returns a new private key of EC P-256 */
export function generateJwk(): JsonWebKey {
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding,
    privateKeyEncoding,
  })
  return createPrivateKey(privateKey).export({ format: 'jwk' })
}

function signing([first, ...others]: readonly SigningKey[]): SigningKeys {
  if (first === undefined) throw new Error('the key set is empty')
  const { privateKey } = first
  if (privateKey === undefined) throw new Error('key 1 has no private part, and the first key must sign')
  return [{ ...first, privateKey }, ...others]
}

function readKey(value: unknown, position: number): SigningKey {
  const fail = (why: string): never => {
    throw new Error(`key ${position} ${why}`)
  }
  if (!isObject(value)) return fail('is not an object')
  if (value['use'] !== undefined && value['use'] !== 'sig') return fail('is not for signing ("use")')
  const { kid, alg } = value
  if (kid !== undefined && (typeof kid !== 'string' || kid === ''))
    return fail('has a kid that is not a text')

  let key: KeyObject
  try {
    const jwk: JsonWebKey = value
    key =
      value['d'] === undefined
        ? createPublicKey({ key: jwk, format: 'jwk' })
        : createPrivateKey({ key: jwk, format: 'jwk' })
  } catch {
    // The reason that OpenSSL gives may quote the key.
    return fail('cannot be read as an EC, OKP or RSA key')
  }
  const suited = algorithmsOf(key)
  const algorithm = suited.find((name) => alg === undefined || name === alg)
  if (algorithm === undefined)
    return fail(
      suited.length === 0
        ? 'is of a kind or size that is not accepted'
        : `cannot be used with its alg, only with ${suited.join(' or ')}`,
    )

  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  const jwk = strings(publicKey.export({ format: 'jwk' }))
  const name = kid ?? thumbprint(jwk)
  return {
    kid: name,
    alg: algorithm,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKey: key.type === 'private' ? key.export({ type: 'pkcs8', format: 'pem' }).toString() : undefined,
    jwk: { ...jwk, kid: name, alg: algorithm, use: 'sig' },
  }
}

/** What a key may be used for, the default first. */
function algorithmsOf(key: KeyObject): readonly SigningAlgorithm[] {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'ed25519') return ['EdDSA']
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= 2048) return ['RS256', 'PS256']
  if (namedCurve === 'prime256v1') return ['ES256']
  if (namedCurve === 'secp384r1') return ['ES384']
  return []
}

function thumbprint(jwk: Readonly<Record<string, string>>): string {
  const required = ['crv', 'e', 'kty', 'n', 'x', 'y'].flatMap((name) => {
    const value = jwk[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(required)))
    .digest('base64url')
}

function strings(jwk: JsonWebKey): Record<string, string> {
  return Object.fromEntries(
    Object.entries(jwk).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('not JSON')
  }
}
