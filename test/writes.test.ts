import t from 'tap'
import { modes, startPortal } from './portal.ts'

const ids = {
  alice: '12x8549',
  bob: '12x8550',
  carol: '12x8551',
  aliceTicket: '17x8625',
  bobTicket: '17x8645',
  acmeTicket: '17x8565',
  carolTicket: '17x8665',
} as const

for (const mode of modes) {
  t.test(`${mode} mode: a contact opens a ticket, changes it, and nothing but it`, async (t) => {
    const portal = await startPortal(t, { mode })
    const read = async (id: string) =>
      (await portal.admin.result('retrieve', { id })) as Record<string, string>

    const created = await portal.as('alice', 'POST', '/records/HelpDesk', {
      body: { ticket_title: 'on fire', ticketstatus: 'Open' },
    })
    t.equal(created.status, 201)
    const { id = '' } = created.body
    t.equal(created.headers['location'], `/records/${id}`)
    t.match(await read(id), { ticket_title: 'on fire', parent_id: ids.alice })
    t.match(await portal.as('alice', 'GET', `/records/${id}`), { body: created.body })

    const changed = await portal.as('alice', 'PATCH', `/records/${id}`, { body: { ticket_title: 'out' } })
    t.match(changed, { status: 200, body: { ticket_title: 'out', ticketstatus: 'Open' } })
    t.match(await read(id), { ticket_title: 'out', parent_id: ids.alice })

    for (const [ticket, code] of [
      [ids.acmeTicket, 'NOT_WRITABLE'],
      [ids.bobTicket, 'NOT_FOUND'],
      [ids.carolTicket, 'NOT_FOUND'],
      ['17x1', 'NOT_FOUND'],
    ] as const) {
      const before = portal.relay.count('revise')
      const refused = await portal.as('alice', 'PATCH', `/records/${ticket}`, {
        body: { ticket_title: 'mine' },
      })
      t.equal(refused.body.code, code, ticket)
      t.equal(portal.relay.count('revise'), before, 'nothing was sent')
    }
  })
}

t.test('the log tells of each write who did what by which rule, and no value', async (t) => {
  const portal = await startPortal(t, { env: { LOG_LEVEL: 'error' } })
  await portal.as('alice', 'PATCH', `/records/${ids.alice}`, { body: { phone: '555-1234' } })
  await portal.as('alice', 'PATCH', `/records/${ids.alice}`, { body: { account_id: '11x8547' } })
  await portal.as('alice', 'PATCH', `/records/${ids.bobTicket}`, { body: { ticket_title: 'mine' } })
  const lines = portal.log.filter((line) => line.includes('"audit"'))
  t.strictSame(
    lines.map((line) => {
      const { audit } = JSON.parse(line) as { readonly audit: Record<string, unknown> } // as it was filtered
      return { ...audit, by: typeof audit['by'] }
    }),
    [
      { ids: [ids.alice], module: 'Contacts', rule: 'Contacts', outcome: 'ok' },
      { ids: [ids.alice], module: 'Contacts', rule: 'Contacts', outcome: 'FIELD_NOT_WRITABLE' },
      { ids: [ids.bobTicket], module: 'HelpDesk', rule: 'HelpDesk', outcome: 'NOT_FOUND' },
    ].map((line) => ({
      contact: ids.alice,
      entity: 'Contacts',
      by: 'string',
      operation: 'update',
      ...line,
    })),
  )
  t.notMatch(lines.join('\n'), /555|11x8547|mine/)
})
