/** Carries out the look-ups of a draft, each under its own rule, and makes the plan of the query. */
import type { ReadContext } from '../access/context.ts'
import { clearId } from '../model/cleared-id.ts'
import { GatewayError } from '../model/errors.ts'
import { limits } from '../model/limits.ts'
import { mapLimited } from '../model/map-limited.ts'
import { parseId } from '../model/webservice-id.ts'
import type { Condition, Lookup, Query, Relation } from '../query/tree.ts'
import { meetsExactly } from '../scope/exact.ts'
import {
  draft,
  levelOf,
  ofGateway,
  ofLookUp,
  plan,
  type Draft,
  type Origin,
  type Plan,
} from '../scope/plan.ts'
import { resolveCondition, unresolvedIn, type FoundIds } from '../scope/resolve.ts'
import { ruleLabel, scopeLabel, scopeOf } from '../scope/rule-condition.ts'
import { asRuleError, otherWay } from '../scope/rule-error.ts'
import type { ModuleView } from '../scope/view.ts'
import { bypassSharedReads } from '../access/bypass-cache.ts'
import { readBy, sendPlan } from './send.ts'

/** @throws GatewayError for which the query is rejected, or the error of coreBOS */
export async function planOf(query: Query, context: ReadContext, origin: Origin): Promise<Plan> {
  return completed(await draftOf(query, context, origin), context)
}

/** @throws GatewayError for which the query is rejected, or the error of coreBOS */
export async function draftOf(query: Query, context: ReadContext, origin: Origin): Promise<Draft> {
  const { visible } = context
  return draft(query, visible, await context.ownerIds(levelOf(query, visible, origin)), origin)
}

/** The plan of a draft, after its look-ups. @throws GatewayError for which it is rejected, or the error of coreBOS */
export async function completed(draft: Draft, context: ReadContext): Promise<Plan> {
  return plan(draft, await lookUpIds(draft.lookUps, context))
}

/** The condition that a view's records meet, with the ids that its look-ups find. */
export async function resolvedScope(view: ModuleView, context: ReadContext): Promise<Condition> {
  const scope = scopeOf(view, context.visible, await context.ownerIds(view.decision.level))
  return resolveCondition(scope, await lookUpIds(unresolvedIn(scope), context))
}

/** @throws GatewayError for which a look-up is rejected, or the error of coreBOS */
async function lookUpIds(lookUps: Draft['lookUps'], context: ReadContext): Promise<FoundIds> {
  const found = await mapLimited(lookUps, async (node) => {
    const load = (by: ReadContext) => (node.kind === 'lookup' ? lookedUp(node, by) : relatedTo(node, by))
    if (node.label !== scopeLabel) return [node, await ruleErrorsOf(node, load(context))] as const
    // Look-ups of the scope are the same for every query, and are cached no longer than the scope.
    const modules = node.kind === 'lookup' ? [node.query.module] : [node.parentModule, node.module]
    const again = () => load(bypassSharedReads(context))
    return [node, await context.remember(keyOf(node), modules, again)] as const
  })
  return new Map(found)
}

/** The policy's own condition is looked up in a separate statement, whose errors are not shown to the contact. */
export async function ruleErrorsOf<T>({ label }: Lookup | Relation, work: Promise<T>): Promise<T> {
  if (label !== ruleLabel) return work
  return work.catch((error: unknown) => {
    throw asRuleError(error)
  })
}

function keyOf(node: Lookup | Relation): string {
  return JSON.stringify(
    node.kind === 'lookup'
      ? ['lookup', node.query.module]
      : ['relation', node.parentModule, node.module, 'length' in node.parents ? node.parents : '*'],
  )
}

/** A look-up in the first of its ways that can express the scope of this contact. */
export async function inOneWay<T>(node: Lookup, work: (node: Lookup) => Promise<T>): Promise<T> {
  return work(node).catch(async (error: unknown) => work(otherWay(node, error)))
}

async function lookedUp(node: Lookup, context: ReadContext): Promise<readonly string[]> {
  return inOneWay(node, async (node) => ids(node.query, context, ofLookUp(node), node.exact))
}

async function ids(
  query: Query,
  context: ReadContext,
  origin: Origin,
  exact?: Lookup['exact'],
): Promise<readonly string[]> {
  const { rows } = await sendPlan(await planOf(query, context, origin), context)
  bounded([...rows], query.module)
  const meeting = exact === undefined ? rows : rows.filter((row) => meetsExactly(row, exact))
  return meeting.map(({ id = '' }) => id)
}

async function relatedTo(
  { parents, parentModule, module }: Relation,
  context: ReadContext,
): Promise<readonly string[]> {
  const parentIds = 'length' in parents ? parents : await ids(parents, context, ofGateway())
  if (parentIds.length > limits.parents) {
    throw new GatewayError(
      'QUERY_TOO_LARGE',
      `the relations of more than ${limits.parents} ${parentModule} are not followed`,
    )
  }
  const by = readBy(context.visible.require(module))
  const parsed = parentIds.map(parseId).filter((id) => id !== undefined)
  const lists = await mapLimited(parsed, (id) =>
    context.reader.relatedIds(clearId(id), parentModule, module, by),
  )
  return bounded([...new Set(lists.flat())], module)
}

/** @throws GatewayError `QUERY_TOO_LARGE` for more ids than one tie may have */
export function bounded<T>(found: T[], module: string): T[] {
  if (found.length <= limits.ids) return found
  throw new GatewayError(
    'QUERY_TOO_LARGE',
    `the condition matches more than ${limits.ids} records of ${module}; narrow it`,
  )
}
