/** The query language: a statement in, the contact's own rows out. */
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { GatewayError } from '../src/errors.ts'
import { askText, explain } from '../src/pipeline.ts'
import { limits } from '../src/query/limits.ts'
import { parseQuery } from '../src/query/parse.ts'
import { problems, Records } from '../src/schemas.ts'

const Statement = Type.String({
  minLength: 1,
  maxLength: limits.text,
  description: 'A statement of the query language',
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

const refusals = problems(
  'AUTHENTICATION_REQUIRED',
  'VALIDATION_FAILED',
  'QUERY_SYNTAX',
  'QUERY_TOO_LARGE',
  'QUERY_NOT_EXPRESSIBLE',
  'INVALID_VALUE',
  'UNKNOWN_FIELD',
  'UNKNOWN_MODULE',
  'COREBOS_UNAVAILABLE',
  'COREBOS_FAILED',
  'COREBOS_TIMEOUT',
)

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
        querystring: Type.Object({ q: Statement }),
        response: { 200: Records, ...refusals },
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
        body: Type.Object({ query: Statement }, { additionalProperties: false }),
        response: { 200: Records, ...refusals },
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
        description: 'Nothing is sent to coreBOS.',
        body: Type.Object({ query: Statement }, { additionalProperties: false }),
        response: {
          200: Type.Union([Explanation, Refusal]),
          ...problems('AUTHENTICATION_REQUIRED', 'VALIDATION_FAILED'),
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
