/** A bare proxy in front of `UPSTREAM`: what a request through Node costs at least. Not compiled, since it is installed for benches alone. */
import { createRequire } from 'node:module'
import process from 'node:process'
import { fastify } from 'fastify'

const require = createRequire(import.meta.url)
const app = fastify()
app.register(require('@fastify/reply-from'), { base: process.env.UPSTREAM })
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
app.all('/*', (request, reply) => reply.from(request.url))
const url = await app.listen({ host: '127.0.0.1', port: 0 })
process.stdout.write(`ready url=${url}\n`)
