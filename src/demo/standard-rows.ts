/** Rows that every coreBOS has from its installation on, beside the data set. */
import { emptyValue } from './database.ts'
import type { Database } from './database.ts'
import { cbuuidOf } from './write/identity.ts'

const row = (database: Database, module: string, number: number, values: Record<string, string>): void => {
  database.insert({ number, module, values: new Map(Object.entries(values)), cbuuid: '', deleted: false })
}

const currencyAndGroups = (database: Database): void => {
  row(database, 'Currency', 1, {
    currency_name: 'Euro',
    currency_code: 'EUR',
    currency_symbol: '€',
    conversion_rate: '1.000000',
    currency_status: 'Active',
    defaultid: '-11',
    deleted: '0',
    currency_position: '$1.0',
  })
  row(database, 'Groups', 2, { groupname: 'Team Selling', description: 'Group Related to Sales' })
  row(database, 'Groups', 3, {
    groupname: 'Marketing Group',
    description: 'Group Related to Marketing Activities',
  })
  row(database, 'Groups', 4, {
    groupname: 'Support Group',
    description: 'Group Related to providing Support to Customers',
  })
}

const inside = (database: Database): void => {
  row(database, 'CompanyDetails', 1, {
    organizationname: 'Demo company',
    address: 'Main street 1',
    city: 'Valencia',
    state: '',
    country: 'Spain',
    code: '46001',
    phone: '+34 000 000 000',
    fax: '',
    website: 'https://example.com',
  })
  const login = { logout_time: '', status: 'Signed in' }
  row(database, 'LoginHistory', 1, {
    user_name: 'admin',
    user_ip: '192.0.2.17',
    login_time: '2026-11-24 06:30:00',
    ...login,
  })
  row(database, 'LoginHistory', 2, {
    user_name: 'portal',
    user_ip: '192.0.2.18',
    login_time: '2026-11-24 06:31:00',
    ...login,
  })
  const workflow = { test: '[]', defaultworkflow: '1', type: 'basic' }
  row(database, 'Workflow', 1, {
    module_name: 'Invoice',
    summary: 'UpdateInventoryProducts On Every Save',
    execution_condition: '3',
    ...workflow,
  })
  row(database, 'Workflow', 2, {
    module_name: 'Contacts',
    summary: 'Send Email to user when Portal User is True',
    execution_condition: '2',
    ...workflow,
  })
}

const TERMS = ['Invoice', 'SalesOrder', 'Quotes', 'PurchaseOrder']

const terms = (database: Database): void => {
  const module = database.module('cbTermConditions')
  for (const [index, name] of TERMS.entries()) {
    const number = 277 + index
    const values: Record<string, string> = {
      cbtandcno: `cbTermConditions-000000${index + 1}`,
      reference: 'Default T&C',
      formodule: name,
      isdefault: '1',
      assigned_user_id: '1',
      createdtime: '2026-11-24 06:00:00',
      modifiedtime: '2026-11-24 06:00:00',
      modifiedby: '1',
      created_user_id: '1',
      tandc: `terms of ${name}`,
    }
    database.insert({
      number,
      module: 'cbTermConditions',
      values: new Map(
        (module?.fields ?? []).map((field) => [
          field.name,
          values[field.name] ?? emptyValue('cbTermConditions', field),
        ]),
      ),
      cbuuid: cbuuidOf(number, 'cbTermConditions'),
      deleted: false,
    })
  }
}

export const insertStandardRows = (database: Database): void => {
  currencyAndGroups(database)
  inside(database)
  terms(database)
}
