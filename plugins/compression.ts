/** Compresses the responses of the routes that `compressedRoutes` names. */
import { pipeline, Readable } from 'node:stream'
import fp from 'fastify-plugin'
import type { FastifyReply, FastifyRequest } from 'fastify'
import {
  codingFor,
  compressedRoutes,
  encode,
  encoder,
  isCompressible,
  isLongEnough,
} from '../src/http/compression.ts'
import { encodedTag } from '../src/http/entity-tag.ts'

function isAllowed({ method, routeOptions, headers }: FastifyRequest): boolean {
  const rule = compressedRoutes[`${method === 'HEAD' ? 'GET' : method} ${routeOptions.url ?? ''}`]
  return rule === 'always' || (rule === 'without-cookies' && headers.authorization !== undefined)
}

function textOf(header: unknown): string {
  return typeof header === 'string' ? header : ''
}

function compress(request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
  if (!isAllowed(request)) return payload
  const vary = textOf(reply.getHeader('vary'))
  reply.header('vary', vary === '' ? 'Accept-Encoding' : `${vary}, Accept-Encoding`)
  const coding = codingFor(textOf(request.headers['accept-encoding']))
  if (coding === undefined || reply.hasHeader('content-encoding')) return payload

  const tag = textOf(reply.getHeader('etag'))
  const ownTag = encodedTag(tag, coding)
  // The client has the compressed response, and gets the tag of that one back.
  if (reply.statusCode === 304 && textOf(request.headers['if-none-match']).includes(ownTag))
    reply.header('etag', ownTag)
  if (reply.statusCode !== 200 || !isCompressible(textOf(reply.getHeader('content-type')))) return payload
  const isBody = typeof payload === 'string' || Buffer.isBuffer(payload)
  if (!(payload instanceof Readable) && !(isBody && isLongEnough(payload))) return payload

  reply.header('content-encoding', coding).removeHeader('content-length')
  if (tag !== '') reply.header('etag', ownTag)
  if (isBody) return encode(payload, coding)
  // A stream that fails ends the response.
  return pipeline(payload, encoder(coding), () => undefined)
}

export default fp(
  async (app) => {
    // Most responses are not compressed, and need not wait for that.
    app.addHook('onSend', (request, reply, payload, next) => {
      const compressed = compress(request, reply, payload)
      if (compressed instanceof Promise) compressed.then((body) => next(null, body), next)
      else next(null, compressed)
    })
  },
  { name: 'compression', fastify: '5.x' },
)
