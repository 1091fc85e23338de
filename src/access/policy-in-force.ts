/** The policy in force: loaded from its file, checked against the installation, and replaced as a whole. */
import { createHash } from 'node:crypto'
import type { Describer } from '../corebos/installation.ts'
import { PolicyMisfit } from '../model/policy-misfit.ts'
import { Policy, entities } from '../policy/policy.ts'
import { policyWarnings } from '../policy/warnings.ts'
import { faultsOf, lineOf, type Fault, type Installation } from '../scope/faults.ts'
import { policyNotes } from '../scope/policy-values.ts'

/** The state of a policy, for operators. */
export interface PolicyState {
  readonly policy: Policy
  /** The beginning of a digest of the file's content; equal on instances with equal policies. */
  readonly hash: string
  /** Milliseconds since 1970. */
  readonly loadedAt: number
  /** False until coreBOS has returned its modules and fields. */
  readonly isChecked: boolean
  readonly faults: readonly Fault[]
  /** Names of the rules that stay closed because of a fault. */
  readonly closed: readonly string[]
}

export interface PolicyLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

export interface InstallationReader {
  /** The service user; without one each check names the CRM user of a contact. */
  readonly by: Describer | undefined
  /** @throws GatewayError how coreBOS failed */
  read(policy: Policy, by: Describer): Promise<Installation>
}

/** CRM users of contacts that are asked one after the other whether they see what the first ones did not. */
const mostAsked = 10

export interface PolicyInForceOptions {
  /** @throws Error that describes the problems of the file, one line for each position */
  readonly load: () => Promise<Policy>
  /** What the policy is held against; undefined where nothing is to be checked. */
  readonly installation: InstallationReader | undefined
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: PolicyLog
  /** Receives every new state. */
  readonly observe: (state: PolicyState) => void
}

/** Problems of a policy that must not be put in force, one line each. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
  readonly lines: readonly string[]

  constructor(lines: readonly string[]) {
    super(lines.join('\n'))
    this.lines = lines
  }
}

export class PolicyInForce {
  readonly #options: PolicyInForceOptions
  /** As it was loaded: no rule is closed. */
  #loaded: PolicyState
  #state: PolicyState
  /** Webservice ids of the CRM users that were asked. */
  #asked = new Set<string>()
  #checking: Promise<void> | undefined

  private constructor(options: PolicyInForceOptions, policy: Policy) {
    this.#options = options
    this.#loaded = unchecked(policy, options.now(), options.installation === undefined)
    this.#state = this.#loaded
  }

  /** @throws PolicyError if the file is invalid, or has a condition that coreBOS cannot evaluate */
  static async begin(options: PolicyInForceOptions): Promise<PolicyInForce> {
    const inForce = new PolicyInForce(options, await loaded(options))
    const { policy } = inForce.#state
    inForce.#put(inForce.#state, inForce.#loaded)
    inForce.#warn(policy)
    return inForce
  }

  get state(): PolicyState {
    return this.#state
  }

  get current(): Policy {
    return this.#state.policy
  }

  /**
   * Holds the policy against the installation unless that has been done. Without a service user the first contact's CRM
   * user says what there is. What it does not see, others may: a fault stays where none of them sees what is named.
   *
   * @param by the CRM user of a contact
   * @param atStart rejects the policy where coreBOS cannot be asked what it says; later the rule is closed
   * @throws PolicyError; GatewayError how coreBOS failed
   */
  async check(by?: Describer, atStart?: 'atStart'): Promise<void> {
    const { installation } = this.#options
    const describer = installation?.by ?? by
    if (installation === undefined || describer === undefined) return
    if (this.#state.isChecked && (installation.by !== undefined || !this.#mayAsk())) return
    const user = await describer.userId()
    if (this.#checking === undefined && this.#state.isChecked && this.#asked.has(user)) return
    this.#checking ??= this.#checkAs(describer, atStart).finally(() => (this.#checking = undefined))
    return this.#checking
  }

  async #checkAs(by: Describer, atStart?: 'atStart'): Promise<void> {
    const loaded = this.#loaded
    const state = await this.#check(loaded, by, atStart)
    // Another policy may have been loaded meanwhile.
    if (this.#loaded === loaded) this.#put(state, loaded)
  }

  /** Whether another CRM user may see what those that were asked do not. */
  #mayAsk(): boolean {
    return this.#state.faults.length > 0 && this.#asked.size < mostAsked
  }

  /**
   * Holds the policy against the installation again, after its metadata was discarded; without a service user at the
   * next request of a contact. Until then the rules that were closed stay closed.
   *
   * @throws GatewayError how coreBOS failed; the next request checks again
   */
  async recheck(): Promise<void> {
    if (this.#options.installation === undefined) return
    await this.#checking?.catch(() => undefined)
    this.#state = { ...this.#state, isChecked: false }
    await this.check()
    this.#warn(this.#loaded.policy)
  }

  /** @throws Error where the policy does not fit the installation; GatewayError how coreBOS failed */
  async requireFit(): Promise<void> {
    await this.check()
    const { faults } = this.#state
    if (faults.length > 0) throw new PolicyMisfit(faults.map(({ path }) => path))
  }

  /** Loads the policy again. An invalid policy changes nothing. @returns whether it is in force now */
  async reload(): Promise<boolean> {
    const { log, now, installation } = this.#options
    try {
      const policy = await loaded(this.#options)
      const state = unchecked(policy, now(), installation === undefined)
      const checked = installation?.by && this.#check(state, installation.by, 'atStart')
      this.#put(
        await (checked ?? Promise.resolve(state)).catch((error: unknown) => {
          if (error instanceof PolicyError) throw error
          return state
        }),
        state,
      )
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      log.error({ reason }, 'The policy file is invalid; the policy in force stays')
      return false
    }
    log.info({ hash: this.#state.hash }, 'The policy was reloaded')
    this.#warn(this.#state.policy)
    return true
  }

  async #check(loaded: PolicyState, by: Describer, atStart?: 'atStart'): Promise<PolicyState> {
    const { installation, log } = this.#options
    const { policy } = loaded
    const user = await by.userId()
    const read = await installation?.read(policy, by)
    const found = read === undefined ? [] : faultsOf(policy, read)
    const fatal = found.filter(({ isFatal }) => isFatal)
    if (atStart !== undefined && fatal.length > 0) throw new PolicyError(fatal.map(lineOf))
    const isFirst = loaded !== this.#loaded || !this.#state.isChecked
    const known = isFirst ? undefined : new Set(this.#state.faults.map(({ path }) => path))
    this.#asked = new Set(isFirst ? [user] : [...this.#asked, user])
    const faults = known === undefined ? found : found.filter(({ path }) => known.has(path))
    if (known === undefined) {
      for (const fault of faults) log.error({ policy: fault.path }, `${lineOf(fault)}; ${consequence(fault)}`)
      for (const note of read === undefined ? [] : policyNotes(policy, read.modules))
        log.warn({ policy: note.path }, lineOf(note))
    } else if (faults.length < known.size)
      log.info(
        { faults: faults.length },
        'Another CRM user sees what the policy names; fewer rules stay closed',
      )
    return checked(loaded, faults)
  }

  #warn(policy: Policy): void {
    for (const line of policyWarnings(policy)) this.#options.log.warn({}, line)
  }

  /** @param loaded the same before it was checked */
  #put(state: PolicyState, loaded: PolicyState): void {
    this.#loaded = loaded
    this.#state = state
    this.#options.observe(state)
  }
}

async function loaded({ load }: PolicyInForceOptions): Promise<Policy> {
  try {
    return await load()
  } catch (error) {
    throw new PolicyError((error instanceof Error ? error.message : String(error)).split('\n'))
  }
}

function unchecked(policy: Policy, loadedAt: number, isChecked: boolean): PolicyState {
  const hash = createHash('sha256').update(JSON.stringify(policy.source)).digest('hex').slice(0, 12)
  return { policy, hash, loadedAt, isChecked, faults: [], closed: [] }
}

function checked(state: PolicyState, faults: readonly Fault[]): PolicyState {
  const { policy } = state
  const readable = faults.some(({ rule }) => rule === undefined) ? withoutLevelField(policy) : policy
  const closed = new Set(faults.flatMap(({ rule }) => rule ?? policy.modulesFor({ entity: entities[0] })))
  return { ...state, isChecked: true, faults, closed: [...closed], policy: readable.without(closed) }
}

/** Log-ins read the field, and fail if contacts lack it. */
function withoutLevelField({ source }: Policy): Policy {
  const entries = Object.entries(source).filter(([name]) => name !== 'levelField')
  return new Policy({ level: source.level, modules: source.modules, ...Object.fromEntries(entries) })
}

function consequence({ rule }: Fault): string {
  return rule === undefined ? 'every module stays closed to contacts' : `the module stays closed`
}
