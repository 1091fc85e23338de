/** Gives a request its contact's read context, its write context and its audit log. */
import type { Caller } from '../corebos/caller.ts'
import * as write from '../corebos/write.ts'
import { reasonOf } from '../model/log-reason.ts'
import type { Contact } from '../model/contact.ts'
import type { FieldLengths } from '../model/lengths.ts'
import type { Generations, Store } from '../session/contract.ts'
import { admissionOf, type Admission } from './admission.ts'
import { auditEntry, withheldEntry } from './audit-log.ts'
import { bypassCache } from './bypass-cache.ts'
import type { Auditor, ReadContext, WriteContext, WriteOperation, Writer } from './context.ts'
import { SharedLengths, type SharedLengthsOptions } from './shared-lengths.ts'
import { uncached, type Needs, type ReadContexts, type Withheld } from './read-contexts.ts'
import type { Upstream } from './upstream.ts'

export interface Log {
  readonly level: string
  error(details: object, message: string): void
  info(details: object, message: string): void
  child(bindings: Record<string, never>, options: { readonly level: string }): Pick<Log, 'info'>
}

/** The parts of a request that access needs. */
export interface AccessRequest extends Needs {
  readonly id: string
  readonly admission: Admission | null
  readonly log: Log
  /** The language of labels, as coreBOS names it; undefined: that of the CRM user. */
  readonly language?: string | undefined
  /** Whether an audit line of the request has been written. */
  audited: boolean
}

export interface AccessOptions {
  readonly contexts: ReadContexts
  /** The store of all instances; absent where there is but one. */
  readonly shared: SharedLengthsOptions['store']
  readonly now: () => number
  readonly store: Pick<Store, 'invalidate' | 'generations'>
  /** The log of the gateway itself. */
  readonly log: Log
  /** Receives the withheld rows, by the rule that they failed. */
  readonly countWithheld: (rule: string, rows: number) => void
  /** Receives each audit line as well. */
  readonly auditFile: { write(entry: object): void } | undefined
}

export class Access {
  readonly #options: AccessOptions
  readonly #lengths: SharedLengths

  constructor(options: AccessOptions) {
    this.#options = options
    this.#lengths = new SharedLengths({ store: options.shared, now: options.now })
  }

  /** How long the texts are that coreBOS keeps. */
  get lengths(): FieldLengths {
    return this.#lengths.lengths
  }

  /**
   * @throws GatewayError `AUTHENTICATION_REQUIRED`, `SESSION_ENDED`, or the error of coreBOS for the list of modules
   */
  async readContextOf(request: AccessRequest): Promise<ReadContext> {
    return this.#contextOf(request, request)
  }

  /**
   * The read context with further facts for coreBOS's own protocol: the sessions that serve the contact, and the name
   * fields of a module.
   *
   * @throws GatewayError as {@link readContextOf}
   */
  async webserviceContextOf(request: AccessRequest): Promise<{
    readonly context: ReadContext
    readonly caller: Caller
    readonly callerFor: Upstream['callerFor']
    readonly labelFields: (module: string) => readonly string[]
  }> {
    const { contexts } = this.#options
    const { session } = admissionOf(request)
    const upstream = contexts.upstreamOf(session)
    const [context, catalogue] = await Promise.all([
      this.readContextOf(request),
      contexts.catalogueOf(session.contact, upstream, request),
    ])
    return {
      context,
      caller: upstream.caller,
      callerFor: upstream.callerFor,
      labelFields: (module) => catalogue.byName(module)?.labelFields ?? [],
    }
  }

  /**
   * The read context of a contact that need not be logged in, for operators: the service user reads.
   *
   * @throws GatewayError `COREBOS_UNAVAILABLE` without a service user
   */
  async readContextFor(contact: Contact): Promise<ReadContext> {
    const { contexts, log } = this.#options
    return contexts.forContact(contact, this.#withheld(contact, log))
  }

  /** The context of a request that writes. @throws GatewayError as {@link readContextOf} */
  async writeContextOf(request: AccessRequest): Promise<WriteContext> {
    const { contexts } = this.#options
    const { session } = admissionOf(request)
    const upstream = contexts.upstreamOf(session)
    const withheld = this.#withheld(session.contact, request.log)
    const [context] = await Promise.all([this.#contextOf(request), this.#lengths.refresh()])
    return {
      ...bypassCache(context),
      writer: writerBy(upstream),
      lengths: this.lengths,
      ...this.auditorOf(request),
      changed: async (modules) => {
        const outdated = modules && contexts.changedBy(modules, context.visible)
        return contexts.under(await this.#generationsAfter(outdated, request.log), session, withheld)
      },
    }
  }

  /**
   * Invalidates what is cached of a module, on every instance.
   *
   * @throws GatewayError `UNKNOWN_MODULE` if the policy does not open the module
   */
  async recordsChanged(module: string): Promise<void> {
    const { contexts, store } = this.#options
    contexts.requireNamed(module)
    await store.invalidate([module])
  }

  /** Ends all that was cached, metadata included, on every instance, and holds the policy against the new ones. */
  async everythingChanged(): Promise<void> {
    const { contexts, store } = this.#options
    await store.invalidate('everything')
    await this.#lengths.forget()
    // The other instances see the new generation at their next request. Where coreBOS is away, the next request checks.
    await contexts.discardMetadata(await store.generations()).catch(() => undefined)
  }

  /** The audit log for writes outside records. @throws GatewayError `AUTHENTICATION_REQUIRED` */
  auditorOf(request: AccessRequest): Auditor {
    const { session } = admissionOf(request)
    return {
      audit: (line) => {
        request.audited = true
        // Written at every log level except `silent`.
        const level = this.#options.log.level === 'silent' ? 'silent' : 'info'
        const audit = auditEntry(session, line)
        request.log.child({}, { level }).info({ audit }, 'write')
        this.#options.auditFile?.write({ requestId: request.id, ...audit })
      },
    }
  }

  /** Audits a write that was rejected before the write itself was audited: malformed form, key in use. */
  auditRejection(
    request: AccessRequest & { readonly params: unknown },
    operation: WriteOperation,
    outcome: string,
  ): void {
    if (request.audited || request.admission === null) return
    const ids = Object.values(request.params ?? {}).filter((each) => typeof each === 'string')
    this.auditorOf(request).audit({ operation, module: undefined, ids, rule: undefined, outcome })
  }

  async #contextOf(request: AccessRequest, needs?: Needs): Promise<ReadContext> {
    const admission = admissionOf(request)
    const withheld = this.#withheld(admission.session.contact, request.log)
    const context = await this.#options.contexts.of(admission, withheld, needs)
    return { ...context, language: request.language }
  }

  #withheld({ id }: Contact, log: Log): Withheld {
    return (rows, rule) => {
      this.#options.countWithheld(rule, rows.length)
      log.error(withheldEntry(id, rows, rule), 'coreBOS returned rows outside the scope; they were withheld')
    }
  }

  /** The write stands even if the store cannot tell the other instances; their caches expire. */
  async #generationsAfter(modules: readonly string[] | undefined, log: Log): Promise<Generations> {
    const { store } = this.#options
    try {
      await store.invalidate(modules ?? 'records')
      return await store.generations()
    } catch (error) {
      log.error(reasonOf(error), 'The caches could not be invalidated')
      return uncached()
    }
  }
}

function writerBy({ callerFor }: Upstream): Writer {
  return {
    create: async (values, relations, by, file) => write.create(callerFor(by), values, relations, file),
    revise: async (id, values, by) => write.revise(callerFor(by), id, values),
    replaceFile: async (id, values, by, file) => write.replaceFile(callerFor(by), id, values, file),
    remove: async (id, by) => write.remove(callerFor(by), id),
    relate: async (id, other, by) => write.relate(callerFor(by), id, other),
    unrelate: async (id, other, by) => write.unrelate(callerFor(by), id, other),
    act: async (action, id, by) => write.act(callerFor(by), action, id),
    addComment: async (id, text, author, by) => write.addComment(callerFor(by), id, text, author),
  }
}
