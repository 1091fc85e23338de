/** The operators' page at `/`, and its data as JSON at `/access`: what a contact may see and write, and why. */
import helmet from '@fastify/helmet'
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { longestName } from '../src/auth/names.ts'
import { GatewayError } from '../src/model/errors.ts'
import { limits } from '../src/model/limits.ts'
import { toGatewayError } from '../src/http/problem.ts'
import { answer, problems } from '../src/http/schemas.ts'
import { AccessView, accessView, explained } from '../src/operator/access-view.ts'
import { lineOf } from '../src/scope/faults.ts'
import { operatorPage, stylesheet, type PageContent } from '../src/operator/page.ts'

export interface OperatorPageOptions {
  readonly gateway: Pick<FastifyInstance, 'access' | 'auth' | 'policyInForce'>
  /** The path of the policy file. */
  readonly policyFile: string | undefined
  readonly hasToken: boolean
}

const who = (description: string) => Type.String({ minLength: 1, maxLength: longestName, description })

type App = Parameters<FastifyPluginAsyncTypebox>[0]

const page = (description: string) => ({
  description,
  content: { 'text/html': { schema: Type.String() } },
})

/** Reads what a contact may see. */
function accessOf({ gateway, policyFile: file }: OperatorPageOptions) {
  const { access, auth, policyInForce } = gateway

  const look = async (contact: string) => {
    const person = await auth.person(contact)
    const context = await access.readContextFor(person.contact)
    return { context, view: await accessView(person, context, { state: policyInForce.state, file }) }
  }

  return { look }
}

type Access = ReturnType<typeof accessOf>

function accessRoute(app: App, { look }: Access): void {
  app.get(
    '/access',
    {
      schema: {
        tags: ['access'],
        summary: 'Show what a contact may see and write',
        description: 'Module by module, with the rule that decides it. `GET /` is the same as a page.',
        querystring: Type.Object(
          { contact: who('E-mail address or webservice id') },
          { additionalProperties: false },
        ),
        response: {
          200: answer(AccessView, 'The modules of the policy'),
          ...problems('NOT_FOUND', 'INVALID_VALUE'),
        },
      },
    },
    async ({ query: { contact } }) => (await look(contact)).view,
  )
}

function pageRoute(app: App, options: OperatorPageOptions, { look }: Access): void {
  const { gateway, hasToken } = options
  const { policyInForce } = gateway
  app.get(
    '/',
    {
      config: { open: 'password' },
      schema: {
        tags: ['access'],
        summary: 'The page for operators',
        description:
          'What a contact may see and write, and what a query becomes. A browser asks for a password, which is ' +
          '`OPERATOR_TOKEN`; errors are pages as well.',
        querystring: Type.Object(
          {
            contact: Type.Optional(
              Type.String({ maxLength: longestName, description: 'E-mail address or webservice id' }),
            ),
            query: Type.Optional(
              Type.String({ maxLength: limits.text, description: 'A query of the contact' }),
            ),
          },
          { additionalProperties: false },
        ),
        response: {
          200: page('The page'),
          '4xx': page('The page with the error'),
          default: page('The page with the error'),
        },
      },
      // Without a password, a browser shows the page and asks for it.
      errorHandler: (error, _request, reply) => {
        const { status, message } = toGatewayError(error)
        const needs = hasToken
          ? 'The password is the value of OPERATOR_TOKEN.'
          : 'Set OPERATOR_TOKEN to open it.'
        if (status === 401 && hasToken)
          reply.header('www-authenticate', 'Basic realm="operators", charset="UTF-8"')
        const problem = status === 401 ? `This page needs a password. ${needs}` : message
        void reply
          .code(status)
          .type('text/html; charset=utf-8')
          .send(operatorPage({ contact: '', query: '', problem }))
      },
    },
    async ({ query: { contact = '', query = '' } }, reply) => {
      const content = await pageOf(contact.trim(), query.trim(), look)
      const faults = policyInForce.state.faults.map(lineOf)
      return reply.type('text/html; charset=utf-8').send(operatorPage({ ...content, faults }))
    },
  )
}

function styleRoute(app: App): void {
  app.get('/operator.css', { config: { open: true }, schema: { hide: true } }, async (_request, reply) =>
    reply.header('cache-control', 'max-age=3600').type('text/css; charset=utf-8').send(stylesheet),
  )
}

const operatorPages: FastifyPluginAsyncTypebox<OperatorPageOptions> = async (app, options) => {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
  })
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  const context = accessOf(options)
  accessRoute(app, context)
  pageRoute(app, options, context)
  styleRoute(app)
}

type Look = (contact: string) => Promise<{
  readonly context: Parameters<typeof explained>[1]
  readonly view: AccessView
}>

async function pageOf(contact: string, query: string, look: Look): Promise<PageContent> {
  const content = { contact, query }
  if (contact === '') return content
  try {
    const { context, view } = await look(contact)
    return { ...content, view, ...(query !== '' && { answer: await explained(query, context) }) }
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    return { ...content, problem: error.message }
  }
}

export default operatorPages
