/**
 * The door for writes: may this be written → do the values fit → do the references lead to what is seen → will the
 * record stay within the scope → send, once → read again. All writes of a contact come through here.
 */
import type { BusinessAction } from '../model/business-action.ts'
import type { DocumentFile } from '../model/document-file.ts'
import { CorebosRejection, LostWrite } from '../model/corebos-errors.ts'
import type {
  ReadContext,
  AuditLine,
  Auditor,
  WriteContext,
  WriteBy,
  WriteOperation,
} from '../access/context.ts'
import { isKeptApart } from '../records/comments.ts'
import type { ClearedId } from '../model/cleared-id.ts'
import { GatewayError } from '../model/errors.ts'
import { mapLimited } from '../model/map-limited.ts'
import { resolvedScope } from '../read/look-up.ts'
import { find, ownId, record, viewOf, visible, type Found } from '../read/records-by-id.ts'
import { readBy } from '../read/send.ts'
import type { CheckedValues } from '../model/checked-values.ts'
import { signed } from '../scope/signature.ts'
import { fitProblem } from '../scope/value.ts'
import { meets, type Row } from '../scope/verify.ts'
import { untied, type VisibleModules, type ModuleView } from '../scope/view.ts'
import {
  checkValues,
  isOpen,
  isShared,
  isSomebodyElses,
  ownView,
  proposeCreate,
  proposeUpdate,
  writingView,
  type Given,
  type Proposal,
  type WriteFacts,
} from '../scope/write.ts'
import { translated } from './rejection.ts'
import { requireStored, type Note } from './stored.ts'

export interface Written {
  readonly id: string
  /** As this contact sees it now; undefined where it cannot be read (any more). */
  readonly record: Row | undefined
}

/** The values of a request, or how they are read for the module that they are written to. */
export type Values = Given | ((view: ModuleView) => Given)

export interface NewRecord {
  readonly module: string
  readonly values: Values
  /** Webservice ids of records that it is to be related to (documents). */
  readonly relatedTo?: readonly string[]
  /** The file of a document; the caller has checked its name and media type. */
  readonly file?: DocumentFile
}

/**
 * @throws GatewayError `UNKNOWN_MODULE`, `NOT_WRITABLE`, `UNKNOWN_FIELD`, `FIELD_NOT_WRITABLE`, `INVALID_VALUE`,
 * `REFERENCE_OUT_OF_SCOPE`, `VALUES_REFUSED`, `OUTCOME_UNKNOWN`, or how coreBOS failed
 */
export async function createRecord(wanted: NewRecord, author: WriteContext): Promise<Written> {
  return audited('create', author, (note) => create(wanted, author, note))
}

function givenFor(values: Values, view: ModuleView): Given {
  return typeof values === 'function' ? values(view) : values
}

async function create(
  { module, values, relatedTo = [], file }: NewRecord,
  author: WriteContext,
  note: Note,
): Promise<Written> {
  const { visible, writer } = author
  const view = visible.require(module)
  note({ module: view.module.name, rule: view.decision.rule.name })
  const writing = writingView(view, 'create', visible)
  if (file !== undefined) requireFileField(view, 'create')
  const proposal = proposeCreate(givenFor(values, view), view, factsOf(author))
  const relations = await relationsOf(relatedTo, writing, author)
  const views = relations.length > 0 ? [untied(view), untied(writing)] : [view, writing]
  const checked = await check(proposal, views, author)
  const { text: id } = await perform(
    view,
    author,
    () => writer.create(checked, relations, writtenBy(writing), file),
    proposal.row,
  )
  note({ ids: [id] })
  const written = await again(id, view, author)
  requireStored('created', written, proposal, author, note)
  return written
}

function factsOf({ visible: { contact, modules }, lengths }: WriteContext): WriteFacts {
  return { contact, modules, lengths }
}

/** @throws GatewayError `FIELD_NOT_WRITABLE` where records of the module have no file, or the rule does not open it */
function requireFileField({ readable, decision: { rule } }: ModuleView, writing: 'create' | 'update'): void {
  const field = readable.get('filename')
  if (field?.type === 'file' && rule[writing]?.fields.has(field.name) === true) return
  const message = 'a file cannot be written here'
  throw new GatewayError('FIELD_NOT_WRITABLE', message, { errors: [{ field: 'file', message }] })
}

/** What a new record is related to: what the caller names, and the contact, from whom coreBOS hides other documents. */
async function relationsOf(
  relatedTo: readonly string[],
  writing: ModuleView,
  author: WriteContext,
): Promise<readonly ClearedId[]> {
  const { module, decision } = writing
  // coreBOS relates documents alone while it creates them, and ignores what is said of others.
  if (module.name !== 'Documents') {
    if (relatedTo.length === 0) return []
    throw new GatewayError('NOT_WRITABLE', `${module.name} are not related to anything as they are created`)
  }
  const targets = await mapLimited(new Set(relatedTo), async (id) => relationTarget(id, writing, author))
  const own = decision.rule.ties?.relation.includes('Contacts') === true ? [ownId(author)] : []
  return [...new Map([...own, ...targets].map((id) => [id.text, id])).values()]
}

/**
 * @throws GatewayError `REFERENCE_OUT_OF_SCOPE` where it is not seen, is another contact or account, or is shared with contacts
 * that have nothing to do with this one and the policy does not relate its module to this one
 */
async function relationTarget(id: string, writing: ModuleView, author: WriteContext): Promise<ClearedId> {
  const found = await find(id, author).catch((error: unknown) => {
    if (error instanceof GatewayError && error.code === 'NOT_FOUND') return undefined
    throw error
  })
  const isOpened =
    found !== undefined &&
    (!isShared(found.view, author.visible) || relating(writing, found.view) !== undefined)
  if (isOpened && (await isNobodyElses(found, writing, author))) return found.id
  const message =
    found === undefined || isOpened
      ? `'${id}' is no record that it could be related to`
      : `'${id}' is shared with other contacts, and the policy does not let ${writing.module.name} be related to ${found.view.module.name}`
  throw new GatewayError('REFERENCE_OUT_OF_SCOPE', message, { errors: [{ field: 'relatedTo', message }] })
}

/** What is related to another contact or account would be theirs to see. */
async function isNobodyElses(
  { id, view }: Found,
  { decision }: ModuleView,
  author: WriteContext,
): Promise<boolean> {
  const { name } = view.module
  if (name !== 'Contacts' && name !== 'Accounts') return true
  const { contacts, accounts } = await author.ownerIds(decision.level)
  return (name === 'Contacts' ? contacts : accounts).includes(id.text)
}

/** What must hold of a record for it to be written, with no other conditional write in between. */
export interface Precondition {
  /** @param record as this contact sees it. @throws where it does not hold */
  require(record: Row): void
  /** Holds the record's lock while the work is under way. @throws what the work throws, or where the lock is held */
  lock<T>(work: () => Promise<T>): Promise<T>
}

/**
 * Does a write under its precondition. The record is looked up before its lock is taken, so that a contact that cannot
 * write it neither holds that lock nor learns of it, and again under the lock.
 *
 * @param lookUp finds the record where it may be written, and throws otherwise
 */
async function conditionally<T>(
  precondition: Precondition | undefined,
  lookUp: () => Promise<Found>,
  write: (found: Found) => Promise<T>,
): Promise<T> {
  const checked = async (): Promise<Found> => {
    const found = await lookUp()
    precondition?.require(asSeen(found))
    return found
  }
  if (precondition === undefined) return write(await checked())
  await checked()
  return precondition.lock(async () => write(await checked()))
}

/**
 * Changes the given fields of a record and leaves the others; what is so already is not written.
 *
 * @param file the new file of a document; the caller has checked its name and media type
 * @throws GatewayError as {@link createRecord}; `NOT_FOUND`; what `precondition` throws
 */
export async function updateRecord(
  id: string,
  values: Values,
  author: WriteContext,
  precondition?: Precondition,
  file?: DocumentFile,
): Promise<Written> {
  return audited('update', author, async (note) => {
    const { visible, writer } = author
    note({ ids: [id] })
    const view = viewOf(id, author)
    note({ module: view.module.name, rule: view.decision.rule.name })
    const writing = writingView(view, 'update', visible)
    if (file !== undefined) requireFileField(view, 'update')
    const lookUp = async () => reached(id, writing, author)
    return conditionally(precondition, lookUp, async (found) => {
      const which = file === undefined ? 'same file' : 'new file'
      const proposal = proposeUpdate(givenFor(values, view), found.row, view, factsOf(author), which)
      if (file === undefined && Object.keys(proposal.values).length === 0) {
        note({ outcome: 'unchanged' })
        return { id, record: asSeen(found) }
      }
      const checked = await check(proposal, [view, writing], author)
      const by = changedBy(writing)
      const send = async () =>
        file === undefined
          ? writer.revise(found.id, checked, by)
          : writer.replaceFile(found.id, checked, by, file)
      await perform(view, author, send, proposal.row)
      const written = await again(id, view, author)
      requireStored('changed', written, proposal, author, note)
      return written
    })
  })
}

/** @throws GatewayError as {@link updateRecord} */
export async function deleteRecord(
  id: string,
  author: WriteContext,
  precondition?: Precondition,
): Promise<void> {
  return audited('delete', author, async (note) => {
    note({ ids: [id] })
    const view = viewOf(id, author)
    note({ module: view.module.name, rule: view.decision.rule.name })
    const writing = writingView(view, 'delete', author.visible)
    const lookUp = async () => reached(id, writing, author)
    await conditionally(precondition, lookUp, async (found) => {
      await perform(view, author, () => author.writer.remove(found.id, changedBy(writing)))
      await outdate(author)
    })
  })
}

/** The name of the rule that lets records of the two modules be related; undefined: none does. */
export function relating(one: ModuleView, other: ModuleView): string | undefined {
  const opens = ({ decision: { rule } }: ModuleView, { module }: ModuleView) =>
    rule.relate.has(module.name) ? rule.name : undefined
  return opens(one, other) ?? opens(other, one)
}

/**
 * Relates two visible records, of which one is the contact's own, or ends their relation.
 *
 * @throws GatewayError `NOT_FOUND` for either end, `NOT_WRITABLE`, `OUTCOME_UNKNOWN`, or how coreBOS failed
 */
export async function setRelation(
  operation: 'relate' | 'unrelate',
  id: string,
  otherId: string,
  author: WriteContext,
): Promise<void> {
  return audited(operation, author, async (note) => {
    note({ ids: [id, otherId] })
    // One after the other: where the first is not seen, nothing is looked up for the second.
    const one = await find(id, author)
    const other = await find(otherId, author)
    const rule = relating(one.view, other.view)
    note({ module: one.view.module.name, rule })
    if (rule === undefined) throw new GatewayError('NOT_WRITABLE', 'the two cannot be related')
    const own = await Promise.all(
      [one, other].map(async ({ row, view }) =>
        meets(row, await resolvedScope(ownView(view, author.visible), author), view.module),
      ),
    )
    if (!own.includes(true)) throw new GatewayError('NOT_WRITABLE', "neither record is this contact's own")
    // coreBOS looks at its rights to the first record alone, and finds few documents to be a contact's.
    const [main, related] = one.view.module.name === 'Documents' ? [other, one] : [one, other]
    const by = writtenBy(main.view)
    await perform(main.view, author, () => author.writer[operation](main.id, related.id, by))
    await outdate(author, [main.view.module.name, related.view.module.name])
  })
}

/** What comments on records of a module are written by: their own rule, and the field that names the record. */
function commenting(module: string, visible: VisibleModules) {
  const view = visible.find('ModComments')
  const through = view?.decision.rule.ties?.through.find((hop) => hop.module === module)
  return view && through && { view, field: through.field }
}

/** Whether comments may be written on records of the module. */
export function isCommentable(module: string, visible: VisibleModules): boolean {
  const comments = commenting(module, visible)
  return comments?.view.readable.has('commentcontent') === true && isOpen(comments.view, 'create')
}

/** What was written where coreBOS keeps comments of its own, which are no records. */
export interface TicketComment {
  readonly time: string
}

/**
 * Adds a comment to a visible record, always in the name of the contact.
 *
 * @throws GatewayError `NOT_FOUND`, `NOT_WRITABLE`, `INVALID_VALUE`, `OUTCOME_UNKNOWN`, or how coreBOS failed
 */
export async function comment(
  id: string,
  text: string,
  author: WriteContext,
): Promise<Written | TicketComment> {
  return audited('comment', author, async (note) => {
    const { visible, writer } = author
    note({ ids: [id] })
    const found = await find(id, author)
    const { module } = found.view
    note({ module: module.name })
    const comments = commenting(module.name, visible)
    if (comments === undefined) {
      throw new GatewayError('NOT_WRITABLE', `comments cannot be written on ${module.name}`)
    }
    const { view, field } = comments
    note({ rule: view.decision.rule.name })
    writingView(view, 'create', visible)
    const content = view.readable.get('commentcontent')
    if (content === undefined) throw new GatewayError('NOT_WRITABLE')
    // Of those on FAQ coreBOS keeps no author; those that are records are signed as they are proposed.
    const isSigned =
      module.name === 'Faq' &&
      view.decision.rule.sign === content.name &&
      visible.contact.entity === 'Contacts'
    const written = isSigned ? signed(text, visible.contact) : text
    const problem =
      text.trim() === ''
        ? 'a comment has a text'
        : fitProblem(written, content, author.lengths.of(view.module.name, content))
    if (problem !== undefined) {
      throw new GatewayError('INVALID_VALUE', problem, { errors: [{ field: 'text', message: problem }] })
    }
    if (!isKeptApart(module.name)) {
      // What is commented on stays beside what is made.
      const noteBoth: Note = (facts) =>
        note(facts.ids === undefined ? facts : { ...facts, ids: [id, ...facts.ids] })
      const values = { commentcontent: text, [field]: id }
      return create({ module: 'ModComments', values }, author, noteBoth)
    }
    const speaker = visible.contact.entity === 'Contacts' ? ownId(author) : undefined
    const time = await perform(found.view, author, () =>
      // coreBOS looks at its rights to what is commented on.
      writer.addComment(found.id, written, speaker, writtenBy(found.view)),
    )
    await outdate(author, ['ModComments', module.name])
    return { time }
  })
}

/** The business actions that the policy lists and coreBOS offers for a visible record. @throws GatewayError `NOT_FOUND` */
export async function actionsOn(id: string, context: ReadContext): Promise<readonly BusinessAction[]> {
  return listed(await find(id, context), context)
}

async function listed({ id, view }: Found, context: ReadContext): Promise<readonly BusinessAction[]> {
  const { actions } = view.decision.rule
  if (actions.size === 0) return []
  const offered = await context.reader.actions(id, view.module.name, readBy(view))
  return offered.filter(({ name }) => actions.has(name))
}

/** @returns the record number that coreBOS runs an action by; undefined: only its own user interface runs it */
export function runnable({ properties: { linkid, linkurl } }: BusinessAction): string | undefined {
  // coreBOS runs blocks without its own user interface, and nothing else.
  const isBlock = typeof linkurl === 'string' && linkurl.startsWith('block://')
  return isBlock && typeof linkid === 'string' ? linkid : undefined
}

/**
 * @returns what the action says
 * @throws GatewayError `NOT_FOUND` for the record or the action, `ACTION_NOT_RUNNABLE`, `OUTCOME_UNKNOWN`, or how coreBOS
 * failed
 */
export async function runAction(id: string, name: string, author: WriteContext): Promise<string> {
  return audited('action', author, async (note) => {
    note({ ids: [id], action: name })
    const found = await find(id, author)
    const { view } = found
    note({ module: view.module.name, rule: view.decision.rule.name })
    const action = (await listed(found, author)).find((each) => each.name === name)
    if (action === undefined) throw new GatewayError('NOT_FOUND')
    const number = runnable(action)
    if (number === undefined) throw new GatewayError('ACTION_NOT_RUNNABLE')
    const said = await perform(view, author, () => author.writer.act(number, found.id, writtenBy(view)))
    await outdate(author)
    return said
  })
}

/** Changes the password of a contact with the given function. @throws what `change` throws */
export async function changePassword(
  contactId: string,
  auditor: Auditor,
  change: () => Promise<void>,
): Promise<void> {
  return audited('password', auditor, async (note) => {
    note({ module: 'Contacts', ids: [contactId] })
    await change()
  })
}

/** @throws GatewayError `NOT_FOUND`, `NOT_WRITABLE` where this contact does not see the record, or may not change it */
export async function requireWritable(id: string, author: WriteContext): Promise<void> {
  await reached(id, writingView(viewOf(id, author), 'update', author.visible), author)
}

/** A record that this contact sees and may write. @throws GatewayError `NOT_FOUND`, `NOT_WRITABLE` */
async function reached(id: string, writing: ModuleView, author: WriteContext): Promise<Found> {
  const found = await find(id, author)
  const { row, view } = found
  const rejection = new GatewayError('NOT_WRITABLE', 'this record is read-only for this contact')
  if (isSomebodyElses(row, writing, author.visible.contact)) throw rejection
  if (meets(row, await resolvedScope(writing, author), view.module)) return found
  throw rejection
}

async function check(
  proposal: Proposal,
  views: readonly ModuleView[],
  author: WriteContext,
): Promise<CheckedValues> {
  const [seen, ...scopes] = await Promise.all([
    visible(
      proposal.references.map(({ id }) => id),
      author,
    ),
    ...views.map((view) => resolvedScope(view, author)),
  ])
  return checkValues(proposal, { visible: seen, scopes })
}

/** The contact's own coreBOS session writes wherever it reaches, so that coreBOS's own rights count too. */
function writtenBy(view: ModuleView): WriteBy {
  return readBy(view) === 'service' ? 'service' : 'contact'
}

/** Where coreBOS hides records from a contact's own session, that may add to them and not change them. */
function changedBy(view: ModuleView): WriteBy {
  return readBy(view) === 'contact' ? 'contact' : 'service'
}

/** @param row the record as it is to be, where values are written */
async function perform<T>(
  view: ModuleView,
  author: WriteContext,
  call: () => Promise<T>,
  row?: Row,
): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof LostWrite) await outdate(author)
    throw error instanceof CorebosRejection ? translated(error, view, row) : error
  }
}

/** What was written stands, also where nothing can be read now. @param modules those that were written; absent: any */
async function outdate(author: WriteContext, modules?: readonly string[]): Promise<void> {
  try {
    await author.changed(modules)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
  }
}

function asSeen({ row, view }: Found): Row {
  return Object.fromEntries([...view.readable.keys()].map((name) => [name, row[name] ?? '']))
}

/** What was written stands, also where it cannot be read again. */
async function again(id: string, { module }: ModuleView, author: WriteContext): Promise<Written> {
  try {
    return { id, record: (await record(id, await author.changed([module.name]))).row }
  } catch (error) {
    if (error instanceof GatewayError) return { id, record: undefined }
    throw error
  }
}

/** The record that was made, for a repeated request. */
export async function writtenBefore(id: string, context: ReadContext): Promise<Written> {
  try {
    return { id, record: (await record(id, context)).row }
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'NOT_FOUND') return { id, record: undefined }
    throw error
  }
}

async function audited<T>(
  operation: WriteOperation,
  auditor: Auditor,
  work: (note: Note) => Promise<T>,
): Promise<T> {
  let line: AuditLine = { operation, module: undefined, ids: [], rule: undefined, outcome: 'ok' }
  try {
    return await work((facts) => {
      line = { ...line, ...facts }
    })
  } catch (error) {
    line = { ...line, outcome: error instanceof GatewayError ? error.code : 'INTERNAL' }
    throw error
  } finally {
    auditor.audit(line)
  }
}
