/** The operations of `/webservice.php`, one line each. All others are unknown, as to a coreBOS that lacks them. */
import type { WriteOperation } from '../access/context.ts'
import type { Input, WebserviceContext, WebserviceWriteContext } from './call.ts'
import * as describe from './describe.ts'
import type { Result } from './envelope.ts'
import * as files from './files.ts'
import * as login from './login.ts'
import type { LoginContext } from './login.ts'
import * as massWrite from './mass-write.ts'
import * as read from './read.ts'
import * as related from './related.ts'
import * as relations from './relations.ts'
import * as search from './search.ts'
import * as validation from './validation.ts'
import * as views from './views.ts'
import * as write from './write.ts'

/**
 * How an operation is restricted to what the contact may see. `login`: it authenticates. `visible`: modules and
 * fields that the policy opens. `statement`: a query that `src/read/` runs. `record`: a record that `src/read/` finds
 * first, and that is then read from. `self`: only the caller's own data. `write`: through `src/write/`, which checks
 * record, values and references against the policy.
 */
export type Scope = 'login' | 'visible' | 'statement' | 'record' | 'self' | 'write'

interface Shape {
  readonly name: string
  readonly takes: readonly string[]
  readonly scope: Scope
  /** Whether a record that it writes may come with a file. */
  readonly carriesFile?: true
}

export type Operation = Shape &
  (
    | { readonly by: 'public'; readonly run: BeforeLogin }
    | { readonly by: 'client'; readonly run: AfterLogin }
    | { readonly by: 'author'; readonly writes: WriteOperation | undefined; readonly run: Writing }
  )

type BeforeLogin = (input: Input, login: LoginContext) => Promise<Result>
type AfterLogin = (input: Input, client: WebserviceContext) => Promise<Result>
type Writing = (input: Input, client: WebserviceWriteContext) => Promise<Result>

const open = (name: string, takes: readonly string[], scope: Scope, run: BeforeLogin): Operation => ({
  name,
  takes,
  scope,
  by: 'public',
  run,
})
const client = (name: string, takes: readonly string[], scope: Scope, run: AfterLogin): Operation => ({
  name,
  takes,
  scope,
  by: 'client',
  run,
})

/** @param writes its name in an audit line if it is rejected before the write; undefined: it does not write */
const author = (
  name: string,
  takes: readonly string[],
  run: Writing,
  writes: WriteOperation | undefined,
): Operation => ({
  name,
  takes,
  scope: 'write',
  by: 'author',
  writes,
  run,
  ...(takes.some((each) => each === 'element' || each === 'elements') && { carriesFile: true }),
})

const queryParameters = ['id', 'module', 'relatedModule', 'queryParameters']
const searchParameters = ['query', 'search_onlyin', 'restrictionids']
const fieldParameters = ['term', 'filter', 'searchinmodule', 'fields', 'returnfields', 'limit']

// prettier-ignore
const table: readonly Operation[] = [
  open('getchallenge', ['username'], 'login', login.getchallenge),
  open('loginPortal', ['username', 'password', 'entity', 'deviceToken'], 'login', login.loginPortal),
  open('login', ['username', 'accessKey', 'deviceToken'], 'login', login.login),
  open('extendsession', [], 'self', login.extendsession),
  open('logout', [], 'self', login.logout),

  client('listtypes', ['fieldTypeList'], 'visible', describe.listtypes),
  client('describe', ['elementType'], 'visible', describe.describe),
  client('getRelatedModulesInfomation', ['module'], 'visible', describe.getRelatedModulesInfomation),
  client('GetRelatedModulesOneToMany', ['module'], 'visible', describe.getRelatedModulesOneToMany),
  client('getRelatedModulesManytoOne', ['module'], 'visible', describe.getRelatedModulesManytoOne),
  client('getPicklistValues', ['module'], 'visible', describe.getPicklistValues),
  client('getUItype', ['module'], 'visible', describe.getUItype),
  client('getfilterfields', ['module'], 'visible', describe.getfilterfields),
  client('getfiltersbymodule', ['module'], 'visible', views.getfiltersbymodule),
  client('getViewsByModule', ['module'], 'visible', views.getViewsByModule),
  client('gettranslation', ['totranslate', 'language', 'module'], 'visible', views.gettranslation),
  client('getBusinessActions', ['view', 'module', 'id', 'linktype'], 'record', views.getBusinessActions),
  client('vtyiicpng_getWSEntityId', ['entityName'], 'visible', describe.getWSEntityId),
  client('getPortalUserInfo', [], 'self', describe.getPortalUserInfo),
  client('getAssignedUserList', ['module'], 'self', describe.getAssignedUserList),
  client('getPortalUserDateFormat', [], 'self', describe.getPortalUserDateFormat),

  client('query', ['query'], 'statement', read.query),
  client('retrieve', ['id'], 'record', read.retrieve),
  client('MassRetrieve', ['ids'], 'statement', read.massRetrieve),
  client('getReferenceValue', ['id'], 'statement', read.getReferenceValue),
  client('getRelatedRecords', queryParameters, 'record', related.getRelatedRecords),
  client('sync', ['modifiedTime', 'elementType'], 'statement', read.sync),

  client('retrievedocattachment', ['id', 'returnfile'], 'record', files.retrievedocattachment),
  client('getpdfdata', ['id'], 'record', files.getpdfdata),
  client('getRecordImages', ['id'], 'record', files.getRecordImages),

  client('getSearchResults', searchParameters, 'statement', search.getSearchResults),
  client('getSearchResultsArray', searchParameters, 'statement', search.getSearchResultsArray),
  client('getSearchResultsArrayWithTotals', searchParameters, 'statement', search.getSearchResultsArrayWithTotals),
  client('getFieldAutocomplete', fieldParameters, 'statement', search.getFieldAutocomplete),
  client('getReferenceAutocomplete', ['term', 'filter', 'searchinmodules', 'limit'], 'statement', search.getReferenceAutocomplete),

  author('create', ['elementType', 'element'], write.create, 'create'),
  author('update', ['element'], write.update, 'update'),
  author('revise', ['element'], write.revise, 'update'),
  author('upsert', ['elementType', 'element', 'searchOn', 'updatedfields'], write.upsert, 'create'),
  author('delete', ['id'], write.deleteOne, 'delete'),
  author('CreateWithValidation', ['elementType', 'element'], validation.createWithValidation, 'create'),
  author('UpdateWithValidation', ['element'], validation.updateWithValidation, 'update'),
  author('ReviseWithValidation', ['element'], validation.reviseWithValidation, 'update'),
  author('ValidateInformation', ['context'], validation.validateInformation, undefined),
  author('MassCreate', ['elements'], massWrite.massCreate, 'create'),
  author('MassUpdate', ['elements'], massWrite.massUpdate, 'update'),
  author('MassDelete', ['ids'], massWrite.massDelete, 'delete'),
  author('SetRelation', ['relate_this_id', 'with_these_ids'], relations.setRelations, 'relate'),
  author('UnsetRelation', ['unrelate_this_id', 'with_these_ids'], relations.unsetRelations, 'unrelate'),
  author('addTicketFaqComment', ['id', 'values'], relations.addTicketFaqComment, 'comment'),
  author('changePortalUserPassword', ['email', 'password', 'current_password'], relations.changePortalUserPassword, 'password'),
]

export const operations = table

const byName = new Map(table.map((operation) => [operation.name.toLowerCase(), operation]))

/** In any letter case. */
export function operationNamed(name: string): Operation | undefined {
  return byName.get(name.toLowerCase())
}
