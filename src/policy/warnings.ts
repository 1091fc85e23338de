/** Warns of open system modules: those in which coreBOS keeps its staff, secrets and settings. */
import type { Policy } from './policy.ts'

const staff = 'its records are about the staff'
const settings = 'its records are settings of coreBOS'
const secrets = 'its records hold secrets'
const history = 'its records say what others did'

const systemModules: Readonly<Record<string, string>> = {
  Users: 'its records are the CRM users, with their addresses and rights',
  Groups: staff,
  LoginHistory: 'its records say when and from where the staff logged in',
  AuditTrail: history,
  ModTracker: history,
  cbCredentials: secrets,
  GlobalVariable: secrets,
  cbCVManagement: settings,
  cbMap: settings,
  cbPulse: settings,
  cbupdater: settings,
  AutoNumberPrefix: settings,
  BusinessActions: settings,
  CronTasks: settings,
  evvtMenu: settings,
  MsgTemplate: settings,
  PickList: settings,
  Settings: settings,
  Webforms: settings,
  Workflow: settings,
  com_vtiger_workflow: settings,
}
const reasons = new Map(Object.entries(systemModules).map(([name, why]) => [name.toLowerCase(), why]))

/** One line for each rule that opens such a module. */
export function policyWarnings(policy: Pick<Policy, 'modulesFor'>): string[] {
  return (['Contacts', 'Employee'] as const).flatMap((entity) =>
    policy.modulesFor({ entity }).flatMap((module) => {
      const why = reasons.get(module.toLowerCase())
      const rule = entity === 'Contacts' ? `/modules/${module}` : `/employees/${module}`
      const whom = entity === 'Contacts' ? 'contacts' : 'employees'
      return why === undefined ? [] : [`${rule}: the system module ${module} is open to ${whom}: ${why}`]
    }),
  )
}
