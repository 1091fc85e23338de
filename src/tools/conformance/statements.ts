/**
 * The query language's dialects, tried on the tickets that the installation has: what a statement should find is
 * worked out here, over rows that were read beforehand without a condition.
 */
import { readingOf } from '../../query/dialect.ts'
import { ask, crash, rowsOf, show, textAt, type Answer } from './answer.ts'
import type { Ledger } from './ledger.ts'
import { quoted, type World } from './world.ts'

interface Ticket {
  readonly id: string
  readonly title: string
  readonly status: string
  readonly parent: string
  readonly owner: string
}

/** As many tickets as statements are tried on: the extended dialect is slow with long lists. */
const sampleSize = 60
/** More than there may be of what is counted by its rows. */
const limit = 10_000

type Holds = (ticket: Ticket) => boolean

const fold = (text: string): string => text.toLowerCase().trimEnd()
const every: Holds = () => true
const none: Holds = () => false

function ticketOf(row: unknown): Ticket {
  return {
    id: textAt(row, 'id'),
    title: textAt(row, 'ticket_title'),
    status: textAt(row, 'ticketstatus'),
    parent: textAt(row, 'parent_id'),
    owner: textAt(row, 'assigned_user_id'),
  }
}

/** A title whose letters no collation and no dialect makes anything else of. */
const plainTitle = /^[A-Za-z0-9][A-Za-z0-9 ]+[A-Za-z0-9]$/

export async function checkStatements(ledger: Ledger, world: World): Promise<void> {
  ledger.begin('statements')
  const { service, modules } = world
  const contacts = modules.get('Contacts')?.idPrefix ?? ''
  const fields = 'ticket_title,ticketstatus,parent_id,assigned_user_id'
  const read = await ask(service, 'query', { query: `select ${fields} from HelpDesk limit ${sampleSize};` })
  const sample = rowsOf(read).map(ticketOf)
  const model = sample.find(
    ({ title, parent }) => plainTitle.test(title) && parent.startsWith(`${contacts}x`),
  )
  if (model === undefined) {
    ledger.skip('the dialects', `among the tickets is none of a contact with a plain title (${show(read)})`)
    return
  }
  const trial = new Trial(ledger, world, sample)
  await basic(trial, model, sample)
  await extended(trial, model)
  await workflow(trial, model)
  await related(trial, model)
  await rejections(trial, model)
}

class Trial {
  readonly #ledger: Ledger
  readonly #world: World
  readonly #sample: readonly Ticket[]

  constructor(ledger: Ledger, world: World, sample: readonly Ticket[]) {
    this.#ledger = ledger
    this.#world = world
    this.#sample = sample
  }

  async ask(statement: string): Promise<Answer> {
    return ask(this.#world.service, 'query', { query: `${statement};` })
  }

  /** Conditions that hold one or the other, each within the sample, since `and` binds first. */
  async within(conditions: readonly string[], holds: Holds): Promise<void> {
    const ids = this.#sample.map(({ id }) => quoted(id)).join(',')
    const terms = conditions.map((condition) => `id in (${ids}) and ${condition}`)
    const statement = `select ticket_title from HelpDesk where ${terms.join(' or ')} limit ${limit}`
    const answer = await this.ask(statement)
    const asked = conditions.join(' or ')
    const expected = this.#sample.filter(holds).map(({ id }) => id)
    const got = rowsOf(answer).map((row) => textAt(row, 'id'))
    this.#ledger.sameRows(`${readingOf(statement)}: ${asked}`, expected, got, answer)
  }

  /** Both statements count the same. */
  async asMany(statement: string, other: string): Promise<void> {
    const [answer, expected] = [await this.ask(statement), await this.ask(other)]
    const total = (of: Answer): string =>
      of.kind === 'result' ? `${of.total ?? rowsOf(of).length} rows` : show(of)
    const agrees = answer.kind === 'result' && total(answer) === total(expected)
    this.#ledger.note(`${readingOf(statement)}: ${statement}`, total(expected), total(answer), agrees)
  }

  async rejected(statement: string, expected: string): Promise<void> {
    const answer = await this.ask(statement)
    this.#ledger.rejected(`${readingOf(statement)}: ${statement}`, expected, answer)
  }

  note(asked: string, expected: string, got: string): void {
    this.#ledger.note(asked, expected, got, expected === got)
  }
}

async function basic(trial: Trial, model: Ticket, sample: readonly Ticket[]): Promise<void> {
  const { title, status, parent, owner } = model
  const [, number = ''] = parent.split('x')
  const other = sample.find((each) => each.parent !== '' && each.parent !== parent)?.parent ?? parent
  const same: Holds = (each) => fold(each.title) === fold(title)
  const start = title.slice(0, 2)
  await trial.within([`ticket_title=${quoted(title)}`], same)
  await trial.within([`ticket_title=${quoted(`${title.toUpperCase()}  `)}`], same)
  await trial.within([`ticketstatus!=${quoted(status)}`], (each) => fold(each.status) !== fold(status))
  await trial.within([`ticket_title like ${quoted(`${start}%`)}`], (each) =>
    fold(each.title).startsWith(fold(start)),
  )
  await trial.within([`parent_id=${quoted(parent)}`], (each) => each.parent === parent)
  await trial.within([`parent_id=${quoted(`1x${number}`)}`], (each) => each.parent === parent)
  await trial.within([`parent_id in (${quoted(parent)},${quoted(other)})`], (each) =>
    [parent, other].includes(each.parent),
  )
  await trial.within([`assigned_user_id=${quoted(owner)}`], (each) => each.owner === owner)
  await trial.within(
    [`parent_id=${quoted(parent)} and ticketstatus=${quoted(status)}`, `ticketstatus!=${quoted(status)}`],
    (each) => each.parent === parent || fold(each.status) !== fold(status),
  )
  // What a value holds is not read, but for the texts that choose another dialect.
  for (const value of [
    "no'such",
    'no\\such',
    'a.b (c)',
    'say is null',
    "' or 'a'='a",
    'x in (y',
    'order by id',
  ]) {
    await trial.within([`ticket_title=${quoted(value)}`], (each) => fold(each.title) === fold(value))
  }
  await trial.within([`parent_id=${quoted(parent)} and ticket_title='x not in (y)'`], none)
  const [counted, total] = [
    await trial.ask('select count(*) from HelpDesk'),
    await trial.ask('select id from HelpDesk limit 1'),
  ]
  const all = total.kind === 'result' ? String(total.total) : show(total)
  trial.note('basic: count(*) is totalrows of all tickets', all, textAt(rowsOf(counted)[0], 'count'))
  const page = async (limits: string) => {
    const rows = rowsOf(
      await trial.ask(`select ticket_title from HelpDesk order by ticket_title limit ${limits}`),
    )
    return rows.map((row) => fold(textAt(row, 'ticket_title')))
  }
  const second = (await page('4')).slice(1, 3)
  trial.note('basic: limit 1,2 is the second and third of limit 4', second.join(), (await page('1,2')).join())
}

async function extended(trial: Trial, { title, status, parent }: Ticket): Promise<void> {
  const is = `ticketstatus=${quoted(status)}`
  const mine: Holds = (each) => each.parent === parent
  const isStatus: Holds = (each) => fold(each.status) === fold(status)
  await trial.within([`(ticket_title=${quoted(title)})`], (each) => fold(each.title) === fold(title))
  await trial.within([`(Contacts.id=${quoted(parent)})`], mine)
  await trial.within(
    [`((Contacts.id=${quoted(parent)} or ${is}) and (ticketstatus!=${quoted(status)} or ${is}))`],
    (each) => mine(each) || isStatus(each),
  )
  await trial.within([`(parent_id=${quoted(parent)})`], none)
  await trial.within([`(ticketstatus<>${quoted(status)})`], none)
  await trial.within([`(ticket_title like ${quoted(title.slice(0, 2))})`], (each) =>
    fold(each.title).startsWith(fold(title.slice(0, 2))),
  )
  // Two that widen what was meant: nothing in front of a group negates it, and no reference counts as empty.
  await trial.within([`not (${is})`], isStatus)
  await trial.within(['parent_id is null'], every)
}

const list = (...conditions: Readonly<Record<string, string>>[]): string =>
  JSON.stringify(conditions.map((each) => ({ valuetype: 'raw', joincondition: '', groupid: '0', ...each })))

async function workflow(trial: Trial, { status, parent }: Ticket): Promise<void> {
  const select = 'select ticket_title from HelpDesk'
  const everything = 'select id from HelpDesk limit 1'
  const byStatus = { fieldname: 'ticketstatus', operation: 'is', value: status }
  await trial.asMany(
    `${select} where ${list(byStatus)} limit 1`,
    `select id from HelpDesk where ticketstatus=${quoted(status)} limit 1`,
  )
  const byParent = {
    fieldname: '$(parent_id : (Contacts) id)',
    operation: 'is',
    value: parent.split('x')[1] ?? '',
  }
  await trial.asMany(
    `${select} where ${list(byParent)} limit 1`,
    `select id from HelpDesk where parent_id=${quoted(parent)} limit 1`,
  )
  // It fails open, and a value in quotes is enough to get there.
  await trial.asMany(`${select} where [oops] limit 1`, everything)
  await trial.asMany(
    `${select} where parent_id=${quoted(parent)} and ticket_title='a where [b]' limit 1`,
    everything,
  )
}

async function related(trial: Trial, { parent }: Ticket): Promise<void> {
  const answer = await trial.ask(`select ticket_title from HelpDesk where related.Contacts=${quoted(parent)}`)
  const expected = await trial.ask(
    `select ticket_title from HelpDesk where parent_id=${quoted(parent)} limit ${limit}`,
  )
  trial.note(`related: related.Contacts=${quoted(parent)}`, show(expected), show(answer))
}

async function rejections(trial: Trial, { parent, status }: Ticket): Promise<void> {
  const select = 'select ticket_title from HelpDesk'
  await trial.rejected('select nosuch from HelpDesk', 'ACCESS_DENIED')
  await trial.rejected('select TICKET_TITLE from HelpDesk', 'ACCESS_DENIED')
  await trial.rejected('select id from NoSuchModule', 'ACCESS_DENIED')
  await trial.rejected(`${select} where ticket_title=''`, 'INTERNAL_SERVER_ERROR')
  await trial.rejected(`${select} where ticket_title not like 'a%'`, 'QUERY_SYNTAX_ERROR')
  await trial.rejected('select distinct ticketstatus from HelpDesk', 'QUERY_SYNTAX_ERROR')
  await trial.rejected(`${select} order by ticketstatus desc,ticket_title limit 1`, 'QUERY_SYNTAX_ERROR')
  await trial.rejected(`${select} limit 1 offset 1`, 'QUERY_SYNTAX_ERROR')
  await trial.rejected(`${select} where (Contacts.id in (${quoted(parent)}))`, crash)
  const two = `${select} where (ticketstatus=${quoted(status)}) order by ticketstatus,ticket_title limit 1`
  await trial.rejected(two, 'DATABASE_QUERY_ERROR')
}
