/** Records that a contact does not see change nothing in its answers. */
import t from 'tap'
import { generatedStatements, recordedStatements } from '../support/corpus.ts'
import { keeping } from '../support/keeping.ts'
import { ownerIdsOf, Oracle } from '../support/oracle.ts'
import { usualModes } from '../support/portal.ts'
import { startGateway, type StartOptions } from '../support/start.ts'
import { isThorough, sample, times } from '../support/thorough.ts'
import { people, type Reply, ContactPortal, openModules } from '../support/levels.ts'

/** Headers that tell when a request came, and which one it was. */
const varying = new Set(['date', 'x-request-id', 'x-ratelimit-reset', 'x-ratelimit-remaining', 'ratelimit'])

/** What is changed of others begins with 'other'. */
const listings = [
  '/modules/HelpDesk/records?count=true&filter[ticket_title][contains]=other',
  '/modules/HelpDesk/records?count=true&filter[ticket_title][ne]=x&sort=-ticket_title,id&limit=3',
  '/modules/HelpDesk/records?filter[update_log][contains]=other',
  '/modules/HelpDesk/records?sort=-update_log,id',
  '/modules/HelpDesk/records?limit=5&expand=parent_id(lastname,accountname,account_id(accountname)),product_id(productname)',
  '/modules/Contacts/records?count=true&filter[lastname][nin]=other,x&expand=account_id(accountname),comments',
  '/modules/HelpDesk/aggregate?groupBy=ticketstatus,ticket_title&count=true&sum=hours&max=createdtime',
  '/modules/HelpDesk/aggregate?groupBy=update_log&count=true',
  '/modules/Contacts/aggregate?count=true&filter[lastname][startsWith]=other',
  '/modules/Documents/aggregate?groupBy=notes_title&count=true',
  // Names of what records point to, which may be others'.
  ...['HelpDesk', 'Contacts', 'Invoice', 'InventoryDetails', 'Project', 'Assets', 'Documents'].map(
    (module) => `/modules/${module}/records?display=true&limit=50`,
  ),
  '/modules/HelpDesk/records?display=true&expand=parent_id(account_id),product_id,assigned_user_id(name),comments',
  '/modules/HelpDesk/aggregate?groupBy=parent_id,ticketstatus&count=true',
  ...['HelpDesk', 'Invoice', 'Documents'].map(
    (module) => `/modules/${module}/aggregate?groupBy=id,assigned_user_id&count=true&display=true`,
  ),
  '/modules/HelpDesk/aggregate?groupBy=parent_id,product_id,ticketstatus&count=true&display=true&lang=es',
  '/modules/InventoryDetails/aggregate?groupBy=related_to,productid,contact_id,account_id&count=true&display=true',
  '/modules/HelpDesk/aggregate?groupBy=update_log&count=true&display=true',
  '/search?q=other',
  '/search?q=alice&display=true',
]

t.test('what a contact may not see changes nothing of what it is answered', async (t) => {
  const keys = {
    SESSION_KEYS: Buffer.alloc(32, 7).toString('base64'),
    PUBLIC_URL: 'https://portal.example.com',
  }
  const start = async (options: StartOptions) => {
    const gateway = await startGateway(t, { ...options, corebosNow: () => Date.UTC(2026, 10, 26) })
    return { gateway, database: gateway.corebos.database }
  }
  const variants = [
    ...usualModes.map((mode) => ({ mode, settings: {} })),
    { mode: 'portal', settings: keeping } as const,
  ]
  for (const { mode, settings } of variants) {
    const env = { ...keys, LOGIN_MODE: mode, LOG_LEVEL: 'warn', ...settings }
    const [one, two] = await Promise.all([start({ env }), start({ env })])
    const oracle = new Oracle(two.database, ownerIdsOf(two.database, people.alice, 'account'))
    const hidden = [...two.database.modules.keys()].flatMap((module) =>
      two.database.records(module).filter((record) => !oracle.sees(record)),
    )
    let changed = 0
    for (const record of hidden) {
      // Accounts, contacts and users that only log-ins and hops look at keep who they are.
      if (['Users', 'Groups', 'Currency'].includes(record.module)) continue
      const module = two.database.module(record.module)
      for (const field of module?.fields ?? []) {
        if (!['string', 'text', 'picklist', 'url', 'phone'].includes(field.type.name)) continue
        if (field.name === 'faqstatus' || /portal/.test(field.name)) continue
        record.values.set(field.name, `other ${record.number}`)
        changed++
      }
    }
    t.ok(changed > 500, `${changed} values differ`)
    const [here, there] = await Promise.all(
      [one, two].map(({ gateway }) => ContactPortal.of(gateway, 'alice', mode)),
    )
    if (here === undefined || there === undefined) throw new Error('alice is not there twice')
    const requests: (readonly ['GET' | 'POST', string, unknown?])[] = [
      ...[
        ...(isThorough && mode === 'service' ? recordedStatements() : []),
        ...generatedStatements(one.database, times(15, 100)),
      ].map((query) => ['POST', '/query', { query }] as const),
      ...sample(openModules, 8).flatMap((module) => [
        ['GET', `/modules/${module}`] as const,
        ['GET', `/modules/${module}/records?count=true&limit=3`] as const,
        ['GET', `/modules/${module}/records?count=true&limit=3&offset=2`] as const,
      ]),
      ['GET', '/modules'],
      ...listings.map((path) => ['GET', path] as const),
      ...hidden
        .slice(0, times(10, 60))
        .map((record) => ['GET', `/records/${one.database.webserviceId(record)}`] as const),
      ...new Oracle(one.database, ownerIdsOf(one.database, people.alice, 'account'))
        .visible('HelpDesk')
        .map((record) => ['GET', `/records/${one.database.webserviceId(record)}`] as const),
    ]
    const comparable = ({ status, headers, text }: Reply) => {
      const rest = Object.entries(headers).filter(([header]) => !varying.has(header))
      return JSON.stringify([status, rest, text.replace(/"requestId":"[^"]*"/, '')])
    }
    const different: string[] = []
    const rejected: string[] = []
    for (const each of requests) {
      const [a, b] = await Promise.all([here, there].map((portal) => portal.send(...each)))
      if (a === undefined || b === undefined || comparable(a) !== comparable(b))
        different.push(JSON.stringify(each))
      if (a?.status !== 200 && listings.includes(each[1])) rejected.push(each[1])
    }
    t.same(
      rejected,
      listings.filter((path) => path.includes('update_log')),
      'what is rejected for everybody would prove nothing but for a hidden field',
    )
    t.same(different.slice(0, 5), [], `${mode}: ${requests.length} answers, ${different.length} different`)
  }
})
