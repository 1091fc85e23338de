/** A client by orval, with its fetch functions. */
import { createRecord, listRecords, logIn, uploadDocument } from './generated/orval.js'
import type { Record } from './generated/orval.js'

// The description names paths alone: a page asks the host that it comes from.
const { fetch } = globalThis
globalThis.fetch = (url, init) => fetch(new URL(String(url), process.env['GATEWAY']), init)

const login = await logIn({ username: 'alice@example.com', password: 'alice-pw' })
if (login.status !== 200) throw new Error(login.data.code)
const options = { headers: { authorization: `Bearer ${login.data.accessToken ?? ''}` } }

const list = await listRecords('HelpDesk', { fields: 'ticket_title', limit: 5, count: true }, options)
if (list.status !== 200) throw new Error(list.status === 304 ? 'not modified' : list.data.code)
const first: Record | undefined = list.data.records[0]
if (first === undefined) throw new Error('there is no ticket')

const values = { ticket_title: 'Made by orval', ticketstatus: 'Open', ticketpriorities: 'Low' }
const created = await createRecord('HelpDesk', values, {}, options)
if (created.status !== 201) throw new Error(created.data.code)

const file = new File(['hello'], 'hello.txt', { type: 'text/plain' })
const uploaded = await uploadDocument({ file, relatedTo: [created.data.id] }, {}, options)
if (uploaded.status !== 201) throw new Error(uploaded.data.code)
console.log(JSON.stringify({ listed: list.data.total, created: created.data.id, uploaded: uploaded.data.id }))
