/**
 * Comments on records in one format: coreBOS stores those on tickets and FAQs in another way, which callers need not
 * know. A comment is visible if its record is.
 */
import type { ReadContext } from '../access/context.ts'
import type { ClearedId } from '../model/cleared-id.ts'
import { GatewayError } from '../model/errors.ts'
import { mapLimited } from '../model/map-limited.ts'
import { record, viewOf } from '../read/records-by-id.ts'
import { ask } from '../read/run.ts'
import { limits } from '../model/limits.ts'
import * as tree from '../query/tree.ts'
import { readSignature } from '../scope/signature.ts'
import type { Row, WithheldRow } from '../scope/verify.ts'
import type { ModuleView } from '../scope/view.ts'
import { jsonTime } from './values.ts'

export interface Comment {
  /** Webservice id, if coreBOS stores the comment as a record. */
  readonly id?: string
  readonly author: {
    /** `unknown`: coreBOS does not store the author. */
    readonly kind: 'contact' | 'user' | 'unknown'
    /** Webservice id of a contact that the reader sees. */
    readonly id?: string
    /** Empty if the reader does not see the contact. */
    readonly name: string
  }
  /** `YYYY-MM-DD hh:mm:ss` in UTC. */
  readonly time: string
  readonly text: string
}

/** A comment as REST routes return it: its time in ISO 8601, null if unknown. */
export type JsonComment = Omit<Comment, 'time'> & { readonly time: string | null }

export function jsonComment(comment: Comment): JsonComment {
  return { ...comment, time: jsonTime(comment.time) }
}

/** A comment without the name of its author. */
interface Draft extends Omit<Comment, 'author'> {
  readonly contact: string | undefined
  readonly user: string | undefined
}

/** The most records whose comments are read at once; each needs a call of coreBOS. */
const mostRecords = limits.defaultRows

/**
 * @param ids of visible records of one module
 * @returns by the id of their record, the oldest first
 * @throws GatewayError `UNKNOWN_MODULE` if comments are closed, `QUERY_TOO_LARGE`; `QUERY_NOT_EXPRESSIBLE` if a
 *   service user is required to read them
 */
export async function commentsOn(
  ids: readonly ClearedId[],
  { module }: ModuleView,
  context: ReadContext,
): Promise<ReadonlyMap<string, readonly Comment[]>> {
  const comments = context.visible.require('ModComments')
  if (ids.length > mostRecords) {
    throw new GatewayError(
      'QUERY_TOO_LARGE',
      `the comments of at most ${mostRecords} records can be read at once`,
    )
  }
  const drafts = await draftsOn(ids, module.name, comments, context)
  const contacts = [...drafts.values()].flat().flatMap(({ contact }) => contact ?? [])
  const names = await namesOf(contacts, context)
  return new Map(
    ids.map(({ text }) => [text, (drafts.get(text) ?? []).map((draft) => named(draft, names)).sort(byTime)]),
  )
}

async function draftsOn(
  ids: readonly ClearedId[],
  module: string,
  comments: ModuleView,
  context: ReadContext,
): Promise<ReadonlyMap<string, readonly Draft[]>> {
  const apart = isKeptApart(module)
  if (!apart && !isTiedThrough(module, comments)) return new Map()
  const read = context.reader.comments
  if (read === undefined) {
    const message = 'reading comments requires a service user, which this gateway does not have'
    throw new GatewayError('QUERY_NOT_EXPRESSIBLE', message)
  }
  const source = { module, comments, context, read: (id: ClearedId) => read(id, module) }
  return apart ? keptApart(ids, source) : keptAsRecords(ids, source)
}

/** The source of comments on records of one module. */
interface Source {
  readonly module: string
  readonly comments: ModuleView
  readonly context: ReadContext
  readonly read: (id: ClearedId) => Promise<readonly Row[]>
}

/**
 * A comment that this contact has just written, as it is read.
 *
 * @throws GatewayError `STORED_OTHERWISE` if another text is stored
 * @param made the id of the record that coreBOS created, or the time of the comment
 */
export async function writtenComment(
  recordId: string,
  made: { readonly id: string } | { readonly time: string },
  text: string,
  context: ReadContext,
): Promise<Comment> {
  const { id, entity } = context.visible.contact
  const found = await ifReadable(async () => {
    const on = await record(recordId, context)
    return (await commentsOn([on.id], viewOf(recordId, context), context)).get(recordId) ?? []
  })
  // coreBOS gives some comments no id, and many may be written in one second.
  const candidates = (found ?? []).filter((comment) =>
    'id' in made ? comment.id === made.id : comment.time === made.time && comment.author.id === id,
  )
  const own = candidates.find((comment) => 'id' in made || comment.text === text)
  if (own !== undefined) return own
  if (candidates.length > 0) throw storedOtherwise(recordId)
  const author = entity === 'Contacts' ? { contact: id, user: undefined } : { contact: undefined, user: '' }
  const names = await ifReadable(() => namesOf([id], context))
  return named({ time: '', ...made, ...author, text }, names ?? new Map())
}

function storedOtherwise(recordId: string): GatewayError {
  const message = 'coreBOS stored another text'
  return new GatewayError('STORED_OTHERWISE', `The comment on ${recordId} was written, but ${message}`, {
    errors: [{ field: 'text', message }],
    record: recordId,
  })
}

/** The write stands even if the record cannot be read again. */
async function ifReadable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof GatewayError) return undefined
    throw error
  }
}

/** Tickets and FAQs have comments that are not records. */
export function isKeptApart(module: string): boolean {
  return module === 'HelpDesk' || module === 'Faq'
}

function isTiedThrough(module: string, { decision: { rule } }: ModuleView): boolean {
  return rule.ties === undefined || rule.ties.through.some((hop) => hop.module === module)
}

async function keptApart(
  ids: readonly ClearedId[],
  { module, comments: { decision }, context, read }: Source,
): Promise<Map<string, Draft[]>> {
  // coreBOS stores no author of comments on FAQs.
  const isSigned = module === 'Faq' && decision.rule.sign === 'commentcontent'
  const lists = await mapLimited(ids, async (id) => {
    const rows = await read(id)
    const [verified, others] = partition(rows, (row) => row['related_to'] === id.text)
    if (others.length > 0) context.withheld(others.map(asWithheld(id)), decision.rule.name)
    return [id.text, verified.map((row) => draftKeptApart(row, isSigned))] as const
  })
  return new Map(lists)
}

function partition<T>(items: readonly T[], belongs: (item: T) => boolean): [T[], T[]] {
  return [items.filter(belongs), items.filter((item) => !belongs(item))]
}

function asWithheld(parent: ClearedId): (row: Row) => WithheldRow {
  return (row) => ({ id: row['id'] ?? '', failed: `related_to = '${parent.text}'` })
}

function draftKeptApart(row: Row, isSigned: boolean): Draft {
  const creator = row['creator'] ?? ''
  const kind = row['ownertype']
  const written = unescaped(row['commentcontent'] ?? '')
  const { text, contact: signer } = isSigned ? readSignature(written) : { text: written }
  return {
    contact: kind === 'customer' ? creator : signer,
    user: kind === 'user' ? nameOfCreator(row) : undefined,
    time: row['createdtime'] ?? '',
    text,
  }
}

async function keptAsRecords(
  ids: readonly ClearedId[],
  { comments, context, read }: Source,
): Promise<Map<string, Draft[]>> {
  const {
    readable,
    decision: { rule },
  } = comments
  const actor = rule.actor !== undefined && readable.has(rule.actor) ? rule.actor : undefined
  const isSigned = rule.sign === 'commentcontent'
  const fields = ['commentcontent', 'createdtime', 'related_to', ...(actor === undefined ? [] : [actor])]
  const { records } = await ask(
    tree.select(
      'ModComments',
      fields.filter((name) => readable.has(name)),
      tree.among(
        'related_to',
        ids.map(({ text }) => text),
      ),
      { limit: { offset: 0, count: limits.rows } },
    ),
    context,
  )
  const about = new Set(records.map((row) => row['related_to']))
  const commented = ids.filter(({ text }) => about.has(text))
  const shown = await mapLimited(commented, read)
  const users = new Map(shown.flat().map((row) => [row['id'] ?? '', nameOfCreator(row)]))
  const drafts = new Map<string, Draft[]>()
  for (const row of records) {
    const { id = '', related_to: record = '' } = row
    const written = row['commentcontent'] ?? ''
    const { text, contact: signer } = isSigned ? readSignature(written) : { text: written }
    const kept = actor === undefined ? '' : (row[actor] ?? '')
    const draft = {
      id,
      contact: kept === '' ? signer : kept,
      user: users.get(id) ?? '',
      time: row['createdtime'] ?? '',
      text,
    }
    drafts.set(record, [...(drafts.get(record) ?? []), draft])
  }
  return drafts
}

function nameOfCreator(row: Row): string {
  return `${row['creator_firstname'] ?? ''} ${row['creator_lastname'] ?? ''}`.trim()
}

/** Those of the contacts that the reader sees, by webservice id. */
async function namesOf(
  contacts: readonly string[],
  context: ReadContext,
): Promise<ReadonlyMap<string, string>> {
  const view = context.visible.find('Contacts')
  const ids = [...new Set(contacts)].filter((id) => id.startsWith(`${view?.module.idPrefix ?? ''}x`))
  if (view === undefined || ids.length === 0) return new Map()
  const fields = ['firstname', 'lastname'].filter((name) => view.readable.has(name))
  const { records } = await ask(
    tree.select('Contacts', [...fields, 'id'], tree.among('id', ids), {
      limit: { offset: 0, count: limits.rows },
    }),
    context,
  )
  return new Map(
    records.map((row) => [
      row['id'] ?? '',
      fields
        .map((name) => row[name] ?? '')
        .join(' ')
        .trim(),
    ]),
  )
}

function named({ contact, user, ...comment }: Draft, names: ReadonlyMap<string, string>): Comment {
  if (contact !== undefined) {
    const name = names.get(contact)
    return {
      ...comment,
      author: { kind: 'contact', ...(name !== undefined && { id: contact }), name: name ?? '' },
    }
  }
  if (user !== undefined) return { ...comment, author: { kind: 'user', name: user } }
  return { ...comment, author: { kind: 'unknown', name: '' } }
}

function byTime({ time: one }: Comment, { time: other }: Comment): number {
  return one < other ? -1 : one > other ? 1 : 0
}

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#039;': "'",
}

/** coreBOS returns these comments as markup. */
function unescaped(markup: string): string {
  return markup.replace(/&(?:amp|lt|gt|quot|#039);/g, (entity) => entities[entity] ?? entity)
}
