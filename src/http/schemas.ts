/** Schemas that every route shares: the problem document, and the errors of a route. */
import type { Readable } from 'node:stream'
import { Type, type Static, type TSchema, type TString } from '@sinclair/typebox'
import { errorCatalogue, type ErrorCode } from '../model/errors.ts'
import { jsonValueSchema, valueTypes } from '../model/json-value.ts'
import { webserviceIdPattern } from '../model/webservice-id.ts'

export const problemMediaType = 'application/problem+json'

/** The most bytes of a JSON body with values or a statement. */
export const largeBody = 2 ** 20

/** Bytes that a body may have: from any caller, and in a live session. */
export const bodyBounds = { any: 16_384, session: largeBody } as const

export const exampleRequestId = '0b2e1c5e-6f0f-4c5e-9d0a-3a7d6f1f5b1e'

/** RFC 9457, with a code of the catalogue and the id under which the request is found in the log. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: '`urn:corebos-portal-gateway:` and the code' }),
    title: Type.String({ description: 'The meaning of the code' }),
    status: Type.Integer(),
    detail: Type.Optional(Type.String({ description: 'Details of this error' })),
    code: Type.String({ description: 'Stable error code' }),
    requestId: Type.String(),
    record: Type.Optional(
      Type.String({
        description: 'Of `STORED_OTHERWISE`: the id of the record that was written all the same',
      }),
    ),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          field: Type.Optional(
            Type.String({
              description:
                'A field of the body or the form by its name (`ticket_title`), and `body` for the whole body. For ' +
                '`NOT_READY`: the reason',
            }),
          ),
          parameter: Type.Optional(
            Type.String({
              description:
                'A parameter of the URL or a header by its name: `limit`, `filter[hours][gt]`, `if-match`',
            }),
          ),
          message: Type.String(),
          code: Type.Optional(Type.String({ description: 'Present if the entries have different codes' })),
        }),
        { description: 'One entry per field or parameter, 20 at most' },
      ),
    ),
    moreErrors: Type.Optional(Type.Integer({ description: 'How many entries were left out of `errors`' })),
  },
  {
    $id: 'Problem',
    title: 'Problem',
    examples: [
      {
        type: 'urn:corebos-portal-gateway:UNKNOWN_FIELD',
        title: errorCatalogue.UNKNOWN_FIELD[1],
        status: errorCatalogue.UNKNOWN_FIELD[0],
        detail: "HelpDesk has no field 'ticket_titel'; did you mean 'ticket_title'?",
        code: 'UNKNOWN_FIELD',
        requestId: exampleRequestId,
      },
    ],
  },
)
export type Problem = Static<typeof Problem>

/** Headers of answers that say more than their body, as they are described and shown to portals on other origins. */
const answerHeaders = {
  ETag: 'Tag of the answer as this contact sees it, for `If-None-Match`, `If-Match` or `If-Range`',
  Location: 'Path of the created resource, from the root of the host',
  'Retry-After': 'Seconds until a retry makes sense; missing if unknown',
  'WWW-Authenticate': '`Bearer`',
  'Content-Language': 'The language of the labels',
  'Cache-Control': 'Whether the answer may be kept',
  'Content-Disposition': 'The name of the file, as RFC 6266 has it; always an attachment',
  'Content-Length': 'Bytes',
  'Content-Range':
    'The range of bytes and the size: `bytes 0-499/1234`, or `bytes */1234` if the range is not satisfiable',
  'Accept-Ranges': '`bytes`',
  RateLimit: 'Requests that are left (`r`) and seconds until the window ends (`t`), by limit',
  'RateLimit-Policy': 'Requests (`q`) in a window of so many seconds (`w`), by limit',
} as const
export type AnswerHeader = keyof typeof answerHeaders
export const answerHeaderNames: readonly string[] = Object.keys(answerHeaders)

type Described = Readonly<Record<string, { readonly type: 'string'; readonly description: string }>>

/** The `headers` of an entry of `response`. */
export function described(...names: readonly AnswerHeader[]): Described {
  return Object.fromEntries(
    names.map((name) => [name, { type: 'string', description: answerHeaders[name] }] as const),
  )
}

/** The answer of a route: its description, its schema, and its headers. */
export function answer<T extends TSchema>(
  schema: T,
  description: string,
  { example, headers = [] }: { example?: Static<T>; headers?: readonly AnswerHeader[] } = {},
): T {
  return {
    ...schema,
    description,
    ...(example !== undefined && { examples: [example] }),
    ...(headers.length > 0 && { headers: described(...headers) }),
  }
}

export interface ProblemResponse {
  readonly description: string
  readonly codes: readonly ErrorCode[]
  readonly headers?: Described
  readonly content: Readonly<Record<typeof problemMediaType, { readonly schema: TSchema }>>
}

const problemHeaders: Readonly<Record<number, readonly AnswerHeader[]>> = {
  401: ['WWW-Authenticate'],
  416: ['Content-Range'],
  429: ['Retry-After', 'RateLimit', 'RateLimit-Policy'],
  503: ['Retry-After'],
}

/**
 * The `response` entries for the codes that a route answers with, by status:
 * `response: { 200: Ticket, ...problems('NOT_FOUND', 'INVALID_VALUE') }`.
 * What follows from what a route is (a body, a session, limits, failures of coreBOS and the gateway) is added to each by
 * itself.
 */
export function problems(...codes: readonly ErrorCode[]): Record<number, ProblemResponse> {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of new Set(codes)) {
    const [status] = errorCatalogue[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries([...byStatus].map(([status, those]) => [status, problemResponse(status, those)]))
}

function problemResponse(status: number, codes: readonly ErrorCode[]): ProblemResponse {
  const headers = problemHeaders[status]
  return {
    description: codes.map((code) => `\`${code}\`: ${errorCatalogue[code][1]}`).join('\n\n'),
    codes,
    ...(headers !== undefined && { headers: described(...headers) }),
    content: { [problemMediaType]: { schema: Problem } },
  }
}

/** The failures that every call of coreBOS may have. */
export const corebosProblems = [
  'COREBOS_UNAVAILABLE',
  'COREBOS_BUSY',
  'COREBOS_TIMEOUT',
  'COREBOS_TOO_LARGE',
  'COREBOS_FAILED',
  'COREBOS_REFUSED',
  'TOO_MANY_CALLS',
] as const satisfies ErrorCode[]

/** Of a record that is named by its id: it is not visible, or too much would have to be read to decide. */
export const recordProblems = ['NOT_FOUND', 'QUERY_TOO_LARGE'] as const satisfies ErrorCode[]

/** Of fields and conditions in a request. */
export const queryProblems = [
  'QUERY_SYNTAX',
  'QUERY_TOO_LARGE',
  'QUERY_NOT_EXPRESSIBLE',
  'INVALID_VALUE',
  'UNKNOWN_FIELD',
  'UNKNOWN_MODULE',
] as const satisfies ErrorCode[]

export const writeProblems = [
  'NOT_WRITABLE',
  'OUTCOME_UNKNOWN',
  'STORED_OTHERWISE',
  'QUERY_TOO_LARGE',
] as const satisfies ErrorCode[]

/** Of values to be written. */
export const valueProblems = [
  'UNKNOWN_FIELD',
  'FIELD_NOT_WRITABLE',
  'INVALID_VALUE',
  'REFERENCE_OUT_OF_SCOPE',
  'VALUES_REFUSED',
] as const satisfies ErrorCode[]

/** coreBOS's own id of a record: the module's number, `x`, the record's. */
export const WebserviceId = Type.String({
  pattern: `^${webserviceIdPattern}$`,
  examples: ['17x8625'],
})

/** A webservice id with the id of the record in the example of a route. */
export function webserviceId(example: string): TString {
  return Type.String({ ...WebserviceId, examples: [example] })
}

export const ModuleName = Type.String({ minLength: 1, maxLength: 100, examples: ['HelpDesk'] })

// Without examples: pages that try a route send these, and no record has such a tag.
const tags = { maxLength: 1000 }

export const IfNoneMatch = Type.Optional(
  Type.String({
    ...tags,
    description: 'Comma-separated `ETag`s that the client has; 304 if one still matches',
  }),
)

/** The headers of a request whose client may have the current version. */
export const Conditional = Type.Object({ 'if-none-match': IfNoneMatch })

/**
 * The `response` entries for an answer with an entity tag.
 *
 * @param hasLabels whether the answer depends on the language
 */
export function taggedAnswer<T extends TSchema>(
  schema: T,
  description: string,
  { example, hasLabels = false }: { example?: Static<T>; hasLabels?: boolean } = {},
) {
  const headers: readonly AnswerHeader[] = [
    'ETag',
    'Cache-Control',
    ...(hasLabels ? (['Content-Language'] as const) : []),
  ]
  return {
    200: answer(schema, description, { ...(example !== undefined && { example }), headers }),
    304: Type.Unsafe<undefined>(Type.Null({ description: 'Not modified', headers: described(...headers) })),
  }
}

export const IfNoneMatchOfWrite = Type.Optional(
  Type.String({
    ...tags,
    description: 'Write only if the record matches none of these `ETag`s',
  }),
)

export const IfMatch = Type.Optional(
  Type.String({ ...tags, description: 'Write only if the record still has this `ETag`' }),
)

export const IdempotencyKey = Type.Optional(
  Type.String({
    pattern: '^[\\x21-\\x7e]{1,255}$',
    examples: ['8e03978e-40d5-43dd-bc93-6894a57f9324'],
    description: 'Chosen by the client, a new one for each operation; stored for a day',
  }),
)

/** Values to be written. Each is checked against the type of its field, and not against this schema alone. */
export const RecordValues = Type.Record(Type.String(), Type.Unknown(jsonValueSchema), {
  title: 'Values',
  maxProperties: 500,
  description: `Values by field name, of the types that a record is read with: a record that was read can be sent back. ${valueTypes} Numbers may be sent as texts.`,
  examples: [
    {
      ticket_title: 'The printer is on fire',
      description: 'Again.',
      ticketstatus: 'Open',
      ticketpriorities: 'High',
    },
  ],
})

/** A file. */
export function binary(description: string, ...headers: readonly AnswerHeader[]) {
  return {
    description,
    headers: described('Content-Disposition', ...headers),
    content: {
      'application/octet-stream': {
        schema: Type.Unsafe<Buffer | Readable>({ type: 'string', format: 'binary' }),
      },
    },
  }
}
