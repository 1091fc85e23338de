/** Writing, with `--write` alone: one ticket and one document are made, looked at, and deleted. */
import type { Json } from '../../corebos/form.ts'
import { ask, isObject, resultText, rowsOf, show, textAt } from './answer.ts'
import type { Ledger } from './ledger.ts'
import type { World } from './world.ts'

const marker = 'made by the conformance check, to be deleted'

type Values = Readonly<Record<string, Json>>

export async function checkWriting(ledger: Ledger, world: World): Promise<void> {
  ledger.begin('writing')
  const made: string[] = []
  try {
    await writeAndLook(ledger, world, made)
  } finally {
    for (const id of made) {
      const gone = await ask(world.service, 'delete', { id })
      ledger.note(`delete ${id}`, 'done', show(gone), gone.kind === 'result')
      const again = await ask(world.service, 'retrieve', { id })
      ledger.rejected('retrieve of what was deleted', 'INVALID_ID_ATTRIBUTE', again)
    }
  }
}

async function writeAndLook(ledger: Ledger, world: World, made: string[]): Promise<void> {
  const { service, serviceId } = world
  // A ticket of a customer who does not know of it might tell him: coreBOS's workflows see no difference.
  const parent = world.contact?.id ?? ''
  const create = async (elementType: string, element: Values) => {
    const answer = await ask(service, 'create', { elementType, element })
    const id = resultText(answer, 'id')
    if (id !== '') made.push(id)
    return { answer, id }
  }
  const owned = { assigned_user_id: serviceId }
  const ticket = { ...owned, ticket_title: `${marker} 😀`, ticketstatus: 'Open', parent_id: parent }

  const without = await create('HelpDesk', { ticketstatus: 'Open', ...owned })
  ledger.rejected('create without a mandatory field', 'MANDATORY_FIELDS_MISSING', without.answer)
  const elsewhere = await create('HelpDesk', { ...ticket, parent_id: serviceId })
  ledger.rejected('create with a reference to another module', 'REFERENCE_INVALID', elsewhere.answer)
  const { answer, id } = await create('HelpDesk', ticket)
  ledger.holds('create', 'the record', answer, (result) => textAt(result, 'id') !== '')
  if (id === '') return

  const read = await ask(service, 'retrieve', { id })
  ledger.note(
    'a character beyond the third byte',
    `${marker} ????`,
    resultText(read, 'ticket_title'),
    resultText(read, 'ticket_title') === `${marker} ????`,
  )
  const revised = await ask(service, 'revise', { element: { id, description: 'changed' } })
  ledger.holds('revise of one field', 'that one is changed', revised, (result) =>
    [textAt(result, 'description'), textAt(result, 'ticketstatus'), textAt(result, 'parent_id')].every(
      (value, index) => value === ['changed', 'Open', parent][index],
    ),
  )
  const partly = await ask(service, 'update', { element: { id, description: 'changed' } })
  ledger.rejected('update without mandatory fields', 'MANDATORY_FIELDS_MISSING', partly)

  await ask(service, 'addTicketFaqComment', {
    id,
    values: { comments: marker, from_portal: '0' },
  })
  const list = { id, module: 'HelpDesk', relatedModule: 'ModComments', queryParameters: {} }
  const comments = await ask(service, 'getRelatedRecords', list)
  ledger.holds('a comment, read by the service user', 'it is there', comments, () =>
    rowsOf(comments).some((row) => textAt(row, 'commentcontent') === marker),
  )

  const file = { name: 'conformance.txt', size: 5, type: 'text/plain', content: 'aGVsbG8=' }
  const document = await create('Documents', {
    ...owned,
    notes_title: marker,
    filelocationtype: 'I',
    filestatus: '1',
    filename: file,
  })
  ledger.holds('create of a document with a file', 'the record', document.answer, isObject)
  if (document.id === '') return
  const related = async () => {
    const asked = { id, module: 'HelpDesk', relatedModule: 'Documents', queryParameters: {} }
    return rowsOf(await ask(service, 'getRelatedRecords', asked)).length
  }
  const relate = async (asked: string, ids: Json, expected: number) => {
    await ask(service, 'SetRelation', { relate_this_id: id, with_these_ids: ids })
    const count = await related()
    ledger.note(asked, `${expected} related`, `${count} related`, count === expected)
  }
  await relate('SetRelation with a bare id', document.id, 0)
  await relate('SetRelation with a list', [document.id], 1)
  const content = await ask(service, 'retrievedocattachment', { id: document.id, returnfile: '1' })
  ledger.holds('retrievedocattachment', 'the file', content, (result) => {
    const held = isObject(result) ? result[document.id] : undefined
    return textAt(held, 'attachment') === file.content
  })
  await ask(service, 'UnsetRelation', { unrelate_this_id: id, with_these_ids: [document.id] })
  const left = await related()
  ledger.note('UnsetRelation', '0 related', `${left} related`, left === 0)
}
