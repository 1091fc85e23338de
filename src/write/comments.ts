/** Adds comments to records, always in the name of the contact. */
import type { WriteContext } from '../access/context.ts'
import { GatewayError } from '../model/errors.ts'
import { find, ownId } from '../read/records-by-id.ts'
import { isKeptApart } from '../records/comments.ts'
import { signed } from '../scope/signature.ts'
import { fitProblem } from '../scope/value.ts'
import type { VisibleModules } from '../scope/view.ts'
import { isOpen, writingView } from '../scope/write.ts'
import { audited, type Note } from './audited.ts'
import { create, type Written } from './records.ts'
import { outdate, perform, writtenBy } from './send.ts'

/** The field of comments that names their record, for those who have no ties. */
const parent = 'related_to'

/** The rules for comments on records of a module: their own rule, and the field that names the record. */
function commenting(module: string, visible: VisibleModules) {
  const view = visible.find('ModComments')
  const through = view?.decision.rule.ties?.through.find((hop) => hop.module === module)
  if (view === undefined || through !== undefined) return view && through && { view, field: through.field }
  const isHeld = isKeptApart(module) || view.readable.get(parent)?.refersTo.includes(module) === true
  return visible.contact.entity === 'Employee' && isHeld ? { view, field: parent } : undefined
}

/** Whether comments may be written on records of the module. */
export function isCommentable(module: string, visible: VisibleModules): boolean {
  const comments = commenting(module, visible)
  return comments?.view.readable.has('commentcontent') === true && isOpen(comments.view, 'create')
}

/** A comment that coreBOS stores in its own way and not as a record. */
export interface TicketComment {
  readonly time: string
}

/**
 * Adds a comment to a visible record, always in the name of the contact.
 *
 * @throws GatewayError `NOT_FOUND`, `NOT_WRITABLE`, `INVALID_VALUE`, `OUTCOME_UNKNOWN`, or the error of coreBOS
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
    // coreBOS stores no author of comments on FAQs; comments that are records are signed in their proposal.
    const isSigned =
      module.name === 'Faq' &&
      view.decision.rule.sign === content.name &&
      visible.contact.entity === 'Contacts'
    const written = isSigned ? signed(text, visible.contact) : text
    const problem =
      text.trim() === ''
        ? 'a comment must be a non-empty text'
        : fitProblem(written, content, author.lengths.of(view.module.name, content))
    if (problem !== undefined) {
      throw new GatewayError('INVALID_VALUE', problem, { errors: [{ field: 'text', message: problem }] })
    }
    if (!isKeptApart(module.name)) {
      // The commented record is named beside the new comment.
      const noteBoth: Note = (facts) =>
        note(facts.ids === undefined ? facts : { ...facts, ids: [id, ...facts.ids] })
      const values = { commentcontent: text, [field]: id }
      return create({ module: 'ModComments', values }, author, noteBoth)
    }
    const speaker = visible.contact.entity === 'Contacts' ? ownId(author) : undefined
    const time = await perform(found.view, author, () =>
      // coreBOS checks its rights to the commented record.
      writer.addComment(found.id, written, speaker, writtenBy(found.view)),
    )
    await outdate(author, ['ModComments', module.name])
    return { time }
  })
}
