/** Sends the request of a row and says what is wrong with its answer and its effect. */
import type { Test } from 'tap'
import { contents, stored, type Answer } from '../../support/portal.ts'
import { textAt } from '../../support/webservice-client.ts'
import type { PortalUnderTest } from './portal-under-test.ts'
import type { ReadContext, Row } from './row.ts'

async function put(
  { portal }: PortalUnderTest,
  row: Row,
  context: ReadContext | undefined,
  about: string,
): Promise<Answer> {
  const [method = '', template = ''] = row.route.split(' ')
  const { params = {}, query, ...sent } = (await row.ask?.(about, context)) ?? {}
  const path = template.replace(/:(\w+)|\*/g, (whole, name: string | undefined) =>
    encodeURIComponent(params[name ?? whole] ?? about),
  )
  const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`
  return portal.as(context?.name, method, `${path}${search}`, sent)
}

/** An answer without what each has of its own. */
export function told({ status, headers, text }: Answer, about = '', instead = ''): string {
  const said = text.replace(/"(?:requestId|instance)":"[^"]*",?/g, '').replaceAll(about, instead)
  return [status, Object.keys(headers).sort(), headers['content-type'], said].join(' ')
}

export function isGiven({ status, body }: Answer): boolean {
  return status < 400 && body['success'] !== false
}

const writingOperation =
  /^(create|revise|delete|SetRelation|UnsetRelation|addTicketFaqComment|executeBusinessAction)$/

/** Asks what a row says for one context. @returns the answer, and what is wrong with it */
export async function judge(t: Test, tested: PortalUnderTest, row: Row, context: ReadContext | undefined) {
  const { portal, database, routes } = tested
  const { route, about = '', absent } = row
  const right = context === undefined ? (row.nobody ?? 'AUTHENTICATION_REQUIRED') : row.right(context)
  const isRead = route.startsWith('GET') || route.includes('/query')
  const name = context?.name ?? 'nobody'
  const state = async () => {
    const seen = /^[0-9]+x[0-9]+$/.test(about) ? await stored(portal.admin, about) : undefined
    return contents(database) + JSON.stringify([about, seen])
  }
  const before = isRead || right === 'done' ? '' : (tested.unchanged.get(about) ?? (await state()))
  const sent = portal.relay.calls.length
  const answer = await put(tested, row, context, about)
  const faults: string[] = []
  // What is known to be unchanged is not looked at again.
  tested.unchanged.clear()
  if (!isRead && right !== 'done') {
    const after = await state()
    if (after === before) tested.unchanged.set(about, after)
    else faults.push('it has changed something')
  }
  if (isRead || right !== 'done') {
    const made = portal.relay.calls.slice(sent).map(({ operation }) => operation)
    faults.push(...made.filter((each) => writingOperation.test(each)))
  }
  if (right === 'done') {
    if (!isGiven(answer)) faults.push(`it is rejected: ${answer.text}`)
    else if (context !== undefined) await row.holds?.(t, answer, context)
  } else if (right !== 'absent') {
    const code = answer.body.code ?? textAt(answer.body, 'error', 'code')
    if (code !== right) faults.push(`${answer.status} ${code} instead of ${right}`)
  }
  // Without a token the answer does not tell whether the record exists.
  if (right === 'absent' || (context === undefined && absent !== undefined)) {
    const [here, there] = [told(answer), told(await put(tested, row, context, absent ?? ''), absent, about)]
    if (here !== there) faults.push(`it is told apart from what is not there: ${here} and ${there}`)
  }
  const head = route.replace(/^GET/, 'HEAD')
  const kind = `${head} ${name} ${right}`
  if (head !== route && routes.has(head) && !tested.headed.has(kind)) {
    tested.headed.add(kind)
    const { status, text } = await put(tested, { ...row, route: head }, context, about)
    if (status !== answer.status || text !== '') faults.push(`its HEAD is ${status} ${text}`)
  }
  return { answer, right, faults }
}
