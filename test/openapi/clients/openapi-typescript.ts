/** Types by openapi-typescript, requests by openapi-fetch. */
import createClient from 'openapi-fetch'
import type { components, paths } from './generated/openapi-typescript.js'

type Record = components['schemas']['Record']

const client = createClient<paths>({ baseUrl: process.env['GATEWAY'] ?? '' })

const login = await client.POST('/auth/login', {
  body: { username: 'alice@example.com', password: 'alice-pw' },
})
if (login.data === undefined) throw new Error(login.error.code)
const headers = { authorization: `Bearer ${login.data.accessToken ?? ''}` }

const params = { path: { module: 'HelpDesk' } }
const list = await client.GET('/modules/{module}/records', {
  headers,
  params: { ...params, query: { fields: 'ticket_title', limit: 5, count: true } },
})
if (list.data === undefined) throw new Error(list.error.code)
const first: Record | undefined = list.data.records[0]
if (first === undefined) throw new Error('there is no ticket')

const created = await client.POST('/modules/{module}/records', {
  headers,
  params,
  body: { ticket_title: 'Made by openapi-typescript', ticketstatus: 'Open', ticketpriorities: 'Low' },
})
if (created.data === undefined) throw new Error(created.error.code)

const uploaded = await client.POST('/documents', {
  headers,
  body: { file: 'hello', relatedTo: [created.data.id] },
  bodySerializer: ({ file, relatedTo = [] }) => {
    const form = new FormData()
    form.append('file', new Blob([String(file)], { type: 'text/plain' }), 'hello.txt')
    for (const id of relatedTo) form.append('relatedTo', id)
    return form
  },
})
if (uploaded.data === undefined) throw new Error(uploaded.error.code)
console.log(JSON.stringify({ listed: list.data.total, created: created.data.id, uploaded: uploaded.data.id }))
