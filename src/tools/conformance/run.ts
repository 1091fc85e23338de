/** Asks a coreBOS what the gateway relies on, one call at a time. */
import { createHash } from 'node:crypto'
import { requestChallenge } from '../../corebos/challenge.ts'
import { Corebos } from '../../corebos/corebos.ts'
import { describe, listTypes } from '../../corebos/describe.ts'
import {
  authenticateContact,
  getPortalUserInfo,
  loginPortal,
  type PasswordType,
} from '../../corebos/login.ts'
import { ask, resultText, rowsOf, textAt } from './answer.ts'
import { checkContact } from './contact.ts'
import { diagnose, type Remark } from './diagnosis.ts'
import { Ledger, type Entry } from './ledger.ts'
import { checkProtocol, checkReading } from './protocol.ts'
import { servedFiles, someDocuments } from './served.ts'
import { checkStatements } from './statements.ts'
import { quoted, type ContactSession, type World } from './world.ts'
import { checkWriting } from './writing.ts'

export interface ConformanceOptions {
  /** With or without `/webservice.php`. */
  readonly url: string
  /** The CRM user that is to be the gateway's service user. */
  readonly user: string
  readonly key: string
  readonly contact: { readonly email: string; readonly password: string } | undefined
  readonly write: boolean
}

export interface Conformance {
  readonly entries: readonly Entry[]
  readonly remarks: readonly Remark[]
}

/** Extended statements over a list of ids take their time. Milliseconds. */
const timeoutMs = 60_000
const maxBytes = 64 * 1024 * 1024
const metadataTtlMs = 3_600_000

/** @throws Error where coreBOS cannot be reached or a log-in is rejected */
export async function conformance(options: ConformanceOptions): Promise<Conformance> {
  const { url, user, key } = options
  const corebos = new Corebos({
    url,
    timeoutMs,
    maxBytes,
    concurrency: 1,
    queue: 10,
    serviceUser: { name: user, accessKey: key, sessions: 1 },
    metadataTtlMs,
    now: Date.now,
  })
  try {
    return await run(corebos, options)
  } finally {
    await corebos.close()
  }
}

async function run(corebos: Corebos, options: ConformanceOptions): Promise<Conformance> {
  const { service, outside } = corebos
  if (service === undefined) throw new Error('there is no service user')
  const serviceId = await service.userId()
  const modules = await describe(service, await listTypes(service))
  const known: World = { outside, service, serviceId, serviceName: options.user, modules, contact: undefined }
  const contact = options.contact && (await openContact(corebos, known, options.contact))
  const world = { ...known, contact }
  const ledger = new Ledger()
  try {
    await checkProtocol(ledger, world, await version(corebos, options))
    await checkReading(ledger, world)
    if (modules.has('HelpDesk')) await checkStatements(ledger, world)
    if (contact !== undefined) await checkContact(ledger, world, contact)
    if (options.write) await checkWriting(ledger, world)
    return {
      entries: ledger.entries,
      remarks: [...(await diagnose(world)), ...(await servedFiles(await someDocuments(world), options.url))],
    }
  } finally {
    await contact?.session.end()
  }
}

/** What the log-in says of itself; the gateway's own client does not look at it. */
async function version({ outside, sessions }: Corebos, { user, key }: ConformanceOptions): Promise<string> {
  const token = (await requestChallenge(outside, user))?.token ?? ''
  const accessKey = createHash('md5').update(`${token}${key}`, 'utf8').digest('hex')
  const answer = await ask(outside, 'login', { username: user, accessKey })
  const name = resultText(answer, 'sessionName')
  if (name !== '') await sessions.resume(name).end()
  return resultText(answer, 'version')
}

const types: readonly PasswordType[] = ['md5', 'sha256', 'sha512', 'plaintext']

/** The password is tried where nothing counts before it is tried where coreBOS counts. */
async function openContact(
  corebos: Corebos,
  { service, outside }: World,
  { email, password }: NonNullable<ConformanceOptions['contact']>,
): Promise<ContactSession> {
  const id = await authenticateContact(service, email, password)
  if (id === false) throw new Error(`the password of ${email} is not right, or the contact has no access`)
  const fields = 'portalpasswordtype,account_id'
  const found = await ask(service, 'query', {
    query: `select ${fields} from Contacts where id=${quoted(id)};`,
  })
  const [record] = rowsOf(found)
  const type = types.find((each) => each === textAt(record, 'portalpasswordtype'))
  if (type === undefined) throw new Error(`the password type of ${email} is none that works`)
  const token = (await requestChallenge(outside, email))?.token ?? ''
  const opened = await loginPortal(outside, corebos.sessions, email, { token, password, type }, 'Contacts')
  if (typeof opened === 'string') throw new Error(`the portal log-in of ${email} was rejected: ${opened}`)
  const { session } = opened
  const { administrator } = await getPortalUserInfo(session)
  return {
    session,
    id: opened.contactId,
    accountId: textAt(record, 'account_id'),
    userId: opened.user.id,
    isAdministrator: administrator,
  }
}
