/** What a list shows, by its address and by the description of its module. Pure. */
import { isTechnical } from './metadata.ts'
import type { Filter } from '../client/index.ts'
import type { Field, Module, Value } from './types.ts'

export interface ListState {
  readonly text: string
  /** Chosen values by field. */
  readonly chosen: Readonly<Record<string, string>>
  readonly sort: string
  readonly page: number
}

/** Columns that say more to a customer than those of the CRM's own list. */
const preferred: Readonly<Record<string, readonly string[]>> = {
  HelpDesk: [
    'ticket_title',
    'ticket_no',
    'ticketstatus',
    'ticketpriorities',
    'ticketcategories',
    'modifiedtime',
  ],
  Invoice: ['subject', 'invoice_no', 'invoicestatus', 'invoicedate', 'duedate', 'hdnGrandTotal'],
  Quotes: ['subject', 'quote_no', 'quotestage', 'validtill', 'hdnGrandTotal'],
  SalesOrder: ['subject', 'salesorder_no', 'sostatus', 'duedate', 'hdnGrandTotal'],
  Project: ['projectname', 'projectstatus', 'startdate', 'targetenddate', 'progress'],
  Documents: ['notes_title', 'filename', 'filesize', 'modifiedtime'],
  Assets: ['assetname', 'serialnumber', 'product', 'assetstatus', 'dateinservice'],
  ServiceContracts: ['subject', 'contract_status', 'start_date', 'due_date', 'total_units', 'used_units'],
}
const mostColumns = 6

/** The name comes first: it leads to the record. */
export function columnsOf(module: Module): readonly Field[] {
  const names = preferred[module.name] ?? [...module.nameFields.slice(0, 1), ...module.listColumns]
  const fields = [...new Set([...module.nameFields.slice(0, 1), ...names])].flatMap(
    (name) => module.fields.find((field) => field.name === name) ?? [],
  )
  const columns = fields.filter((field) => field.name === module.nameFields[0] || !isTechnical(field))
  // A policy may hide all fields of the CRM's list.
  const shown = columns.length > 0 ? columns : module.fields.filter((field) => !isTechnical(field))
  return shown.slice(0, mostColumns)
}

/** Picklists of the list, of which the reader can choose a value. */
export function filtersOf(module: Module): readonly Field[] {
  const columns = columnsOf(module)
  const lists = columns.filter(({ widget, values = [] }) => widget === 'select' && values.length > 1)
  return lists.slice(0, 3)
}

/** New records first, where they have a time. */
const defaultSort = (module: Module): string =>
  ['modifiedtime', 'createdtime']
    .map((name) => module.fields.find((field) => field.name === name)?.name)
    .find(Boolean) ?? ''

export function listStateOf(query: URLSearchParams, module: Module): ListState {
  const filters = filtersOf(module).map(({ name }) => name)
  const page = Number(query.get('page') ?? '1')
  const sort = query.get('sort') ?? ''
  const isField = module.fields.some(({ name }) => name === sort.replace(/^-/, ''))
  const standard = defaultSort(module)
  return {
    text: query.get('q') ?? '',
    chosen: Object.fromEntries(
      filters.flatMap((name) => (query.get(name) === null ? [] : [[name, query.get(name) ?? '']])),
    ),
    sort: isField ? sort : standard && `-${standard}`,
    page: Number.isSafeInteger(page) && page > 0 ? page : 1,
  }
}

/** The parameters of the address; what is as without them is left out. */
export function queryOf({ text, chosen, sort, page }: ListState, module: Module): Record<string, string> {
  const standard = defaultSort(module)
  return {
    q: text,
    ...chosen,
    sort: sort === (standard && `-${standard}`) ? '' : sort,
    page: page === 1 ? '' : String(page),
  }
}

/** The filter of the request. The text is searched for in the name. */
export function filterOf({ text, chosen }: ListState, module: Module): Filter<Record<string, Value>> {
  const name = module.nameFields.at(-1)
  return {
    ...Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== '')),
    ...(text.trim() !== '' && name !== undefined && { [name]: { contains: text.trim() } }),
  }
}
