/** The operators' page: what a contact may see and write, and what a query becomes. */
import { mkdir } from 'node:fs/promises'
import t, { type Test } from 'tap'
import type { AccessView } from '../../src/operator/access-view.ts'
import { html } from '../../src/operator/html.ts'
import { noBrowser, startBrowser } from '../support/browser.ts'
import { policyFile } from '../support/portal.ts'
import { startGateway, type Started } from '../support/start.ts'

const token = 'an-operator-token'
let gateway: Started
t.before(async () => {
  gateway = await startGateway(t, {
    env: {
      OPERATOR_TOKEN: token,
      POLICY_FILE: await policyFile(t, { HelpDesk: { hide: ['update_log'] }, Nowhere: { open: true } }),
    },
  })
})

const bearer = { authorization: `Bearer ${token}` }
const basic = { authorization: `Basic ${btoa(`operator:${token}`)}` }
const get = async (path: string, headers: Record<string, string> = bearer, { operatorUrl } = gateway) =>
  fetch(`${operatorUrl}${path}`, { headers })

async function accessOf(contact: string): Promise<AccessView> {
  const response = await get(`/access?contact=${encodeURIComponent(contact)}`)
  return (await response.json()) as AccessView // validated by the schema of the route
}

t.test('values are escaped, nested templates are not', async (t) => {
  t.equal(
    html`<p title="${'"a\'<'}">${['<b>', html`<i>&amp;</i>`]}</p>`.text,
    '<p title="&#34;a&#39;&#60;">&#60;b&#62;<i>&amp;</i></p>',
  )
})

t.test('a contact is found by e-mail address and by id', async (t) => {
  const byName = await accessOf('alice@example.com')
  t.strictSame(byName, await accessOf('12x8549'))
  t.match(byName.contact, { id: '12x8549', account: '11x8546', level: 'account', admission: 'ok' })
  t.match(await accessOf('frank@example.com'), { contact: { admission: 'portal-off' } })
  t.match(await accessOf('emil@example.com'), { contact: { entity: 'Employee' } })
  t.equal((await get('/access?contact=nobody@example.com')).status, 404)
  t.equal((await get('/access?contact=17x8625')).status, 404, 'a record of another module')
  t.equal((await get('/access')).status, 400)
})

t.test('each module has its rule, its fields, what is written, and its statement', async (t) => {
  const { open, closed, policy } = await accessOf('alice@example.com')
  const helpDesk = open.find(({ name }) => name === 'HelpDesk')
  t.match(helpDesk, {
    rule: '/modules/HelpDesk',
    source: { ties: { contact: ['parent_id'] }, hide: ['update_log'] },
    level: 'account',
    create: { force: { parent_id: '$contact' } },
    update: { level: 'own' },
    delete: null,
    explanation: { statement: /parent_id in \('12x8549','11x8546'\)/ },
  })
  t.ok(helpDesk?.hidden.includes('update_log'))
  t.notOk(helpDesk?.readable.includes('update_log'))
  t.match(closed, [{ name: 'Nowhere', reason: /^\/modules\/Nowhere: the installation has no module/ }])
  t.match(policy, { source: /policy\.json$/, hash: /^[0-9a-f]{12}$/ })
})

t.test('the page needs the token; browsers send it as a password, which opens nothing else', async (t) => {
  const without = await get('/', {})
  t.equal(without.status, 401)
  t.match(without.headers.get('www-authenticate'), /^Basic realm="operators"/)
  t.match(await without.text(), /The password is the value of OPERATOR_TOKEN/)
  t.equal((await get('/', { authorization: `Basic ${btoa('operator:wrong')}` })).status, 401)
  t.equal((await get('/', basic)).status, 200)
  t.equal((await get('/')).status, 200, 'or as a bearer token')
  t.equal((await get('/access?contact=12x8549', basic)).status, 401)
  const revoked = await fetch(`${gateway.operatorUrl}/sessions/revoke`, {
    method: 'POST',
    headers: { ...basic, 'content-type': 'application/json' },
    body: JSON.stringify({ contact: '12x8549' }),
  })
  t.equal(revoked.status, 401)

  const closed = await startGateway(t)
  const never = await get('/', { authorization: `Basic ${btoa('operator:')}` }, closed)
  t.equal(never.status, 401)
  t.equal(never.headers.get('www-authenticate'), null)
  t.match(await never.text(), /Set OPERATOR_TOKEN to open it/)
})

t.test('the page says what is wrong, and escapes what the request names', async (t) => {
  const page = await get(`/?contact=${encodeURIComponent('<script>"')}`)
  t.equal(page.headers.get('cache-control'), 'no-store')
  const text = await page.text()
  t.match(text, /value="&#60;script&#62;&#34;"/)
  t.notMatch(text, /<script/)
  const query = encodeURIComponent('select accesskey from Users')
  t.match(
    await (await get(`/?contact=12x8549&query=${query}`)).text(),
    /Rejected: <code>UNKNOWN_MODULE<\/code>/,
  )
  t.equal((await get('/?other=1')).status, 400)
})

t.test('bytes that are not UTF-8 are rejected on this port as well', async (t) => {
  for (const path of [
    '/?contact=caf%E9',
    '/access?contact=caf%E9',
    '/sessions?contact=caf%E9',
    '/sessions?contact=%',
  ])
    t.equal((await get(path)).status, 400, path)
  t.match(await (await get('/sessions?contact=caf%E9')).json(), {
    code: 'BAD_REQUEST',
    errors: [{ parameter: 'contact', message: "'contact' contains bytes that are not valid UTF-8" }],
  })
  t.equal((await get('/cache/clear?x=1')).status, 404, 'a GET of a route for POST')
  t.match(
    await (await get('/metrics?x=1')).json(),
    { code: 'VALIDATION_FAILED' },
    'unknown parameters are rejected',
  )

  const replaced = await startGateway(t, { env: { OPERATOR_TOKEN: 'an-operator-token-\ufffd' } })
  const password = (text: string, encoding: BufferEncoding) => ({
    authorization: `Basic ${Buffer.from(`operator:${text}`, encoding).toString('base64')}`,
  })
  t.equal((await get('/', password('an-operator-token-\ufffd', 'utf8'), replaced)).status, 200)
  t.equal(
    (await get('/', password('an-operator-token-\xe9', 'latin1'), replaced)).status,
    401,
    'a broken byte in a password is no replacement character',
  )
})

t.test('the description names every endpoint and is open', async (t) => {
  const { paths } = (await (await get('/openapi.json', {})).json()) as { paths: Record<string, object> } // as it is
  t.match(paths['/'], { get: { operationId: 'getPage', security: [{ bearer: [] }, { password: [] }] } })
  t.match(paths['/'], { get: { responses: { '4XX': { content: { 'text/html': {} } } } } })
  for (const path of ['/', '/metrics', '/access?contact=12x8549']) {
    const type = (await get(path)).headers.get('content-type')?.split(';')[0] ?? ''
    const described = paths[path.split('?')[0] ?? '']
    t.match(
      described,
      { get: { responses: { 200: { content: { [type]: { schema: {} } } } } } },
      `${path} ${type}`,
    )
  }
  t.strictSame(Object.keys(paths).sort(), [
    '/',
    '/access',
    '/cache/clear',
    '/changed',
    '/explain',
    '/failures/forget',
    '/metrics',
    '/sessions',
    '/sessions/revoke',
  ])
})

async function look(t: Test, width: number) {
  const browser = await startBrowser(t)
  const page = await browser.newPage({
    viewport: { width, height: 900 },
    httpCredentials: { username: 'operator', password: token },
  })
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(gateway.operatorUrl)
  return { page, complaints }
}

t.test('in a browser, by keyboard', { skip: noBrowser }, async (t) => {
  const { page, complaints } = await look(t, 1100)
  await page.keyboard.press('Tab')
  await page.keyboard.type('alice@example.com')
  await page.keyboard.press('Tab')
  await page.keyboard.type("select ticket_title from HelpDesk where ticketstatus = 'Open'")
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Access of alice@example.com' }).waitFor()
  t.match(await page.locator('section pre').textContent(), /ticketstatus='Open'/)
  await page.locator('summary', { hasText: 'HelpDesk' }).click()
  t.ok(await page.getByText('Always written: parent_id = $contact').isVisible())
  const unlabelled = await page.evaluate(
    "[...document.querySelectorAll('input, textarea')].filter((each) => each.labels.length === 0).length",
  )
  t.equal(unlabelled, 0)
  t.strictSame(complaints, [], 'the content security policy lets the page load')
  await mkdir('test/screens', { recursive: true })
  await page.screenshot({ path: 'test/screens/operator.png', fullPage: true })
  await page.setViewportSize({ width: 360, height: 700 })
  const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')
  t.equal(overflow, 0, 'no sideways scrolling on a telephone')
  await page.screenshot({ path: 'test/screens/operator-narrow.png' })
})
