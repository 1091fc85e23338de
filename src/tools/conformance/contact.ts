/** What coreBOS shows in the session of a contact: as intended, and beyond it, which the gateway closes. */
import { ask, crash, rowsOf, show, textAt, type Row } from './answer.ts'
import type { Ledger } from './ledger.ts'
import type { ContactSession, World } from './world.ts'

interface Tie {
  readonly contact?: string
  readonly account?: string
}

/** By which field a row is the contact's or the account's, where one field of the row says so. */
const ties: Readonly<Record<string, Tie>> = {
  Contacts: { contact: 'id', account: 'account_id' },
  Accounts: { account: 'id' },
  HelpDesk: { contact: 'parent_id', account: 'parent_id' },
  Potentials: { contact: 'related_to', account: 'related_to' },
  Project: { contact: 'linktoaccountscontacts', account: 'linktoaccountscontacts' },
  ServiceContracts: { contact: 'sc_related_to', account: 'sc_related_to' },
  Invoice: { contact: 'contact_id', account: 'account_id' },
  Quotes: { contact: 'contact_id', account: 'account_id' },
  SalesOrder: { contact: 'contact_id', account: 'account_id' },
  InventoryDetails: { contact: 'contact_id', account: 'account_id' },
  Assets: { account: 'account' },
}

/** Rows that are looked at of each module. */
const looked = 200

export async function checkContact(ledger: Ledger, world: World, contact: ContactSession): Promise<void> {
  if (contact.isAdministrator) {
    ledger.begin('contact')
    ledger.skip('the rows of the contact', 'it is mapped to an administrator, whom coreBOS restricts nowhere')
    return
  }
  await checkTies(ledger, world, contact)
  await checkLeaks(ledger, world, contact)
}

async function checkTies(ledger: Ledger, world: World, contact: ContactSession): Promise<void> {
  ledger.begin('contact')
  const { session } = contact
  for (const [module, tie] of Object.entries(ties)) {
    if (!world.modules.has(module)) continue
    const fields = [...new Set(Object.values(tie))].filter((field) => field !== 'id')
    const names = fields.length === 0 ? 'id' : fields.join(',')
    const answer = await ask(session, 'query', { query: `select ${names} from ${module} limit ${looked};` })
    const rows = rowsOf(answer)
    const foreign = rows.filter((row) => !isTied(row, tie, contact))
    const got = foreign.length === 0 ? show(answer) : `${show(answer)}, ${foreign.length} of others`
    const agrees = answer.kind === 'result' && foreign.length === 0
    ledger.note(`the rows of ${module}`, agrees ? got : 'rows of the contact or account', got, agrees)
  }
  const foreign = await foreignTicket(world, contact)
  if (foreign === undefined) ledger.skip("retrieve of somebody else's ticket", 'there is none')
  else {
    const answer = await ask(session, 'retrieve', { id: foreign })
    ledger.rejected("retrieve of somebody else's ticket", 'ACCESS_DENIED', answer)
  }
}

function isTied(row: Row, tie: Tie, { id, accountId }: ContactSession): boolean {
  const holds = (field: string | undefined, wanted: string): boolean =>
    field !== undefined && wanted !== '' && textAt(row, field) === wanted
  return holds(tie.contact, id) || holds(tie.account, accountId)
}

async function foreignTicket({ service }: World, contact: ContactSession): Promise<string | undefined> {
  const answer = await ask(service, 'query', { query: `select parent_id from HelpDesk limit ${looked};` })
  const foreign = rowsOf(answer).find((row) => {
    const parent = textAt(row, 'parent_id')
    return parent !== '' && parent !== contact.id && parent !== contact.accountId
  })
  return foreign === undefined ? undefined : textAt(foreign, 'id')
}

/** Each is closed by the gateway; one that coreBOS itself has closed meanwhile is no harm. */
async function checkLeaks(ledger: Ledger, world: World, { session, id }: ContactSession): Promise<void> {
  ledger.begin('left open')
  const query = (text: string) => ask(session, 'query', { query: text })
  const open = (asked: string, isOpen: boolean) => {
    ledger.note(asked, 'open', isOpen ? 'open' : 'closed', isOpen)
  }
  const own = await query('select ticket_title,Users.user_name from HelpDesk limit 1;')
  if (rowsOf(own).length === 0) ledger.skip('fields of users through a path', 'the contact sees no ticket')
  else open('fields of users through a path', textAt(rowsOf(own)[0], 'user_name') !== '')
  for (const module of ['LoginHistory', 'Workflow', 'Groups', 'CompanyDetails']) {
    open(`query of ${module}`, (await query(`select * from ${module} limit 1;`)).kind === 'result')
  }
  for (const module of ['ProjectMilestone', 'Leads', 'Vendors']) {
    const everything = await ask(world.service, 'query', { query: `select count(*) from ${module};` })
    const total = textAt(rowsOf(everything)[0], 'count')
    if (total === '' || total === '0') ledger.skip(`count over ${module}`, 'there is nothing to count')
    else {
      const counted = textAt(rowsOf(await query(`select count(*) from ${module};`))[0], 'count')
      open(`count over ${module}`, counted === total)
    }
  }
  open('getAllUsers', (await ask(session, 'getAllUsers')).kind === 'result')
  ledger.rejected(
    'query of Faq, which fails',
    'DATABASE_QUERY_ERROR',
    await query('select question from Faq limit 1;'),
  )
  const tickets = rowsOf(await query(`select ticket_title from HelpDesk where parent_id='${id}' limit 1;`))
  const ticket = textAt(tickets[0], 'id')
  if (ticket === '') ledger.skip('comments of a ticket', 'the contact has no ticket')
  else {
    const comments = { id: ticket, module: 'HelpDesk', relatedModule: 'ModComments', queryParameters: {} }
    ledger.rejected(
      'comments of a ticket, which fail',
      crash,
      await ask(session, 'getRelatedRecords', comments),
    )
  }
}
