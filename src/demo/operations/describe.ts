/** What the web service says about modules. */
import { jsonParameter, textParameter } from '../parameters.ts'
import type { Handler, UserCall } from '../call.ts'
import { fold } from '../collation.ts'
import { denied } from '../errors.ts'
import { encodeJson } from '../json.ts'
import {
  isStandard,
  manyToOne,
  recordedPicklists,
  typeInformation,
  typesOfField,
  uitypes,
} from '../metadata.ts'
import type { Field, Module } from '../metadata.ts'
import { isListed, rightsOf, typesOf } from '../rights.ts'
import { serialize } from '../serialize.ts'
import type { Serializable } from '../serialize.ts'

/** The database ignores letter case. */
const isKnown = (call: UserCall, name: string): boolean => {
  const folded = fold(name)
  return [...call.database.modules.keys()].some((candidate) => fold(candidate) === folded)
}

/**
 * The module of a name that the caller gave. The database ignores letter case, the list of types does not:
 * the two kinds of wrong name are told apart by the message.
 */
export const moduleNamed = (call: UserCall, name: string): Module => {
  const module = call.database.module(name)
  if (module !== undefined) return module
  throw denied(`Permission to perform the operation is denied${isKnown(call, name) ? '' : ` for ${name}`}`)
}

const hasFieldOfType = (call: UserCall, name: string, type: string): boolean => {
  const recorded = typesOfField[type]
  if (recorded?.includes(name) === true) return true
  const fields = call.database.module(name)?.fields ?? []
  return (recorded === undefined || !isStandard(name)) && fields.some((field) => field.type.name === type)
}

export const listtypes: Handler = (call) => {
  const wanted = jsonParameter(call, 'fieldTypeList')
  const fieldTypes = Array.isArray(wanted) ? wanted.filter((type) => typeof type === 'string') : []
  const types = typesOf(call.database).filter(
    (name) => fieldTypes.length === 0 || fieldTypes.some((type) => hasFieldOfType(call, name, type)),
  )
  const information = types.map((name): [string, unknown] => {
    const { isEntity, label, singular } = typeInformation[name] ?? call.database.module(name) ?? {}
    return [name, { isEntity, label, singular }]
  })
  return { types, information: Object.fromEntries(information) }
}

/** Modules whose records are not shared: they can only be assigned to oneself. */
const PRIVATE = new Set(['ModComments', 'cbCalendar', 'Emails', 'CobroPago', 'cbEmployee'])

interface Assignees {
  readonly users: { label_raw: string; label: string; options: { userid: string; username: string }[] }
  readonly groups: { label_raw: string; label: string; options: { groupid: string; groupname: string }[] }
}

const assignees = (call: UserCall, module: string): Assignees => {
  const { user: self, isAdmin } = call.caller
  const all = PRIVATE.has(module) && !isAdmin ? [self] : call.database.records('Users')
  const users = all.map((user) => ({
    userid: call.database.webserviceId(user),
    username: call.database.displayName(user).trim(),
  }))
  const groups = call.database.records('Groups').map((group) => ({
    groupid: call.database.webserviceId(group),
    groupname: group.values.get('groupname') ?? '',
  }))
  groups.sort((left, right) => (left.groupname < right.groupname ? -1 : 1))
  return {
    users: { label_raw: 'Users', label: 'Users', options: users },
    groups: { label_raw: 'Groups', label: 'Groups', options: groups },
  }
}

/** Names of staff, given in every session. */
export const getAllUsers: Handler = (call) =>
  Object.fromEntries(
    call.database
      .records('Users')
      .map((user) => [call.database.webserviceId(user), call.database.displayName(user)]),
  )

export const getAssignedUserList: Handler = (call) => {
  const { users } = assignees(call, textParameter(call, 'module'))
  return encodeJson(users.options)
}

const fieldDescription = (
  call: UserCall,
  module: string,
  field: Field,
  blocks: Record<string, unknown>,
): unknown => {
  const described: Record<string, unknown> = { ...field }
  if (typeof described['block'] === 'string') described['block'] = blocks[described['block']]
  if (field.type.name === 'owner') described['type'] = { assignto: assignees(call, module), name: 'owner' }
  return described
}

export const description = (call: UserCall, name: string): unknown => {
  const module = moduleNamed(call, name)
  const rights = rightsOf(call.database, call.caller, module)
  const known: Record<string, unknown> = module.description ?? {
    label: module.label,
    label_raw: module.name,
    name: module.name,
    fields: [],
    idPrefix: module.prefix,
    isEntity: module.isEntity,
    labelFields: module.labelFields.join(','),
    filterFields: { fields: '', linkfields: '', pagesize: 20 },
    relatedModules: [],
  }
  const blocks = (known['blocks'] ?? {}) as Record<string, unknown> // made by data/generate.ts
  const all = known['fields'] as Field[] // the same
  const fields = all.length > 0 ? all : module.fields
  return {
    label: known['label'],
    label_raw: known['label_raw'],
    name: module.name,
    createable: rights.create,
    updateable: rights.update,
    deleteable: rights.delete,
    retrieveable: rights.retrieve,
    fields: fields.map((field) => fieldDescription(call, module.name, field, blocks)),
    idPrefix: module.prefix,
    isEntity: module.isEntity,
    labelFields: known['labelFields'],
    filterFields: known['filterFields'],
    relatedModules: known['relatedModules'],
  }
}

/** Of several modules, those that are in no list of types are left out, but users; a name without a module fails. */
const isOpen = (call: UserCall, name: string): boolean => {
  if (!isKnown(call, name)) throw denied(`Permission to perform the operation is denied for ${name}`)
  return name === 'Users' || isListed(call.database, name)
}

export const describe: Handler = (call) => {
  const elementType = textParameter(call, 'elementType')
  if (!elementType.includes(',')) return description(call, elementType)
  const names = elementType.split(',').filter((name) => isOpen(call, name))
  return names.length === 0 ? [] : Object.fromEntries(names.map((name) => [name, description(call, name)]))
}

export const getUItype: Handler = (call) => {
  const module = call.database.module(textParameter(call, 'module'))
  if (module === undefined) return {}
  return uitypes[module.name] ?? Object.fromEntries(module.fields.map(({ name, uitype }) => [name, uitype]))
}

const picklistsOf = (module: Module): [string, readonly string[]][] => {
  const recorded = recordedPicklists[module.name]
  if (recorded !== undefined) return Object.entries(recorded)
  return module.fields
    .filter(({ type }) => type.name === 'picklist' || type.name === 'multipicklist')
    .map(({ name, type }): [string, string[]] => [
      name,
      (type.picklistValues ?? []).map(({ value }) => value),
    ])
    .sort(([left], [right]) => (left < right ? -1 : 1))
}

export const getPicklistValues: Handler = (call) => {
  const module = call.database.module(textParameter(call, 'module'))
  const lists = module === undefined ? [] : picklistsOf(module)
  return serialize(
    new Map(
      lists.map(([name, values]): [string, Serializable] => [
        name,
        values.length === 0 ? [] : new Map(values.map((value): [string, Serializable] => [value, value])),
      ]),
    ),
  )
}

/** The modules that a module's reference fields point to. */
export const getRelatedModulesOneToMany: Handler = (call) => {
  const module = moduleNamed(call, textParameter(call, 'module'))
  return module.fields
    .filter(({ type }) => type.name === 'reference')
    .flatMap((field) => (field.type.refersTo ?? []).map((name) => ({ name, field: field.name })))
    .filter(({ name }) => name !== 'Users' && isListed(call.database, name) && name !== 'Currency')
    .map(({ name, field }) => ({ label: call.database.module(name)?.label ?? name, name, field }))
}

/** The modules whose reference fields point to this one. */
export const getRelatedModulesManytoOne: Handler = (call) => {
  const module = moduleNamed(call, textParameter(call, 'module'))
  const recorded = manyToOne[module.name]
  if (recorded !== undefined) return recorded
  return [...call.database.modules.values()].flatMap(({ name, label, fields }) =>
    fields
      .filter(({ type }) => type.refersTo?.includes(module.name) === true)
      .map((field) => ({ label, name, field: field.name })),
  )
}

export const getRelatedModulesInfomation: Handler = (call) =>
  moduleNamed(call, textParameter(call, 'module')).description?.['relatedModules'] ?? []

export const vtyiicpngGetWSEntityId: Handler = (call) =>
  `${call.database.module(textParameter(call, 'entityName'))?.prefix ?? '0'}x`

export const getMaxLoadSize: Handler = () => 2_097_152
