/** The description of the API with the modules and fields that one contact sees. */
import type { FieldLengths } from '../model/lengths.ts'
import type { FieldShape } from '../model/module.ts'
import type { ModuleView, VisibleModules } from '../scope/view.ts'
import { isChosen, isOpen } from '../scope/write.ts'
import { isObject, listOf, type Json, type JsonObject } from './components.ts'
import { readSchema, writtenSchema } from './field-schema.ts'

const listPath = '/modules/{module}/records'
const recordPath = '/records/{id}'

type Lengths = Pick<FieldLengths, 'of'>

/**
 * @param document the description of all routes
 * @returns the document with a path and up to four schemas for each readable module
 */
export function describeModules(document: JsonObject, visible: VisibleModules, lengths: Lengths): JsonObject {
  const { paths = {}, components = {} } = document
  const generic = isObject(paths) ? paths[listPath] : undefined
  const schemas = isObject(components) ? components['schemas'] : undefined
  const views = visible.names.map((name) => visible.require(name))
  return {
    ...document,
    paths: {
      ...(isObject(paths) ? { ...paths, ...withUpdates(paths[recordPath], views) } : {}),
      ...Object.fromEntries(
        views.map((view) => [
          listPath.replace('{module}', view.module.name),
          isObject(generic) ? pathOf(view, generic) : {},
        ]),
      ),
    },
    components: {
      ...(isObject(components) ? components : {}),
      schemas: {
        ...(isObject(schemas) ? schemas : {}),
        ...Object.fromEntries(views.flatMap((view) => schemasOf(view, lengths))),
      },
    },
  }
}

/** A type name in TypeScript begins with a capital. */
function typeName({ module: { name } }: ModuleView, suffix: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}${suffix}`
}

function ref(view: ModuleView, suffix: string): JsonObject {
  return { $ref: `#/components/schemas/${typeName(view, suffix)}` }
}

function pathOf(view: ModuleView, { get = {}, post = {} }: JsonObject): JsonObject {
  return {
    get: operation(get, view, {
      operationId: `list${typeName(view, '')}`,
      summary: `List the records of ${view.module.name}`,
      status: '200',
      schema: ref(view, 'Page'),
    }),
    ...(isOpen(view, 'create') && {
      post: operation(post, view, {
        operationId: `create${typeName(view, '')}`,
        summary: `Create a record of ${view.module.name}`,
        status: '201',
        schema: ref(view, 'Record'),
        body: ref(view, 'Create'),
      }),
    }),
  }
}

interface Change {
  readonly operationId: string
  readonly summary: string
  readonly status: string
  readonly schema: JsonObject
  readonly body?: JsonObject
}

/** An operation of the generic path, for one module. */
function operation(source: Json, view: ModuleView, change: Change): JsonObject {
  if (!isObject(source)) return {}
  const { operationId, summary, status, schema, body } = change
  const { parameters = [], responses = {} } = source
  const success = isObject(responses) ? responses[status] : undefined
  const json = (value: JsonObject): JsonObject => ({ 'application/json': { schema: value } })
  return {
    ...source,
    operationId,
    summary,
    description: view.module.label,
    parameters: listOf(parameters).filter((each) => !isObject(each) || each['name'] !== 'module'),
    ...(body !== undefined && { requestBody: { required: true, content: json(body) } }),
    responses: {
      ...(isObject(responses) ? responses : {}),
      [status]: { ...(isObject(success) ? success : {}), content: json(schema) },
    },
  }
}

function schemasOf(view: ModuleView, lengths: Lengths): [string, JsonObject][] {
  const { module, readable } = view
  const { label } = module
  const fields = [...readable.values()].filter(({ name }) => name !== 'id')
  const lengthOf = (field: FieldShape) => lengths.of(module.name, field)
  const record: JsonObject = {
    type: 'object',
    description: `A record of ${label}; fields that were not requested are missing`,
    properties: {
      id: { type: 'string', description: 'The webservice id of the record' },
      display: { $ref: '#/components/schemas/Display' },
      expanded: { type: 'object', additionalProperties: true },
      ...Object.fromEntries(fields.map((field) => [field.name, readSchema(field, lengthOf(field))])),
    },
    required: ['id'],
  }
  const page: JsonObject = {
    type: 'object',
    description: `Records of ${label}`,
    properties: {
      records: { type: 'array', items: ref(view, 'Record') },
      total: { type: 'integer' },
      next: { type: 'string' },
      prev: { type: 'string' },
    },
    required: ['records'],
  }
  /** Only fields that the contact chooses: neither forced fields nor files, which have a route of their own. */
  const written = (writing: 'create' | 'update', description: string): JsonObject => {
    const chosen = fields.filter((field) => field.type !== 'file' && isChosen(field.name, view, writing))
    const required = chosen.filter(({ mandatory }) => mandatory).map(({ name }) => name)
    return {
      type: 'object',
      description,
      properties: Object.fromEntries(
        chosen.map((field) => [field.name, writtenSchema(field, lengthOf(field))]),
      ),
      ...(writing === 'create' && required.length > 0 && { required }),
      additionalProperties: false,
    }
  }
  const all: [string, JsonObject][] = [
    [typeName(view, 'Record'), record],
    [typeName(view, 'Page'), page],
  ]
  if (isOpen(view, 'create'))
    all.push([typeName(view, 'Create'), written('create', `Values of a new record of ${label}`)])
  if (isOpen(view, 'update'))
    all.push([typeName(view, 'Update'), written('update', `Changes of a record of ${label}`)])
  return all
}

/** The body of a change is that of one of the modules. */
function withUpdates(path: Json | undefined, views: readonly ModuleView[]): JsonObject {
  const open = views.filter((view) => isOpen(view, 'update'))
  if (!isObject(path) || !isObject(path['patch']) || open.length === 0) return {}
  const anyOf = open.map((view) => ref(view, 'Update'))
  const requestBody = { required: true, content: { 'application/json': { schema: { anyOf } } } }
  return { [recordPath]: { ...path, patch: { ...path['patch'], requestBody } } }
}
