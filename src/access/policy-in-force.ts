/** The policy in force: loaded from its file, held against the installation, and replaced by a new one as a whole. */
import { createHash } from 'node:crypto'
import { PolicyMisfit } from '../model/policy-misfit.ts'
import { Policy, entities } from '../policy/policy.ts'
import { policyWarnings } from '../policy/warnings.ts'
import { faultsOf, lineOf, type Fault, type Installation } from '../scope/faults.ts'

/** What operators are told of a policy. */
export interface PolicyState {
  readonly policy: Policy
  /** The beginning of a digest of what the file says; equal on instances with equal policies. */
  readonly hash: string
  /** Milliseconds since 1970. */
  readonly loadedAt: number
  /** False until coreBOS has said which modules and fields there are. */
  readonly isChecked: boolean
  readonly faults: readonly Fault[]
  /** Names of the rules that stay closed for a fault. */
  readonly closed: readonly string[]
}

export interface PolicyLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

export interface PolicyInForceOptions {
  /** @throws Error that says what is wrong with the file, one line for each place */
  readonly load: () => Promise<Policy>
  /** Reads what the policy names; undefined where nothing is to be checked. @throws GatewayError how coreBOS failed */
  readonly installation: ((policy: Policy) => Promise<Installation>) | undefined
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: PolicyLog
  /** Told of every new state. */
  readonly observe: (state: PolicyState) => void
}

/** Lines about a policy that must not be put in force. */
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
  #state: PolicyState
  #checking: Promise<void> | undefined

  private constructor(options: PolicyInForceOptions, policy: Policy) {
    this.#options = options
    this.#state = unchecked(policy, options.now(), options.installation === undefined)
  }

  /** @throws PolicyError where the file is invalid, or says something that coreBOS cannot be asked */
  static async begin(options: PolicyInForceOptions): Promise<PolicyInForce> {
    const inForce = new PolicyInForce(options, await loaded(options))
    const { policy } = inForce.#state
    inForce.#put(inForce.#state)
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
   * Holds the policy against the installation unless that has been done.
   *
   * @param atStart rejects the policy where coreBOS cannot be asked what it says; later the rule is closed
   * @throws PolicyError; GatewayError how coreBOS failed
   */
  async check(atStart?: 'atStart'): Promise<void> {
    if (this.#state.isChecked) return
    this.#checking ??= this.#check(this.#state, atStart).finally(() => (this.#checking = undefined))
    return this.#checking
  }

  /** @throws Error where the policy does not fit the installation; GatewayError how coreBOS failed */
  async requireFit(): Promise<void> {
    await this.check()
    const { faults } = this.#state
    if (faults.length > 0) throw new PolicyMisfit(faults.map(({ path }) => path))
  }

  /** Loads the policy again. One that is wrong changes nothing. @returns whether it is in force now */
  async reload(): Promise<boolean> {
    const { log, now, installation } = this.#options
    try {
      const policy = await loaded(this.#options)
      // A session that was looked at in this millisecond was looked at under the old policy.
      const state = unchecked(policy, now() + 1, installation === undefined)
      await this.#check(state, 'atStart').catch((error: unknown) => {
        if (error instanceof PolicyError) throw error
        this.#put(state)
      })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      log.error({ reason }, 'The policy file is invalid; the policy in force stays')
      return false
    }
    log.info({ hash: this.#state.hash }, 'The policy was reloaded')
    this.#warn(this.#state.policy)
    return true
  }

  async #check(state: PolicyState, atStart?: 'atStart'): Promise<void> {
    const { installation, log } = this.#options
    const { policy } = state
    const faults = installation === undefined ? [] : faultsOf(policy, await installation(policy))
    const fatal = faults.filter(({ isFatal }) => isFatal)
    if (atStart !== undefined && fatal.length > 0) throw new PolicyError(fatal.map(lineOf))
    for (const fault of faults) log.error({ policy: fault.path }, `${lineOf(fault)}; ${consequence(fault)}`)
    this.#put(checked(state, faults))
  }

  #warn(policy: Policy): void {
    for (const line of policyWarnings(policy)) this.#options.log.warn({}, line)
  }

  #put(state: PolicyState): void {
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

/** Log-ins read the field, and fail where contacts lack it. */
function withoutLevelField({ source }: Policy): Policy {
  const entries = Object.entries(source).filter(([name]) => name !== 'levelField')
  return new Policy({ level: source.level, modules: source.modules, ...Object.fromEntries(entries) })
}

function consequence({ rule }: Fault): string {
  return rule === undefined ? 'every module stays closed to contacts' : `the module stays closed`
}
