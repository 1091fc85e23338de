/** Explain against what is sent: the plan as text, for contacts and for operators. */
import t, { type Test } from 'tap'
import type { PolicySource } from '../src/policy/schema.ts'
import { answer } from '../src/tools/policy/run.ts'
import { policyFile, startPortal, type Portal, type PortalOptions } from './support/portal.ts'
import { sample } from './support/thorough.ts'

const token = 'an-operator-token'
const alice = '12x8549'

async function start(t: Test, helpDesk: object, mode: 'portal' | 'service' = 'portal'): Promise<Portal> {
  const POLICY_FILE = await policyFile(t, { HelpDesk: helpDesk })
  return startPortal(t, { mode, env: { POLICY_FILE, OPERATOR_TOKEN: token } })
}

const toContact = async (portal: Portal, query: string) =>
  (await portal.as('alice', 'POST', '/query/explain', { body: { query } })).text

const toOperator = async ({ operatorUrl }: Portal, query: string) => {
  const response = await fetch(`${operatorUrl}/explain`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ contact: alice, query }),
  })
  return response.text()
}

/** Conditions of a policy, each with the words by which it would be recognised. */
const conditions: readonly (readonly [where: string, ...words: readonly string[]])[] = [
  ["update_log != 'Mole'", 'update_log', 'Mole'],
  [
    "(update_log = 'Mole' or hours > 7) and ticketstatus != 'Shrew'",
    'update_log',
    'Mole',
    'hours',
    '7',
    'Shrew',
  ],
  ["description not like '%Mole%'", 'Mole'],
  ['description is null', 'is null'],
  ["Accounts.accountname != 'Mole'", 'accountname', 'Mole'],
  ["Accounts.accountname not like '%Mole%'", 'accountname', 'Mole'],
  ["assigned_user_id != '$user' and parent_id != '$self'", 'assigned_user_id', '19x', '12x'],
]

t.test(
  "explain shows a contact no part of the policy's own conditions, and operators all of it",
  async (t) => {
    for (const [where, ...words] of sample(conditions, 4)) {
      const portal = await start(t, { where, hide: ['update_log'] })
      await portal.as('alice', 'GET', '/modules/HelpDesk/records?limit=1')
      for (const query of [
        'select ticket_title from HelpDesk',
        "select ticket_title from HelpDesk where ticketstatus = 'Open' or ticketstatus = 'Closed'",
        'select count(*) from HelpDesk',
        "select ticket_title from HelpDesk where description not like '%x%'",
      ]) {
        const before = portal.relay.count('query')
        const shown = await toContact(portal, query)
        t.equal(portal.relay.count('query'), before, 'nothing was asked')
        const explanation = shown.replaceAll(/ticketstatus='(?:Open|Closed)'|limit [0-9,]*/g, '')
        for (const word of words) t.notOk(explanation.includes(word), `${where}: ${word}: ${shown}`)
        t.match(
          shown,
          /"statement":"select [^"]* from HelpDesk where parent_id in \(\$scope\) and \$rule[ ;]|"the policy's own condition on HelpDesk cannot be expressed in coreBOS"/,
        )
      }
      const inFull = await toOperator(portal, 'select ticket_title from HelpDesk')
      for (const word of words) t.ok(inFull.includes(word), `${where}: operators see ${word}: ${inFull}`)
      t.notMatch(inFull, /\$rule(?!")/, 'in the place of a condition')
    }
  },
)

t.test('a tie by a field that the contact cannot read is shown by its label alone', async (t) => {
  const portal = await start(t, { hide: ['parent_id'] })
  const shown = await toContact(portal, "select ticket_title from HelpDesk where ticketstatus = 'Open'")
  t.match(shown, "select ticket_title,id from HelpDesk where $scope and ticketstatus='Open' limit")
  t.notMatch(shown, 'parent_id')
  t.match(await toOperator(portal, 'select ticket_title from HelpDesk'), /parent_id in \('12x8549'/)
})

/** Statements, among them those whose sent form differs from the received one. */
const statements = [
  'select ticket_title from HelpDesk',
  'select * from HelpDesk limit 2',
  'select distinct ticketstatus from HelpDesk limit 2',
  'select distinct ticketstatus from HelpDesk order by ticketstatus limit 1,2',
  'select count(*) from HelpDesk',
  "select count(*) from HelpDesk where ticketstatus = 'Open'",
  'select ticket_title from HelpDesk order by ticket_title desc limit 1,3',
  'select ticket_title from HelpDesk limit 10000',
  "select id from HelpDesk where Contacts.firstname = 'alice'",
  'select id from HelpDesk where Contacts.lastname is null',
  "select id from HelpDesk where ticket_title not like '%zzz%'",
  'select projecttaskname from ProjectTask',
  "select id from Documents where related.HelpDesk = '17x8625'",
  'select notes_title from Documents limit 3',
  "select id from Invoice where subject like '%a%' or subject like '%b%'",
]

const rejected = [
  'select ticket_title from HelpDesk limit 10001',
  'select distinct ticketstatus from HelpDesk limit 10001',
  'select id from Nowhere limit 10001',
  'select accesskey from Users',
  'select nosuch from HelpDesk',
  "select ticket_title from HelpDesk where 'x",
  "select id from HelpDesk where id = '11x8625'",
  'select id from HelpDesk where hours is null',
  "select id from HelpDesk where ticket_title not like 'open'",
  "select id from HelpDesk where ticket_title > 'a where [b]'",
  "select id from HelpDesk where Contacts.lastname > 'a where [b]' and ticket_title > 'a where [c]'",
  "select id from HelpDesk where Contacts.lastname not like 'x' and ticket_title > 'a where [c]'",
  'select id from HelpDesk order by ticket_title desc, ticketstatus',
  "select id from HelpDesk where not related.Contacts = '12x8549'",
]

interface Explained {
  readonly statement: string
  readonly lookups: readonly { readonly explanation: Explained }[]
}

function lookedUp({ lookups }: Explained): string[] {
  return lookups.flatMap(({ explanation }) => [explanation.statement, ...lookedUp(explanation)])
}

/** A statement in full, as operators see it, and those of its look-ups. */
interface InFull {
  readonly statement: string
  readonly lookUps: readonly string[]
}

async function byRoute(portal: Portal, query: string): Promise<InFull> {
  const explained = JSON.parse(await toOperator(portal, query)) as Explained // the schema of the route
  return { statement: explained.statement, lookUps: lookedUp(explained).filter((each) => each !== '') }
}

/** The route takes contacts; the policy tool takes employees as well. */
async function byTool({ env }: Portal, query: string): Promise<InFull> {
  const [, , statement = ''] = await answer(
    ['explain', env['POLICY_FILE'] ?? '', '--as', 'emil@example.com', '--query', query],
    env,
  )
  return { statement, lookUps: [] }
}

interface Reader {
  readonly name: string
  readonly settings: PortalOptions
  readonly statements: readonly string[]
}

async function readers(t: Test): Promise<Reader[]> {
  const policy = async (...given: [Record<string, object>, Partial<PolicySource>?]) => ({
    POLICY_FILE: await policyFile(t, ...given),
    OPERATOR_TOKEN: token,
  })
  const employees = {
    Products: {},
    HelpDesk: { where: "assigned_user_id = '$user' and ticketstatus != 'Closed'", hide: ['solution'] },
  }
  const reader = (name: string, settings: PortalOptions): Reader => ({ name, settings, statements })
  const levels = ['own', 'account', 'company', 'group'] as const
  const where = "ticketstatus != 'Closed' and Accounts.accountname != 'x'"
  const byLevel = await Promise.all(
    sample(levels, 1).map(async (level) => reader('alice', { env: await policy({}, { level }) })),
  )
  return [
    ...byLevel,
    reader('alice', { mode: 'service', env: await policy({ HelpDesk: { where } }) }),
    { ...reader('emil', { env: await policy({}, { employees }) }), statements: statements.slice(0, 8) },
  ]
}

t.test(
  "the operators' explain is the statement that coreBOS receives, for each level and statement",
  async (t) => {
    for (const { name, settings, statements } of await readers(t)) {
      const portal = await startPortal(t, settings)
      for (const query of statements) {
        const { statement, lookUps } = await (name === 'emil' ? byTool : byRoute)(portal, query)
        const before = portal.relay.calls.length
        const { status } = await portal.as(name, 'POST', '/query', { body: { query } })
        t.equal(status, 200, query)
        const all = portal.relay.calls.map(({ params }) => params.get('query') ?? '')
        const sent = all.slice(before).filter((each) => each !== '' && !lookUps.includes(each))
        t.equal(sent.at(-1) ?? '', statement, query)
        t.strictSame(
          lookUps.filter((each) => !all.includes(each)),
          [],
          `${query}: the look-ups are those that were sent`,
        )
      }
    }
  },
)

t.test('explain rejects what /query rejects, with the same code and detail', async (t) => {
  const portal = await start(t, {})
  for (const query of rejected) {
    const { status, body } = await portal.as('alice', 'POST', '/query', { body: { query } })
    t.ok(status >= 400 && status < 500, `${query}: ${status}`)
    const explained: unknown = JSON.parse(await toContact(portal, query))
    t.strictSame(explained, { rejected: { code: body.code, detail: body['detail'] } }, query)
    t.strictSame(JSON.parse(await toOperator(portal, query)), explained, `${query}: operators`)
  }
})
