/** The attack itself: reads the truth as administrator, puts hostile requests, and tells what their answers give away. */
import { errors, Pool } from 'undici'
import type { Attempt } from './attempt.ts'
import { Evaluator } from './condition.ts'
import { damage } from './damage.ts'
import { routes, postQuery, type Access } from './interfaces.ts'
import { Judge, type Finding } from './judge.ts'
import { knownHoles, knownPairs, type Hole } from './holes.ts'
import { makeCall, webserviceAttempt, type Call } from './operations.ts'
import { Random } from './random.ts'
import type { Maker } from './pick.ts'
import { Target, WebserviceContext, type Credentials } from './target.ts'
import { envelope, Webservice } from './webservice.ts'
import { loadWorld, type World } from './world.ts'
import { makeWrite } from './writes.ts'

export interface AttackOptions {
  readonly gateway: string
  readonly as: readonly Credentials[]
  /** Where the truth is read, and as which administrator. */
  readonly corebos: { readonly url: string; readonly user: string; readonly key: string }
  readonly count: number
  /** Hostile writes, after all that reads. They change the target. */
  readonly writes: number
  readonly seed: number
  /** Puts this one request of the seed alone. */
  readonly only: number | undefined
  /** Requests under way at once. */
  readonly concurrency: number
  readonly log: (line: string) => void
}

export interface Found extends Finding {
  readonly label: string
  readonly as: string
  /** How to put it again: `seed 1, number 4711`, or the request's place among the known ones. */
  readonly repeat: string
  readonly request: string
}

export interface Report {
  readonly requests: number
  readonly seconds: number
  readonly findings: readonly Found[]
  readonly statuses: ReadonlyMap<number, number>
  /** The holes that were looked for, each with its result. */
  readonly holes: ReadonlyMap<string, 'open' | 'closed' | 'absent'>
}

/** Writes are not those of the readings' numbers. */
const writesSeed = 0x77726974

/** The findings that are listed; the rest is counted. */
const mostKept = 1000

interface Contact {
  readonly client: WebserviceContext
  readonly judge: Judge
  readonly evaluator: Evaluator
  readonly holes: readonly Hole[]
  readonly calls: readonly Call[]
}

export async function attack(options: AttackOptions): Promise<Report> {
  const world = await readWorld(options)
  const target = await Target.at(options.gateway, options.concurrency)
  try {
    const run = new Run(options, world, target)
    return await run.run()
  } finally {
    await target.close()
  }
}

async function readWorld({ corebos, log }: AttackOptions): Promise<World> {
  const { origin, pathname } = new URL(corebos.url)
  const pool = new Pool(origin, { connections: 1 })
  try {
    const admin = new Webservice(
      pool,
      `${pathname.replace(/\/+$/, '').replace(/\/webservice\.php$/, '')}/webservice.php`,
    )
    await admin.loginUser(corebos.user, corebos.key)
    const world = await loadWorld(admin)
    await admin.call({ operation: 'logout' })
    log(`oracle: ${world.records.size} records of ${world.modules.size} modules at ${corebos.url}`)
    return world
  } finally {
    await pool.close()
  }
}

class Run {
  readonly #options: AttackOptions
  readonly #world: World
  readonly #target: Target
  readonly #findings: Found[] = []
  readonly #statuses = new Map<number, number>()
  readonly #asked = new Set<string>()
  readonly #present = new Set<string>()
  #requests = 0

  constructor(options: AttackOptions, world: World, target: Target) {
    this.#options = options
    this.#world = world
    this.#target = target
  }

  async run(): Promise<Report> {
    const { log, count, only, as } = this.#options
    const contacts: Contact[] = []
    for (const credentials of as) contacts.push(await this.#enter(credentials, as))
    const open = await this.#openInterfaces(contacts)
    const began = performance.now()
    if (only === undefined) for (const contact of contacts) await this.#known(contact)
    // The known ones are part of the count.
    const from = only ?? 0
    const to = only === undefined ? count - this.#requests : only + 1
    if (open.length > 0) await this.#random(contacts, open, from, to)
    const each = Math.ceil(this.#options.writes / contacts.length)
    if (this.#target.isGateway && each > 0) for (const contact of contacts) await this.#write(contact, each)
    const seconds = (performance.now() - began) / 1000
    log(`${this.#requests} requests in ${seconds.toFixed(1)} s`)
    return {
      requests: this.#requests,
      seconds,
      findings: this.#findings,
      statuses: this.#statuses,
      holes: this.#holes(contacts),
    }
  }

  async #enter(credentials: Credentials, all: readonly Credentials[]): Promise<Contact> {
    const client = new WebserviceContext(this.#target, credentials)
    if (this.#target.isGateway) await client.login()
    else await client.loginWebservice(this.#world)
    const account = this.#world.records.get(client.contact)?.values.get('account_id') ?? ''
    const person = { contact: client.contact, account }
    const others = all.filter((each) => each !== credentials).map(({ password }) => password)
    const judge = new Judge(this.#world, person, {
      leaksOnly: !this.#target.isGateway,
      secrets: [this.#options.corebos.key, ...others],
      user: client.user,
    })
    const evaluator = new Evaluator(this.#world, judge.scope)
    const holes = knownHoles(this.#maker({ judge, evaluator }, new Random(0, 0)))
    return { client, judge, evaluator, holes, calls: holes.flatMap(({ calls }) => calls) }
  }

  /** The interfaces that the target has. Runs first, so that a missing one is reported once. */
  async #openInterfaces(contacts: readonly Contact[]): Promise<Access[]> {
    const { log } = this.#options
    const [first] = contacts
    const webservice: Access = {
      name: '/webservice.php',
      probe: '/webservice.php',
      weight: 25,
      make: () => {
        throw new Error('made by the contact that is logged in')
      },
    }
    if (!this.#target.isGateway) return [webservice]
    const open: Access[] = []
    for (const access of [...routes, webservice]) {
      if (await this.#target.has(access.probe, first?.client.token ?? '')) open.push(access)
      else log(`skipped: ${access.name} is not there`)
    }
    if (open.includes(webservice)) {
      for (const { client } of contacts) await client.loginWebservice(this.#world)
    }
    return open
  }

  #maker({ judge, evaluator }: Pick<Contact, 'judge' | 'evaluator'>, random: Random): Maker {
    return { random, values: random, world: this.#world, scope: judge.scope, evaluator }
  }

  /** The holes that coreBOS is known to have, each by itself. */
  async #known(contact: Contact): Promise<void> {
    const { holes, client } = contact
    for (const { calls } of holes) {
      for (const [index, call] of calls.entries()) {
        const repeat = `request ${index} of this hole`
        const { operation, query } = call.parameters
        if (this.#target.isGateway && operation === 'query' && query !== undefined) {
          await this.#put(contact, postQuery(call.label, query, call.known), repeat)
        }
        if (client.session !== '') await this.#put(contact, this.#call(contact, call), repeat)
      }
    }
    if (client.session === '') return
    for (const { name, first, second, what } of knownPairs(this.#maker(contact, new Random(0, 0)))) {
      const attempt = this.#call(contact, { label: name, parameters: first })
      const one = await this.#put(contact, attempt, 'the pair of requests')
      const other = await this.#put(contact, this.#call(contact, { label: name, parameters: second }), name)
      if (isOk(one) && isOk(other) && one !== other) {
        this.#tell(contact, attempt, 'and its pair', { kind: 'value', what })
      }
    }
  }

  #call({ client }: Contact, call: Call): Attempt {
    return webserviceAttempt(call, this.#target.webservicePath, client.session)
  }

  async #random(
    contacts: readonly Contact[],
    open: readonly Access[],
    from: number,
    to: number,
  ): Promise<void> {
    let next = from
    const weights = open.map((access) => [access.weight, access] as const)
    const worker = async (): Promise<void> => {
      while (next < to) {
        const number = next++
        const contact = contacts[number % contacts.length]
        if (contact === undefined) return
        const random = new Random(this.#options.seed, number)
        const maker = this.#maker(contact, random)
        const access = random.weighted(weights)
        const attempts =
          access.name === '/webservice.php'
            ? [this.#call(contact, makeCall(maker, contact.calls))]
            : [access.make(maker)].flat()
        for (const attempt of attempts)
          await this.#put(contact, attempt, `seed ${this.#options.seed}, number ${number}`)
      }
    }
    await Promise.all(Array.from({ length: this.#options.concurrency }, worker))
  }

  /** The changes of one contact show when everything is read again; no other write may run meanwhile. */
  async #write(contact: Contact, count: number): Promise<void> {
    const before = await readWorld(this.#options)
    const accepted: { attempt: Attempt; repeat: string }[] = []
    let next = 0
    const worker = async (): Promise<void> => {
      while (next < count) {
        const number = next++
        const maker = this.#maker(contact, new Random(this.#options.seed ^ writesSeed, number))
        const attempt = makeWrite(maker, this.#target.webservicePath, contact.client.session)
        const repeat = `seed ${this.#options.seed}, write ${number}`
        const answer = await this.#put(contact, attempt, repeat)
        if (attempt.answerKind !== 'webservice' || isOk(answer)) accepted.push({ attempt, repeat })
      }
    }
    await Promise.all(Array.from({ length: this.#options.concurrency }, worker))
    const after = await readWorld(this.#options)
    for (const { id, what } of damage(before, after, contact.judge.scope.person)) {
      const by = accepted.findLast(({ attempt }) => attempt.text.includes(id)) ?? accepted.at(-1)
      if (by !== undefined) this.#tell(contact, by.attempt, by.repeat, { kind: 'write', what })
    }
  }

  /** @returns the answer's text */
  async #put(contact: Contact, attempt: Attempt, repeat: string): Promise<string> {
    this.#requests++
    const answer = await contact.client.send(attempt).catch((error: unknown) => {
      if (!(error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError))
        throw error
      this.#tell(contact, attempt, repeat, { kind: 'crash', what: `no answer: ${error.message}` })
      return undefined
    })
    if (answer === undefined) return ''
    this.#statuses.set(answer.status, (this.#statuses.get(answer.status) ?? 0) + 1)
    if (attempt.answerKind === 'webservice') {
      this.#asked.add(attempt.label)
      if (envelope(answer).code !== 'UNKNOWN_OPERATION') this.#present.add(attempt.label)
    }
    for (const finding of contact.judge.findings(attempt, answer))
      this.#tell(contact, attempt, repeat, finding)
    return answer.text
  }

  /** Absent: the operation does not exist. */
  #holes(contacts: readonly Contact[]): Map<string, 'open' | 'closed' | 'absent'> {
    const [first] = contacts
    if (first === undefined) return new Map()
    const pairs = knownPairs(this.#maker(first, new Random(0, 0)))
    const looked: readonly Pick<Hole, 'name' | 'shownBy'>[] = [
      ...first.holes,
      ...pairs.map(({ name }) => ({ name, shownBy: ['value'] as const })),
    ]
    return new Map(
      looked.map(({ name, shownBy }) => {
        const shown = this.#findings.some(({ label, kind }) => label === name && shownBy.includes(kind))
        return [
          name,
          shown ? 'open' : this.#asked.has(name) && !this.#present.has(name) ? 'absent' : 'closed',
        ]
      }),
    )
  }

  #tell({ client }: Contact, attempt: Attempt, repeat: string, finding: Finding): void {
    if (this.#findings.length >= mostKept && this.#findings.some(({ label }) => label === attempt.label))
      return
    const request = `${attempt.method} ${attempt.path}${attempt.body === undefined ? '' : ` ${attempt.body}`}`
    this.#findings.push({ ...finding, label: attempt.label, as: client.name, repeat, request })
  }
}

function isOk(text: string): boolean {
  return /"success":\s*true/.test(text)
}
