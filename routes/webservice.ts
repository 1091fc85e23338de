/** coreBOS's own protocol: its clients work unchanged when they are pointed here. */
import { performance } from 'node:perf_hooks'
import { Readable } from 'node:stream'
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
import { BodyReader, type BodyBounds } from '../src/webservice/body.ts'
import {
  Input,
  type Uploads,
  type WebserviceContext,
  type WebserviceWriteContext,
} from '../src/webservice/call.ts'
import { resultText, streamText, type Result } from '../src/webservice/envelope.ts'
import { isForm } from '../src/webservice/glimpse.ts'
import type { LoginContext } from '../src/webservice/login.ts'
import {
  carriesFile,
  formatOf,
  operationIn,
  operationOf,
  parametersOf,
  parametersOfUrl,
  parametersSoFar,
  rejectParameters,
  sessionNameOf,
} from '../src/webservice/parameters.ts'
import type { Parameters } from '../src/webservice/php.ts'
import { sendFailure } from '../src/webservice/rejection.ts'
import { schemas } from '../src/webservice/schemas.ts'
import { changePassword } from '../src/write/audited.ts'

/** One request, and what it names. */
interface Call {
  readonly request: FastifyRequest
  readonly parameters: Parameters
  readonly sessionName: string
  /** On `performance.now()`. */
  readonly began: number
}

/** The parameters of the URL, and of a small form that has arrived with it; the handler reads them again. */
async function parametersAtOnce({ raw }: FastifyRequest): Promise<Parameters> {
  const body = isForm(raw.headers['content-type'] ?? '') ? await arrivedBody(raw) : undefined
  if (body === undefined) return parametersOfUrl(raw)
  try {
    return await parametersOf(raw, body)
  } catch {
    return parametersOfUrl(raw)
  }
}

/** The credentials that the head of a request names, for the rate limits. */
async function presentedBy(request: FastifyRequest, { webservice }: FastifyInstance): Promise<Presented> {
  const told = await parametersAtOnce(request)
  return {
    claim: webservice.names.read(sessionNameOf(request.raw, told)),
    login: operationIn(told)?.scope === 'login',
  }
}

function readerOf(request: FastifyRequest, bounds: BodyBounds, app: FastifyInstance): BodyReader {
  return new BodyReader(bounds, {
    requireSession: async (start) => {
      const name = sessionNameOf(request.raw, parametersSoFar(request.raw, start))
      if (name === '') {
        throw new GatewayError(
          'BODY_TOO_LARGE',
          `a body outside a session may have ${bounds.any} bytes at most`,
        )
      }
      await admit(request, name, app)
    },
    takePlace: (start) => {
      const parameters = parametersSoFar(request.raw, start)
      const { contactId } = app.webservice.names.read(sessionNameOf(request.raw, parameters)) ?? {}
      if (contactId === undefined || !carriesFile(parameters)) {
        throw new GatewayError(
          'BODY_TOO_LARGE',
          `a body without a file may have ${bounds.session} bytes at most`,
        )
      }
      request.scope.hold(app.largeRequests.take(contactId))
    },
  })
}

/** @throws GatewayError `AUTHENTICATION_REQUIRED` if the name is that of no session */
async function admit(
  request: FastifyRequest,
  name: string,
  { webservice, limitSession }: FastifyInstance,
): Promise<Admission> {
  const claim = webservice.names.read(name)
  if (claim === undefined) throw new GatewayError('AUTHENTICATION_REQUIRED')
  // Read in the step that counted the request, unless the body names another one than its head.
  const known = request.presented?.sessionId === claim.sessionId ? request.reading : null
  const { session, ...generations } = known ?? (await limitSession(request, claim))
  if (session?.contact.id !== claim.contactId) throw new GatewayError('AUTHENTICATION_REQUIRED')
  return { session, ...generations }
}

async function readContextOf(
  { request, sessionName }: Call,
  app: FastifyInstance,
): Promise<WebserviceContext> {
  const { session: found, ...rest } = await admit(request, sessionName, app)
  const session = await app.webservice.confirm(found)
  request.admission = { ...rest, session }
  return { session, ...(await app.access.webserviceContextOf(request)) }
}

async function writeContextOf(
  call: Call,
  uploads: Uploads,
  app: FastifyInstance,
): Promise<WebserviceWriteContext> {
  const { request, began } = call
  const reading = await readContextOf(call, app)
  const { session } = reading
  const context = await app.access.writeContextOf(request)
  return {
    ...reading,
    context,
    uploads,
    changePassword: async ({ username, current, next }) =>
      changePassword(session.contact.id, context, async () => {
        const { email } = (await record(session.contact.id, context)).row
        const own = foldName(email ?? '')
        if (own === undefined || foldName(username) !== own) throw new GatewayError('WRONG_PASSWORD')
        const visit = { began, origin: app.originOf(request), log: request.log }
        await app.auth.passwords.change(session, { current, next }, visit)
      }),
  }
}

function loginContextOf({ request, sessionName, began }: Call, app: FastifyInstance): LoginContext {
  const { webservice, sessions, metrics, limitLogins, endUpstream } = app
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
    open: async (entered) => {
      const { session } = await app.auth.openSession(entered, request)
      const name = webservice.names.name(session)
      metrics.logins.inc({ outcome: 'ok' })
      return name
    },
    identify: async () => {
      const { session } = await admit(request, sessionName, app)
      return { session, name: sessionName }
    },
    end: async ({ id }) => endUpstream((await sessions.end(id))?.upstream),
  }
}

async function run(call: Call, uploads: Uploads, app: FastifyInstance): Promise<Result> {
  const { request, parameters } = call
  const operation = operationOf(parameters)
  const input = new Input(parameters, operation.takes)
  if (operation.by === 'author') {
    request.writes = operation.writes
    const context = await writeContextOf(call, uploads, app)
    rejectParameters(parameters)
    input.requireTexts()
    return operation.run(input, context)
  }
  rejectParameters(parameters)
  input.requireTexts()
  if (operation.by === 'client') return operation.run(input, await readContextOf(call, app))
  try {
    return await operation.run(input, loginContextOf(call, app))
  } catch (error) {
    if (operation.scope === 'login' && operation.name !== 'getchallenge')
      app.metrics.logins.inc({ outcome: error instanceof GatewayError ? error.code : 'INTERNAL' })
    throw error
  }
}

async function receive(
  request: FastifyRequest,
  bounds: BodyBounds,
  app: FastifyInstance,
): Promise<Parameters> {
  const body =
    request.body instanceof Readable
      ? await request.scope.whileConnected(readerOf(request, bounds, app).read(request.body))
      : Buffer.alloc(0)
  await app.limitBody(request, body.length)
  const parameters = await parametersOf(request.raw, body)
  // Where the modules that it names are looked for.
  request.body = Object.fromEntries(parameters)
  return parameters
}

const webservice: FastifyPluginAsync<Pick<Config, 'UPLOAD_TYPES' | 'UPLOAD_MAX_BYTES'>> = async (
  app,
  { UPLOAD_TYPES, UPLOAD_MAX_BYTES },
) => {
  const uploads = { types: new AcceptedTypes(UPLOAD_TYPES), maxBytes: UPLOAD_MAX_BYTES }
  // Base64 in a form is half as long again.
  const bounds = { ...bodyBounds, file: largeBody + Math.ceil(1.5 * UPLOAD_MAX_BYTES) }
  const received = new OncePerRequest<Parameters>()

  app.removeAllContentTypeParsers()
  // The handler reads the body, and releases the resources that it takes for that.
  app.addContentTypeParser('*', (_request, payload: Readable, done) => {
    done(null, payload)
  })

  for (const method of ['GET', 'POST'] as const) {
    app.route({
      method,
      url: '/webservice.php',
      schema: schemas[method],
      // The handler reads the parameters as coreBOS does; the schemas describe them.
      validatorCompiler: () => () => true,
      config: { presents: (request) => presentedBy(request, app), parameters: 'any' },
      errorHandler: (error, request, reply) => {
        void sendFailure(error, request, reply)
      },
      handler: async (request, reply) => {
        reply.header('vary', 'Authorization, Cookie, corebos-authorization, corebos_authorization')
        const began = performance.now()
        const parameters = await received.of(request, async () => receive(request, bounds, app))
        const sessionName = sessionNameOf(request.raw, parameters)
        const result = await run({ request, parameters, sessionName, began }, uploads, app)
        return formatOf(parameters) === 'stream'
          ? reply.type('application/x-ndjson; charset=utf-8').send(streamText(result))
          : reply.type('application/json; charset=utf-8').send(resultText(result))
      },
    })
  }
}

export default webservice
