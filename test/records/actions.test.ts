/** Business actions: where the policy lists one, coreBOS offers it and the record is visible. */
import t from 'tap'
import { policyFile, usualModes } from '../support/portal.ts'
import { type Person, startDocumentPortal } from '../support/documents.ts'
import { json } from '../support/posted.ts'

t.test('an action runs where the policy lists it, coreBOS offers it, and the record is seen', async (t) => {
  const labelled = ['Call me back', '50 % off / "now"? #1', `ä${'x'.repeat(99)}`, 'a+b&c=d;e']
  const actions = ['LBL_SHOW_CONTACT_HIERARCHY', 'Add Event', 'call_back', 'not_offered', ...labelled]
  const POLICY_FILE = await policyFile(t, { Contacts: { actions } })
  for (const mode of usualModes) {
    const portal = await startDocumentPortal(t, { mode, env: { POLICY_FILE } })
    // The demo coreBOS has links of coreBOS's own and runs nothing; what it would offer and say is put in here.
    const offered = { linklabel: 'call_back', linkid: '4711', linkurl: 'block://mod:path?RECORDID=8549' }
    portal.relay.alter = ({ operation, params, answer }) => {
      if (operation === 'executeBusinessAction') return { success: true, result: '<p>done</p>' }
      return params.get('linktype') === 'DETAILVIEWWIDGET' && answer.success
        ? {
            ...answer,
            result: {
              DETAILVIEWWIDGET: [offered, { ...offered, linklabel: 'unlisted' }].concat(
                labelled.map((linklabel) => ({ ...offered, linklabel })),
              ),
            },
          }
        : answer
    }
    const run = (name: Person | undefined, id: string, action: string) =>
      portal.fetch(name, `/records/${id}/actions/${action}`, { method: 'POST' })
    const list = await portal.fetch('alice', '/records/12x8549/actions')
    const shown = ['Add Event', 'LBL_SHOW_CONTACT_HIERARCHY'].map((name) => ({ name, runnable: false }))
    const runs = ['call_back', ...labelled].map((name) => ({ name, runnable: true }))
    t.same(await json(list), { actions: [...shown, ...runs] })
    t.same(
      await json(await portal.fetch('alice', '/records/12x8550/actions')),
      await json(await portal.fetch('bob', '/records/12x8550/actions')),
    )
    t.equal((await portal.fetch('alice', '/records/12x8551/actions')).status, 404)
    t.equal((await portal.fetch(undefined, '/records/12x8549/actions')).status, 401)
    const [ticket] = portal.oracle('alice').visible('HelpDesk')
    t.same(await json(await portal.fetch('alice', `/records/17x${ticket?.number ?? 0}/actions`)), {
      actions: [],
    })

    t.same(await json(await run('alice', '12x8549', 'call_back')), { result: '<p>done</p>' })
    for (const [name, id, action, status] of [
      ['alice', '12x8551', 'call_back', 404],
      ['carol', '12x8549', 'call_back', 404],
      ['dave', '12x8549', 'call_back', 404],
      ['alice', '12x8549', 'unlisted', 404],
      ['alice', '12x8549', 'not_offered', 404],
      ['alice', '12x8549', 'LBL_ADD_NOTE', 404],
      ['alice', '12x8549', 'LBL_SHOW_CONTACT_HIERARCHY', 422],
      ['alice', '12x8549', 'Add%20Event', 422],
      ['alice', '12x8549', 'Add+Event', 404],
      ['alice', '12x8549', 'add%20event', 404],
      ['alice', '12x8549', 'Add%09Event', 400],
      ['alice', '12x8549', 'Add%E2', 400],
      [undefined, '12x8549', 'call_back', 401],
    ] as const) {
      t.equal((await run(name, id, action)).status, status, `${mode}: ${name} ${id} ${action}`)
    }
    const ran = portal.relay.calls.filter(({ operation }) => operation === 'executeBusinessAction')
    t.same(
      ran.map(({ params }) => [params.get('businessactionid'), params.get('context')]),
      [['4711', '{"ID":"12x8549"}']],
    )
    t.ok(
      portal.log.some(
        (line) => line.includes('"operation":"action"') && line.includes('"action":"call_back"'),
      ),
    )

    for (const label of labelled) {
      t.same(await json(await run('alice', '12x8549', encodeURIComponent(label))), { result: '<p>done</p>' })
    }

    portal.relay.lost.add('executeBusinessAction')
    t.match(await json(await run('alice', '12x8549', 'call_back')), { code: 'OUTCOME_UNKNOWN' })
    t.equal(portal.relay.count('executeBusinessAction'), labelled.length + 2, 'it was not asked for again')
  }
})
