/** Operations that relate records, comment on them, and change the contact's password. */
import { GatewayError } from '../model/errors.ts'
import { record, viewOf } from '../read/records-by-id.ts'
import { writtenComment } from '../records/comments.ts'
import { comment } from '../write/comments.ts'
import { setRelation } from '../write/relations.ts'
import type { Input, WebserviceWriteContext } from './call.ts'
import { elementOf, mostElements, valuesOf } from './element.ts'
import { result, WebserviceRejection, type Result } from './envelope.ts'
import { withReferences } from './labels.ts'
import { requireLength } from './lists.ts'
import { type Parameter } from './php.ts'
import { rehearse, type Look } from './rehearsal.ts'

/** An id in JSON, or a list of them. coreBOS answers `true` to anything else, and relates nothing. @throws GatewayError `BAD_REQUEST` */
function related(input: Input): string[] {
  const given = input.json('with_these_ids') ?? []
  const ids: readonly Parameter[] = Array.isArray(given) ? given : [given]
  requireLength('with_these_ids', ids.length, mostElements, 'records')
  const texts = ids.filter((id) => typeof id === 'string')
  if (texts.length < ids.length) {
    throw new GatewayError('BAD_REQUEST', "'with_these_ids' is expected to be a JSON list of webservice ids")
  }
  return [...new Set(texts)]
}

async function relating(
  operation: 'relate' | 'unrelate',
  id: string,
  input: Input,
  { context }: WebserviceWriteContext,
): Promise<Result> {
  const others = related(input)
  if (others.length === 0) await record(id, context)
  const passes: Look = async () => undefined
  for (const other of others) {
    await rehearse((author) => setRelation(operation, id, other, author), context, passes)
  }
  for (const other of others) await setRelation(operation, id, other, context)
  return result(true)
}

export async function setRelations(input: Input, client: WebserviceWriteContext): Promise<Result> {
  return relating('relate', input.text('relate_this_id'), input, client)
}

export async function unsetRelations(input: Input, client: WebserviceWriteContext): Promise<Result> {
  return relating('unrelate', input.text('unrelate_this_id'), input, client)
}

/** In the name of the contact: who else is named as the author rejects it. */
export async function addTicketFaqComment(input: Input, client: WebserviceWriteContext): Promise<Result> {
  const { context, session } = client
  const id = input.text('id')
  const { module } = viewOf(id, context)
  if (module.name !== 'HelpDesk' && module.name !== 'Faq') {
    throw new WebserviceRejection('INVALID_ID_ATTRIBUTE', 'Invalid module specified. Must be HelpDesk or Faq')
  }
  const {
    comments = '',
    from_portal: fromPortal = '1',
    parent_id: author = '',
  } = valuesOf(elementOf(input, 'values'))
  if (comments.trim() === '') throw new WebserviceRejection('MANDATORY_FIELDS_MISSING', 'Comment empty.')
  if (fromPortal !== '1' || (author !== '' && author !== session.contact.id)) {
    throw new GatewayError('NOT_WRITABLE', 'a comment is written in the name of the contact itself')
  }
  await writtenComment(id, await comment(id, comments, context), comments, context)
  const [shown] = await withReferences([(await record(id, context)).row], viewOf(id, context), client)
  return result(shown ?? { id })
}

/** The contact's own, never another's, even with the other's password. */
export async function changePortalUserPassword(
  input: Input,
  client: WebserviceWriteContext,
): Promise<Result> {
  await client.changePassword({
    username: input.text('email'),
    current: input.text('current_password'),
    next: input.text('password'),
  })
  return result(true)
}
