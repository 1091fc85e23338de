/** Ten statements as portals put them. */

export interface Benchmarked {
  readonly name: string
  /** Makes the statement with constants of its own, so that no two texts are alike. */
  readonly text: (n: number) => string
  /** What ties a row to the contact, as an application would write it that conjoins on its own. */
  readonly scope: string
}

const ofParent = "parent_id in ('12x8549','11x8546')"
const ofCompany = "(contact_id in ('12x8549') or account_id in ('11x8546'))"

export const statements: readonly Benchmarked[] = [
  {
    name: 'open tickets',
    text: (n) => `select ticket_title,ticketstatus,modifiedtime from HelpDesk where ticketstatus='Open ${n}' limit 20`,
    scope: ofParent,
  },
  {
    name: 'tickets, page 3',
    text: (n) => `select * from HelpDesk order by modifiedtime desc limit 20 offset ${40 + (n % 1000)}`,
    scope: ofParent,
  },
  {
    name: 'tickets found by text',
    text: (n) => `select ticket_title,ticket_no from HelpDesk where ticket_title like '%printer ${n}%' order by ticket_title`,
    scope: ofParent,
  },
  {
    name: 'a form of many filters',
    text: (n) =>
      `select ticket_title,ticketstatus from HelpDesk where (ticketstatus='Open' or ticketstatus='In Progress') and (ticketpriorities='High' or ticketpriorities='Urgent') and modifiedtime>='2026-01-01 00:${String(n % 60).padStart(2, '0')}:00' order by ticketpriorities,ticket_title limit 50`,
    scope: ofParent,
  },
  {
    name: 'one ticket by id',
    text: (n) => `select * from HelpDesk where id='17x${8000 + n}'`,
    scope: ofParent,
  },
  {
    name: 'number of tickets',
    text: (n) => `select count(*) from HelpDesk where ticketstatus!='Closed ${n}'`,
    scope: ofParent,
  },
  {
    name: 'invoices of a period',
    text: (n) =>
      `select subject,invoicedate,hdnGrandTotal from Invoice where invoicedate>='2026-01-01' and invoicedate<'2026-07-01' and hdnGrandTotal>${n} order by invoicedate desc limit 100`,
    scope: ofCompany,
  },
  {
    name: 'invoices of some states',
    text: (n) =>
      `select subject,invoicestatus from Invoice where invoicestatus in ('Sent','Approved','Paid','State ${n}') limit 100`,
    scope: ofCompany,
  },
  {
    name: 'colleagues',
    text: (n) =>
      `select firstname,lastname,email,phone from Contacts where (lastname like 'x${n}%' or firstname='x${n}') and email!='a' order by lastname`,
    scope: "(id in ('12x8549') or account_id in ('11x8546'))",
  },
  {
    name: 'published questions',
    text: (n) => `select question,faq_answer from Faq where question like '%how ${n}%' limit 10`,
    scope: "faqstatus='Published'",
  },
]
