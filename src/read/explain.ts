/** Explains a query: its plan as text, with the plans of its look-ups. */
import type { ReadContext } from '../access/context.ts'
import type { Level } from '../model/contact.ts'
import { mapLimited } from '../model/map-limited.ts'
import type { Lookup, Query, Relation } from '../query/tree.ts'
import { outline } from '../scope/outline.ts'
import { ofCaller, ofGateway, ofLookUp, type Draft, type Origin } from '../scope/plan.ts'
import { isShown, type Dialect } from '../scope/rule-condition.ts'
import { RuleError } from '../scope/rule-error.ts'
import { completed, draftOf, inOneWay, ruleErrorsOf } from './look-up.ts'

export interface Explanation {
  readonly rule: string
  readonly level: Level
  readonly dialect: Dialect
  /**
   * Empty if no row can match. For contacts with `$scope` and `$rule` in place of ties and of the policy's own
   * conditions.
   */
  readonly statement: string
  /** Look-ups that run first, each under its own rule. */
  readonly lookups: { label: string; explanation: Explanation }[]
}

/** The plan of a query for one kind of reader. */
interface Shown {
  readonly draft: Draft
  /** Must be called after the look-ups, whose errors come first when the query runs. */
  readonly statement: () => Promise<string>
  /** Whether the reader may know of a look-up. */
  readonly isShown: (node: Lookup | Relation) => boolean
}

type Means = (query: Query, origin: Origin) => Promise<Shown>

/**
 * For contacts: without a call of coreBOS, and without the policy's own conditions.
 *
 * @throws GatewayError for which the query is rejected when it runs
 */
export async function explain(query: Query, { visible }: ReadContext): Promise<Explanation> {
  return explanation(query, ofCaller, async (query, origin) => {
    const { draft, statement } = outline(query, visible, origin)
    return {
      draft,
      statement: async () => statement(),
      isShown: (node) => isShown(node, draft.scoped.view),
    }
  })
}

/**
 * For operators: with every id and condition, for which the look-ups are carried out.
 *
 * @throws GatewayError for which the query is rejected when it runs, or the error of coreBOS
 */
export async function explainInFull(query: Query, context: ReadContext): Promise<Explanation> {
  try {
    return await explanation(query, ofCaller, async (query, origin) => {
      const draft = await draftOf(query, context, origin)
      return {
        draft,
        statement: async () => (await completed(draft, context)).statement?.text ?? '',
        isShown: () => true,
      }
    })
  } catch (error) {
    throw error instanceof RuleError ? error.reason : error
  }
}

async function explanation(query: Query, origin: Origin, means: Means): Promise<Explanation> {
  const { draft, statement, isShown } = await means(query, origin)
  const { rule, level } = draft.scoped.view.decision
  // Hidden look-ups are explained as well, because the query is rejected if one of them is.
  const lookups = await mapLimited(draft.lookUps, async (node) => {
    const explained = await ruleErrorsOf(node, explainLookUp(node, means))
    return isShown(node) ? explained : []
  })
  const { dialect } = draft
  return { rule: rule.name, level, dialect, statement: await statement(), lookups: lookups.flat() }
}

async function explainLookUp(node: Lookup | Relation, means: Means): Promise<Explanation['lookups']> {
  const { label } = node
  if (node.kind === 'lookup') {
    const explained = async (way: Lookup) => explanation(way.query, ofLookUp(way), means)
    return [{ label, explanation: await inOneWay(node, explained) }]
  }
  if ('length' in node.parents) return []
  return [{ label, explanation: await explanation(node.parents, ofGateway(), means) }]
}
