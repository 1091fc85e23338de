/** Business actions: actions on a record that are configured in coreBOS. */
import { ActionName } from '../src/model/action-name.ts'
import { Type, type Static } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  answer,
  IdempotencyKey,
  problems,
  recordProblems,
  WebserviceId,
  writeProblems,
} from '../src/http/schemas.ts'
import { actionsOn, runAction, runnable } from '../src/write/actions.ts'

const Action = Type.Object(
  {
    name: Type.String(),
    runnable: Type.Boolean({
      description: 'True if the gateway can run it; otherwise it runs only in the user interface of coreBOS',
    }),
  },
  { title: 'Action' },
)

const example: Static<typeof Action> = { name: 'Call me back', runnable: true }

type App = Parameters<FastifyPluginAsyncTypebox>[0]

const shared = { tags: ['actions'], security: [{ bearer: [] }] }

function listRoute(app: App): void {
  const { access, authenticate } = app
  app.get(
    '/records/:id/actions',
    {
      onRequest: authenticate,
      schema: {
        ...shared,
        summary: 'List the actions for a record',
        description: 'Actions that the policy allows and coreBOS offers for this record.',
        params: Type.Object({ id: WebserviceId }),
        response: {
          200: answer(Type.Object({ actions: Type.Array(Action) }), 'The actions', {
            example: { actions: [example] },
          }),
          ...problems(...recordProblems),
        },
      },
    },
    async (request) => {
      const offered = await actionsOn(request.params.id, await access.readContextOf(request))
      return {
        actions: offered.map((each) => ({ name: each.name, runnable: runnable(each) !== undefined })),
      }
    },
  )
}

function runRoute(app: App): void {
  const { access, authenticate, idempotency } = app
  app.post(
    '/records/:id/actions/:name',
    {
      config: { writes: 'action' },
      onRequest: authenticate,
      schema: {
        ...shared,
        summary: 'Run an action on a record',
        description:
          'The effect of an action is defined in coreBOS. It is run once, and never repeated automatically. Its ' +
          'name is its label in coreBOS, percent-encoded in the URL.',
        params: Type.Object({
          id: WebserviceId,
          name: Type.String({ ...ActionName, examples: [example.name] }),
        }),
        headers: Type.Object({ 'idempotency-key': IdempotencyKey }),
        response: {
          200: answer(
            Type.Object({
              result: Type.String({ description: 'The output of the action, often HTML, not sanitised' }),
            }),
            'It has been run',
            { example: { result: '<b>We call you back.</b>' } },
          ),
          ...problems(...recordProblems, ...writeProblems, 'ACTION_NOT_RUNNABLE'),
        },
      },
    },
    async (request) => {
      const { id, name } = request.params
      const author = await access.writeContextOf(request)
      return idempotency.once(
        {
          key: request.headers['idempotency-key'],
          contactId: app.contactOf(request).id,
          route: 'POST /records/:id/actions/:name',
          request: [id, name],
        },
        {
          first: async () => {
            const said = await runAction(id, name, author)
            return { made: said, result: { result: said } }
          },
          again: async (said) => {
            await actionsOn(id, author)
            return { result: said }
          },
        },
      )
    },
  )
}

const actions: FastifyPluginAsyncTypebox = async (app) => {
  listRoute(app)
  runRoute(app)
}

export default actions
