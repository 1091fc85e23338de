/** coreBOS's own protocol: its clients work unchanged when they are pointed here. */
import { performance } from 'node:perf_hooks'
import type { Readable } from 'node:stream'
import multipart from '@fastify/multipart'
import { Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../src/config.ts'
import { foldName } from '../src/contact/names.ts'
import type { Admission } from '../src/contact/request.ts'
import { GatewayError } from '../src/errors.ts'
import { record } from '../src/pipeline.ts'
import { isPartAFile, unreadableForm } from '../src/upload.ts'
import { BodyBound, type TakePlace } from '../src/webservice/body.ts'
import { Input, type Visitor, type WritingVisitor } from '../src/webservice/call.ts'
import {
  failure,
  failureText,
  resultText,
  streamText,
  toRefusal,
  unknownOperation,
  WebserviceRefusal,
  type Result,
} from '../src/webservice/envelope.ts'
import type { Reception } from '../src/webservice/login.ts'
import { operationNamed, operations, type Operation } from '../src/webservice/operations.ts'
import {
  bounds,
  formParameters,
  jsonParameters,
  multipartPair,
  urlencodedPairs,
  type Pair,
  type Parameters,
} from '../src/webservice/php.ts'
import { changePassword } from '../src/writes.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Null until there is a body, and at all other doors. */
    bodyBound: BodyBound | null
  }
}

const Envelope = Type.Object(
  {
    success: Type.Boolean(),
    result: Type.Optional(Type.Unknown({ description: 'What the operation gives back' })),
    error: Type.Optional(Type.Object({ message: Type.String(), code: Type.String() })),
    moreinfo: Type.Unknown({ description: '`{"totalrows": "33"}` where rows were counted' }),
  },
  {
    description: 'The envelope, whatever became of the call',
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
\`format=stream\` gives a line per row. A session of this door is worth nothing at coreBOS.

| operation | parameters |
|---|---|
${operations.map(({ name, takes }) => `| \`${name}\` | ${takes.map((each) => `\`${each}\``).join(', ')} |`).join('\n')}

Whatever else coreBOS can do answers \`UNKNOWN_OPERATION\`. Errors of the gateway that coreBOS has no code for keep theirs.`

const schema = {
  tags: ['webservice'],
  summary: "coreBOS's web service, scoped",
  description,
  response: { 200: Envelope },
}

function queryOf(request: FastifyRequest): Pair[] {
  const url = request.raw.url ?? ''
  const mark = url.indexOf('?')
  // Node reads each byte of a URL as one character.
  return urlencodedPairs(Buffer.from(mark < 0 ? '' : url.slice(mark + 1), 'latin1'))
}

async function parametersOf(request: FastifyRequest, bound: BodyBound): Promise<Parameters> {
  const query = queryOf(request)
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  const form = request.isMultipart()
    ? await multipartPairs(request, bound)
    : isForm(request)
      ? urlencodedPairs(body)
      : []
  return query.length === 0 && form.length === 0 ? jsonParameters(body) : formParameters(query, form)
}

function isForm({ headers }: FastifyRequest): boolean {
  return /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(headers['content-type'] ?? '')
}

async function multipartPairs(request: FastifyRequest, bound: BodyBound): Promise<Pair[]> {
  try {
    return await request.scope.whileConnected(readParts(request, bound))
  } catch (error) {
    throw unreadableForm(error)
  }
}

async function readParts(request: FastifyRequest, bound: BodyBound): Promise<Pair[]> {
  const pairs: Pair[] = []
  for await (const part of request.parts({ limits: { fieldSize: bound.largest } })) {
    if (part.type === 'file') throw new GatewayError('BAD_REQUEST', 'files come in JSON, not as parts')
    if (part.valueTruncated) throw new GatewayError('BODY_TOO_LARGE')
    if (typeof part.value !== 'string') throw new GatewayError('BAD_REQUEST', 'a part is a text')
    // A part without a name, which the types deny, is nothing to PHP.
    if (typeof part.fieldname !== 'string') continue
    bound.add(part.fieldname.length + part.value.length)
    pairs.push(multipartPair(part.fieldname, part.value))
  }
  return pairs
}

/** A header counts over the parameter, as at coreBOS. */
function sessionNameOf(request: FastifyRequest, parameters: Parameters): string {
  const { 'corebos-authorization': dashed, corebos_authorization: underscored } = request.headers
  const header = [dashed, underscored].flat().find((each) => each !== undefined && each !== '')
  const parameter = parameters.get('sessionName')
  return header ?? (typeof parameter === 'string' ? parameter : '')
}

/** What would change how coreBOS reads the rest, and has no meaning here. */
function refuseParameters(parameters: Parameters): void {
  const present = (name: string): boolean => (parameters.get(name) ?? '') !== ''
  const refused = ['cbwsOptions', 'mode'].find(present)
  if (refused !== undefined) {
    throw new WebserviceRefusal('ACCESS_DENIED', `Permission to perform the operation is denied: ${refused}`)
  }
  if (formatOf(parameters) === 'streamraw') {
    throw new WebserviceRefusal('ACCESS_DENIED', 'Permission to perform the operation is denied: format')
  }
}

function formatOf(parameters: Parameters): string {
  const format = parameters.get('format')
  return typeof format === 'string' ? format.toLowerCase() : ''
}

function operationOf(parameters: Parameters): Operation {
  const name = parameters.get('operation')
  const operation = typeof name === 'string' ? operationNamed(name) : undefined
  if (operation === undefined) throw unknownOperation()
  return operation
}

function sendFailure(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = toRefusal(error)
  const { code, message, retryAfter } = failure(known)
  if (known instanceof GatewayError && known.status >= 500) request.log.error({ code, err: error }, message)
  else request.log.debug({ code }, 'a call was refused')
  if (retryAfter !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(retryAfter)))
  return reply
    .code(200)
    .type('application/json; charset=utf-8')
    .send(failureText({ code, message, retryAfter }))
}

const webservice: FastifyPluginAsync<Pick<Config, 'UPLOAD_TYPES' | 'UPLOAD_MAX_BYTES'>> = async (
  app: FastifyInstance,
  { UPLOAD_TYPES, UPLOAD_MAX_BYTES },
) => {
  const uploads = { types: new Set(UPLOAD_TYPES), maxBytes: UPLOAD_MAX_BYTES }
  const small = app.initialConfig.bodyLimit ?? 0
  // Base64 in a form is half as long again.
  const bodyBounds = { small, large: small + Math.ceil(1.5 * UPLOAD_MAX_BYTES) }
  const { webservice, door, room, sessions, passwords, metrics, endUpstream, limitLate } = app

  app.removeAllContentTypeParsers()
  await app.register(multipart, {
    isPartAFile,
    limits: {
      fields: bounds.variables,
      parts: bounds.variables,
      files: 1,
    },
  })
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: Readable) =>
    boundOf(request).read(payload),
  )
  app.decorateRequest('bodyBound', null)

  function boundOf(request: FastifyRequest): BodyBound {
    return (request.bodyBound ??= new BodyBound(bodyBounds, () => placeFor(request)))
  }

  /** What is refused before anybody has counted it has its limit as well. */
  async function limitedOr(error: unknown, request: FastifyRequest): Promise<unknown> {
    if (request.counted) return error
    try {
      await limitLate(request)
      return error
    } catch (limit) {
      return limit
    }
  }

  /** Nothing is looked up for it: a session's name is signed, and whether it goes on is seen when it is asked for. */
  function placeFor(request: FastifyRequest): TakePlace | undefined {
    const claim = webservice.names.read(sessionNameOf(request, formParameters(queryOf(request), [])))
    return claim && (() => request.scope.hold(room.take(claim.contactId)))
  }

  async function admit(request: FastifyRequest, name: string): Promise<Admission> {
    const claim = webservice.names.read(name)
    await limitLate(request, { claim })
    if (request.reading === null) throw new GatewayError('AUTHENTICATION_REQUIRED')
    const { session, stamp, epoch } = request.reading
    if (session?.contact.id !== claim?.contactId || session === undefined)
      throw new GatewayError('AUTHENTICATION_REQUIRED')
    return { session, stamp, epoch }
  }

  async function visitorOf(request: FastifyRequest, name: string): Promise<Visitor> {
    const { session: found, ...rest } = await admit(request, name)
    const session = await webservice.confirm(found)
    request.admission = { ...rest, session }
    const [asker, { caller, callerFor, catalogue }] = await Promise.all([
      door.askerOf(request),
      webservice.readerOf(session),
    ])
    return {
      session,
      asker,
      caller,
      callerFor,
      labelFields: (module) => catalogue.byName(module)?.labelFields ?? [],
    }
  }

  async function writingVisitorOf(
    request: FastifyRequest,
    name: string,
    began: number,
  ): Promise<WritingVisitor> {
    const visitor = await visitorOf(request, name)
    const { session } = visitor
    const asker = await door.authorOf(request)
    return {
      ...visitor,
      asker,
      uploads,
      changePassword: async ({ username, current, next }) =>
        changePassword(session.contact.id, asker, async () => {
          const { email } = await record(session.contact.id, asker)
          const own = foldName(email ?? '')
          if (own === undefined || foldName(username) !== own) throw new GatewayError('WRONG_PASSWORD')
          await passwords.change(session, { current, next }, { began, log: request.log })
        }),
    }
  }

  function receptionOf(request: FastifyRequest, sessionName: string, began: number): Reception {
    return {
      limitLogins: async () => {
        await limitLate(request, { login: true })
      },
      challenge: (name) => webservice.challenge(name, began),
      desk: webservice.desk,
      visit: {
        began,
        look: (look) => limitLate(request, { login: true, look }),
        refused: (reason) => request.log.info({ reason }, 'a log-in was refused'),
      },
      open: async ({ contact, upstream, leaving }) => {
        try {
          const userAgent = request.headers['user-agent'] ?? ''
          const facts = { contact, upstream, userAgent, address: request.ip }
          const { session } = await sessions.create(facts, leaving)
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
      const visitor = await writingVisitorOf(request, name, began)
      refuseParameters(parameters)
      return operation.run(input, visitor)
    }
    refuseParameters(parameters)
    if (operation.by === 'visitor') return operation.run(input, await visitorOf(request, name))
    try {
      return await operation.run(input, receptionOf(request, name, began))
    } catch (error) {
      if (operation.scope === 'desk' && operation.name !== 'getchallenge')
        metrics.logins.inc({ outcome: error instanceof GatewayError ? error.code : 'INTERNAL' })
      throw error
    }
  }

  app.route({
    method: ['GET', 'POST'],
    url: '/webservice.php',
    schema,
    config: { limited: 'late', parameters: 'any' },
    errorHandler: (error, request, reply) => {
      void limitedOr(error, request).then((known) => sendFailure(known, request, reply))
    },
    handler: async (request, reply) => {
      const began = performance.now()
      reply.header('vary', 'Authorization, Cookie, corebos-authorization, corebos_authorization')
      const parameters = await parametersOf(request, boundOf(request))
      const result = await run(request, parameters, began)
      return formatOf(parameters) === 'stream'
        ? reply.type('application/x-ndjson; charset=utf-8').send(streamText(result))
        : reply.type('application/json; charset=utf-8').send(resultText(result))
    },
  })
}

export default webservice
