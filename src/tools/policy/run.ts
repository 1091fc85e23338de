/** What `npm run policy` answers: is a file valid, what would a query become under it, which rows does a change give or take. */
import { readConfig } from '../../config/config.ts'
import { Corebos } from '../../corebos/corebos.ts'
import { GatewayError } from '../../model/errors.ts'
import { explainInFull, type Explanation } from '../../read/explain.ts'
import { builtinPolicy } from '../../policy/builtin.ts'
import { loadPolicy, loadWithText, type LoadedPolicy } from '../../policy/load.ts'
import { nearest } from '../../policy/nearest.ts'
import type { Policy } from '../../policy/policy.ts'
import { PolicySchema } from '../../policy/schema.ts'
import { policyWarnings } from '../../policy/warnings.ts'
import { parseQuery } from '../../query/parse.ts'
import { faultsOf, lineOf } from '../../scope/faults.ts'
import { policyNotes } from '../../scope/policy-values.ts'
import { readArguments, UsageError } from '../arguments.ts'
import { Stand } from './policy-reader.ts'
import { diff, type Change } from './diff.ts'
import { withDemo } from './with-demo.ts'

/** The answer is no: not valid, or not allowed. */
export class Rejected extends Error {
  override readonly name = 'Rejected'
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * @param args behind the program's name
 * @returns the lines to show
 * @throws UsageError, Rejected, ConfigError, or why it cannot be said
 */
export async function answer(args: readonly string[], env: Environment): Promise<string[]> {
  const { command, files, as = '', query = '', demo } = complete(read(args))
  const [first = '', second = ''] = files
  switch (command) {
    case 'init':
      return [JSON.stringify(builtinPolicy, null, 2)]
    case 'schema':
      return [JSON.stringify(editorSchema, null, 2)]
    case 'check':
      return check(first, demo, env)
    case 'explain':
      return explainQuery(first, as, query, env)
    default:
      return showDiff([first, second], as, env)
  }
}

/** What each command needs: a number of files, and options. */
const commands = new Map<string, { readonly files: number; readonly options: readonly ('as' | 'query')[] }>([
  ['check', { files: 1, options: [] }],
  ['explain', { files: 1, options: ['as', 'query'] }],
  ['diff', { files: 2, options: ['as'] }],
  ['init', { files: 0, options: [] }],
  ['schema', { files: 0, options: [] }],
])

/** @throws UsageError */
function complete(given: Command): Command {
  const { command, files } = given
  const names = [...commands.keys()]
  if (command === undefined) throw new UsageError(`expected a command: ${names.join(', ')}`)
  const needed = commands.get(command)
  if (needed === undefined)
    throw new UsageError(
      `unknown command '${command}'${nearest(command, names) || `; accepted: ${names.join(', ')}`}`,
    )
  if (files.length !== needed.files)
    throw new UsageError(`${command}: expected ${needed.files} file(s), but ${files.length} were given`)
  const missing = needed.options.find((option) => given[option] === undefined)
  if (missing !== undefined) throw new UsageError(`${command}: --${missing} is missing`)
  return given
}

interface Command {
  readonly command: string | undefined
  readonly files: readonly string[]
  readonly as: string | undefined
  readonly query: string | undefined
  readonly demo: boolean
}

/** What an editor checks a policy file against. */
const editorSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Policy of the coreBOS portal gateway',
  ...PolicySchema,
}

function read(args: readonly string[]): Command {
  const text = { type: 'string' } as const
  const { values, positionals } = readArguments(args, {
    options: { as: text, query: text, demo: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const [command, ...files] = positionals
  return { command, files, as: values.as, query: values.query, demo: values.demo }
}

async function policyOf(file: string): Promise<Policy> {
  try {
    return await loadPolicy(file === 'builtin' ? undefined : file)
  } catch (error) {
    throw new Rejected(error instanceof Error ? error.message : String(error))
  }
}

/** Against the demo, against the installation of `COREBOS_URL`, or by itself. */
async function check(file: string, demo: boolean, env: Environment): Promise<string[]> {
  const loaded = await loadWithText(file === 'builtin' ? undefined : file).catch((error: unknown) => {
    throw new Rejected(error instanceof Error ? error.message : String(error))
  })
  const { policy } = loaded
  const against = demo
    ? await withDemo(async (demoEnv) => heldAgainst(loaded, demoEnv))
    : env['COREBOS_URL'] === undefined
      ? ['modules and fields were not looked at: set COREBOS_URL, or use --demo']
      : await heldAgainst(loaded, env)
  const [contacts, employees] = (['Contacts', 'Employee'] as const).map(
    (entity) => policy.modulesFor({ entity }).length,
  )
  return [
    `valid: level ${policy.level}, ${contacts} modules for contacts, ${employees} for employees`,
    ...against,
    ...policyWarnings(policy).map((line) => `warning: ${line}`),
  ]
}

/**
 * @returns a line that it fits, and the values that no picklist has
 * @throws Rejected with a line for each module, field, tie, forced value and condition that does not fit
 */
async function heldAgainst({ policy, located }: LoadedPolicy, env: Environment): Promise<string[]> {
  return withStand(env, async (stand) => {
    const installation = await stand.installation(policy)
    const faults = faultsOf(policy, installation).map((fault) => located(lineOf(fault)))
    const warnings = policyNotes(policy, installation.modules).map(
      (note) => `warning: ${located(lineOf(note))}`,
    )
    if (faults.length > 0) throw new Rejected([...faults, ...warnings].join('\n'))
    return [`every module, field, tie and condition fits ${env['COREBOS_URL'] ?? ''}`, ...warnings]
  })
}

/** Lets `work` ask coreBOS as the service user, and logs out at the end. */
async function withStand(env: Environment, work: (stand: Stand) => Promise<string[]>): Promise<string[]> {
  // The service user reads in every log-in mode; sessions and tokens play no part.
  const config = readConfig({ ...env, LOGIN_MODE: 'service', REDIS_URL: undefined })
  const { COREBOS_USER: name = '', COREBOS_ACCESS_KEY: accessKey = '', COREBOS_SESSIONS: sessions } = config
  const corebos = new Corebos({
    url: config.COREBOS_URL,
    timeoutMs: config.COREBOS_TIMEOUT_MS,
    maxBytes: config.COREBOS_MAX_BYTES,
    concurrency: config.COREBOS_CONCURRENCY,
    queue: config.COREBOS_QUEUE,
    serviceUser: { name, accessKey, sessions },
    metadataTtlMs: 0,
    now: () => 0,
  })
  if (corebos.service === undefined) throw new Error('LOGIN_MODE=service has a service user')
  try {
    return await work(new Stand(corebos, corebos.service))
  } finally {
    await corebos.close()
  }
}

async function explainQuery(file: string, email: string, query: string, env: Environment): Promise<string[]> {
  const policy = await policyOf(file)
  return withStand(env, async (stand) => {
    const contact = await stand.contact(email, policy)
    const context = await stand.context(contact, policy)
    try {
      const company = contact.accountId === undefined ? '' : ` of ${contact.accountId}`
      const explanation = await explainInFull(parseQuery(query), context)
      return [`${email} is ${contact.id}${company}`, ...show(explanation, '')]
    } catch (error) {
      if (error instanceof GatewayError) throw new Rejected(`rejected: ${error.code} ${error.message}`)
      throw error
    }
  })
}

function show({ rule, level, dialect, statement, lookups }: Explanation, indent: string): string[] {
  return [
    `${indent}rule ${rule}, level ${level}, dialect ${dialect}`,
    `${indent}${statement === '' ? 'no row can match: coreBOS is not called' : statement}`,
    ...lookups.flatMap(({ label, explanation }) => [
      `${indent}  ${label} is looked up by`,
      ...show(explanation, `${indent}  `),
    ]),
  ]
}

/** Ids that are named; the rest is counted. */
const mostNamed = 10

async function showDiff(
  [oldFile, newFile]: readonly [string, string],
  email: string,
  env: Environment,
): Promise<string[]> {
  const [before, after] = [await policyOf(oldFile), await policyOf(newFile)]
  return withStand(env, async (stand) => {
    const [was, is] = [await stand.contact(email, before), await stand.contact(email, after)]
    const changes = await diff(await stand.context(was, before), await stand.context(is, after))
    const width = Math.max(...changes.map(({ module }) => module.length), 6)
    const row = (module: string, ...cells: readonly string[]) =>
      [module.padEnd(width), ...cells.map((cell) => cell.padStart(6))].join('  ')
    return [
      `${email} is ${was.id}; level ${was.level}${was.level === is.level ? '' : ` → ${is.level}`}`,
      row('module', 'old', 'new', 'given', 'taken'),
      ...changes.flatMap((change) => {
        const { module, given, taken } = change
        const counts = [`+${given.ids.length}`, `-${taken.ids.length}`]
        return [row(module, size(change.before), size(change.after), ...counts), ...namesOf(change)]
      }),
    ]
  })
}

const size = (rows: number | undefined): string => (rows === undefined ? 'closed' : String(rows))

function namesOf({ before, after, given, taken }: Change): string[] {
  const list = (what: string, names: readonly string[]): string[] => {
    if (names.length === 0) return []
    const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : ''
    return [`  ${what}: ${names.slice(0, mostNamed).join(', ')}${more}`]
  }
  // All of a module's fields come and go with it.
  const stays = before !== undefined && after !== undefined
  return [
    ...list('given', given.ids),
    ...list('taken', taken.ids),
    ...(stays ? [...list('fields given', given.fields), ...list('fields taken', taken.fields)] : []),
  ]
}
