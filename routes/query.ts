/** The query language: a statement in, the contact's own rows out. */
import { Type, type Static } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { GatewayError } from '../src/errors.ts'
import { askText, explain } from '../src/pipeline.ts'
import { toGuide } from '../src/query/guide.ts'
import { limits } from '../src/query/limits.ts'
import { parseQuery } from '../src/query/parse.ts'
import { answer, problems, queryProblems, Records } from '../src/schemas.ts'

const Statement = Type.String({
  minLength: 1,
  maxLength: limits.text,
  description: `A statement of the ${toGuide}`,
  examples: [
    "select ticket_title, ticketstatus from HelpDesk where ticketstatus = 'Open' order by ticket_title limit 20",
  ],
})

const Explanation = Type.Recursive(
  (Self) =>
    Type.Object({
      rule: Type.String({ description: 'The rule of the policy that counts' }),
      level: Type.String(),
      dialect: Type.String({ description: 'The dialect of coreBOS that is spoken' }),
      statement: Type.String({
        description: 'What would be sent, with `$scope` in the place of what ties it to the contact',
      }),
      lookups: Type.Array(Type.Object({ label: Type.String(), explanation: Self }), {
        description: 'What is looked up first, each under its own rule',
      }),
    }),
  { $id: 'Explanation' },
)

const Refusal = Type.Object({ refused: Type.Object({ code: Type.String(), detail: Type.String() }) })

const explained: Static<typeof Explanation> = {
  rule: 'HelpDesk',
  level: 'account',
  dialect: 'basic',
  statement:
    "select ticket_title, id from HelpDesk where parent_id in ($scope) and ticketstatus='Open' limit 20;",
  lookups: [],
}
const refused: Static<typeof Refusal> = {
  refused: { code: 'UNKNOWN_FIELD', detail: "line 1, column 8: HelpDesk has no field 'titel'" },
}

const answers = {
  200: answer(Records, 'The rows', {
    example: { records: [{ ticket_title: 'alice ticket 1', ticketstatus: 'Open', id: '17x8625' }], total: 1 },
  }),
  ...problems(...queryProblems),
}

const query: FastifyPluginAsyncTypebox = async (app) => {
  const { door } = app
  const shared = { tags: ['query'], security: [{ bearer: [] }] }
  app.addHook('onRequest', app.authenticate)

  app.get(
    '/query',
    {
      schema: {
        ...shared,
        summary: 'Put a statement of the query language',
        description: `The ${toGuide} in full, over what this contact may see.`,
        querystring: Type.Object({ q: Statement }),
        response: answers,
      },
    },
    async (request) => {
      const { records, total } = await askText(request.query.q, await door.askerOf(request))
      return { records, ...(total !== undefined && { total }) }
    },
  )

  app.post(
    '/query',
    {
      schema: {
        ...shared,
        summary: 'Put a statement of the query language',
        description: `The ${toGuide} in full, over what this contact may see.`,
        body: Type.Object({ query: Statement }, { additionalProperties: false }),
        response: answers,
      },
    },
    async (request) => {
      const { records, total } = await askText(request.body.query, await door.askerOf(request))
      return { records, ...(total !== undefined && { total }) }
    },
  )

  app.post(
    '/query/explain',
    {
      schema: {
        ...shared,
        summary: 'What a statement becomes for this contact, or why it is refused',
        description: `Nothing is sent to coreBOS. What is refused, and why, is said of the ${toGuide}.`,
        body: Type.Object({ query: Statement }, { additionalProperties: false }),
        response: {
          200: Type.Union([Explanation, Refusal], {
            description: 'What it becomes, or why it is refused',
            examples: [explained, refused],
          }),
        },
      },
    },
    async (request) => {
      const asker = await door.askerOf(request)
      try {
        return await explain(parseQuery(request.body.query), asker)
      } catch (error) {
        if (error instanceof GatewayError && error.status < 500) {
          return { refused: { code: error.code, detail: error.message } }
        }
        throw error
      }
    },
  )
}

export default query
