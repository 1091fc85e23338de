/** Errors about parameters and fields name them, and say what is accepted. */
import t from 'tap'
import { startPortal } from '../support/portal.ts'

/** Each request with the parameter or field that its error names, and what the error says. */
const requests = [
  ['GET', '/me?x=1', undefined, { parameter: 'x', message: 'not accepted; none is' }],
  ['GET', '/modules?x=1', undefined, { parameter: 'x', message: 'not accepted; accepted are lang' }],
  ['GET', '/search?q=a&foo=1', undefined, { parameter: 'foo', message: /accepted are q, modules, limit/ }],
  ['GET', '/search?q=a&modules=HelpDsk', undefined, { parameter: 'modules', message: /HelpDesk/ }],
  ['GET', '/modules/HelpDesk/records?order=id', undefined, { parameter: 'order', message: /orderBy, sort/ }],
  ['GET', '/modules/HelpDesk/records?count=yes', undefined, { parameter: 'count', message: /true or false/ }],
  [
    'GET',
    '/modules/HelpDesk/aggregate?count=true&limit=1',
    undefined,
    { parameter: 'limit', message: /groupBy, count, sum/ },
  ],
  [
    'GET',
    '/query?q=select%20titel%20from%20HelpDesk;',
    undefined,
    { parameter: 'q', message: /no field 'titel'/ },
  ],
  [
    'POST',
    '/query',
    { query: 'select titel from HelpDesk;' },
    { field: 'query', message: /line 1, column 8: .*no field 'titel'/ },
  ],
  ['POST', '/query', { query: 'select * from HelpDesk;', limit: 1 }, { field: 'limit', message: /query/ }],
  [
    'POST',
    '/auth/login',
    { username: 'a', password: 'b', session: 'cookies' },
    { field: 'session', message: 'expected one of "token", "cookie"' },
  ],
  [
    'POST',
    '/auth/login',
    { username: 'a', password: 'b', user: 'c' },
    { field: 'user', message: /username/ },
  ],
] as const

t.test('an error names the parameter or field, and what is accepted', async (t) => {
  const portal = await startPortal(t)
  for (const [method, path, body, expected] of requests) {
    const answer = await portal.as('alice', method, path, body === undefined ? {} : { body })
    t.ok(answer.status >= 400 && answer.status < 500, `${method} ${path}: ${answer.status}`)
    t.match(answer.body.errors?.[0], expected, `${method} ${path}`)
  }
})
