/** The description of the API with the modules and fields that one contact sees. */
import { valueKind, type FieldShape } from '../model/module.ts'
import type { ModuleView, VisibleModules } from '../scope/view.ts'
import { isOpen } from '../scope/write.ts'
import { isObject, listOf, type Json, type JsonObject } from './components.ts'

const listPath = '/modules/{module}/records'

/**
 * @param document the description of all routes
 * @returns the same with two paths and up to three schemas for each readable module
 */
export function describeModules(document: JsonObject, visible: VisibleModules): JsonObject {
  const { paths = {}, components = {} } = document
  const generic = isObject(paths) ? paths[listPath] : undefined
  const schemas = isObject(components) ? components['schemas'] : undefined
  const views = visible.names.map((name) => visible.require(name))
  return {
    ...document,
    paths: {
      ...(isObject(paths) ? paths : {}),
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
        ...Object.fromEntries(views.flatMap((view) => schemasOf(view))),
      },
    },
  }
}

/** A type of TypeScript begins with a capital. */
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
        body: ref(view, 'Values'),
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

function schemasOf(view: ModuleView): [string, JsonObject][] {
  const {
    module: { label },
    readable,
    decision: { rule },
  } = view
  const fields = [...readable.values()].filter(({ name }) => name !== 'id')
  const given = fields.filter(({ name }) => rule.create?.fields.has(name) === true)
  const id = { type: 'string', description: 'The webservice id of the record' }
  const record: JsonObject = {
    type: 'object',
    description: `A record of ${label}; fields that were not requested are missing`,
    properties: {
      id,
      expanded: { type: 'object', additionalProperties: true },
      ...Object.fromEntries(fields.map((field) => [field.name, read(field)])),
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
  const values: JsonObject = {
    type: 'object',
    description: `Values of a new record of ${label}`,
    properties: Object.fromEntries(given.map((field) => [field.name, written(field)])),
    required: given.filter(({ mandatory }) => mandatory).map(({ name }) => name),
    additionalProperties: false,
  }
  return [
    [typeName(view, 'Record'), record],
    [typeName(view, 'Page'), page],
    ...(isOpen(view, 'create') ? [[typeName(view, 'Values'), values] as [string, JsonObject]] : []),
  ]
}

/** A value that does not have the form of its type is a text, as coreBOS stores it. */
function read(field: FieldShape): JsonObject {
  const about = { description: field.label }
  if (field.type === 'multipicklist')
    return { ...about, type: ['array', 'string', 'null'], items: { type: 'string' } }
  switch (valueKind(field)) {
    case 'number':
      return { ...about, type: ['number', 'string', 'null'] }
    case 'boolean':
      return { ...about, type: ['boolean', 'string'] }
    case 'id':
      return { ...about, type: ['string', 'null'], examples: ['17x8625'] }
    case 'date':
    case 'datetime':
    case 'time':
    case 'text':
      return { ...about, type: ['string', 'null'] }
  }
}

function written(field: FieldShape): JsonObject {
  const { picklist, type } = field
  if (picklist === undefined || type === 'multipicklist' || picklist.length === 0) return read(field)
  return { description: field.label, type: 'string', enum: [...new Set(picklist.map(({ value }) => value))] }
}
