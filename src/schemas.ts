/** Schemas that every route shares: the problem document, and how a route says which problems it answers with. */
import type { Readable } from 'node:stream'
import { Type, type Static, type TSchema, type TString } from '@sinclair/typebox'
import { errorCatalogue, type ErrorCode } from './errors.ts'

export const problemMediaType = 'application/problem+json'

/** Bytes that a body without a file may have. */
export const bodyLimit = 2 ** 20

/** RFC 9457, with a code of the catalogue and the id under which the request is found in the log. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: '`urn:corebos-portal-gateway:` and the code' }),
    title: Type.String({ description: 'The code in words' }),
    status: Type.Integer(),
    detail: Type.Optional(Type.String({ description: 'What was wrong with this request' })),
    code: Type.String({ description: 'A stable upper-case word' }),
    requestId: Type.String(),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          field: Type.String(),
          message: Type.String(),
          code: Type.Optional(Type.String({ description: 'Where the problems of one request differ in it' })),
        }),
        { description: 'What was wrong, one entry per field or place' },
      ),
    ),
  },
  { $id: 'Problem', title: 'Problem' },
)
export type Problem = Static<typeof Problem>

interface ProblemResponse {
  readonly description: string
  readonly content: Readonly<Record<typeof problemMediaType, { readonly schema: TSchema }>>
}

/**
 * The `response` entries for the codes that a route answers with, by status:
 * `response: { 200: Ticket, ...problems('NOT_FOUND', 'INVALID_VALUE') }`.
 * What every route may answer (limits, time-outs, failures of the gateway) is added to each by itself.
 */
export function problems(...codes: readonly ErrorCode[]): Record<number, ProblemResponse> {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of codes) {
    const [status] = errorCatalogue[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries([...byStatus].map(([status, those]) => [status, problemResponse(those)]))
}

function problemResponse(codes: readonly ErrorCode[]): ProblemResponse {
  return {
    description: codes.map((code) => `\`${code}\`: ${errorCatalogue[code][1]}`).join('\n\n'),
    content: { [problemMediaType]: { schema: Problem } },
  }
}

/** coreBOS's own id of a record: the module's number, `x`, the record's. */
export const WebserviceId = Type.String({
  pattern: '^[1-9][0-9]{0,5}x[1-9][0-9]{0,9}$',
  examples: ['17x8625'],
})

/** The same with the id of a record that the example of a route is about. */
export function webserviceId(example: string): TString {
  return Type.String({ ...WebserviceId, examples: [example] })
}

export const ModuleName = Type.String({ minLength: 1, maxLength: 100, examples: ['HelpDesk'] })

const tags = { maxLength: 1000, examples: ['"q3fl0vYh…"'] }

export const IfNoneMatch = Type.Optional(
  Type.String({ ...tags, description: 'Entity tags of answers that the caller has' }),
)

export const IfMatch = Type.Optional(
  Type.String({ ...tags, description: 'Write only where the record still has this entity tag' }),
)

export const IdempotencyKey = Type.Optional(
  Type.String({
    pattern: '^[\\x21-\\x7e]{1,255}$',
    examples: ['8e03978e-40d5-43dd-bc93-6894a57f9324'],
    description: 'Chosen by the caller, anew for each thing that is to be done once; remembered for a day',
  }),
)

/** A record as coreBOS answers it: every value is a text, and nothing is the empty text. */
export const RecordRow = Type.Record(Type.String(), Type.String(), {
  examples: [{ ticket_title: 'alice ticket 1', ticketstatus: 'Open', id: '17x8625' }],
})

export const Records = Type.Object({
  records: Type.Array(RecordRow),
  total: Type.Optional(Type.Integer({ description: 'The number of records without the limit' })),
})

/** A file. */
export const Binary = {
  description: 'The file',
  content: {
    'application/octet-stream': {
      schema: Type.Unsafe<Buffer | Readable>({ type: 'string', format: 'binary' }),
    },
  },
}
