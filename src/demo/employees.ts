/** The module cbEmployee, whose records may log in as `entity=Employee`. */
import type { Database } from './database.ts'

export const installEmployees = (database: Database): void => {
  database.settings.set('employees', '1')
}
