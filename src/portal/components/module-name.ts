/** The name of a module in the menu: in the language of the reader where the portal has one, otherwise that of coreBOS. */
import { useShell } from '../context.ts'
import type { TextKey } from '../texts/index.ts'
import type { ModuleSummary } from '../types.ts'

const known: Readonly<Record<string, TextKey>> = {
  HelpDesk: 'module.HelpDesk',
  Invoice: 'module.Invoice',
  Quotes: 'module.Quotes',
  SalesOrder: 'module.SalesOrder',
  Project: 'module.Project',
  ProjectTask: 'module.ProjectTask',
  ProjectMilestone: 'module.ProjectMilestone',
  Documents: 'module.Documents',
  Assets: 'module.Assets',
  ServiceContracts: 'module.ServiceContracts',
  Faq: 'module.Faq',
  Products: 'module.Products',
  Services: 'module.Services',
  Potentials: 'module.Potentials',
  Emails: 'module.Emails',
  Contacts: 'module.Contacts',
  Accounts: 'module.Accounts',
}

export function useModuleName(): (module: Pick<ModuleSummary, 'name' | 'label'>) => string {
  const { t } = useShell()
  return ({ name, label }) => {
    const key = known[name]
    return key === undefined ? label : t(key)
  }
}
