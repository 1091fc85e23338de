/** The query language: a statement in, the contact's own rows out. */
import { Type, type Static } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { GatewayError } from '../src/model/errors.ts'
import { explain } from '../src/read/explain.ts'
import { ofField, ofParameter } from '../src/records/parameter.ts'
import { presentation } from '../src/records/presentation.ts'
import { QueryResult } from '../src/records/presented.ts'
import { queryRecords } from '../src/records/query.ts'
import { toGuide } from '../src/query/guide.ts'
import { limits } from '../src/model/limits.ts'
import { parseQuery } from '../src/query/parse.ts'
import { answer, Conditional, problems, queryProblems, taggedAnswer } from '../src/http/schemas.ts'

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
      rule: Type.String({ description: 'The rule of the policy that applies' }),
      level: Type.String(),
      dialect: Type.String({ description: 'The coreBOS dialect of the statement' }),
      statement: Type.String({
        description:
          "The statement, with `$scope` in place of ties to the contact, and `$rule` in place of the policy's own " +
          'conditions; fields that are selected only for these are left out',
      }),
      lookups: Type.Array(Type.Object({ label: Type.String(), explanation: Self }), {
        description: 'Look-ups that run first, each under its own rule',
      }),
    }),
  { $id: 'Explanation' },
)

const Rejection = Type.Object({ rejected: Type.Object({ code: Type.String(), detail: Type.String() }) })

const explained: Static<typeof Explanation> = {
  rule: 'HelpDesk',
  level: 'account',
  dialect: 'basic',
  statement:
    "select ticket_title, id from HelpDesk where parent_id in ($scope) and ticketstatus='Open' limit 20;",
  lookups: [],
}
const rejected: Static<typeof Rejection> = {
  rejected: { code: 'UNKNOWN_FIELD', detail: "line 1, column 8: HelpDesk has no field 'titel'" },
}

const example: Static<typeof QueryResult> = {
  records: [{ ticket_title: 'alice ticket 1', ticketstatus: 'Open', id: '17x8625' }],
  total: 1,
}

type App = Parameters<FastifyPluginAsyncTypebox>[0]

const shared = { tags: ['query'], security: [{ bearer: [] }] }

function getRoute(app: App): void {
  const { access } = app
  app.get(
    '/query',
    {
      schema: {
        ...shared,
        summary: 'Run a query',
        description: `The full ${toGuide}, within the scope of this contact.`,
        querystring: Type.Object({ q: Statement, ...presentation }),
        headers: Conditional,
        response: { ...taggedAnswer(QueryResult, 'The rows', { example }), ...problems(...queryProblems) },
      },
    },
    async (request, reply) => {
      const { q, display = false } = request.query
      const context = await access.readContextOf(request)
      const read = async () =>
        queryRecords(q, display, context).catch((error: unknown) => {
          throw ofParameter(error, 'q')
        })
      return reply.sendRead(context, read)
    },
  )
}

function postRoute(app: App): void {
  const { access } = app
  app.post(
    '/query',
    {
      schema: {
        ...shared,
        summary: 'Run a query',
        description: `The full ${toGuide}, within the scope of this contact.`,
        querystring: Type.Object(presentation),
        body: Type.Object({ query: Statement }, { additionalProperties: false }),
        response: { 200: answer(QueryResult, 'The rows', { example }), ...problems(...queryProblems) },
      },
    },
    async (request) => {
      const { body, query } = request
      const context = await access.readContextOf(request)
      return queryRecords(body.query, query.display === true, context).catch((error: unknown) => {
        throw ofField(error, 'query')
      })
    },
  )
}

function explainRoute(app: App): void {
  const { access } = app
  app.post(
    '/query/explain',
    {
      schema: {
        ...shared,
        summary: 'Explain a query',
        description: `Nothing is sent to coreBOS. Rejected statements and reasons: see the ${toGuide}.`,
        body: Type.Object({ query: Statement }, { additionalProperties: false }),
        response: {
          200: Type.Union([Explanation, Rejection], {
            description: 'The statement for coreBOS, or the reason for its rejection',
            examples: [explained, rejected],
          }),
        },
      },
    },
    async (request) => {
      const context = await access.readContextOf(request)
      try {
        return await explain(parseQuery(request.body.query), context)
      } catch (error) {
        if (error instanceof GatewayError && error.status < 500) {
          return { rejected: { code: error.code, detail: error.message } }
        }
        throw error
      }
    },
  )
}

const query: FastifyPluginAsyncTypebox = async (app) => {
  app.addHook('onRequest', app.authenticate)
  getRoute(app)
  postRoute(app)
  explainRoute(app)
}

export default query
