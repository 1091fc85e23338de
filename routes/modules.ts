/** What there is to read, as this contact may know it. */
import { Type, type Static } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { answer, ModuleName, problems } from '../src/http/schemas.ts'
import type { VisibleModules, ModuleView } from '../src/scope/view.ts'
import { isOpen } from '../src/scope/write.ts'
import { Rights, rightsOf } from '../src/write/rights.ts'

const Field = Type.Object(
  {
    name: Type.String(),
    label: Type.String(),
    type: Type.String({ examples: ['string', 'reference', 'picklist', 'date'] }),
    mandatory: Type.Boolean(),
    createable: Type.Boolean({
      description: 'True if it can be set when a record is created; a `file` is set by `POST /documents`',
    }),
    updateable: Type.Boolean({ description: 'True if it can be changed; a `file` cannot' }),
    refersTo: Type.Optional(
      Type.Array(Type.String(), { description: 'Readable modules that a reference may point to' }),
    ),
    values: Type.Optional(
      Type.Array(Type.Object({ value: Type.String(), label: Type.String() }), {
        description: 'Values of a picklist',
      }),
    ),
  },
  { title: 'Field' },
)

const Summary = Type.Object(
  {
    name: Type.String(),
    label: Type.String(),
    idPrefix: Type.String({ description: 'Prefix of the ids of its records, before the `x`' }),
    rights: Rights,
  },
  { title: 'ModuleSummary' },
)

const Module = Type.Composite([Summary, Type.Object({ fields: Type.Array(Field) })], { title: 'Module' })

const example: Static<typeof Summary> = {
  name: 'HelpDesk',
  label: 'Support Tickets',
  idPrefix: '17',
  rights: {
    create: true,
    update: true,
    delete: false,
    comment: true,
    relate: ['Documents'],
    actions: ['Call me back'],
  },
}
const exampleFields: Static<typeof Field>[] = [
  {
    name: 'parent_id',
    label: 'Related To',
    type: 'reference',
    mandatory: false,
    createable: false,
    updateable: false,
    refersTo: ['Accounts', 'Contacts'],
  },
  {
    name: 'ticketstatus',
    label: 'Status',
    type: 'picklist',
    mandatory: true,
    createable: true,
    updateable: true,
    values: [
      { value: 'Open', label: 'Open' },
      { value: 'Closed', label: 'Closed' },
    ],
  },
]

function summary(view: ModuleView, visible: VisibleModules): Static<typeof Summary> {
  const { module } = view
  return {
    name: module.name,
    label: module.label,
    idPrefix: module.idPrefix,
    rights: rightsOf(view, visible),
  }
}

function fields(view: ModuleView, visible: VisibleModules): Static<typeof Field>[] {
  const {
    readable,
    decision: { rule },
  } = view
  return [...readable.values()].map((field) => ({
    name: field.name,
    label: field.label,
    type: field.type,
    mandatory: field.mandatory,
    createable: isOpen(view, 'create') && rule.create?.fields.has(field.name) === true,
    updateable:
      isOpen(view, 'update') && rule.update?.fields.has(field.name) === true && field.type !== 'file',
    ...(field.type === 'reference' && {
      refersTo: field.refersTo.filter((name) => visible.find(name) !== undefined),
    }),
    ...(field.picklist !== undefined && { values: [...field.picklist] }),
  }))
}

const modules: FastifyPluginAsyncTypebox = async (app) => {
  const { door } = app
  const shared = { tags: ['modules'], security: [{ bearer: [] }] }
  app.addHook('onRequest', app.authenticate)

  app.get(
    '/modules',
    {
      schema: {
        ...shared,
        summary: 'List the readable modules',
        response: {
          200: answer(Type.Object({ modules: Type.Array(Summary) }), 'The modules', {
            example: { modules: [example] },
          }),
        },
      },
    },
    async (request) => {
      const { visible } = await door.readContextOf(request)
      return { modules: visible.names.map((name) => summary(visible.require(name), visible)) }
    },
  )

  app.get(
    '/modules/:module',
    {
      schema: {
        ...shared,
        summary: 'Describe a module: its fields, picklists and rights',
        params: Type.Object({ module: ModuleName }),
        response: {
          200: answer(Module, 'The module', { example: { ...example, fields: exampleFields } }),
          ...problems('UNKNOWN_MODULE'),
        },
      },
    },
    async (request) => {
      const { visible } = await door.readContextOf(request)
      const view = visible.require(request.params.module)
      return { ...summary(view, visible), fields: fields(view, visible) }
    },
  )
}

export default modules
