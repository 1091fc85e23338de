/**
 * Fields that a company does not show its customers. A rule for contacts shows them only if it names them in `show` or
 * `only`.
 */

/** Fields of every module that say how coreBOS created the record. */
const everywhere = ['isconvertedfromlead', 'convertedfromlead'] as const

/**
 * By module: costs, commissions, stock, vendors, forecasts, internal flags, blind copies, and the log-in data of
 * contacts.
 */
const byModule: Readonly<Record<string, readonly string[]>> = {
  Accounts: ['rating', 'annual_revenue', 'notify_owner'],
  Contacts: [
    'portal',
    'support_start_date',
    'support_end_date',
    'portalpasswordtype',
    'portalloginuser',
    'template_language',
    'leadsource',
    'notify_owner',
  ],
  Documents: ['template', 'template_for', 'mergetemplate', 'filedownloadcount'],
  Emails: [
    'bccmail',
    'access_count',
    'email_flag',
    'bounce',
    'clicked',
    'spamreport',
    'delivered',
    'dropped',
    'open',
    'unsubscribe',
  ],
  HelpDesk: ['update_log', 'from_mailscanner', 'from_portal', 'commentadded'],
  InventoryDetails: ['cost_price', 'cost_gross', 'total_stock', 'vendor_id'],
  Invoice: ['salescommission'],
  // The CRM user that the commented record is assigned to.
  ModComments: ['relatedassignedemail'],
  Potentials: ['probability', 'forecast_amount', 'nextstep', 'leadsource', 'campaignid'],
  Products: [
    'cost_price',
    'commissionrate',
    'qtyinstock',
    'qtyindemand',
    'reorderlevel',
    'vendor_id',
    'vendor_part_no',
    'glacct',
  ],
  Project: ['targetbudget'],
  Quotes: ['assigned_user_id1'],
  SalesOrder: ['salescommission'],
  Services: ['cost_price', 'commissionrate'],
}

/** The modules with internal fields besides those of every module. */
export const internalModules: readonly string[] = Object.keys(byModule)

/** The internal fields of a module. */
export function internalFields(module: string): readonly string[] {
  return [...(Object.hasOwn(byModule, module) ? (byModule[module] ?? []) : []), ...everywhere]
}

/** Words in the labels of such fields, in modules and fields that a company has added. */
const suspicious =
  /\b(?:costs?|margin|markup|profit|commission|purchase price|stock|vendors?|suppliers?|forecast|probability|internal|bcc|blind copy)\b/i

/** Whether the label of a field that is not in the list suggests that it is internal. */
export function looksInternal(label: string): boolean {
  return suspicious.test(label)
}
