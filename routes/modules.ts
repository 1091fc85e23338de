/** The modules, as this contact may read them. */
import { Type, type Static } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Conditional, ModuleName, problems, taggedAnswer } from '../src/http/schemas.ts'
import { jsonValueSchema, type JsonValue } from '../src/model/json-value.ts'
import { describedForm, widgets, type DescribedForm } from '../src/records/form.ts'
import { LanguageParameter } from '../src/records/presentation.ts'
import type { Words } from '../src/access/wording.ts'
import type { VisibleModules, ModuleView } from '../src/scope/view.ts'
import { Rights, rightsOf } from '../src/write/rights.ts'

const Field = Type.Object(
  {
    name: Type.String(),
    label: Type.String(),
    type: Type.String({ examples: ['string', 'reference', 'picklist', 'date'] }),
    widget: Type.Union(
      widgets.map((widget) => Type.Literal(widget)),
      { description: 'How a form shows it' },
    ),
    mayBeText: Type.Optional(
      Type.Boolean({ description: 'True if a value that a double cannot hold exactly comes as a text' }),
    ),
    maxLength: Type.Optional(
      Type.Integer({ description: 'Characters of a text; one that is longer is rejected' }),
    ),
    decimals: Type.Optional(Type.Integer({ description: 'Decimal places; missing if unknown' })),
    default: Type.Unsafe<JsonValue>({
      ...jsonValueSchema,
      description: 'Value of new records unless another is given',
    }),
    help: Type.Union([Type.String(), Type.Null()]),
    block: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Index of its block in `blocks`; null: it stands in no form',
    }),
    mandatory: Type.Boolean({
      description: 'True if this contact must give a value; never for a field that the policy fills',
    }),
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

const Block = Type.Object({ label: Type.String(), fields: Type.Array(Type.String()) }, { title: 'Block' })

const Module = Type.Composite(
  [
    Summary,
    Type.Object({
      blocks: Type.Array(Block, {
        description: 'Blocks of a form with the names of their fields, in order',
      }),
      nameFields: Type.Array(Type.String(), {
        description: "Fields whose values, joined by blanks, are a record's name",
      }),
      listColumns: Type.Array(Type.String(), { description: 'Fields that a list shows by default' }),
      pageSize: Type.Integer({ description: 'Records of a page by default' }),
      fields: Type.Array(Field),
    }),
  ],
  { title: 'Module' },
)

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
const exampleForm: DescribedForm = {
  blocks: [{ label: 'Ticket Information', fields: ['parent_id', 'ticketstatus'] }],
  nameFields: ['ticket_title'],
  listColumns: ['ticket_no', 'ticket_title', 'ticketstatus'],
  pageSize: 20,
  fields: [
    {
      name: 'parent_id',
      label: 'Related To',
      type: 'reference',
      widget: 'reference',
      default: null,
      help: null,
      block: 0,
      mandatory: false,
      createable: false,
      updateable: false,
      refersTo: ['Accounts', 'Contacts'],
    },
    {
      name: 'ticketstatus',
      label: 'Status',
      type: 'picklist',
      widget: 'select',
      default: null,
      help: null,
      block: 0,
      mandatory: true,
      createable: true,
      updateable: true,
      values: [
        { value: 'Open', label: 'Open' },
        { value: 'Closed', label: 'Closed' },
      ],
    },
  ],
}

const untranslated: Words = new Map()

function summary(view: ModuleView, visible: VisibleModules, words: Words): Static<typeof Summary> {
  const { module } = view
  return {
    name: module.name,
    label: words.get(module.name) ?? module.label,
    idPrefix: module.idPrefix,
    rights: rightsOf(view, visible),
  }
}

type App = Parameters<FastifyPluginAsyncTypebox>[0]

const shared = {
  tags: ['modules'],
  security: [{ bearer: [] }],
  querystring: Type.Object({ lang: LanguageParameter }),
}

function listRoute(app: App): void {
  const { access } = app
  app.get(
    '/modules',
    {
      schema: {
        ...shared,
        summary: 'List the readable modules',
        headers: Conditional,
        response: {
          ...taggedAnswer(Type.Object({ modules: Type.Array(Summary) }), 'The modules', {
            example: { modules: [example] },
            hasLabels: true,
          }),
          ...problems('INVALID_VALUE'),
        },
      },
    },
    async (request, reply) => {
      const { visible, wording, language } = await access.readContextOf(request)
      const { names } = visible
      const words = language === undefined ? untranslated : await wording.moduleLabels(names, language)
      const answered = { modules: names.map((name) => summary(visible.require(name), visible, words)) }
      return reply.sendTagged(answered)
    },
  )
}

function describeRoute(app: App): void {
  const { access } = app
  app.get(
    '/modules/:module',
    {
      schema: {
        ...shared,
        summary: 'Describe a module: its fields, picklists and rights',
        params: Type.Object({ module: ModuleName }),
        headers: Conditional,
        response: {
          ...taggedAnswer(Module, 'The module', {
            example: { ...example, ...exampleForm },
            hasLabels: true,
          }),
          ...problems('INVALID_VALUE', 'UNKNOWN_MODULE'),
        },
      },
    },
    async (request, reply) => {
      const { visible, wording, language } = await access.readContextOf(request)
      const view = visible.require(request.params.module)
      const words = language === undefined ? untranslated : await wording.labels(view.module, language)
      const form = describedForm(view, visible, access.lengths, words)
      const answered = { ...summary(view, visible, words), ...form }
      return reply.sendTagged(answered)
    },
  )
}

const modules: FastifyPluginAsyncTypebox = async (app) => {
  app.addHook('onRequest', app.authenticate)
  listRoute(app)
  describeRoute(app)
}

export default modules
