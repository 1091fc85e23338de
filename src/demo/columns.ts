/** The columns behind the fields, where a row of `getRelatedRecords` or an `orderby` shows their names. */

const INVENTORY = {
  contact_id: 'contactid',
  account_id: 'accountid',
  txtAdjustment: 'adjustment',
  hdnSubTotal: 'subtotal',
  hdnGrandTotal: 'total',
  hdnTaxType: 'taxtype',
  hdnDiscountPercent: 'discount_percent',
  hdnDiscountAmount: 'discount_amount',
  hdnS_H_Amount: 's_h_amount',
}

/** By module and field, where the column is called otherwise than the field. */
const COLUMNS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Contacts: { salutationtype: 'salutation', account_id: 'accountid', contact_id: 'reportsto' },
  HelpDesk: {
    ticket_title: 'title',
    ticketpriorities: 'priority',
    ticketstatus: 'status',
    ticketseverities: 'severity',
    ticketcategories: 'category',
  },
  Invoice: { ...INVENTORY, salesorder_id: 'salesorderid', vtiger_purchaseorder: 'purchaseorder' },
  Quotes: { ...INVENTORY, potential_id: 'potentialid', assigned_user_id1: 'inventorymanager' },
  SalesOrder: {
    ...INVENTORY,
    potential_id: 'potentialid',
    quote_id: 'quoteid',
    vtiger_purchaseorder: 'purchaseorder',
    invoicestatus: 'invoice_status',
  },
  Documents: { notes_title: 'title' },
  Potentials: { opportunity_type: 'potentialtype' },
  ServiceContracts: { contract_priority: 'priority' },
  Products: { serial_no: 'serialno' },
  Accounts: { account_id: 'parentid' },
}

export const columnOf = (module: string, field: string): string =>
  COLUMNS[module]?.[field] ?? (field === 'created_user_id' ? 'creator' : field)

/** The column of a module's own number. */
const KEYS: Readonly<Record<string, string>> = {
  Accounts: 'accountid',
  Contacts: 'contactid',
  HelpDesk: 'ticketid',
  Invoice: 'invoiceid',
  Quotes: 'quoteid',
  SalesOrder: 'salesorderid',
  PurchaseOrder: 'purchaseorderid',
  Documents: 'notesid',
  Assets: 'assetsid',
  Potentials: 'potentialid',
  InventoryDetails: 'inventorydetailsid',
  Project: 'projectid',
  ProjectTask: 'projecttaskid',
  ProjectMilestone: 'projectmilestoneid',
  ServiceContracts: 'servicecontractsid',
  Services: 'serviceid',
  Products: 'productid',
  ModComments: 'modcommentsid',
  Emails: 'activityid',
  Leads: 'leadid',
  Vendors: 'vendorid',
  Faq: 'id',
}

export const keyColumnOf = (module: string): string => KEYS[module] ?? `${module.toLowerCase()}id`
