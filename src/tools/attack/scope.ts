/**
 * What a contact may see by the built-in policy at level `account`, said again independently: the judge of the
 * gateway's policy and rewriter must not ask them.
 */
import type { CrmRecord, Field, Module, World } from './world.ts'

export interface Person {
  /** Webservice id of the contact. */
  readonly contact: string
  /** Webservice id of its account; empty: none. */
  readonly account: string
}

/** Readable in no module: addresses of files need no session. */
const isFileAddress = (field: string): boolean => field === '_downloadurl' || field.endsWith('fullpath')

const hidden: Readonly<Record<string, string>> = {
  Contacts:
    'portal support_start_date support_end_date portalpasswordtype portalloginuser template_language leadsource notify_owner',
  Accounts: 'rating annual_revenue notify_owner',
  Documents: 'template template_for mergetemplate filedownloadcount',
  Emails: 'bccmail access_count email_flag bounce clicked spamreport delivered dropped open unsubscribe',
  HelpDesk: 'update_log from_mailscanner from_portal commentadded',
  InventoryDetails: 'cost_price cost_gross total_stock vendor_id',
  Invoice: 'salescommission',
  // The e-mail address of a CRM user.
  ModComments: 'relatedassignedemail',
  Potentials: 'probability forecast_amount nextstep leadsource campaignid',
  Products: 'cost_price commissionrate qtyinstock qtyindemand reorderlevel vendor_id vendor_part_no glacct',
  Project: 'targetbudget',
  Quotes: 'assigned_user_id1',
  SalesOrder: 'salescommission',
  Services: 'cost_price commissionrate',
}

/** Whether the built-in policy hides a field from contacts, written down apart from the policy itself. */
export const isHiddenField = (module: string, field: string): boolean =>
  `${hidden[module] ?? ''} isconvertedfromlead convertedfromlead`.split(' ').includes(field)

export const openModules: readonly string[] = [
  'Contacts',
  'Accounts',
  'HelpDesk',
  'Potentials',
  'Project',
  'ServiceContracts',
  'Invoice',
  'Quotes',
  'SalesOrder',
  'InventoryDetails',
  'Assets',
  'ProjectTask',
  'ProjectMilestone',
  'Documents',
  'Emails',
  'ModComments',
  'Products',
  'Services',
  'Faq',
]

/** Whether a field of an open module is closed all the same. */
export function isHidden(module: string, field: string): boolean {
  return isFileAddress(field) || isHiddenField(module, field)
}

export function readableFields(module: Module): Field[] {
  return [...module.fields.values()].filter(({ name }) => !isHidden(module.name, name))
}

export class Scope {
  readonly person: Person
  readonly #world: World
  readonly #visible = new Map<string, readonly CrmRecord[]>()

  constructor(world: World, person: Person) {
    this.#world = world
    this.person = person
  }

  /** The records of a module that the contact may see. */
  of(module: string): readonly CrmRecord[] {
    let found = this.#visible.get(module)
    if (found === undefined) {
      found = (this.#world.byModule.get(module) ?? []).filter((record) => this.sees(record))
      this.#visible.set(module, found)
    }
    return found
  }

  sees(record: CrmRecord): boolean {
    const { contact, account } = this.person
    const at = (field: string): string => record.values.get(field) ?? ''
    const isContact = (id: string): boolean => id === contact
    const isAccount = (id: string): boolean => account !== '' && id === account
    switch (record.module) {
      case 'Contacts':
        return isContact(record.id) || isAccount(at('account_id'))
      case 'Accounts':
        return isAccount(record.id)
      case 'HelpDesk':
        return isContact(at('parent_id')) || isAccount(at('parent_id'))
      case 'Potentials':
        return isContact(at('related_to')) || isAccount(at('related_to'))
      case 'Project':
        return isContact(at('linktoaccountscontacts')) || isAccount(at('linktoaccountscontacts'))
      case 'ServiceContracts':
        return isContact(at('sc_related_to')) || isAccount(at('sc_related_to'))
      case 'Invoice':
      case 'Quotes':
      case 'SalesOrder':
      case 'InventoryDetails':
        return isContact(at('contact_id')) || isAccount(at('account_id'))
      case 'Assets':
        return isAccount(at('account'))
      case 'ProjectTask':
      case 'ProjectMilestone':
        return this.#seesTarget(at('projectid'), ['Project'])
      case 'ModComments':
        return this.#seesTarget(at('related_to'), ['HelpDesk', 'Project'])
      case 'Documents':
        return this.#isRelated(record.id, ['HelpDesk', 'Project'])
      case 'Emails':
        return this.#isRelated(record.id, [])
      case 'Products':
      case 'Services':
        return at('discontinued') === '1'
      case 'Faq':
        return at('faqstatus') === 'Published'
      default:
        return false
    }
  }

  #seesTarget(id: string, modules: readonly string[]): boolean {
    const target = this.#world.records.get(id)
    return target !== undefined && modules.includes(target.module) && this.sees(target)
  }

  /** To the contact, to its account, or to a visible record of one of the modules. */
  #isRelated(id: string, modules: readonly string[]): boolean {
    const { contact, account } = this.person
    const partners = [...(this.#world.relations.get(id) ?? [])]
    return partners.some(
      (partner) =>
        partner === contact || (account !== '' && partner === account) || this.#seesTarget(partner, modules),
    )
  }
}
