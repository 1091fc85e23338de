/** The operations of this door, one line each. Whatever is not here is unknown, as it is to a coreBOS that lacks it. */
import type { WriteOperation } from '../writes.ts'
import type { Input, Visitor, WritingVisitor } from './call.ts'
import * as describe from './describe.ts'
import type { Result } from './envelope.ts'
import * as files from './files.ts'
import * as login from './login.ts'
import type { Reception } from './login.ts'
import * as read from './read.ts'
import * as search from './search.ts'
import * as views from './views.ts'
import * as write from './write.ts'

/**
 * How an operation is kept to what the contact may see.
 * `desk`: it decides who somebody is. `sight`: modules and fields that the policy opens. `statement`: a query through
 * the one door. `record`: a record that is looked up through the one door first, and then read from. `self`: nothing but the
 * caller's own. `write`: through the one door for writes, which holds record, values and references against the policy.
 */
export type Scope = 'desk' | 'sight' | 'statement' | 'record' | 'self' | 'write'

interface Shape {
  readonly name: string
  readonly takes: readonly string[]
  readonly scope: Scope
  /** Whether a record that it writes may come with a file. */
  readonly carriesFile?: true
}

export type Operation = Shape &
  (
    | { readonly by: 'anybody'; readonly run: BeforeLogin }
    | { readonly by: 'visitor'; readonly run: AfterLogin }
    | { readonly by: 'author'; readonly writes: WriteOperation | undefined; readonly run: Writing }
  )

type BeforeLogin = (input: Input, reception: Reception) => Promise<Result>
type AfterLogin = (input: Input, visitor: Visitor) => Promise<Result>
type Writing = (input: Input, visitor: WritingVisitor) => Promise<Result>

const anybody = (name: string, takes: readonly string[], scope: Scope, run: BeforeLogin): Operation => ({
  name,
  takes,
  scope,
  by: 'anybody',
  run,
})
const visitor = (name: string, takes: readonly string[], scope: Scope, run: AfterLogin): Operation => ({
  name,
  takes,
  scope,
  by: 'visitor',
  run,
})

/** @param writes what an audit line calls it where it is refused at once; undefined: it writes nothing after all */
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
  anybody('getchallenge', ['username'], 'desk', login.getchallenge),
  anybody('loginPortal', ['username', 'password', 'entity'], 'desk', login.loginPortal),
  anybody('login', ['username', 'accessKey'], 'desk', login.login),
  anybody('extendsession', [], 'self', login.extendsession),
  anybody('logout', [], 'self', login.logout),

  visitor('listtypes', ['fieldTypeList'], 'sight', describe.listtypes),
  visitor('describe', ['elementType'], 'sight', describe.describe),
  visitor('getRelatedModulesInfomation', ['module'], 'sight', describe.getRelatedModulesInfomation),
  visitor('GetRelatedModulesOneToMany', ['module'], 'sight', describe.getRelatedModulesOneToMany),
  visitor('getRelatedModulesManytoOne', ['module'], 'sight', describe.getRelatedModulesManytoOne),
  visitor('getPicklistValues', ['module'], 'sight', describe.getPicklistValues),
  visitor('getUItype', ['module'], 'sight', describe.getUItype),
  visitor('getfilterfields', ['module'], 'sight', describe.getfilterfields),
  visitor('getfiltersbymodule', ['module'], 'sight', views.getfiltersbymodule),
  visitor('getViewsByModule', ['module'], 'sight', views.getViewsByModule),
  visitor('gettranslation', ['totranslate', 'language', 'module'], 'sight', views.gettranslation),
  visitor('getBusinessActions', ['view', 'module', 'id', 'linktype'], 'record', views.getBusinessActions),
  visitor('vtyiicpng_getWSEntityId', ['entityName'], 'sight', describe.getWSEntityId),
  visitor('getPortalUserInfo', [], 'self', describe.getPortalUserInfo),
  visitor('getPortalUserDateFormat', [], 'self', describe.getPortalUserDateFormat),

  visitor('query', ['query'], 'statement', read.query),
  visitor('retrieve', ['id'], 'record', read.retrieve),
  visitor('MassRetrieve', ['ids'], 'statement', read.massRetrieve),
  visitor('getReferenceValue', ['id'], 'statement', read.getReferenceValue),
  visitor('getRelatedRecords', queryParameters, 'record', read.getRelatedRecords),
  visitor('sync', ['modifiedTime', 'elementType'], 'statement', read.sync),

  visitor('retrievedocattachment', ['id', 'returnfile'], 'record', files.retrievedocattachment),
  visitor('getpdfdata', ['id'], 'record', files.getpdfdata),
  visitor('getRecordImages', ['id'], 'record', files.getRecordImages),

  visitor('getSearchResults', searchParameters, 'statement', search.getSearchResults),
  visitor('getSearchResultsArray', searchParameters, 'statement', search.getSearchResultsArray),
  visitor('getSearchResultsArrayWithTotals', searchParameters, 'statement', search.getSearchResultsArrayWithTotals),
  visitor('getFieldAutocomplete', fieldParameters, 'statement', search.getFieldAutocomplete),
  visitor('getReferenceAutocomplete', ['term', 'filter', 'searchinmodules', 'limit'], 'statement', search.getReferenceAutocomplete),

  author('create', ['elementType', 'element'], write.create, 'create'),
  author('update', ['element'], write.update, 'update'),
  author('revise', ['element'], write.revise, 'update'),
  author('upsert', ['elementType', 'element', 'searchOn', 'updatedfields'], write.upsert, 'create'),
  author('delete', ['id'], write.deleteOne, 'delete'),
  author('CreateWithValidation', ['elementType', 'element'], write.createWithValidation, 'create'),
  author('UpdateWithValidation', ['element'], write.updateWithValidation, 'update'),
  author('ReviseWithValidation', ['element'], write.reviseWithValidation, 'update'),
  author('ValidateInformation', ['context'], write.validateInformation, undefined),
  author('MassCreate', ['elements'], write.massCreate, 'create'),
  author('MassUpdate', ['elements'], write.massUpdate, 'update'),
  author('MassDelete', ['ids'], write.massDelete, 'delete'),
  author('SetRelation', ['relate_this_id', 'with_these_ids'], write.setRelations, 'relate'),
  author('UnsetRelation', ['unrelate_this_id', 'with_these_ids'], write.unsetRelations, 'unrelate'),
  author('addTicketFaqComment', ['id', 'values'], write.addTicketFaqComment, 'comment'),
  author('changePortalUserPassword', ['email', 'password', 'current_password'], write.changePortalUserPassword, 'password'),
]

export const operations = table

const byName = new Map(table.map((operation) => [operation.name.toLowerCase(), operation]))

/** In any letter case. */
export function operationNamed(name: string): Operation | undefined {
  return byName.get(name.toLowerCase())
}
