/** Reads the gateway's configuration from the environment, and reports every error in it. */
import { isIP } from 'node:net'
import type { StaticDecode, TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { closest } from 'fastest-levenshtein'
import { whatWasExpected, type Annotation } from './environment.ts'
import { environment } from './variables.ts'

type Environment = StaticDecode<typeof environment>

/** Every variable under its own name, with defaults. */
export interface Config extends Environment {
  readonly PUBLIC_URL: string
  readonly JWT_ISSUER: string
  readonly JWT_AUDIENCE: string
}

/** The errors of the environment, one line per variable. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

type Source = Readonly<Record<string, string | undefined>>
type Texts = Readonly<Record<string, string | undefined>>

const variables: Readonly<Record<string, TSchema>> = environment.properties
const required = new Set<string>(environment.required)

function annotations(name: string): Partial<Annotation> {
  return variables[name] ?? {}
}

/**
 * Reads the environment; an empty value counts as absent.
 *
 * @throws {ConfigError} with every wrong or missing variable
 */
export function readConfig(source: Source): Config {
  const texts = Object.fromEntries(
    Object.keys(variables).flatMap((name) => {
      const given = source[name] === '' ? undefined : source[name]
      const text = given ?? annotations(name).default
      return text === undefined ? [] : [[name, text]]
    }),
  )
  const problems = [...wrongValues(texts), ...missing(texts), ...contradictions(texts)]
  if (problems.length > 0) throw new ConfigError(problems)

  const values = Value.Decode(environment, texts)
  const PUBLIC_URL = values.PUBLIC_URL ?? `http://${inUrl(values.HOST)}:${values.PORT}`
  return {
    ...values,
    COREBOS_URL: values.COREBOS_URL.replace(/\/webservice\.php$/, ''),
    PUBLIC_URL,
    JWT_ISSUER: values.JWT_ISSUER ?? PUBLIC_URL,
    JWT_AUDIENCE: values.JWT_AUDIENCE ?? PUBLIC_URL,
  }
}

function wrongValues(texts: Texts): string[] {
  return Object.entries(variables).flatMap(([name, schema]) => {
    const text = texts[name]
    const expected = text === undefined ? undefined : whatWasExpected(schema, text)
    if (text === undefined || expected === undefined) return []
    // A URL may have a password before its `@`.
    const shown = annotations(name).secret !== true && !text.includes('@')
    return [`${name}: expected ${expected}${shown ? `, got ${JSON.stringify(text)}` : ''}`]
  })
}

function missing(texts: Texts): string[] {
  return [...required]
    .filter((name) => texts[name] === undefined)
    .map((name) => `${name} is required. ${annotations(name).description ?? ''}`)
}

/** Rules that concern several variables. */
function contradictions(texts: Texts): string[] {
  const has = (name: keyof Environment) => texts[name] !== undefined
  const serviceUser = has('COREBOS_USER') && has('COREBOS_ACCESS_KEY')
  const rules: readonly (readonly [broken: boolean, problem: string])[] = [
    [has('REDIS_URL') && !has('SESSION_KEYS'), 'SESSION_KEYS is required with REDIS_URL'],
    [has('REDIS_URL') && !has('JWT_KEYS_FILE'), 'JWT_KEYS_FILE is required with REDIS_URL'],
    [has('COREBOS_USER') && !has('COREBOS_ACCESS_KEY'), 'COREBOS_ACCESS_KEY is required with COREBOS_USER'],
    [has('COREBOS_ACCESS_KEY') && !has('COREBOS_USER'), 'COREBOS_USER is required with COREBOS_ACCESS_KEY'],
    [
      texts['LOGIN_MODE'] === 'service' && !serviceUser,
      'COREBOS_USER and COREBOS_ACCESS_KEY are required with LOGIN_MODE=service',
    ],
    [
      texts['COREBOS_READS'] === 'shared' && !serviceUser,
      'COREBOS_USER and COREBOS_ACCESS_KEY are required with COREBOS_READS=shared',
    ],
    [
      texts['LOGIN_MODE'] === 'portal' && !serviceUser && !has('COREBOS_PASSWORD_TYPE'),
      'COREBOS_PASSWORD_TYPE is required with LOGIN_MODE=portal where COREBOS_USER is not set',
    ],
    [
      !isLoopback(texts['METRICS_HOST'] ?? '') && !has('OPERATOR_TOKEN'),
      'OPERATOR_TOKEN is required where METRICS_HOST is not a loopback address',
    ],
    [
      texts['COOKIE_SESSIONS'] === 'true' && !keepsCookies(texts['PUBLIC_URL'] ?? 'http:'),
      'COOKIE_SESSIONS=true needs a PUBLIC_URL with https, or http://localhost for development',
    ],
    [
      Number(texts['SESSION_IDLE_TTL']) > Number(texts['SESSION_MAX_TTL']),
      'SESSION_IDLE_TTL is longer than SESSION_MAX_TTL',
    ],
  ]
  return rules.filter(([broken]) => broken).map(([, problem]) => problem)
}

/** An address that is not `http:` is reported as a wrong value. */
function keepsCookies(url: string): boolean {
  return !/^http:/i.test(url) || /^http:\/\/localhost(:\d+)?(\/|$)/i.test(url)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

function inUrl(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host
}

/** Variables of other programs of this project: known, but not used by the gateway. */
const neighbours = ['COREBOS_DEMO_PORT', 'COREBOS_DEMO_STATE', 'COREBOS_DEMO_DELAY_MS']

/** Unknown names with a prefix of the gateway's variables, each with the name that was probably meant. */
export function unknownNames(source: Source): string[] {
  const known = [...Object.keys(variables), ...neighbours]
  // The OpenTelemetry libraries read more names than are listed here.
  const isOthers = (name: string) => name.startsWith('OTEL_')
  const prefixes = new Set(known.filter((name) => name.includes('_')).map(prefixOf))
  return Object.keys(source)
    .filter(
      (name) =>
        name.includes('_') && prefixes.has(prefixOf(name)) && !known.includes(name) && !isOthers(name),
    )
    .map((name) => `Unknown setting ${name}; did you mean ${closest(name, known)}?`)
}

function prefixOf(name: string): string {
  return name.slice(0, name.indexOf('_') + 1)
}

/** The settings in force, for the log: each variable with a value, secrets masked. */
export function maskedConfig(config: Config): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [name, annotations(name).secret === true ? '***' : value]),
  )
}
