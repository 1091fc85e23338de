/** A contact and its coreBOS in memory, for unit tests of the read pipeline: a table holds the answer to each statement. */
import type { ReadContext, Reader } from '../../src/access/context.ts'
import type { Contact } from '../../src/model/contact.ts'
import { GatewayError } from '../../src/model/errors.ts'
import { builtinPolicy } from '../../src/policy/builtin.ts'
import { Policy } from '../../src/policy/policy.ts'
import type { PolicySource } from '../../src/policy/schema.ts'
import { parseQuery } from '../../src/query/parse.ts'
import { ofCaller, type Origin, type Plan } from '../../src/scope/plan.ts'
import { planOf } from '../../src/read/look-up.ts'
import { ownerIdsWithoutLookup } from '../../src/scope/owner-ids.ts'
import type { Row, WithheldRow } from '../../src/scope/verify.ts'
import { VisibleModules } from '../../src/scope/view.ts'
import { moduleOf, modulesOf, person } from './shapes.ts'

const modules = modulesOf([
  moduleOf('Accounts', '11', 'accountname', 'phone'),
  moduleOf('Contacts', '12', 'lastname', 'portal', 'account_id:>Accounts'),
  moduleOf('HelpDesk', '17', 'ticket_title', 'ticketstatus', 'parent_id:>Contacts,Accounts'),
  moduleOf('Project', '33', 'projectname', 'linktoaccountscontacts:>Contacts,Accounts'),
  moduleOf('ProjectTask', '32', 'projecttaskname', 'projectid:>Project'),
  moduleOf('Documents', '15', 'notes_title'),
  moduleOf('Faq', '3', 'question', 'faqstatus'),
])

/** The contact 12x1 of the account 11x1. */
const alice = person('account', 'Contacts', '11x1')

interface Told {
  readonly rows: readonly Row[]
  readonly totalRows: number | undefined
}

export interface Parts {
  readonly contact?: Contact
  readonly policy?: PolicySource
  /** For each statement its rows, or its rows and their number without the limit. */
  readonly rows?: Readonly<Record<string, readonly Row[] | Told | GatewayError>>
  /** For each record, such as `12x1 → HelpDesk`, the related ids. */
  readonly related?: Readonly<Record<string, readonly string[]>>
}

export class Reading {
  readonly context: ReadContext
  /** What coreBOS was asked, with the session that asked it. */
  readonly asked: string[] = []
  /** What was reported as withheld, with the rule. */
  readonly withheld: (readonly [rule: string, ...rows: readonly WithheldRow[]])[] = []
  /** The keys of the ids that were to be remembered, with the modules from which they are read. */
  readonly remembered: (readonly [key: string, ...modules: readonly string[]])[] = []

  constructor({ contact = alice, policy = builtinPolicy, rows = {}, related = {} }: Parts = {}) {
    this.context = {
      visible: new VisibleModules(contact, new Policy(policy), modules, true),
      reader: this.#reader(rows, related),
      wording: { userNames: unused, currencyCodes: unused, labels: unused, moduleLabels: unused },
      language: undefined,
      ownerIds: async (level) =>
        ownerIdsWithoutLookup(contact, level) ?? { contacts: ['12x1', '12x2'], accounts: ['11x1'] },
      remember: async (key, modules, load) => {
        this.remembered.push([key, ...modules])
        return load()
      },
      keeping: undefined,
      withheld: (rows, rule) => this.withheld.push([rule, ...rows]),
    }
  }

  #reader(rows: NonNullable<Parts['rows']>, related: NonNullable<Parts['related']>): Reader {
    return {
      query: async ({ text }, by, bypassCache) => {
        this.asked.push(`${by}${bypassCache === undefined ? '' : ` (${bypassCache})`}: ${text}`)
        const told = rows[text]
        if (told === undefined) throw new Error(`the table has no answer to: ${text}`)
        if (told instanceof GatewayError) throw told
        return 'rows' in told ? told : { rows: told, totalRows: told.length }
      },
      relatedIds: async ({ text }, parentModule, module, by) => {
        this.asked.push(`${by}: ${parentModule} ${text} → ${module}`)
        const ids = related[`${text} → ${module}`]
        if (ids === undefined) throw new Error(`the table has no records of ${module} related to ${text}`)
        return ids
      },
      comments: undefined,
      idOfUuid: unused,
      lines: unused,
      pricedLines: unused,
      attachment: unused,
      printed: unused,
      actions: unused,
    }
  }

  /** The plan of a query in text. */
  async plan(query: string, origin: Origin = ofCaller): Promise<Plan> {
    return planOf(parseQuery(query), this.context, origin)
  }
}

/** For what a test does not expect to be called. */
export async function unused(): Promise<never> {
  return Promise.reject(new Error('this is not called here'))
}

/** So many tickets of alice. */
export function tickets(count: number): Row[] {
  return Array.from({ length: count }, (_, i) => ({ id: `17x${i + 1}`, parent_id: '12x1' }))
}
