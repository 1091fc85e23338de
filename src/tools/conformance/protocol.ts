/** Log-in, envelopes and rejections, as the client of the gateway expects them. */
import { getPortalUserInfo } from '../../corebos/login.ts'
import { ask, crash, isObject, resultText, rowsOf, textAt } from './answer.ts'
import type { Ledger } from './ledger.ts'
import type { World } from './world.ts'

/** The version of the web service that was measured. */
const measuredVersion = '0.22'

export async function checkProtocol(ledger: Ledger, world: World, version: string): Promise<void> {
  const { outside, service, serviceName } = world
  ledger.begin('protocol')
  ledger.note('version of the web service', measuredVersion, version, version === measuredVersion)

  const nobody = `nobody-${Date.now()}@conformance.invalid`
  const first = await ask(outside, 'getchallenge', { username: serviceName })
  const again = await ask(outside, 'getchallenge', { username: serviceName })
  const token = resultText(first, 'token')
  const same = token !== '' && resultText(again, 'token') === token
  ledger.note('getchallenge twice', 'the same token', same ? 'the same token' : 'two tokens', same)
  ledger.rejected(
    'getchallenge of nobody',
    'AUTHENTICATION_REQUIRED',
    await ask(outside, 'getchallenge', { username: nobody }),
  )
  ledger.rejected('listtypes without a session', 'AUTHENTICATION_REQUIRED', await ask(outside, 'listtypes'))
  ledger.rejected('an unknown operation', 'UNKNOWN_OPERATION', await ask(service, 'doesNotExist'))
  ledger.holds('LISTTYPES in capitals', 'a list', await ask(service, 'LISTTYPES'), (result) =>
    isObject(result) ? Array.isArray(result['types']) : false,
  )
  ledger.rejected(
    'describe of an unknown module',
    'ACCESS_DENIED',
    await ask(service, 'describe', { elementType: 'NoSuchModule' }),
  )
  const two = await ask(service, 'describe', { elementType: 'Contacts,Accounts' })
  ledger.holds('describe of two modules', 'both by name', two, (result) =>
    ['Contacts', 'Accounts'].every((name) => isObject(result) && isObject(result[name])),
  )
  ledger.rejected(
    'retrieve without an id',
    'INVALID_ID_ATTRIBUTE',
    await ask(service, 'retrieve', { id: '' }),
  )
  ledger.rejected(
    'retrieve of a module that is none',
    'ACCESS_DENIED',
    await ask(service, 'retrieve', { id: '99999x1' }),
  )
  const contacts = world.modules.get('Contacts')
  if (contacts !== undefined) {
    const missing = await ask(service, 'retrieve', { id: `${contacts.idPrefix}x999999999` })
    ledger.rejected('retrieve of a record that is none', 'INVALID_ID_ATTRIBUTE', missing)
  }
  ledger.rejected(
    'sync since 0',
    crash,
    await ask(service, 'sync', { modifiedTime: '0', elementType: 'Contacts' }),
  )
  const empty = { email: nobody, password: 'wrong' }
  ledger.holds(
    'authenticateContact of nobody',
    'false',
    await ask(service, 'authenticateContact', empty),
    (is) => is === false,
  )
  const { id } = await getPortalUserInfo(service)
  ledger.note('getPortalUserInfo', world.serviceId, id, id === world.serviceId)
}

/** One contact and its tickets, by the operations that read single records and lists. */
export async function checkReading(ledger: Ledger, world: World): Promise<void> {
  const { service } = world
  ledger.begin('reading')
  const found = await ask(service, 'query', { query: 'select lastname from Contacts limit 1;' })
  const id = textAt(rowsOf(found)[0], 'id')
  if (id === '') {
    ledger.skip('retrieve and related lists', 'there is no contact')
    return
  }
  const one = await ask(service, 'retrieve', { id })
  ledger.holds('retrieve', 'the record', one, (result) => textAt(result, 'id') === id)
  const [prefix = ''] = id.split('x')
  const many = await ask(service, 'MassRetrieve', { ids: `${id},${prefix}x999999999` })
  ledger.holds('MassRetrieve of one that is there and one that is not', 'the one', many, (result) =>
    isObject(result) ? Object.keys(result).join() === id : false,
  )
  if (!world.modules.has('HelpDesk')) return
  const list = await ask(service, 'getRelatedRecords', {
    id,
    module: 'Contacts',
    relatedModule: 'HelpDesk',
    queryParameters: {},
  })
  const tickets = await ask(service, 'query', {
    query: `select ticket_title from HelpDesk where parent_id='${id}' limit 10000;`,
  })
  // Here an id may come without its module.
  const numberOf = (row: unknown): string => textAt(row, 'id').split('x').pop() ?? ''
  ledger.sameRows(
    "getRelatedRecords of a contact's tickets",
    rowsOf(tickets).map(numberOf),
    rowsOf(list).map(numberOf),
    list,
  )
}
