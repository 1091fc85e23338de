/** Access tokens and their keys. */
import { execFile } from 'node:child_process'
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign as signature,
  verify as checkSignature,
} from 'node:crypto'
import { promisify } from 'node:util'
import fastify from 'fastify'
import t, { type Test } from 'tap'
import tokens from '../../plugins/tokens.ts'
import jwks from '../../routes/jwks.ts'
import { GatewayError } from '../../src/model/errors.ts'
import {
  generateJwk,
  generateSigningKeys,
  readSigningKeys,
  type SigningKeys,
} from '../../src/tokens/signing-keys.ts'
import type { PortalSession } from '../../src/session/contract.ts'
import { facts } from '../support/session-contract.ts'

const start = Date.UTC(2026, 0, 1)
const session: PortalSession = {
  ...facts('12x8549'),
  id: 'session-1',
  createdAt: start,
  lastSeenAt: start,
  checkedAt: start,
  expiresAt: start + 43_200_000,
  generation: 1,
}

const publicKeyEncoding = { type: 'spki', format: 'pem' } as const
const privateKeyEncoding = { type: 'pkcs8', format: 'pem' } as const

function privateJwk(pem: string) {
  return createPrivateKey(pem).export({ format: 'jwk' })
}

function publicJwk(pem: string) {
  return createPublicKey(pem).export({ format: 'jwk' })
}

async function build(t: Test, keys: SigningKeys = generateSigningKeys()) {
  let time = start
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(tokens, {
    keys,
    issuer: 'https://portal.example',
    audience: 'portal-api',
    ttl: 600,
    now: () => time,
  })
  await app.register(jwks)
  await app.ready()
  const rejection = (token: string) => {
    try {
      app.tokens.verify(token)
      return 'accepted'
    } catch (error) {
      return error instanceof GatewayError ? error.code : error
    }
  }
  return { app, keys, rejection, pass: (ms: number) => void (time += ms) }
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

function decode(segment: string | undefined): Record<string, unknown> {
  const value: unknown = JSON.parse(Buffer.from(segment ?? '', 'base64url').toString())
  return typeof value === 'object' ? { ...value } : {}
}

/** Signs any payload with the gateway's own key, as no client could. */
function forge(keys: SigningKeys, header: object, claims: object): string {
  const input = `${encode(header)}.${encode(claims)}`
  const key = createPrivateKey(keys[0].privateKey)
  return `${input}.${signature('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

t.test('an access token says who, for whom and how long, and any JOSE library can check it', async (t) => {
  const { app } = await build(t)
  const { accessToken, expiresIn } = app.tokens.issue(session)
  const [head, body, mac = ''] = accessToken.split('.')
  const answer = await app.inject('/.well-known/jwks.json')
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['cache-control'], 'public, max-age=300')
  t.match(answer.headers['content-type'], /^application\/jwk-set\+json/)
  const [jwk] = answer.json<{ keys: Record<string, string>[] }>().keys
  t.same(
    Object.keys(jwk ?? {}).sort(),
    ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
    'nothing but public parts',
  )

  t.same(decode(head), { alg: 'ES256', typ: 'at+jwt', kid: jwk?.['kid'] })
  const { jti, ...claims } = decode(body)
  t.match(jti, /^[\da-f-]{36}$/)
  t.same(claims, {
    iss: 'https://portal.example',
    aud: 'portal-api',
    sub: '12x8549',
    sid: 'session-1',
    client_id: 'portal',
    iat: start / 1000,
    exp: start / 1000 + 600,
  })
  t.equal(expiresIn, 600)
  const key = createPublicKey({ key: jwk ?? {}, format: 'jwk' })
  const input = Buffer.from(`${head ?? ''}.${body ?? ''}`)
  t.ok(checkSignature('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(mac, 'base64url')))
  t.not(app.tokens.issue(session).accessToken, accessToken, 'no two are the same')
})

t.test('a token is accepted until the second it expires, by the clock that was given', async (t) => {
  const { app, rejection, pass } = await build(t)
  const { accessToken } = app.tokens.issue(session)
  t.same(app.tokens.verify(accessToken), {
    sessionId: 'session-1',
    contactId: '12x8549',
    expiresAt: start + 600_000,
  })
  pass(599_999)
  t.equal(rejection(accessToken), 'accepted', 'from the cache too')
  pass(1)
  t.equal(rejection(accessToken), 'TOKEN_EXPIRED', 'the cache does not outlive the token')
  t.equal(rejection(`${accessToken}x`), 'AUTHENTICATION_REQUIRED', 'expired is only said of what was ours')
})

t.test('a token does not outlive its session', async (t) => {
  const { app, pass } = await build(t)
  pass(43_200_000 - 60_000)
  t.equal(app.tokens.issue(session).expiresIn, 60)
})

t.test('hostile tokens are rejected, each for the same reason', async (t) => {
  const { app, keys, rejection } = await build(t)
  const { kid, publicKey } = keys[0]
  const { accessToken } = app.tokens.issue(session)
  const [head = '', body = '', mac = ''] = accessToken.split('.')
  const header = decode(head)
  const claims = decode(body)
  const stranger = generateSigningKeys()
  const hs256 = (secret: string) => {
    const input = `${encode({ ...header, alg: 'HS256' })}.${body}`
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }
  const without = (name: string) => Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name))

  t.equal(
    rejection(forge(keys, header, claims)),
    'accepted',
    'the forge works, so what follows is rejected for what it says',
  )
  const hostile: Record<string, string> = {
    'no signature, alg none': `${encode({ ...header, alg: 'none' })}.${body}.`,
    'no signature, alg None': `${encode({ ...header, alg: 'None' })}.${body}.`,
    'no signature, alg as it was': `${head}.${body}.`,
    'alg none beside a good signature': forge(keys, { ...header, alg: 'none' }, claims),
    'HS256 with the public key as PEM': hs256(publicKey),
    'HS256 with the public key as PEM, trimmed': hs256(publicKey.trim()),
    'HS256 with the public key set': hs256(JSON.stringify(app.tokens.jwks)),
    'HS256 with the public key as JWK': hs256(JSON.stringify(app.tokens.jwks.keys[0])),
    'HS256 with nothing': hs256(''),
    'another algorithm of the same family': forge(keys, { ...header, alg: 'ES384' }, claims),
    'a foreign key with its own kid': forge(stranger, { ...header, kid: stranger[0].kid }, claims),
    'a foreign key under our kid': forge(stranger, header, claims),
    'a foreign key that it brings along': forge(stranger, { ...header, jwk: stranger[0].jwk }, claims),
    'no kid': forge(keys, { alg: 'ES256', typ: 'at+jwt' }, claims),
    'a kid that is no text': forge(keys, { ...header, kid: [kid] }, claims),
    'a kid that every object has': forge(keys, { ...header, kid: 'constructor' }, claims),
    'a kid that is a path': forge(keys, { ...header, kid: '../../dev/null' }, claims),
    'typ JWT': forge(keys, { ...header, typ: 'JWT' }, claims),
    'no typ': forge(keys, { alg: 'ES256', kid }, claims),
    'a critical extension': forge(keys, { ...header, crit: ['exp'] }, claims),
    'another audience': forge(keys, header, { ...claims, aud: 'another' }),
    'an empty audience': forge(keys, header, { ...claims, aud: [] }),
    'another issuer': forge(keys, header, { ...claims, iss: 'https://portal.example/' }),
    'an issuer that is no text': forge(keys, header, { ...claims, iss: ['https://portal.example'] }),
    'an exp that is no number': forge(keys, header, { ...claims, exp: '9999999999' }),
    'an exp without end': forge(keys, header, { ...claims, exp: Number.POSITIVE_INFINITY }),
    'not before tomorrow': forge(keys, header, { ...claims, nbf: start / 1000 + 86_400 }),
    'a subject that is no text': forge(keys, header, { ...claims, sub: { id: '12x8549' } }),
    'claims of another token': `${head}.${encode({ ...claims, sub: '12x1' })}.${mac}`,
    'claims that are no object': forge(keys, header, []),
    'one segment too many': `${accessToken}.${mac}`,
    'one segment too few': `${head}.${body}`,
    padding: `${accessToken}==`,
    'a blank at the end': `${accessToken} `,
    nothing: '',
    dots: '..',
    'no JSON': 'a.b.c',
    NUL: `${accessToken}\0`,
    'a megabyte': `${head}.${'A'.repeat(1_000_000)}.${mac}`,
  }
  for (const name of ['iss', 'aud', 'exp', 'iat', 'jti', 'sub', 'sid', 'client_id']) {
    hostile[`no ${name}`] = forge(keys, header, without(name))
  }
  for (const [name, token] of Object.entries(hostile))
    t.equal(rejection(token), 'AUTHENTICATION_REQUIRED', name)
  t.equal(rejection(accessToken), 'accepted', 'and the good one still passes')
})

t.test('keys of every accepted kind sign and verify, and a retired one still verifies', async (t) => {
  const pairs = [
    generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding, privateKeyEncoding }),
    generateKeyPairSync('ec', { namedCurve: 'P-384', publicKeyEncoding, privateKeyEncoding }),
    generateKeyPairSync('ed25519', { publicKeyEncoding, privateKeyEncoding }),
    generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding, privateKeyEncoding }),
  ]
  for (const { privateKey, publicKey } of pairs) {
    const old = readSigningKeys(JSON.stringify({ keys: [{ ...privateJwk(privateKey), kid: 'old' }] }))
    const { accessToken } = (await build(t, old)).app.tokens.issue(session)
    const set = { keys: [generateJwk(), { ...publicJwk(publicKey), kid: 'old' }] }
    const rotated = await build(t, readSigningKeys(JSON.stringify(set)))
    t.equal(rotated.rejection(accessToken), 'accepted', old[0].alg)
    t.equal(decode(rotated.app.tokens.issue(session).accessToken.split('.')[0])['alg'], 'ES256')
    t.same(rotated.app.tokens.jwks.keys.map(({ kid }) => kid)[1], 'old')
    t.notMatch(JSON.stringify(rotated.app.tokens.jwks), /"(d|p|q|dp|dq|qi|k)":/)
  }
})

t.test('npm run signing-keys prints a key set that signs', async (t) => {
  const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'signing-keys'])
  const { app, rejection } = await build(t, readSigningKeys(stdout))
  t.equal(rejection(app.tokens.issue(session).accessToken), 'accepted')
})

t.test('a key set that cannot be used is rejected in one line that does not quote it', (t) => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding, privateKeyEncoding })
  const jwk = privateJwk(ec.privateKey)
  const rsa1024 = privateJwk(
    generateKeyPairSync('rsa', { modulusLength: 1024, publicKeyEncoding, privateKeyEncoding }).privateKey,
  )
  const secp256k1 = privateJwk(
    generateKeyPairSync('ec', { namedCurve: 'secp256k1', publicKeyEncoding, privateKeyEncoding }).privateKey,
  )
  const cases: [unknown, RegExp][] = [
    ['not JSON', /^not JSON$/],
    ['[]', /^not a JSON Web Key Set/],
    ['{"keys":[]}', /^the key set is empty$/],
    [{ keys: [publicJwk(ec.publicKey)] }, /^key 1 has no private part/],
    [
      {
        keys: [
          { ...jwk, kid: 'a' },
          { ...jwk, kid: 'a' },
        ],
      },
      /^two keys have the kid "a"$/,
    ],
    [{ keys: [{ ...jwk, use: 'enc' }] }, /^key 1 is not for signing/],
    [{ keys: [{ ...jwk, alg: 'HS256' }] }, /^key 1 cannot be used with its alg, only with ES256$/],
    [{ keys: [jwk, { kty: 'oct', k: 'c2VjcmV0' }] }, /^key 2 cannot be read/],
    [{ keys: [rsa1024] }, /^key 1 is of a kind or size that is not accepted$/],
    [{ keys: [secp256k1] }, /^key 1 is of a kind or size that is not accepted$/],
    [{ keys: [{ ...jwk, x: 'AAAA' }] }, /^key 1 cannot be read/],
    [{ keys: ['secret'] }, /^key 1 is not an object$/],
    [{ keys: [{ ...jwk, kid: 7 }] }, /^key 1 has a kid/],
  ]
  for (const [set, message] of cases) {
    t.throws(() => readSigningKeys(typeof set === 'string' ? set : JSON.stringify(set)), { message })
  }
  t.end()
})

t.test('a token that was verified before is verified again at little cost', async (t) => {
  const { app } = await build(t)
  const { accessToken } = app.tokens.issue(session)
  app.tokens.verify(accessToken)
  const begin = process.hrtime.bigint()
  for (let n = 0; n < 20_000; n++) app.tokens.verify(accessToken)
  const perSecond = Math.round(20_000 / (Number(process.hrtime.bigint() - begin) / 1e9))
  t.comment(`verified again: ${perSecond} per second`)
  const first = Array.from({ length: 200 }, () => app.tokens.issue(session).accessToken)
  const start = process.hrtime.bigint()
  for (const token of first) app.tokens.verify(token)
  const firstPerSecond = Math.round(200 / (Number(process.hrtime.bigint() - start) / 1e9))
  t.comment(`verified for the first time: ${firstPerSecond} per second`)
  t.ok(perSecond > firstPerSecond, 'the cache is in use')
})
