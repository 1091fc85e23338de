/** A client by hey-api. */
import { client } from './generated/hey-api/client.gen.js'
import { createRecord, listRecords, logIn, uploadDocument } from './generated/hey-api/sdk.gen.js'
import type { Record } from './generated/hey-api/types.gen.js'

client.setConfig({ baseUrl: process.env['GATEWAY'] ?? '', throwOnError: true })

const login = await logIn<true>({ body: { username: 'alice@example.com', password: 'alice-pw' } })
client.setConfig({ auth: login.data.accessToken ?? '' })

const path = { module: 'HelpDesk' }
const list = await listRecords<true>({ path, query: { fields: 'ticket_title', limit: 5, count: true } })
const first: Record | undefined = list.data.records[0]
if (first === undefined) throw new Error('there is no ticket')

const created = await createRecord<true>({
  path,
  body: { ticket_title: 'Made by hey-api', ticketstatus: 'Open', ticketpriorities: 'Low' },
})
const file = new File(['hello'], 'hello.txt', { type: 'text/plain' })
const uploaded = await uploadDocument<true>({ body: { file, relatedTo: [created.data.id] } })
console.log(JSON.stringify({ listed: list.data.total, created: created.data.id, uploaded: uploaded.data.id }))
