/** Comments of employees: on the records that their condition shows, where their policy lets them create comments. */
import t, { type Test } from 'tap'
import type { EmployeeRuleSource } from '../../src/policy/schema.ts'
import { policyFile, startPortal, stored } from '../support/portal.ts'

const create = { fields: ['commentcontent', 'related_to'], force: { assigned_user_id: '$user' } }

async function portalWith(t: Test, comments: EmployeeRuleSource) {
  const employees = {
    HelpDesk: { where: "ticketstatus = 'Open'" },
    Project: { where: "projectname like '%alice%'" },
    Products: {},
    ModComments: comments,
  }
  return startPortal(t, { env: { POLICY_FILE: await policyFile(t, {}, { employees }) } })
}

t.test('an employee comments on visible tickets and projects', async (t) => {
  const portal = await portalWith(t, { create })
  const { database } = portal.corebos
  const idOf = (module: string, field: string, value: string): string => {
    const found = database.records(module).find((each) => each.values.get(field) === value)
    return found === undefined ? `no ${value}` : database.webserviceId(found)
  }
  const open = idOf('HelpDesk', 'ticketstatus', 'Open')
  const comment = async (id: string) =>
    portal.as('emil', 'POST', `/records/${id}/comments`, { body: { text: 'on its way' } })
  const listed = async (id: string) => (await portal.as('emil', 'GET', `/records/${id}/comments`)).text

  t.equal((await comment(open)).status, 201)
  t.match(await listed(open), /"text":"on its way","author":{"kind":"user"/)
  const project = idOf('Project', 'projectname', 'alice project')
  const made = await comment(project)
  t.equal(made.status, 201, made.text)
  t.match(await listed(project), /on its way/)
  t.match(await stored(portal.admin, String(made.body.id)), {
    related_to: project,
    commentcontent: 'on its way',
  })
  t.match(
    await comment(idOf('HelpDesk', 'ticketstatus', 'Closed')),
    { status: 404, body: { code: 'NOT_FOUND' } },
    'outside the condition',
  )
  t.match(
    await comment(idOf('Project', 'projectname', 'carol project')),
    { status: 404, body: { code: 'NOT_FOUND' } },
    'outside the condition',
  )
  t.match(
    await comment(idOf('Products', 'productname', 'Widget')),
    { status: 403, body: { code: 'NOT_WRITABLE' } },
    'products have none',
  )
  const ofContact = await portal.as('alice', 'POST', '/records/11x8546/comments', { body: { text: 'no' } })
  t.match(ofContact, { status: 403, body: { code: 'NOT_WRITABLE' } }, 'the ties of contacts decide for them')
  const { body } = await portal.as('emil', 'GET', '/modules')
  const modules = body['modules'] as readonly { name: string; rights: { comment: boolean } }[] // as described
  t.strictSame(
    modules.map(({ name, rights }) => [name, rights.comment]),
    [
      ['HelpDesk', true],
      ['Project', true],
      ['Products', false],
      ['ModComments', false],
    ],
  )
})

t.test('an employee who may only read comments writes none', async (t) => {
  const portal = await portalWith(t, {})
  const { body } = await portal.as(
    'emil',
    'GET',
    '/modules/HelpDesk/records?filter[ticketstatus]=Open&limit=1',
  )
  const [ticket] = body.records ?? []
  const answer = await portal.as('emil', 'POST', `/records/${String(ticket?.['id'])}/comments`, {
    body: { text: 'no' },
  })
  t.match(answer, { status: 403, body: { code: 'NOT_WRITABLE' } })
})
