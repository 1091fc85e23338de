/** PDFs of records: who gets which. */
import t from 'tap'
import { policyFile, usualModes } from '../support/portal.ts'
import { names, startDocumentPortal, rejection } from '../support/documents.ts'

t.test('a contact gets the PDF of records that it sees and coreBOS prints, and no others', async (t) => {
  for (const mode of usualModes) {
    const portal = await startDocumentPortal(t, { mode })
    const { database } = portal.corebos
    const missing = await rejection(await portal.fetch('alice', '/records/7x999999/pdf'))
    for (const name of names) {
      for (const module of ['Invoice', 'Quotes', 'SalesOrder']) {
        const mine = new Set(portal.oracle(name).visible(module))
        for (const record of database.records(module)) {
          const id = database.webserviceId(record)
          const response = await portal.fetch(name, `/records/${id}/pdf`)
          if (mine.has(record)) {
            t.equal(response.status, 200, `${mode}: ${name} ${id}`)
            t.match(await response.text(), /^%PDF-/)
            t.match(Object.fromEntries(response.headers), {
              'content-type': 'application/pdf',
              'content-disposition': `attachment; filename="${module} ${id}.pdf"`,
              'cache-control': 'private, no-store',
            })
          } else
            t.same([response.status, await rejection(response)], [404, missing], `${mode}: ${name} ${id}`)
        }
      }
    }
    const ticket = portal.oracle('alice').visible('HelpDesk')[0]?.number ?? 0
    t.equal((await portal.fetch('alice', `/records/17x${ticket}/pdf`)).status, 404, 'tickets are not printed')
    t.equal((await portal.fetch(undefined, '/records/7x8628/pdf')).status, 401)
  }
  const portal = await startDocumentPortal(t, {
    env: { POLICY_FILE: await policyFile(t, { Invoice: { hide: ['terms_conditions'] } }) },
  })
  const id = portal.oracle('alice').visible('Invoice')[0]?.number ?? 0
  t.equal((await portal.fetch('alice', `/records/7x${id}/pdf`)).status, 404, 'it might show what is hidden')
})
