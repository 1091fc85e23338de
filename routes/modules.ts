/** What there is to read, as this contact may know it. */
import { Type, type Static } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { answer, ModuleName, problems } from '../src/schemas.ts'
import type { Sight, View } from '../src/scope/view.ts'

const Rights = Type.Object({
  create: Type.Boolean(),
  update: Type.Boolean(),
  delete: Type.Boolean(),
})

const Field = Type.Object({
  name: Type.String(),
  label: Type.String(),
  type: Type.String({ examples: ['string', 'reference', 'picklist', 'date'] }),
  mandatory: Type.Boolean(),
  createable: Type.Boolean({ description: 'Whether it can be given when a record is created' }),
  updateable: Type.Boolean(),
  refersTo: Type.Optional(
    Type.Array(Type.String(), { description: 'The open modules that a reference may point to' }),
  ),
  values: Type.Optional(
    Type.Array(Type.Object({ value: Type.String(), label: Type.String() }), {
      description: 'What a picklist holds',
    }),
  ),
})

const Summary = Type.Object({
  name: Type.String(),
  label: Type.String(),
  idPrefix: Type.String({ description: "What its records' ids begin with, in front of the `x`" }),
  rights: Rights,
})

const Module = Type.Composite([Summary, Type.Object({ fields: Type.Array(Field) })])

const example: Static<typeof Summary> = {
  name: 'HelpDesk',
  label: 'Support Tickets',
  idPrefix: '17',
  rights: { create: true, update: true, delete: false },
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

function summary({ module, decision: { rule } }: View): Static<typeof Summary> {
  return {
    name: module.name,
    label: module.label,
    idPrefix: module.idPrefix,
    rights: {
      create: rule.create !== undefined && module.createable,
      update: rule.update !== undefined && module.updateable,
      delete: rule.delete !== undefined && module.deleteable,
    },
  }
}

function fields({ module, readable, decision: { rule } }: View, sight: Sight): Static<typeof Field>[] {
  return [...readable.values()].map((field) => ({
    name: field.name,
    label: field.label,
    type: field.type,
    mandatory: field.mandatory,
    createable: module.createable && rule.create?.fields.has(field.name) === true,
    updateable: module.updateable && rule.update?.fields.has(field.name) === true,
    ...(field.type === 'reference' && {
      refersTo: field.refersTo.filter((name) => sight.find(name) !== undefined),
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
        summary: 'List the modules that are open to this contact',
        response: {
          200: answer(Type.Object({ modules: Type.Array(Summary) }), 'The modules', {
            example: { modules: [example] },
          }),
        },
      },
    },
    async (request) => {
      const { sight } = await door.askerOf(request)
      return { modules: sight.names.map((name) => summary(sight.require(name))) }
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
      const { sight } = await door.askerOf(request)
      const view = sight.require(request.params.module)
      return { ...summary(view), fields: fields(view, sight) }
    },
  )
}

export default modules
