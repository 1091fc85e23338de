/** The module cbEmployee, whose records may log in as `entity=Employee`. */
import type { Database } from './database.ts'
import { employeeModule } from './metadata.ts'

/** Installs the module, as its package and change sets do; `numbers` is what that takes of the sequence. */
export const installEmployees = (database: Database, numbers = 0): void => {
  const module = employeeModule()
  database.modules.set(module.name, module)
  database.lastNumber += numbers
}
