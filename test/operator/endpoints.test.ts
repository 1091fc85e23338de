/** The endpoints of the operators' port: metrics, explain, sessions, and the token that they need. */
import t from 'tap'
import { startPortal } from '../support/portal.ts'
import { startGateway } from '../support/start.ts'
import { at, textAt } from '../support/webservice-client.ts'
import { post, json, alice } from '../support/posted.ts'

/** With the settings that every installation needs, and no others. */
const plain = await startPortal(t)

t.test('operators', async (t) => {
  const token = 'an-operator-token'
  const gateway = await startGateway(t, { env: { OPERATOR_TOKEN: token } })
  const { url, operatorUrl, log } = gateway
  const contact = '12x8549'
  const { accessToken } = await json(await post(`${url}/auth/login`, alice))
  const authorization = `Bearer ${String(accessToken)}`
  const ask = async (path: string, body?: object): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`${operatorUrl}${path}`, {
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }

  await t.test('read metrics, which are not on the port for all', async (t) => {
    await fetch(`${url}/nope`)
    await fetch(`${url}/health/ready`)
    const metrics = await (await fetch(`${operatorUrl}/metrics`)).text()
    t.match(metrics, /http_request_duration_seconds_count\{method="GET",route="none",status="404"\} 1/)
    t.match(metrics, /portal_corebos_call_duration_seconds_count\{operation="listtypes",/)
    t.match(metrics, /# TYPE portal_rows_withheld_total counter/)
    t.equal((await fetch(`${url}/metrics`)).status, 404)
  })

  await t.test('have a statement of a contact explained', async (t) => {
    const query = 'select projecttaskname from ProjectTask'
    const lookup = { explanation: { statement: /linktoaccountscontacts in \('12x8549','11x8546'\)/ } }
    t.match(await ask('/explain', { contact, query }), {
      status: 200,
      body: { rule: 'ProjectTask', statement: /projectid in \('33x\d+'/, lookups: [lookup] },
    })
    t.match(await ask('/explain', { contact, query: 'select accesskey from Users' }), {
      body: { rejected: { code: 'UNKNOWN_MODULE' } },
    })
    const explain = (each: string) => ask('/explain', { contact: each, query: 'select id from HelpDesk' })
    for (const unknown of ['12x1', 'x']) t.match(await explain(unknown), { status: 404 })
    const byName = await explain(alice.username)
    t.strictSame(byName, await explain(contact))
    t.match(byName, { status: 200, body: { statement: /parent_id in/ } })
  })

  await t.test(
    'find sessions by contact, under the name that the log has for them, and end them',
    async (t) => {
      await post(`${url}/modules/Leads/records`, {}, { authorization })
      const lines = log.map((line): unknown => JSON.parse(line))
      const audited = lines.find((line) => at(line, 'audit') !== undefined)
      const by = textAt(audited, 'audit', 'by')
      t.match(by, /^[0-9a-f]{16}$/)
      const listed = { status: 200, body: { sessions: [{ contact, by }] } }
      t.match(await ask(`/sessions?contact=${contact}`), listed)
      t.match(await ask(`/sessions?contact=${alice.username}`), listed, 'also by the e-mail address')
      t.match(await ask('/cache/clear', {}), { status: 204 })
      t.match(await ask('/sessions/revoke', { contact }), { status: 200, body: { ended: 1 } })
      t.match(await ask(`/sessions?contact=${contact}`), { body: { sessions: [] } })
      const after = await fetch(`${url}/auth/session`, { headers: { authorization } })
      t.equal(after.status, 401, 'at the next request')
    },
  )

  await t.test('need the token, on their own port', async (t) => {
    for (const path of ['/explain', '/sessions/revoke', '/cache/clear']) {
      t.equal((await post(`${operatorUrl}${path}`, { contact })).status, 401, `${path} needs the token`)
      t.equal((await post(`${url}${path}`, { contact })).status, 404, `${path} is not on the port for all`)
    }
    const as = (sent: string) => fetch(`${operatorUrl}/anything`, { headers: { authorization: sent } })
    t.equal((await fetch(`${operatorUrl}/anything`)).status, 401)
    const wrong = await as(`Bearer ${token}x`)
    t.equal(wrong.status, 401)
    t.match(await wrong.text(), /Send OPERATOR_TOKEN as 'Authorization: Bearer TOKEN'/)
    t.equal((await as(`Bearer ${token}`)).status, 404, 'the token opens what there is')
  })

  await t.test('are not let in with an empty token where none is set', async (t) => {
    const headers = { authorization: 'Bearer ' }
    const closed = await fetch(`${plain.operatorUrl}/anything`, { headers })
    t.equal(closed.status, 401)
    t.match(await closed.text(), /OPERATOR_TOKEN is not set/)
  })
})
