/** Looks at an answer for anything that the contact may not see. */
import type { Attempt, Meaning } from './attempt.ts'
import { DisplayOracle } from './display.ts'
import { Needles } from './needles.ts'
import { isHidden, openModules, readableFields, Scope, type Person } from './scope.ts'
import { isObject, parse, type Answer } from './webservice.ts'
import type { CrmRecord, World } from './world.ts'

/**
 * `row`, `field`, `value`, `count`: what the contact may not see. `rejection`: a statement that names what is closed was
 * answered. `difference`: the answer is not that of the statement. `crash`: status 500 or above. `write`: something has
 * changed that the contact may not change.
 */
export type FindingKind = 'row' | 'field' | 'value' | 'count' | 'rejection' | 'difference' | 'crash' | 'write'

export interface Finding {
  readonly kind: FindingKind
  readonly what: string
}

export interface JudgeOptions {
  /** coreBOS itself: it understands much otherwise than SQL does, and crashes; leaks alone are told. */
  readonly leaksOnly: boolean
  /** Texts that stand in no record and must be in no answer. */
  readonly secrets: readonly string[]
  /** Webservice id of the CRM user that works for the contact: the log-in itself names it. */
  readonly user: string
}

const webserviceId = /^[0-9]+x[0-9]+$/
const totals = new Set(['total', 'totalrows', 'count'])
/** A time as REST has it; records have it with a blank. */
const isoTime = /^([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}:[0-9]{2})Z$/
/** Fields that no module has and a join with the table of users shows. */
const userColumns = new Set(['accesskey', 'user_password', 'user_hash', 'confirm_password', 'crypt_type'])

/** What a contact may read of the CRM user that works for it, and of no other user. */
const ofOwnUser = new Set([
  'id',
  'user_name',
  'first_name',
  'last_name',
  'language',
  'date_format',
  'currency_grouping_pattern',
  'currency_decimal_separator',
  'currency_grouping_separator',
  'currency_symbol_placement',
])

const ofComments = new Set(['id', 'author', 'time', 'text'])
const ofAuthors = new Set(['kind', 'id', 'name'])

/** A field that counts on while files are read, by this attack as well, until it is any small number. */
const downloads = 'filedownloadcount'

interface Place {
  readonly attempt: Attempt
  readonly module: string | undefined
  /** Inside a row, where nothing is an echo of the request. */
  readonly row: boolean
  /** Inside a comment, which is told in words of the gateway's own. */
  readonly comment: boolean
}

export class Judge {
  readonly #world: World
  readonly #scope: Scope
  readonly #display: DisplayOracle
  readonly #options: JudgeOptions
  readonly #forbidden: ReadonlySet<string>
  /** The numbers among them, which JSON has without the places of their column. */
  readonly #forbiddenNumbers: ReadonlySet<number>
  readonly #needles: Needles
  readonly #hopKeys: ReadonlySet<string>
  readonly #userFields: ReadonlySet<string>
  /** By their names in small letters. */
  readonly #moduleNames: ReadonlyMap<string, string>
  readonly #closedNames: ReadonlySet<string>

  constructor(world: World, person: Person, options: JudgeOptions) {
    const scope = new Scope(world, person)
    this.#world = world
    this.#scope = scope
    this.#display = new DisplayOracle(world, scope)
    this.#options = options
    this.#moduleNames = new Map([...world.modules.keys()].map((name) => [name.toLowerCase(), name]))
    const { allowed, forbidden } = valuesOf(world, scope)
    for (const [field, value] of world.records.get(options.user)?.values ?? [])
      if (ofOwnUser.has(field)) allowed.add(value)
    allowed.add(options.user)
    // Currencies are told by code, and the owners and authors of visible records by name.
    for (const { values } of world.byModule.get('Currency') ?? [])
      allowed.add(values.get('currency_code') ?? '')
    for (const [id, name] of this.#display.users) {
      const { values } = world.records.get(id) ?? {}
      for (const text of [name, values?.get('first_name'), values?.get('last_name')]) allowed.add(text ?? '')
    }
    for (const text of allowed) forbidden.delete(text)
    for (const secret of [...options.secrets, ...world.secrets])
      if (!allowed.has(secret)) forbidden.add(secret)
    this.#forbidden = forbidden
    this.#forbiddenNumbers = numbersOf(forbidden, allowed)
    const readable = `\n${[...allowed].join('\n')}\n`
    this.#needles = new Needles(
      [...forbidden].filter((text) => text.length >= 6 && /[A-Za-z]/.test(text) && !readable.includes(text)),
    )
    const open = openModules.map((name) => world.modules.get(name)).filter((module) => module !== undefined)
    this.#hopKeys = new Set(
      open.flatMap((module) =>
        readableFields(module).map(({ name }) => `${module.name.toLowerCase()}${name}`),
      ),
    )
    const known = new Set(open.flatMap(({ fields }) => [...fields.keys()]))
    const users = [...(world.modules.get('Users')?.fields.keys() ?? []), ...userColumns]
    this.#userFields = new Set(
      users.flatMap((name) => (known.has(name) ? [`users${name}`] : [name, `users${name}`])),
    )
    const hidden = open.flatMap(({ name, fields }) =>
      [...fields.keys()].filter((field) => isHidden(name, field)),
    )
    const readableNames = new Set(open.flatMap((module) => readableFields(module).map(({ name }) => name)))
    this.#closedNames = new Set([
      ...[...world.modules.keys()].filter((name) => !openModules.includes(name)),
      ...hidden.filter((name) => !readableNames.has(name)),
    ])
  }

  get scope(): Scope {
    return this.#scope
  }

  /** @returns what is wrong with the answer, the worst first; nothing where all is well */
  findings(attempt: Attempt, answer: Answer): Finding[] {
    const found: Finding[] = []
    const tell = (kind: FindingKind, what: string): void => {
      if (found.length < 20) found.push({ kind, what })
    }
    // Answers in a stream have one value per line.
    const body = parse(answer.text) ?? answer.text.split('\n').map(parse)
    this.#walk(body, '', { attempt, module: undefined, row: false, comment: false }, tell)
    if (attempt.secret !== undefined && isObject(body) && body['success'] === true)
      tell('value', attempt.secret)
    const echoed = (needle: string): boolean => attempt.text.includes(needle)
    const loose = this.#needles.find(answer.text, echoed) ?? this.#needles.find(answer.headers, echoed)
    if (loose !== undefined && found.length === 0) tell('value', `holds ${JSON.stringify(loose)}`)
    if (!this.#options.leaksOnly) {
      if (answer.status >= 500) tell('crash', `status ${answer.status}: ${answer.text.slice(0, 200)}`)
      const rows = rowsOf(body)
      if (rows !== undefined && answer.status === 200) this.#compare(attempt, body, rows, tell)
    }
    return found
  }

  #walk(value: unknown, key: string, place: Place, tell: (kind: FindingKind, what: string) => void): void {
    if (typeof value === 'string') {
      this.#leaf(value.replace(isoTime, '$1 $2'), key, place, tell)
    } else if (typeof value === 'number') {
      const repeats = place.attempt.writes && place.attempt.text.includes(String(value))
      if (place.row && key !== downloads && !repeats && this.#forbiddenNumbers.has(value))
        tell('value', `${key} holds ${value}`)
    } else if (Array.isArray(value)) {
      for (const each of value) this.#walk(each, key, place, tell)
    } else if (isObject(value)) {
      const id = value['id'] ?? value['crmid']
      const isRow = typeof id === 'string' && webserviceId.test(id)
      const isEcho = isRow && place.attempt.text.includes(id) && isRepeated(value, place.attempt)
      if (isEcho) return
      const record = isRow ? this.#world.records.get(id) : undefined
      const isOwnUser = record?.module === 'Users' && id === this.#options.user
      if (record?.module === 'Users' && this.#display.isNamedUser(record.id, value)) return
      if (record !== undefined && !isOwnUser && !this.#scope.sees(record))
        tell('row', `the row ${record.module} ${record.id}`)
      if (isRow && this.#world.deleted.includes(id)) tell('row', `the deleted row ${id}`)
      // An aggregate answers `groups`, which are not the module of this name.
      const named = key === 'groups' ? undefined : this.#moduleNamed(key)
      const module = this.#moduleNamed(value['module']) ?? named ?? place.module
      const isBare = key === 'records' || key === 'result'
      const comment = place.comment || key === 'comments'
      const inside = { ...place, module, row: place.row || isRow || isBare, comment }
      for (const [name, each] of Object.entries(value)) {
        const shown = record ?? (key === 'groups' ? groupIn(place.attempt) : undefined)
        if (shown !== undefined && name === 'display' && isObject(each)) {
          this.#displayed(shown, each, value, inside, tell)
          continue
        }
        if (comment && !(key === 'author' ? ofAuthors : ofComments).has(name))
          tell('field', `a comment with ${name}`)
        else if (record !== undefined && !comment) this.#field(record, name, each, place, tell)
        if (!isRow && totals.has(name)) this.#total(each, { ...inside, module }, tell)
        else if (!isRow && key === 'totals')
          this.#total(each, { ...inside, module: this.#moduleNamed(name) }, tell)
        this.#walk(each, name, inside, tell)
      }
    }
  }

  #displayed(
    record: Pick<CrmRecord, 'module' | 'id'>,
    display: Readonly<Record<string, unknown>>,
    row: Readonly<Record<string, unknown>>,
    place: Place,
    tell: (kind: FindingKind, what: string) => void,
  ): void {
    for (const [name, text] of Object.entries(display)) {
      const wrong = this.#display.wrong(record, name, text, row)
      if (wrong !== undefined) tell('value', wrong)
      if (typeof text === 'string') this.#leaf(text, name, place, tell)
      else tell('value', `display of ${name} is no text`)
    }
  }

  #leaf(text: string, key: string, place: Place, tell: (kind: FindingKind, what: string) => void): void {
    if (key === downloads) return
    // The owner of a deleted record is unknown, even to the administrator.
    if (key === 'deleted' && webserviceId.test(text)) tell('row', `the deleted row ${text}`)
    const { attempt } = place
    const repeats = attempt.text.includes(text)
    const isOwn = place.row && !(attempt.writes && repeats)
    if (this.#forbidden.has(text) && (isOwn || (isTelling(text) && !repeats))) {
      tell('value', `${key} holds ${JSON.stringify(text.slice(0, 200))}`)
    }
    const names = key === 'name' || key === 'refersTo' || key === 'module'
    if (names && attempt.answerKind !== 'webservice' && this.#closedNames.has(text)) {
      tell('field', `the name ${text}`)
    }
  }

  #field(
    record: CrmRecord,
    name: string,
    value: unknown,
    { attempt }: Place,
    tell: (kind: FindingKind, what: string) => void,
  ): void {
    if (value === '' || value === null || value === undefined) return
    const fields = this.#world.modules.get(record.module)?.fields
    // Columns of the database have the names of users' fields as well: only who asks for users gets these.
    const ofUser = this.#userFields.has(name) && fields?.has(name) !== true && attempt.text.includes('Users')
    if (isHidden(record.module, name) || (record.module === 'Users' ? !ofOwnUser.has(name) : ofUser)) {
      tell('field', `${record.module} ${record.id} with ${name}`)
    } else if (
      attempt.answerKind === 'rows' &&
      name !== 'id' &&
      name !== 'expanded' &&
      fields?.has(name) !== true &&
      !this.#hopKeys.has(name)
    ) {
      tell('field', `${record.module} ${record.id} with ${name}, which is no field`)
    }
  }

  #total(value: unknown, place: Place, tell: (kind: FindingKind, what: string) => void): void {
    const number = typeof value === 'number' ? value : typeof value === 'string' ? Number(value) : NaN
    if (!Number.isFinite(number)) return
    const named = place.module === undefined ? place.attempt.modules : [place.module]
    const modules = new Set(named.map((name) => this.#moduleNamed(name) ?? name))
    const most = Math.max(
      0,
      ...[...modules].map((module) => (module === 'Users' ? 1 : this.#scope.of(module).length)),
    )
    if (number > most) tell('count', `${number} of ${[...modules].join(', ')}, where ${most} can be seen`)
  }

  #moduleNamed(name: unknown): string | undefined {
    return typeof name === 'string' ? this.#moduleNames.get(name.toLowerCase()) : undefined
  }

  /** The row of the own user, or none, in answer to a statement that names no closed field of users. */
  #isOwnUserAlone({ text }: Attempt, rows: readonly Record<string, unknown>[]): boolean {
    const named = text.replace(/'(?:[^'\\]|''|\\.)*'/g, '').match(/\w+/g) ?? []
    return (
      !named.some((name) => this.#userFields.has(name) && !ofOwnUser.has(name)) &&
      rows.every(
        (row) => row['id'] === this.#options.user && Object.keys(row).every((name) => ofOwnUser.has(name)),
      )
    )
  }

  #compare(
    attempt: Attempt,
    body: unknown,
    rows: readonly Record<string, unknown>[],
    tell: (kind: FindingKind, what: string) => void,
  ): void {
    if (attempt.closed === 'Users' && this.#isOwnUserAlone(attempt, rows)) return
    if (attempt.closed !== undefined) {
      tell('rejection', `${attempt.closed} is closed, and the statement was answered`)
      return
    }
    const meaning = attempt.meaning?.()
    if (meaning === undefined) return
    const total = totalOf(body)
    const { sure, possible } = meaning
    if (total !== undefined && (total > possible.size || (meaning.form === 'rows' && total < sure))) {
      tell('difference', `a total of ${total}, where ${between(meaning)} are right`)
    }
    if (meaning.form === 'count') {
      const [row] = rows
      const number = Number(row?.['count'])
      if (row !== undefined && !(number >= sure && number <= possible.size)) {
        tell('difference', `a count of ${String(row['count'])}, where ${between(meaning)} are right`)
      }
      return
    }
    if (meaning.form === 'distinct') return
    const wrong = rows.find(({ id }) => typeof id !== 'string' || !possible.has(id))
    if (wrong !== undefined) tell('difference', `the row ${String(wrong['id'])} does not meet the condition`)
    const least = Math.min(meaning.limit, Math.max(0, sure - meaning.offset))
    const most = Math.min(meaning.limit, Math.max(0, possible.size - meaning.offset))
    if (rows.length < least || rows.length > most) {
      tell('difference', `${rows.length} rows, where ${least} to ${most} are right`)
    }
  }
}

function between({ sure, possible }: Meaning): string {
  return sure === possible.size ? String(sure) : `${sure} to ${possible.size}`
}

/** Which of many writes failed is told by what came with it. */
function isRepeated(value: Readonly<Record<string, unknown>>, { writes, text }: Attempt): boolean {
  return Object.entries(value).every(
    ([name, each]) =>
      ['id', 'code', 'message'].includes(name) ||
      (writes && typeof each === 'string' && text.includes(JSON.stringify(each).slice(1, -1))),
  )
}

/** Of an answer that holds rows. */
function rowsOf(body: unknown): Record<string, unknown>[] | undefined {
  if (!isObject(body)) return undefined
  const rows = body['records'] ?? body['groups'] ?? (body['success'] === true ? body['result'] : undefined)
  return Array.isArray(rows) ? rows.filter(isObject) : undefined
}

function totalOf(body: unknown): number | undefined {
  if (!isObject(body)) return undefined
  const more = body['moreinfo']
  const total = body['total'] ?? (isObject(more) ? more['totalrows'] : undefined)
  return typeof total === 'number' || typeof total === 'string' ? Number(total) : undefined
}

/** A group of an aggregate, for the judgement of its texts. */
function groupIn({ modules: [module = ''] }: Attempt): Pick<CrmRecord, 'module' | 'id'> {
  return { module, id: 'of a group' }
}

/** Words of everyday, numbers and dates may stand outside of rows for many reasons. */
function isTelling(text: string): boolean {
  return text.length >= 6 && /[A-Za-z]/.test(text)
}

/** The numbers that stand among the closed texts only. Small ones stand everywhere. */
function numbersOf(forbidden: ReadonlySet<string>, allowed: ReadonlySet<string>): ReadonlySet<number> {
  const numeric = (texts: ReadonlySet<string>) =>
    [...texts].filter((text) => /^-?[0-9]+(\.[0-9]+)?$/.test(text)).map(Number)
  const open = new Set(numeric(allowed))
  return new Set(numeric(forbidden).filter((number) => Math.abs(number) >= 100 && !open.has(number)))
}

function nameOf({ module, values }: CrmRecord, world: World): string {
  const fields = world.modules.get(module)?.labelFields ?? []
  return fields
    .map((field) => values.get(field) ?? '')
    .join(' ')
    .trim()
}

/** All values that the contact may see somewhere, and those that stand only where it may not. */
function valuesOf(world: World, scope: Scope): { allowed: Set<string>; forbidden: Set<string> } {
  const allowed = new Set<string>(world.vocabulary)
  const closed: string[] = [...world.deleted]
  for (const record of world.records.values()) {
    const visible = scope.sees(record)
    const tell = (text: string, open: boolean): void => {
      if (open) allowed.add(text)
      else closed.push(text)
    }
    tell(record.id, visible)
    for (const [field, value] of record.values)
      if (field !== downloads) tell(value, visible && !isHidden(record.module, field))
    tell(nameOf(record, world), visible)
  }
  for (const [ticket, comments] of world.comments) {
    const record = world.records.get(ticket)
    const visible = record !== undefined && scope.sees(record)
    for (const comment of comments) {
      if (visible) allowed.add(comment)
      else closed.push(comment)
    }
  }
  return { allowed, forbidden: new Set(closed.filter((text) => text.length >= 3 && !allowed.has(text))) }
}
