/** Explain: which statement a query would become, without sending it. */
import t from 'tap'
import { startRelayed } from '../support/start.ts'
import { textAt } from '../support/webservice-client.ts'
import { ContactPortal } from '../support/levels.ts'

t.test('explain tells what would be sent, and sends nothing', async (t) => {
  const { relay, gateway } = await startRelayed(t)
  const alice = await ContactPortal.of(gateway, 'alice')
  await alice.ids('select id from HelpDesk limit 1')
  const before = relay.count('query')
  const explained = await alice.explain(
    "select ticket_title from HelpDesk where ticketstatus = 'Open' limit 5",
  )
  t.match(explained, {
    rule: 'HelpDesk',
    level: 'account',
    dialect: 'basic',
    statement:
      "select ticket_title,id,parent_id from HelpDesk where parent_id in ($scope) and ticketstatus='Open' limit 5;",
    lookups: [],
  })
  t.match(await alice.explain('select projecttaskname from ProjectTask'), {
    rule: 'ProjectTask',
    statement: /projectid in \(\$scope\)/,
    lookups: [
      {
        label: '$scope',
        explanation: { rule: 'Project', statement: /linktoaccountscontacts in \(\$scope\)/ },
      },
    ],
  })
  t.match(await alice.explain("select ticket_title from HelpDesk where Contacts.lastname = 'x'"), {
    lookups: [{ explanation: { rule: 'Contacts' } }],
  })
  t.match(await alice.explain('select accesskey from Users'), {
    rejected: { code: 'UNKNOWN_MODULE', detail: /Users/ },
  })
  t.match(await alice.explain("select ticket_title from HelpDesk where 'x"), {
    rejected: { code: 'QUERY_SYNTAX' },
  })
  t.match(await alice.explain("select ticket_title from HelpDesk where ticket_title not like 'x'"), {
    rejected: { code: 'QUERY_NOT_EXPRESSIBLE' },
  })
  // Both the statement and what it looks up are rejected; neither may end the process.
  const tab = "select ticket_title from HelpDesk where ticket_title = 'a\tb'"
  t.match(await alice.explain(tab), { rejected: { code: 'QUERY_NOT_EXPRESSIBLE' } })
  t.equal(relay.count('query'), before)
  const sent = await alice.query("select ticket_title from HelpDesk where ticketstatus = 'Open' limit 5")
  t.equal(sent.status, 200)
  t.equal(
    relay.calls
      .at(-1)
      ?.params.get('query')
      ?.replace(/in \([^)]*\)/, 'in ($scope)'),
    textAt(explained, 'statement'),
    'and that is what is sent',
  )
})
