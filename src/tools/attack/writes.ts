/** Hostile writes: of fields that say who is who, into other people's records, with other people's ids, of what is closed. */
import type { Attempt } from './attempt.ts'
import { attempt, pickId } from './interfaces.ts'
import * as hostile from './hostile.ts'
import { webserviceAttempt, type Call } from './operations.ts'
import { pickField, pickModule, type Maker } from './pick.ts'
import { openModules } from './scope.ts'

/** Modules that a contact may write something of, and now and then any other. */
function pickWritten(maker: Maker): string {
  const { random } = maker
  return random.chance(0.6)
    ? random.pick(['HelpDesk', 'HelpDesk', 'Contacts', 'Documents', 'ModComments'])
    : pickModule(maker)
}

/** Fields that are opened for writing, so that some writes come through, and with them any others. */
const writable: Readonly<Record<string, readonly string[]>> = {
  HelpDesk: ['ticket_title', 'description', 'ticketpriorities', 'ticketstatus'],
  Contacts: ['phone', 'mobile', 'mailingcity', 'fax'],
  Documents: ['notes_title', 'notecontent'],
  ModComments: ['commentcontent', 'related_to'],
}

function pickValues(maker: Maker, name: string): Record<string, string> {
  const { random, world } = maker
  const module = world.modules.get(name)
  const values: Record<string, string> = {}
  for (const field of writable[name] ?? []) if (random.chance(0.6)) values[field] = pickValue(maker, field)
  const more = random.chance(0.5) ? 0 : 1 + random.below(2)
  for (let i = 0; i < more; i++) {
    const field = pickField(maker, module)
    values[field] = pickValue(maker, field)
  }
  return values
}

/** What is written comes back in answers, so that it must not equal a value of another contact. */
const harmless = hostile.values.filter((text) => !/secret|[0-9]+x[0-9]+/.test(text))

function pickValue(maker: Maker, field: string): string {
  const { random } = maker
  if (field === 'ticketstatus') return random.pick(['Open', 'Closed', 'In Progress'])
  if (field === 'ticketpriorities') return random.pick(['Low', 'High', 'Urgent'])
  const isReference = /_id$|^related_to$|^id$|^parent|account|contact|user/.test(field)
  return isReference && random.chance(0.8)
    ? pickId(maker)
    : random.chance(0.5)
      ? `attack ${random.below(1000)}`
      : random.pick(harmless)
}

const comments = '/records/:id/comments'
const json = { 'content-type': 'application/json' }

/** Any write through the gateway's own routes. */
function makeRest(maker: Maker): Attempt {
  const { random } = maker
  const id = pickId(maker)
  const other = pickId(maker)
  const at = `/records/${encodeURIComponent(id)}`
  const related = `${at}/related/${encodeURIComponent(other)}`
  const send = (method: Attempt['method'], path: string, label: string, body?: unknown): Attempt => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    return attempt({
      answerKind: label === comments ? 'other' : 'rows',
      writes: true,
      label: `${method} ${label}`,
      method,
      path,
      headers: body === undefined ? {} : json,
      body: text,
      text: `${path} ${text ?? ''}`,
      modules: openModules,
    })
  }
  return random.weighted<() => Attempt>([
    [
      5,
      () => {
        const module = pickWritten(maker)
        const path = `/modules/${encodeURIComponent(module)}/records`
        return send('POST', path, '/modules/:module/records', pickValues(maker, module))
      },
    ],
    [
      8,
      () =>
        send(
          'PATCH',
          at,
          '/records/:id',
          pickValues(maker, maker.world.records.get(id)?.module ?? 'Contacts'),
        ),
    ],
    [2, () => send('DELETE', at, '/records/:id')],
    [2, () => send('PUT', related, '/records/:id/related/:other')],
    [2, () => send('DELETE', related, '/records/:id/related/:other')],
    [2, () => send('POST', `${at}/comments`, comments, { text: pickValue(maker, 'text') })],
  ])()
}

/** Any write in coreBOS's own protocol, by its operations that change something. */
function makeCall(maker: Maker): Call {
  const { random, world } = maker
  const operation = random.pick([
    ...['create', 'CreateWithValidation', 'revise', 'revise', 'update', 'upsert', 'MassCreate', 'MassUpdate'],
    ...['delete', 'MassDelete', 'SetRelation', 'UnsetRelation', 'addTicketFaqComment', 'changeAccessKey'],
    ...['setSetting', 'deleteUser', 'convertlead', 'ExecuteWorkflow', 'wsapp_put'],
  ])
  const id = pickId(maker)
  const elementType = pickWritten(maker)
  const element = { ...pickValues(maker, world.records.get(id)?.module ?? elementType), id }
  const fresh = pickValues(maker, elementType)
  const ids = [id, pickId(maker)]
  return {
    label: operation,
    parameters: {
      operation,
      id,
      ids: ids.join(','),
      elementType,
      element: JSON.stringify(/^create/i.test(operation) ? fresh : element),
      elements: JSON.stringify(
        operation === 'MassCreate' ? [{ elementType, referenceId: 'one', element: fresh }] : [element],
      ),
      searchOn: random.pick(['id', 'ticket_title', 'email']),
      updatedfields: Object.keys(element).join(','),
      relate_this_id: id,
      unrelate_this_id: id,
      with_these_ids: JSON.stringify([pickId(maker)]),
      values: JSON.stringify({
        comments: pickValue(maker, 'text'),
        from_portal: '1',
        parent_id: pickId(maker),
      }),
      newOwnerId: '19x5',
      key: 'cbSMActive',
      value: '1',
      workflow: '1',
      entities: JSON.stringify(ids),
    },
  }
}

/** @param session of coreBOS's own protocol; empty: there is none */
export function makeWrite(maker: Maker, path: string, session: string): Attempt {
  return session !== '' && maker.random.chance(0.45)
    ? { ...webserviceAttempt(makeCall(maker), path, session), writes: true }
    : makeRest(maker)
}
