/** The schemas of `/webservice.php` in the OpenAPI description: its parameters and its envelope. */
import { Type } from '@sinclair/typebox'
import { operations } from './operations.ts'

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
export const schemas = {
  GET: { ...common, querystring: Parameters },
  POST: {
    ...common,
    consumes: ['application/x-www-form-urlencoded', 'multipart/form-data', 'application/json'],
    body: Parameters,
  },
}
