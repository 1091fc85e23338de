/** The manual that readers of `/docs` see before the routes, in Markdown. */
import { limits } from '../model/limits.ts'

export const manual = `Gives customers and employees access to their own records in a coreBOS CRM. This page explains how to
use the API, and lists the routes below. Each route can be tried: press **Authorize**, enter an access token, then **Try it out**.

## Getting started

Log in, then list the tickets that you may see:

\`\`\`sh
TOKEN=$(curl -s http://localhost:3000/auth/login -H 'content-type: application/json' \\
  -d '{"username":"alice@example.com","password":"alice-pw"}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')

curl -s "http://localhost:3000/modules/HelpDesk/records?fields=ticket_title,ticketstatus&count=true" \\
  -H "authorization: Bearer $TOKEN"
\`\`\`

The same in TypeScript:

\`\`\`ts
const gateway = 'http://localhost:3000'
const login = await fetch(\`\${gateway}/auth/login\`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ username: 'alice@example.com', password: 'alice-pw' }),
})
const { accessToken } = await login.json()
const list = await fetch(\`\${gateway}/modules/HelpDesk/records?fields=ticket_title,ticketstatus&count=true\`, {
  headers: { authorization: \`Bearer \${accessToken}\` },
})
const { records, total } = await list.json()
\`\`\`

\`GET /me\` says who the contact is and what it may do. \`GET /modules\` lists the modules that it may read. The client library
\`corebos-portal-gateway/client\` does log-in, refresh and paging for you.

## Authentication and refresh

\`POST /auth/login\` returns an access token and a refresh token. Send the access token as \`Authorization: Bearer …\`. It expires
after \`expiresIn\` seconds; the response is then 401 \`TOKEN_EXPIRED\`. \`POST /auth/refresh\` exchanges the refresh token for a
new pair. Each refresh token works once. For a few seconds after its use it returns the newest pair of its session, so that
several tabs can share a session. \`SESSION_ENDED\` means that the session is over: log in again. All failed log-ins look the same.

## Cookies

A page in a browser may send \`"session": "cookie"\` with the log-in if the gateway runs with \`COOKIE_SESSIONS=true\`. The tokens
are then in cookies that scripts cannot read, and \`POST /auth/refresh\` takes an empty object. Requests with cookies that change
something must come from the origin of the portal; otherwise the response is 403 \`CROSS_SITE\`. Tokens keep working beside cookies.

## Paging and filtering

Lists take \`fields\`, \`limit\` (at most ${limits.rows}, by default ${limits.defaultRows}), \`offset\` and \`count=true\`. Follow
\`next\` and \`prev\` until they are missing.

- \`filter[ticketstatus]=Open\` and \`filter[createdtime][gte]=2026-11-01\` filter by fields. The operators are \`gt\`, \`gte\`,
  \`lt\`, \`lte\`, \`ne\`, \`in\`, \`nin\`, \`contains\`, \`startsWith\` and \`empty\`.
- \`sort=-createdtime,ticket_title\` sorts, with \`-\` before a descending field.
- \`expand=parent_id(firstname,lastname),comments\` includes the records that a reference points to, and the comments.
- \`display=true\` adds texts for people to each record: names of referenced records, of owners and authors, labels of
  picklists and codes of currencies. \`expand=assigned_user_id(name)\` gives the name of an owner.
- \`where\` and \`orderBy\` take the [query language](#query-language).
- \`GET /modules/{module}/aggregate\` counts and sums up; with \`display=true\` each group has \`display\`, the texts of its
  \`groupBy\` fields.

Unknown parameters and fields are rejected with an error that names them.

## Languages

\`lang=es\` or \`Accept-Language\` chooses the language of labels: of modules, fields and picklist values. \`Content-Language\` names
it. Values are the same in every language; send back \`value\`, and show \`label\`. Messages of errors are in English.

## Types and time zones

\`GET /modules/{module}\` lists the fields of a module with their types. Values have JSON types: numbers, \`true\` and \`false\`,
\`null\` for empty fields, arrays for several choices. Dates are \`YYYY-MM-DD\`, times \`2026-11-24T07:35:26Z\` in UTC; show them in
the time zone of the user. References and owners are ids such as \`17x8625\`: the number of the module, \`x\`, and the number of
the record. The \`id\` of a record never changes. Conditions of the query language take times as \`2026-11-24 07:35:26\`.

## Files

\`POST /documents\` uploads a file as \`multipart/form-data\` and relates it to a record. \`GET /documents/{id}/content\` returns the
file, also in ranges. \`POST /documents/{id}/link\` makes a link that works once, for pages that cannot send a header.
\`GET /me\` has the accepted types and sizes under \`limits\`.

## Errors

Errors are \`application/problem+json\` (RFC 9457). \`code\` never changes its meaning, \`detail\` says what was wrong, and \`errors\` names
the fields or parameters. "Not there" and "not yours" are the same 404. \`requestId\` finds the request in the log of the gateway.

## Rate limits

Every response of a limited route says in \`RateLimit\` how many requests are left and in how many seconds the window ends, and in
\`RateLimit-Policy\` what the limits are. Beyond a limit the response is 429 \`RATE_LIMITED\` with \`Retry-After\` in seconds.

## Policies: why is a field missing?

The operator of the gateway decides in a policy which modules, fields and records a contact reads and writes. A field that the
policy hides does not exist for this contact: it is not in responses, and naming it is \`UNKNOWN_FIELD\`. A record outside the scope
is not found. \`GET /modules/{module}\` lists the fields that this contact reads, and those that it may write.
\`GET /modules/openapi.json\` describes the modules of this contact, for generators of clients.`
