/** Requests as clients in Python, Go and Ruby send them: their forms, their order of parameters, their conditions. */
import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { startPortal, type Portal } from '../support/portal.ts'
import { at, rowsAt, textAt } from '../support/webservice-client.ts'

type Params = Readonly<Record<string, string>>

/** How a library writes a request. */
interface Style {
  readonly userAgent: string
  /** Behind the address of the gateway. */
  readonly path: string
  readonly encode: (params: Params) => string
  readonly json: (value: unknown) => string
  readonly contentType: string
}

const form = 'application/x-www-form-urlencoded'
const styles: Readonly<Record<string, Style>> = {
  // requests: blanks as `+`; json.dumps puts a blank behind each comma and colon.
  Python: {
    userAgent: 'python-requests/2.32.3',
    path: '/webservice.php',
    encode: (params) => new URLSearchParams(params).toString(),
    json: (value) =>
      JSON.stringify(value, undefined, 1)
        .replace(/\n */g, ' ')
        .replace(/^\{ | \}$/g, (brace) => brace.trim()),
    contentType: form,
  },
  // url.Values.Encode sorts the names; the base address ends in a slash.
  Go: {
    userAgent: 'Go-http-client/1.1',
    path: '//webservice.php',
    encode: (params) => new URLSearchParams(Object.entries(params).sort()).toString(),
    json: (value) =>
      JSON.stringify(value).replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`),
    contentType: form,
  },
  // URI.encode_www_form with a charset behind the type.
  Ruby: {
    userAgent: 'Ruby',
    path: '/webservice.php',
    encode: (params) => new URLSearchParams(params).toString().replaceAll('%2A', '*'),
    json: (value) => JSON.stringify(value),
    contentType: `${form}; charset=UTF-8`,
  },
}

const tally = { passed: 0, all: 0 }

function clientIn(style: Style, portal: Portal) {
  const { userAgent, path, encode, contentType } = style
  return async (method: 'GET' | 'POST', params: Params): Promise<unknown> => {
    const text = encode(params)
    const response = await request(`${portal.url}${path}${method === 'GET' ? `?${text}` : ''}`, {
      method,
      headers: {
        'user-agent': userAgent,
        accept: '*/*',
        ...(method === 'POST' && { 'content-type': contentType }),
      },
      ...(method === 'POST' && { body: text }),
    })
    return response.body.json()
  }
}

async function drive(t: Test, language: string, style: Style, portal: Portal): Promise<void> {
  const send = clientIn(style, portal)
  const step = async (name: string, sent: Promise<unknown>, check: (found: unknown) => boolean) => {
    tally.all++
    const answer = await sent
    const passed = at(answer, 'success') === true && check(at(answer, 'result'))
    if (passed) tally.passed++
    t.ok(passed, `${language}: ${name}`, passed ? {} : { answer })
    return at(answer, 'result')
  }
  const challenge = await step(
    'getchallenge',
    send('GET', { operation: 'getchallenge', username: 'alice' }),
    (found) => textAt(found, 'token') !== '',
  )
  const accessKey = createHash('md5')
    .update(`${textAt(challenge, 'token')}alice-access-key`)
    .digest('hex')
  const login = await step(
    'login',
    send('POST', { operation: 'login', username: 'alice', accessKey }),
    (found) => textAt(found, 'userId') !== '',
  )
  const [sessionName, user] = [textAt(login, 'sessionName'), textAt(login, 'userId')]
  const get = (operation: string, params: Params) => send('GET', { operation, sessionName, ...params })
  const post = (operation: string, params: Params) => send('POST', { operation, sessionName, ...params })
  const query = (text: string) => get('query', { query: text })
  const isRows = (count: number) => (found: unknown) => rowsAt(found).length === count
  await step(
    'connect',
    query("select id from Users where user_name='alice';"),
    (found) => textAt(found, 0, 'id') === user,
  )
  await step('the own user', get('retrieve', { id: user }), (found) => textAt(found, 'user_name') === 'alice')
  await step(
    'listtypes',
    get('listtypes', { fieldTypeList: 'null' }),
    (found) => rowsAt(found, 'types').length > 5,
  )
  await step(
    'describe',
    get('describe', { elementType: 'HelpDesk,Leads,Faq' }),
    (found) => Object.keys(found ?? {}).join() === 'HelpDesk,Faq',
  )
  await step('ids in a list', query('SELECT * FROM HelpDesk WHERE id IN (17x8625,17x8626);'), isRows(2))
  await step(
    'an id',
    query('select * from HelpDesk where parent_id = 12x8549 and id in (17x8625,17x8626,17x8565);'),
    isRows(2),
  )
  await step(
    'like with an id',
    query("select * from HelpDesk where parent_id like '12x8549' and ticket_title like 'alice%';"),
    isRows(3),
  )
  await step('all records', query('select ticket_title from HelpDesk where (true) limit 0, 5;'), isRows(5))
  await step('comparison with null', query('select id from HelpDesk where solution = null;'), isRows(0))
  await step(
    'count',
    query('select count(*) from HelpDesk where id != 17x8625 and id in (17x8625,17x8626);'),
    (found) => textAt(found, 0, 'count') === '1',
  )
  const element = { ticket_title: `<${language}> & "co"`, ticketstatus: 'Open', assigned_user_id: user }
  const created = await step(
    'create',
    post('create', { elementType: 'HelpDesk', element: style.json(element) }),
    (found) => textAt(found, 'ticket_title') === element.ticket_title,
  )
  const id = textAt(created, 'id')
  await step(
    'revise',
    post('revise', { element: style.json({ id, description: 'x, y: z' }) }),
    (found) => textAt(found, 'description') === 'x, y: z',
  )
  await step('retrieve', get('retrieve', { id }), (found) => textAt(found, 'id') === id)
  await step('logout', post('logout', {}), (found) => textAt(found, 'message') === 'successfull')
}

t.test('clients in other languages work unchanged', async (t) => {
  const portal = await startPortal(t, { mode: 'user' })
  for (const [language, style] of Object.entries(styles)) await drive(t, language, style, portal)
  t.comment(`client operations passed ${tally.passed} of ${tally.all}`)
  t.equal(tally.passed, tally.all)
})
