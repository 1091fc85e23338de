/** A contact with many tickets and projects asks what a contact with few may ask, and gets its own rows. */
import t, { type Test } from 'tap'
import { ownerIdsOf, Oracle } from '../support/oracle.ts'
import { policyFile, startPortal, usualModes, type Portal } from '../support/portal.ts'

const alice = '12x8549'
const ofCarol = '12x8551'

/** More than the dialect with `is null` and `not like` accepts in one statement. */
const many = 55

async function create(portal: Portal, elementType: string, element: object): Promise<string> {
  const made = await portal.admin.result('create', {
    elementType,
    element: { assigned_user_id: '19x5', ...element },
  })
  return (made as { readonly id: string }).id // as recorded
}

/** Many tickets and projects of alice, with one task and one comment of each kind, and such records of carol. */
async function plant(portal: Portal): Promise<void> {
  const project = async (owner: string, name: string) =>
    create(portal, 'Project', { projectname: name, linktoaccountscontacts: owner })
  for (let i = 0; i < many; i += 1) {
    await create(portal, 'HelpDesk', { ticket_title: `t${i}`, ticketstatus: 'Open', parent_id: alice })
    await project(alice, `p${i}`)
  }
  for (const owner of [alice, ofCarol]) {
    const id = await project(owner, 'with tasks')
    for (const text of ['plain', 'an internal note', 'two  blanks']) {
      await create(portal, 'ModComments', { commentcontent: text, related_to: id })
      await create(portal, 'ProjectTask', { projecttaskname: text, projectid: id, projecttasktype: '' })
    }
  }
}

/** The rows that the oracle expects; `asked` is the condition if the policy adds one of its own. */
async function same(t: Test, portal: Portal, module: string, where: string, asked = where): Promise<void> {
  const { database } = portal.corebos
  const expected = new Oracle(database, ownerIdsOf(database, 8549, 'account')).answer(
    `select id from ${module} where ${where} limit 500`,
  )
  const query = `select id from ${module} where ${asked} limit 500`
  const { status, body, text } = await portal.as('alice', 'POST', '/query', { body: { query } })
  t.equal(status, 200, `${module}: ${asked}: ${text.slice(0, 200)}`)
  t.strictSame(
    (body.records ?? []).map(({ id }) => id).toSorted(),
    expected.rows.map(({ id }) => id).toSorted(),
    `${module}: ${asked}`,
  )
}

const conditions = [
  ['ModComments', "commentcontent not like '%internal%'"],
  ['ModComments', "commentcontent not like '%o  b%'"],
  ['ModComments', 'commentcontent is null'],
  ['ModComments', 'parent_comments is null'],
  ['ModComments', 'creator is null or related_to is null'],
  ['ModComments', "not (commentcontent like '%plain%' or createdtime is null)"],
  ['ProjectTask', "projecttaskname not like '%internal%'"],
  ['ProjectTask', "createdtime not like '%1999%'"],
  ['ProjectTask', "startdate not like '%1999%'"],
  ['ProjectTask', 'projecttasktype is null'],
  ['ProjectTask', "projecttasktype is null and projecttaskname!='plain'"],
] as const

for (const mode of usualModes) {
  t.test(`${mode}: empty fields and 'not like' beside many owners`, async (t) => {
    const portal = await startPortal(t, { mode })
    await plant(portal)
    for (const [module, where] of conditions) await same(t, portal, module, where)
    const { body } = await portal.as(
      'alice',
      'GET',
      '/modules/ModComments/records?filter[parent_comments][empty]=true',
    )
    t.ok((body.records ?? []).length >= 3, 'a filter')
    t.notOk(
      portal.log.some((line) => line.includes("the policy's own condition")),
      'no condition of the policy is at fault',
    )
    const explained = await portal.as('alice', 'POST', '/query/explain', {
      body: { query: 'select id from ModComments where parent_comments is null' },
    })
    t.equal(explained.status, 200)
  })
}

t.test("such conditions of the policy's own narrow the rows of many owners", async (t) => {
  const where = "not like '%internal%'"
  const file = await policyFile(t, {
    ModComments: { where: `commentcontent ${where}` },
    ProjectTask: { where: `projecttaskname ${where} and projecttaskname != 'x not in (1,2)'` },
  })
  const portal = await startPortal(t, { env: { POLICY_FILE: file } })
  await plant(portal)
  await same(t, portal, 'ModComments', `commentcontent ${where}`, "related_to != ''")
  await same(t, portal, 'ProjectTask', `projecttaskname ${where}`, "projectid != ''")
  const { body } = await portal.as('alice', 'GET', '/modules/ProjectTask/records?count=true')
  t.equal(body['total'], body.records?.length, 'none is withheld')
})
