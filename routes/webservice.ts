/** coreBOS's own protocol: its clients work unchanged when they are pointed here. */
import { performance } from 'node:perf_hooks'
import { Readable } from 'node:stream'
import { Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { Config } from '../src/config/config.ts'
import { foldName } from '../src/auth/names.ts'
import type { Admission } from '../src/access/admission.ts'
import { GatewayError } from '../src/model/errors.ts'
import { record } from '../src/read/records-by-id.ts'
import { AcceptedTypes } from '../src/records/documents/media-type.ts'
import { arrivedBody } from '../src/http/arrived-body.ts'
import type { Presented } from '../src/http/request-counts.ts'
import { OncePerRequest } from '../src/http/once-per-request.ts'
import { bodyBounds, largeBody } from '../src/http/schemas.ts'
import { BodyReader } from '../src/webservice/body.ts'
import { Input, type WebserviceContext, type WebserviceWriteContext } from '../src/webservice/call.ts'
import {
  resultText,
  streamText,
  unknownOperation,
  WebserviceRejection,
  type Result,
} from '../src/webservice/envelope.ts'
import type { LoginContext } from '../src/webservice/login.ts'
import { sendFailure } from '../src/webservice/rejection.ts'
import { operationNamed, operations, type Operation } from '../src/webservice/operations.ts'
import { glimpse, isForm } from '../src/webservice/glimpse.ts'
import { multipartPairs } from '../src/webservice/multipart.ts'
import {
  formParameters,
  jsonParameters,
  urlencodedPairs,
  type Pair,
  type Parameters,
} from '../src/webservice/php.ts'
import { changePassword } from '../src/write/audited.ts'

const Envelope = Type.Object(
  {
    success: Type.Boolean(),
    result: Type.Optional(Type.Unknown({ description: 'The result of the operation' })),
    error: Type.Optional(Type.Object({ message: Type.String(), code: Type.String() })),
    moreinfo: Type.Unknown({ description: '`{"totalrows": "33"}` if rows were counted' }),
  },
  {
    title: 'WebserviceResponse',
    description: 'The envelope, for success and failure alike',
    examples: [
      {
        success: true,
        result: [{ ticket_title: 'alice ticket 1', id: '17x8625' }],
        moreinfo: { totalrows: '33' },
      },
      {
        success: false,
        error: { message: 'Permission to read given object is denied', code: 'ACCESS_DENIED' },
        moreinfo: null,
      },
    ],
  },
)

const description = `coreBOS's protocol with its envelope and its codes, always with HTTP 200: parameters in the query string, a form or a
JSON object, \`sessionName\` from \`loginPortal\` or \`login\` among them or in the header \`corebos-authorization\`.
\`format=stream\` gives a line per row. A session name of this interface is not valid at coreBOS.

| operation | parameters |
|---|---|
${operations.map(({ name, takes }) => `| \`${name}\` | ${takes.map((each) => `\`${each}\``).join(', ')} |`).join('\n')}

All other operations of coreBOS answer \`UNKNOWN_OPERATION\`. Errors of the gateway that coreBOS has no code for keep theirs.`

const Parameters = Type.Object(
  {
    operation: Type.Union(operations.map(({ name }) => Type.Literal(name))),
    sessionName: Type.Optional(
      Type.String({ description: 'From `loginPortal` or `login`; not for the operations before a log-in' }),
    ),
    format: Type.Optional(
      Type.Union([Type.Literal('json'), Type.Literal('stream')], { description: '`stream`: a line per row' }),
    ),
    ...Object.fromEntries(
      [...new Set(operations.flatMap(({ takes }) => takes))].map((name) => [
        name,
        Type.Optional(
          Type.String({
            description: 'As coreBOS takes it, for the operations that name it; objects as JSON',
          }),
        ),
      ]),
    ),
  },
  { title: 'WebserviceParameters', examples: [{ operation: 'getchallenge', username: 'alice@example.com' }] },
)

const common = {
  tags: ['webservice'],
  summary: "coreBOS's web service, scoped",
  description,
  response: { 200: Envelope },
}
const schemas = {
  GET: { ...common, querystring: Parameters },
  POST: {
    ...common,
    consumes: ['application/x-www-form-urlencoded', 'multipart/form-data', 'application/json'],
    body: Parameters,
  },
}

function queryOf(request: FastifyRequest): Pair[] {
  const url = request.raw.url ?? ''
  const mark = url.indexOf('?')
  // Node reads each byte of a URL as one character.
  return urlencodedPairs(Buffer.from(mark < 0 ? '' : url.slice(mark + 1), 'latin1'))
}

/** The parameters of the URL; none if it is malformed, which is rejected later. */
function toldByUrl(request: FastifyRequest): Parameters {
  try {
    return formParameters(queryOf(request), [])
  } catch {
    return new Map()
  }
}

/** The parameters of the URL, and of a small form that has arrived with it; the handler reads them again. */
async function toldAtOnce(request: FastifyRequest): Promise<Parameters> {
  const body = isForm(request.headers['content-type'] ?? '') ? await arrivedBody(request.raw) : undefined
  if (body === undefined) return toldByUrl(request)
  try {
    return await parametersOf(request, body)
  } catch {
    return toldByUrl(request)
  }
}

async function parametersOf(request: FastifyRequest, body: Buffer): Promise<Parameters> {
  const query = queryOf(request)
  const type = request.headers['content-type'] ?? ''
  const form = /^multipart\/form-data\b/i.test(type)
    ? await multipartPairs(type, body)
    : isForm(type)
      ? urlencodedPairs(body)
      : []
  return query.length === 0 && form.length === 0 ? jsonParameters(body) : formParameters(query, form)
}

/** A header counts over the parameter, as at coreBOS. */
function sessionNameOf(request: FastifyRequest, parameters: Parameters): string {
  const { 'corebos-authorization': dashed, corebos_authorization: underscored } = request.headers
  const header = [dashed, underscored].flat().find((each) => each !== undefined && each !== '')
  const parameter = parameters.get('sessionName')
  return header ?? (typeof parameter === 'string' ? parameter : '')
}

/** Parameters that would change how coreBOS reads the others, and have no meaning here. */
function rejectParameters(parameters: Parameters): void {
  const present = (name: string): boolean => (parameters.get(name) ?? '') !== ''
  const rejected = ['cbwsOptions', 'mode'].find(present)
  if (rejected !== undefined) {
    throw new WebserviceRejection(
      'ACCESS_DENIED',
      `Permission to perform the operation is denied: ${rejected}`,
    )
  }
  if (formatOf(parameters) === 'streamraw') {
    throw new WebserviceRejection('ACCESS_DENIED', 'Permission to perform the operation is denied: format')
  }
}

function formatOf(parameters: Parameters): string {
  const format = parameters.get('format')
  return typeof format === 'string' ? format.toLowerCase() : ''
}

function operationIn(parameters: Parameters): Operation | undefined {
  const name = parameters.get('operation')
  return typeof name === 'string' ? operationNamed(name) : undefined
}

function operationOf(parameters: Parameters): Operation {
  const operation = operationIn(parameters)
  if (operation === undefined) throw unknownOperation()
  return operation
}

/** Whether a file may be sent with it: unless the operation says otherwise, a record may be a document. */
function carriesFile(parameters: Parameters): boolean {
  const module = parameters.get('elementType')
  return operationIn(parameters)?.carriesFile === true && (module === undefined || module === 'Documents')
}

const webservice: FastifyPluginAsync<Pick<Config, 'UPLOAD_TYPES' | 'UPLOAD_MAX_BYTES'>> = async (
  app: FastifyInstance,
  { UPLOAD_TYPES, UPLOAD_MAX_BYTES },
) => {
  const uploads = { types: new AcceptedTypes(UPLOAD_TYPES), maxBytes: UPLOAD_MAX_BYTES }
  // Base64 in a form is half as long again.
  const bounds = { ...bodyBounds, file: largeBody + Math.ceil(1.5 * UPLOAD_MAX_BYTES) }
  const { webservice, access, largeRequests, sessions, metrics, endUpstream } = app
  const { limitLogins, limitSession, limitBody } = app
  const { passwords } = app.auth
  const received = new OncePerRequest<Parameters>()

  app.removeAllContentTypeParsers()
  // The handler reads the body, and releases the resources that it takes for that.
  app.addContentTypeParser('*', (_request, payload: Readable, done) => {
    done(null, payload)
  })

  async function presents(request: FastifyRequest): Promise<Presented> {
    const told = await toldAtOnce(request)
    return {
      claim: webservice.names.read(sessionNameOf(request, told)),
      login: operationIn(told)?.scope === 'login',
    }
  }

  function readerOf(request: FastifyRequest): BodyReader {
    const told = (start: Buffer): Parameters =>
      new Map([...toldByUrl(request), ...glimpse(request.headers['content-type'] ?? '', start)])
    return new BodyReader(bounds, {
      requireSession: async (start) => {
        const name = sessionNameOf(request, told(start))
        if (name === '') {
          throw new GatewayError(
            'BODY_TOO_LARGE',
            `a body outside a session may have ${bounds.any} bytes at most`,
          )
        }
        await admit(request, name)
      },
      takePlace: (start) => {
        const parameters = told(start)
        const { contactId } = webservice.names.read(sessionNameOf(request, parameters)) ?? {}
        if (contactId === undefined || !carriesFile(parameters)) {
          throw new GatewayError(
            'BODY_TOO_LARGE',
            `a body without a file may have ${bounds.session} bytes at most`,
          )
        }
        request.scope.hold(largeRequests.take(contactId))
      },
    })
  }

  async function admit(request: FastifyRequest, name: string): Promise<Admission> {
    const claim = webservice.names.read(name)
    if (claim === undefined) throw new GatewayError('AUTHENTICATION_REQUIRED')
    // Read in the step that counted the request, unless the body names another one than its head.
    const known = request.presented?.sessionId === claim.sessionId ? request.reading : null
    const { session, ...generations } = known ?? (await limitSession(request, claim))
    if (session?.contact.id !== claim.contactId) throw new GatewayError('AUTHENTICATION_REQUIRED')
    return { session, ...generations }
  }

  async function clientOf(request: FastifyRequest, name: string): Promise<WebserviceContext> {
    const { session: found, ...rest } = await admit(request, name)
    const session = await webservice.confirm(found)
    request.admission = { ...rest, session }
    return { session, ...(await access.webserviceContextOf(request)) }
  }

  async function writeContextFor(
    request: FastifyRequest,
    name: string,
    began: number,
  ): Promise<WebserviceWriteContext> {
    const client = await clientOf(request, name)
    const { session } = client
    const context = await access.writeContextOf(request)
    return {
      ...client,
      context,
      uploads,
      changePassword: async ({ username, current, next }) =>
        changePassword(session.contact.id, context, async () => {
          const { email } = (await record(session.contact.id, context)).row
          const own = foldName(email ?? '')
          if (own === undefined || foldName(username) !== own) throw new GatewayError('WRONG_PASSWORD')
          const visit = { began, origin: app.originOf(request), log: request.log }
          await passwords.change(session, { current, next }, visit)
        }),
    }
  }

  function loginContextOf(request: FastifyRequest, sessionName: string, began: number): LoginContext {
    return {
      limitLogins: async () => {
        await limitLogins(request)
      },
      challenge: (name) => webservice.challenge(name, began),
      loginService: webservice.loginService,
      visitOf: (deviceToken) => ({
        began,
        origin: app.originOf(request, deviceToken),
        count: async () => limitLogins(request),
        rejected: (reason) => request.log.info({ reason }, 'a log-in was rejected'),
      }),
      open: async ({ contact, upstream, releaseOnSuccess }) => {
        try {
          const userAgent = request.headers['user-agent'] ?? ''
          const facts = { contact, upstream, userAgent, address: request.ip }
          const { session } = await sessions.create(facts, releaseOnSuccess)
          const name = webservice.names.name(session)
          metrics.logins.inc({ outcome: 'ok' })
          return name
        } catch (error) {
          await endUpstream(upstream)
          throw error
        }
      },
      identify: async () => {
        const { session } = await admit(request, sessionName)
        return { session, name: sessionName }
      },
      end: async ({ id }) => endUpstream((await sessions.end(id))?.upstream),
    }
  }

  async function run(request: FastifyRequest, parameters: Parameters, began: number): Promise<Result> {
    const operation = operationOf(parameters)
    const name = sessionNameOf(request, parameters)
    const input = new Input(parameters, operation.takes)
    if (operation.by === 'author') {
      request.writes = operation.writes
      const client = await writeContextFor(request, name, began)
      rejectParameters(parameters)
      input.requireTexts()
      return operation.run(input, client)
    }
    rejectParameters(parameters)
    input.requireTexts()
    if (operation.by === 'client') return operation.run(input, await clientOf(request, name))
    try {
      return await operation.run(input, loginContextOf(request, name, began))
    } catch (error) {
      if (operation.scope === 'login' && operation.name !== 'getchallenge')
        metrics.logins.inc({ outcome: error instanceof GatewayError ? error.code : 'INTERNAL' })
      throw error
    }
  }

  async function receive(request: FastifyRequest): Promise<Parameters> {
    const body =
      request.body instanceof Readable
        ? await request.scope.whileConnected(readerOf(request).read(request.body))
        : Buffer.alloc(0)
    await limitBody(request, body.length)
    const parameters = await parametersOf(request, body)
    // Where the modules that it names are looked for.
    request.body = Object.fromEntries(parameters)
    return parameters
  }

  async function answer(
    request: FastifyRequest,
  ): Promise<{ readonly result: Result; readonly isStream: boolean }> {
    const began = performance.now()
    const parameters = await received.of(request, async () => receive(request))
    return { result: await run(request, parameters, began), isStream: formatOf(parameters) === 'stream' }
  }

  for (const method of ['GET', 'POST'] as const) {
    app.route({
      method,
      url: '/webservice.php',
      schema: schemas[method],
      // The handler reads the parameters as coreBOS does; the schemas describe them.
      validatorCompiler: () => () => true,
      config: { presents, parameters: 'any' },
      errorHandler: (error, request, reply) => {
        void sendFailure(error, request, reply)
      },
      handler: async (request, reply) => {
        reply.header('vary', 'Authorization, Cookie, corebos-authorization, corebos_authorization')
        const { result, isStream } = await answer(request)
        return isStream
          ? reply.type('application/x-ndjson; charset=utf-8').send(streamText(result))
          : reply.type('application/json; charset=utf-8').send(resultText(result))
      },
    })
  }
}

export default webservice
