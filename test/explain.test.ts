import t, { type Test } from 'tap'
import { policyFile, startPortal, type Portal } from './support/portal.ts'
import { passwordTypes, WebserviceClient } from './support/webservice-client.ts'

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
    for (const [where, ...words] of conditions) {
      const portal = await start(t, { where, hide: ['update_log'] })
      await portal.as('alice', 'GET', '/records/HelpDesk?limit=1')
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
          /"statement":"select [^"]* from HelpDesk where parent_id in \(\$scope\) and \$rule[ ;]|"the policy's own condition on HelpDesk cannot be put to coreBOS"/,
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

/** What coreBOS cannot be asked, or has not, in the policy's own condition; each names what is not to be told. */
const faults: readonly (readonly [where: string, ...words: readonly string[]])[] = [
  ["update_lag = 'Mole'", 'update_lag'],
  ["description not like 'Mole%'", "only 'not like' with %"],
  ["Moles.molename = 'x'", 'Moles'],
  ["createdtime > 'Mole'", 'createdtime'],
  ['hours is null', 'hours'],
  ["update_log != 'Mole\tShrew'", 'line breaks and tabs in a value'],
]

t.test(
  "an error in the policy's own condition is told to operators, and only that there is one to contacts",
  async (t) => {
    for (const [where, ...words] of faults) {
      const portal = await start(t, { where, hide: ['update_log'] })
      const client = new WebserviceClient(portal.url)
      await client.tryPortal('alice@example.com', 'alice-pw', passwordTypes['alice'] ?? 'md5')
      const query = 'select ticket_title from HelpDesk'
      const answers = [
        (await portal.as('alice', 'GET', '/records/HelpDesk')).text,
        (await portal.as('alice', 'GET', '/records/HelpDesk?count=true&limit=1')).text,
        (await portal.as('alice', 'GET', '/records/17x8625')).text,
        (await portal.as('alice', 'PATCH', '/records/17x8625', { body: { ticket_title: 'x' } })).text,
        (await portal.as('alice', 'GET', '/search?q=x&modules=HelpDesk')).text,
        (await portal.as('alice', 'POST', '/query', { body: { query } })).text,
        (await client.call('query', { query: `${query};` })).text,
        (await client.call('retrieve', { id: '17x8625' })).text,
      ]
      for (const text of answers) {
        t.match(text, /"code":"QUERY_NOT_EXPRESSIBLE"/, where)
        t.match(text, /the policy's own condition/, where)
        for (const word of [...words, 'update_log', 'Mole'])
          t.notOk(text.includes(word), `${where}: ${word}: ${text}`)
      }
      const explained = await toContact(portal, query)
      for (const word of [...words, 'update_log', 'Mole'])
        t.notOk(explained.includes(word), `${where}: ${word}: ${explained}`)
      const inFull = await toOperator(portal, query)
      for (const word of words) t.ok(inFull.includes(word), `${where}: operators see ${word}: ${inFull}`)
      const warnings = portal.log.filter(
        (line) => line.includes('"level":40') && line.includes("policy's own"),
      )
      t.ok(
        warnings.length > 0 && warnings.every((line) => words.every((word) => line.includes(word))),
        `${where}: the log says which`,
      )
    }
  },
)
