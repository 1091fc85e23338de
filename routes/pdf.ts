/** Records as PDF. */
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { fileHeaders } from '../src/http/file-answer.ts'
import { printedRecord } from '../src/records/pdf.ts'
import { described, problems, recordProblems, webserviceId } from '../src/http/schemas.ts'

const pdf = new Set(['application/pdf'])

const printing: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/records/:id/pdf',
    {
      onRequest: app.authenticate,
      schema: {
        tags: ['records'],
        security: [{ bearer: [] }],
        summary: 'Read a record as PDF',
        description:
          'Invoices, quotes, orders and all other records that coreBOS prints. A record with fields that the policy hides has ' +
          'no PDF, because the PDF may show them.',
        params: Type.Object({ id: webserviceId('7x8628') }),
        response: {
          200: {
            description: 'The PDF',
            headers: described('Content-Disposition'),
            content: {
              'application/pdf': { schema: Type.Unsafe<Buffer>({ type: 'string', format: 'binary' }) },
            },
          },
          ...problems(...recordProblems),
        },
      },
    },
    async (request, reply) => {
      const file = await printedRecord(request.params.id, await app.access.readContextOf(request))
      return reply.headers(fileHeaders(file, pdf)).send(file.content)
    },
  )
}

export default printing
