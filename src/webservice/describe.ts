/** Operations that describe modules, as far as the contact may know them. */
import {
  dateFormat,
  listModules,
  presentModule,
  userSettings,
  type ListColumns,
  type PresentedField,
  type PresentedModule,
  type Properties,
} from '../corebos/presentation.ts'
import { isKeptApart } from '../records/comments.ts'
import { mapLimited } from '../model/map-limited.ts'
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import type { ModuleView } from '../scope/view.ts'
import type { Input, WebserviceContext } from './call.ts'
import { closedModule, result, type Result } from './envelope.ts'
import { partsOf, requireLength } from './lists.ts'
import { ownUser } from './own-user.ts'
import type { Parameter } from './php.ts'
import { serialize } from './serialize.ts'

/** A module by its exact name or in any letter case. @throws WebserviceRejection as coreBOS rejects modules that it has not */
export function openModule(name: string, client: WebserviceContext): ModuleView {
  const view = findOpen(name, client)
  if (view === undefined) throw closedModule(name)
  return view
}

function findOpen(name: string, { context: { visible } }: WebserviceContext): ModuleView | undefined {
  const lower = name.toLowerCase()
  const exact = visible.names.find((each) => each === name || each.toLowerCase() === lower)
  return exact === undefined ? undefined : visible.find(exact)
}

export async function listtypes(input: Input, { context, caller }: WebserviceContext): Promise<Result> {
  const given = input.json('fieldTypeList')
  const list: readonly Parameter[] = Array.isArray(given) ? given : []
  requireLength('fieldTypeList', list.length, limits.fields, 'types')
  const types = list.filter((each) => typeof each === 'string')
  if (given !== undefined && given !== null && (!Array.isArray(given) || types.length < list.length))
    throw new GatewayError('BAD_REQUEST', "'fieldTypeList' is a list of texts")
  const hasOne = ({ readable }: ModuleView): boolean =>
    types.length === 0 || [...readable.values()].some(({ type }) => types.includes(type))
  const listed = (await listModules(caller)).filter(({ name }) => {
    const view = context.visible.find(name)
    return view !== undefined && hasOne(view)
  })
  return result({
    types: listed.map(({ name }) => name),
    information: Object.fromEntries(
      listed.map(({ name, isEntity, label, singular }) => [name, { isEntity, label, singular }]),
    ),
  })
}

/** One module by itself, several (`HelpDesk,Faq`) by name, without those that are closed or do not exist. */
export async function describe(input: Input, client: WebserviceContext): Promise<Result> {
  const named = partsOf(input, 'elementType')
  const [first = '', ...others] = named
  const open = named.filter((name) => findOpen(name, client) !== undefined)
  const views = new Set((open.length === 0 ? [first] : open).map((name) => openModule(name, client)))
  const described = await mapLimited(views, async (view) => {
    const module = await presentModule(client.caller, view.module.name)
    return [module.name, description(module, view, client)] as const
  })
  const [only] = described
  return result(others.length === 0 && only !== undefined ? only[1] : Object.fromEntries(described))
}

function description(module: PresentedModule, view: ModuleView, client: WebserviceContext): Parameter {
  const { rule } = view.decision
  const { createable, updateable, deleteable, retrieveable } = module.rights
  return {
    ...module.properties,
    createable: createable && rule.create !== undefined,
    updateable: updateable && rule.update !== undefined,
    deleteable: deleteable && rule.delete !== undefined,
    retrieveable,
    fields: module.fields
      .filter(({ name }) => view.readable.has(name))
      .map((each) => field(each, view, client)),
    idPrefix: module.idPrefix,
    isEntity: module.isEntity,
    labelFields: module.labelFields.filter((name) => view.readable.has(name)).join(','),
    filterFields: columns(module.columns, view),
    relatedModules: Object.fromEntries(relatedModules(module, client)),
  }
}

function field(
  { name, type, refersTo, properties }: PresentedField,
  view: ModuleView,
  client: WebserviceContext,
): Parameter {
  const { create, update } = view.decision.rule
  const writable = create?.fields.has(name) === true || update?.fields.has(name) === true
  return {
    name,
    ...properties,
    editable: properties['editable'] === true && writable,
    type: {
      ...(refersTo !== undefined && {
        refersTo: refersTo.filter((each) => client.context.visible.find(each) !== undefined),
      }),
      ...type,
    },
  }
}

function columns({ fields, linkfields, pagesize }: ListColumns, { readable }: ModuleView): Parameter {
  return {
    fields: fields.filter((name) => readable.has(name)),
    relatedfields: [],
    linkfields: linkfields.filter((name) => readable.has(name)),
    pagesize,
  }
}

function relatedModules(
  module: PresentedModule,
  { context }: WebserviceContext,
): (readonly [string, Parameter])[] {
  return module.relations.flatMap(({ name, module: related, field: by, properties, columns: shown }) => {
    const view = context.visible.find(related)
    if (view === undefined || (by !== null && !view.readable.has(by))) return []
    if (related === 'ModComments' && isKeptApart(module.name) && context.reader.comments === undefined)
      return []
    const more: Properties = properties
    return [[name, { ...more, filterFields: columns(shown, view) }] as const]
  })
}

export async function getRelatedModulesInfomation(input: Input, client: WebserviceContext): Promise<Result> {
  const view = openModule(input.text('module'), client)
  const module = await presentModule(client.caller, view.module.name)
  return result(Object.fromEntries(relatedModules(module, client)))
}

export async function getfilterfields(input: Input, client: WebserviceContext): Promise<Result> {
  const view = openModule(input.text('module'), client)
  const module = await presentModule(client.caller, view.module.name)
  return result(columns(module.columns, view))
}

/** The modules that this one points to. */
export async function getRelatedModulesOneToMany(input: Input, client: WebserviceContext): Promise<Result> {
  const { readable } = openModule(input.text('module'), client)
  return result(
    [...readable.values()].flatMap(({ name: field, type, refersTo }) =>
      type !== 'reference'
        ? []
        : refersTo.flatMap((name) => {
            const other = client.context.visible.find(name)
            return other === undefined ? [] : [{ label: other.module.label, name, field }]
          }),
    ),
  )
}

/** The modules that point to this one. */
export async function getRelatedModulesManytoOne(input: Input, client: WebserviceContext): Promise<Result> {
  const { visible } = client.context
  const target = openModule(input.text('module'), client).module.name
  return result(
    visible.names.flatMap((name) => {
      const { module, readable } = visible.require(name)
      const field = [...readable.values()].find(
        ({ type, refersTo }) => type === 'reference' && refersTo.includes(target),
      )
      return field === undefined ? [] : [{ label: module.label, name, field: field.name }]
    }),
  )
}

/** In PHP's own notation; a closed module has none. */
export async function getPicklistValues(input: Input, { context }: WebserviceContext): Promise<Result> {
  const view = context.visible.find(input.text('module'))
  const picklists = [...(view?.readable.values() ?? [])].flatMap(({ name, picklist, type }) =>
    picklist === undefined || type === 'reference'
      ? []
      : [[name, Object.fromEntries(picklist.map(({ value, label }) => [value, label]))] as const],
  )
  return result(serialize(Object.fromEntries(picklists)))
}

export async function getUItype(input: Input, client: WebserviceContext): Promise<Result> {
  const { readable } = openModule(input.text('module'), client)
  return result(
    Object.fromEntries(
      [...readable.values()].filter(({ uitype }) => uitype !== '').map(({ name, uitype }) => [name, uitype]),
    ),
  )
}

/** The prefix of a module's ids; `0x` for a closed module. */
export async function getWSEntityId(input: Input, { context }: WebserviceContext): Promise<Result> {
  return result(`${context.visible.find(input.text('entityName'))?.module.idPrefix ?? '0'}x`)
}

export async function getPortalUserInfo(
  _input: Input,
  { caller, session }: WebserviceContext,
): Promise<Result> {
  const settings = await userSettings(caller)
  return result({ ...settings, id: session.contact.user.id })
}

/** Users that a record may be assigned to, as JSON in a text: only the own user, where coreBOS names all staff. */
export async function getAssignedUserList(input: Input, client: WebserviceContext): Promise<Result> {
  const module = input.text('module')
  if (module !== '') openModule(module, client)
  const { id, first_name: first = '', last_name: last = '' } = await ownUser(client)
  return result(JSON.stringify([{ userid: id, username: `${first} ${last}`.trim() }]))
}

export async function getPortalUserDateFormat(_input: Input, { caller }: WebserviceContext): Promise<Result> {
  return result(await dateFormat(caller))
}
