/** The operations of the web service, one line each; names are matched in any letter case. */
import type { EarlyHandler, Handler } from './call.ts'
import { authenticationRequired, unknownOperation } from './errors.ts'
import * as administer from './operations/administer.ts'
import * as autocomplete from './operations/autocomplete.ts'
import * as describe from './operations/describe.ts'
import * as login from './operations/login.ts'
import * as mass from './operations/mass.ts'
import * as pdf from './operations/pdf.ts'
import * as query from './operations/query.ts'
import * as read from './operations/read.ts'
import * as relate from './operations/relate.ts'
import * as related from './operations/related.ts'
import * as search from './operations/search.ts'
import * as sync from './operations/sync.ts'
import * as validate from './operations/validate.ts'
import * as views from './operations/views.ts'
import * as write from './operations/write.ts'

export type Operation =
  | { readonly beforeLogin: true; readonly run: EarlyHandler }
  | { readonly beforeLogin: false; readonly run: Handler }

const early = (run: EarlyHandler): Operation => ({ beforeLogin: true, run })
const after = (run: Handler): Operation => ({ beforeLogin: false, run })

/** No session of coreBOS's own pages to go over from, and no codes, exist here. */
const refused: EarlyHandler = () => {
  throw authenticationRequired()
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  getchallenge: early(login.getchallenge),
  login: early(login.login),
  loginPortal: early(login.loginPortal),
  extendsession: early(login.extendsession),
  loginSession: early(refused),
  getOTPAccess: early(refused),
  logout: after(login.logout),
  authenticateContact: after(login.authenticateContact),
  findByPortalUserName: after(login.findByPortalUserName),
  changePortalUserPassword: after(login.changePortalUserPassword),
  sendRecoverPassword: after(login.sendRecoverPassword),
  getPortalUserInfo: after(login.getPortalUserInfo),
  getPortalUserDateFormat: after(login.getPortalUserDateFormat),
  listtypes: after(describe.listtypes),
  describe: after(describe.describe),
  getAllUsers: after(describe.getAllUsers),
  getAssignedUserList: after(describe.getAssignedUserList),
  getUItype: after(describe.getUItype),
  getPicklistValues: after(describe.getPicklistValues),
  GetRelatedModulesOneToMany: after(describe.getRelatedModulesOneToMany),
  getRelatedModulesManytoOne: after(describe.getRelatedModulesManytoOne),
  getRelatedModulesInfomation: after(describe.getRelatedModulesInfomation),
  vtyiicpng_getWSEntityId: after(describe.vtyiicpngGetWSEntityId),
  getMaxLoadSize: after(describe.getMaxLoadSize),
  query: after(query.query),
  retrieve: after(read.retrieve),
  MassRetrieve: after(read.massRetrieve),
  retrievedocattachment: after(read.retrieveDocAttachment),
  getRecordImages: after(read.getRecordImages),
  getProductImages: after(read.getRecordImages),
  getReferenceValue: after(read.getReferenceValue),
  getRelatedRecords: after(related.getRelatedRecords),
  create: after(write.create),
  revise: after(write.revise),
  update: after(write.update),
  upsert: after(write.upsert),
  delete: after(write.remove),
  CreateWithValidation: after(validate.createWithValidation),
  ReviseWithValidation: after(validate.reviseWithValidation),
  UpdateWithValidation: after(validate.updateWithValidation),
  MassCreate: after(mass.massCreate),
  MassUpdate: after(mass.massUpdate),
  MassDelete: after(mass.massDelete),
  SetRelation: after(relate.setRelation),
  UnsetRelation: after(relate.unsetRelation),
  addTicketFaqComment: after(relate.addTicketFaqComment),
  getpdfdata: after(pdf.getPdfData),
  getSearchResults: after(search.getSearchResults),
  getSearchResultsArray: after(search.getSearchResultsArray),
  getSearchResultsArrayWithTotals: after(search.getSearchResultsArrayWithTotals),
  getFieldAutocomplete: after(autocomplete.getFieldAutocomplete),
  getReferenceAutocomplete: after(autocomplete.getReferenceAutocomplete),
  sync: after(sync.sync),
  getfilterfields: after(views.getfilterfields),
  getfiltersbymodule: after(views.getfiltersbymodule),
  getViewsByModule: after(views.getViewsByModule),
  getBusinessActions: after(views.getBusinessActions),
  gettranslation: after(views.gettranslation),
  ValidateInformation: after(views.validateInformation),
  changeAccessKey: after(administer.changeAccessKey),
  getSetting: after(administer.getSetting),
  setSetting: after(administer.setSetting),
  delSetting: after(administer.delSetting),
  showqueryfromwsdoquery: after(administer.showqueryfromwsdoquery),
  getQueuedOperationResult: after(administer.getQueuedOperationResult),
  getRelatedRecordsThroughModule: after(related.getRelatedRecordsThroughModule),
}

/** Operations that a real coreBOS has besides. Here they want a session, as there, and then are unknown. */
const NOT_MODELLED =
  'addProductImages cbQuestionAnswer cbRule changePassword convertlead deleteUser executeBusinessAction ExecuteWorkflow ExecuteWorkflowWithContext gendoc_convert getEntityNum getLoginPage getmergedtemplate getModulePermissionQuery getUsersInSameGroup jsLog ProcessMap SearchGlobalVar StripeHandler wsapp_deregister wsapp_get wsapp_map wsapp_put wsapp_register'.split(
    ' ',
  )

const notModelled = after(() => {
  throw unknownOperation()
})

const byLowerCase = new Map([
  ...NOT_MODELLED.map((name) => [name.toLowerCase(), notModelled] as const),
  ...Object.entries(OPERATIONS).map(([name, operation]) => [name.toLowerCase(), operation] as const),
])

export const operationNamed = (name: string): Operation | undefined => byLowerCase.get(name.toLowerCase())
