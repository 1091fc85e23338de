/** Suggestions for autocompletion. */
import { textParameter } from '../parameters.ts'
import type { Handler, UserCall } from '../call.ts'
import { fold } from '../collation.ts'
import type { CrmRecord, Database } from '../database.ts'
import { Crash } from '../errors.ts'
import type { Module } from '../metadata.ts'
import { inSqlRestriction, isRestricted } from '../restriction.ts'

const DEFAULT_LIMIT = 30

const matches = (filter: string, text: string, term: string): boolean => {
  const [value, wanted] = [fold(text), fold(term)]
  switch (filter) {
    case 'neq':
      return value !== wanted
    case 'startswith':
      return value.startsWith(wanted)
    case 'endswith':
      return value.endsWith(wanted)
    case 'contains':
      return value.includes(wanted)
    default:
      return value === wanted
  }
}

/** What a field is compared by: a reference by the name of what it points to. */
const compared = (database: Database, module: Module, record: CrmRecord, name: string): string => {
  const field = module.field(name)
  const value = record.values.get(name) ?? ''
  if (field === undefined || (field.type.name !== 'reference' && field.type.name !== 'owner')) return value
  const target = database.target(field, value)
  return target === undefined ? '' : database.displayName(target)
}

const names = (text: string): string[] => text.split(',').filter((name) => name !== '')

const limitOf = (call: UserCall): number => Number(textParameter(call, 'limit')) || DEFAULT_LIMIT

/** Rows of the module that coreBOS's condition in SQL lets through. */
const visible = (call: UserCall, module: Module, failing: string): CrmRecord[] => {
  if (module.name === failing && isRestricted(call.caller)) throw new Crash()
  return call.database
    .records(module.name)
    .filter((record) => inSqlRestriction(call.database, call.caller, record))
}

export const getFieldAutocomplete: Handler = (call) => {
  const { database } = call
  const module = database.module(textParameter(call, 'searchinmodule'))
  if (module === undefined) return []
  const fields = names(textParameter(call, 'fields')).filter((name) => module.field(name) !== undefined)
  const returned = names(textParameter(call, 'returnfields'))
  const term = textParameter(call, 'term')
  const filter = textParameter(call, 'filter').toLowerCase()
  return visible(call, module, 'Faq')
    .filter((record) =>
      fields.some((name) => matches(filter, compared(database, module, record, name), term)),
    )
    .slice(0, limitOf(call))
    .map((record) => ({
      crmid: database.webserviceId(record),
      crmfields: Object.fromEntries(
        (returned.length > 0 ? returned : fields)
          .filter((name) => module.field(name) !== undefined)
          .map((name) => [name, record.values.get(name) ?? '']),
      ),
    }))
}

/** The modules looked through where none are named. */
const REFERENCED =
  'HelpDesk Project ProjectTask Potentials ProjectMilestone Invoice Quotes SalesOrder PurchaseOrder ServiceContracts Accounts Contacts'.split(
    ' ',
  )

export const getReferenceAutocomplete: Handler = (call) => {
  const { database } = call
  const given = names(textParameter(call, 'searchinmodules'))
  const searched = given.length > 0 ? given : REFERENCED
  const term = textParameter(call, 'term')
  const filter = textParameter(call, 'filter').toLowerCase()
  const limit = limitOf(call)
  const found: { crmid: string; crmname: string; crmmodule: string }[] = []
  for (const name of searched) {
    const module = database.module(name)
    if (module === undefined) continue
    const suffix = searched.length > 1 ? ` :: ${module.label}` : ''
    const matching = visible(call, module, 'Documents').filter((record) =>
      matches(filter, database.displayName(record), term),
    )
    // However many were found before, each module adds at least one.
    for (const record of matching.slice(0, Math.max(1, limit - found.length))) {
      found.push({
        crmid: database.webserviceId(record),
        crmname: database.displayName(record) + suffix,
        crmmodule: name,
      })
    }
  }
  return found
}
