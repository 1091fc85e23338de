/** What a contact may see and write, module by module, with the rule that decides it: for operators. */
import { Type, type Static } from '@sinclair/typebox'
import type { ReadContext } from '../access/context.ts'
import type { PolicyState } from '../access/policy-in-force.ts'
import { levels, type Contact } from '../model/contact.ts'
import { GatewayError } from '../model/errors.ts'
import { mapLimited } from '../model/map-limited.ts'
import { printCondition } from '../query/canonical.ts'
import { parseQuery } from '../query/parse.ts'
import { explainInFull, type Explanation } from '../read/explain.ts'
import { isOpen, type Writing } from '../scope/write.ts'
import type { ModuleView } from '../scope/view.ts'

const Names = Type.Array(Type.String())
const Level = Type.Union(levels.map((level) => Type.Literal(level)))
const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T, description: string) =>
  Type.Union([schema, Type.Null()], { description })

export const ExplanationView = Type.Object(
  {
    rule: Type.String(),
    level: Level,
    dialect: Type.Union([Type.Literal('basic'), Type.Literal('extended')], {
      description: 'The dialect in which coreBOS reads the statement',
    }),
    statement: Type.String({ description: 'Empty if no row can match' }),
    lookups: Type.Array(
      Type.Object({
        label: Type.String(),
        explanation: Type.Unsafe<Explanation>(
          Type.Object({}, { additionalProperties: true, description: 'The same for the look-up' }),
        ),
      }),
      { description: 'Look-ups that run first, each under its own rule' },
    ),
  },
  { title: 'Explanation' },
)

export const Rejection = Type.Object(
  { rejected: Type.Object({ code: Type.String(), detail: Type.String() }) },
  { title: 'Rejection', description: 'The query is rejected' },
)

const WriteView = Type.Object(
  {
    level: Level,
    where: nullable(Type.String(), 'A further condition on the records'),
    fields: Names,
    force: Type.Record(Type.String(), Type.String(), {
      description: 'Values that are always written, independent of the request',
    }),
  },
  { title: 'WriteView' },
)

const OpenModule = Type.Object(
  {
    name: Type.String(),
    rule: Type.String({ description: 'JSON pointer to the rule in the policy' }),
    source: Type.Unknown({ description: 'The rule as written in the policy' }),
    level: Level,
    isOpen: Type.Boolean({ description: 'True if the records need no tie to the contact' }),
    readable: Names,
    hidden: Names,
    create: nullable(WriteView, 'Null if closed'),
    update: nullable(WriteView, 'Null if closed'),
    delete: nullable(WriteView, 'Null if closed'),
    relate: Names,
    actions: Names,
    explanation: Type.Union([ExplanationView, Rejection], {
      description: 'The statement for `select id from` the module',
    }),
  },
  { title: 'OpenModule' },
)

export const AccessView = Type.Object(
  {
    contact: Type.Object({
      entity: Type.Union([Type.Literal('Contacts'), Type.Literal('Employee')]),
      id: Type.String(),
      account: nullable(Type.String(), 'Null if the contact belongs to no account'),
      user: Type.String({ description: 'The CRM user that the contact is mapped to' }),
      level: Level,
      admission: Type.String({
        description: '`ok`, or the reason why a log-in with the right password is rejected today',
      }),
    }),
    policy: Type.Object({
      source: Type.String({ description: 'The path of the policy file, or `built-in`' }),
      hash: Type.String(),
      loadedAt: Type.String({ format: 'date-time' }),
    }),
    open: Type.Array(OpenModule),
    closed: Type.Array(Type.Object({ name: Type.String(), reason: Type.String() }), {
      description: 'Modules that the policy names and the contact does not see',
    }),
  },
  { title: 'AccessView' },
)
export type AccessView = Static<typeof AccessView>
export type OpenModule = Static<typeof OpenModule>
export type WriteView = Static<typeof WriteView>
export type QueryView = Explanation | Static<typeof Rejection>

/** The explanation of a query; a rejection is returned. @throws GatewayError the error of coreBOS */
export async function explained(query: string, context: ReadContext): Promise<QueryView> {
  try {
    return await explainInFull(parseQuery(query), context)
  } catch (error) {
    if (!(error instanceof GatewayError) || error.status >= 500) throw error
    return { rejected: { code: error.code, detail: error.message } }
  }
}

/** @param admission `ok`, or the reason why a log-in is rejected @throws GatewayError the error of coreBOS */
export async function accessView(
  { contact, admission }: { readonly contact: Contact; readonly admission: string },
  context: ReadContext,
  { state, file }: { readonly state: PolicyState; readonly file: string | undefined },
): Promise<AccessView> {
  const { visible } = context
  const section = contact.entity === 'Contacts' ? 'modules' : 'employees'
  const rules = state.policy.source[section] ?? {}
  const open = await mapLimited(visible.names, async (name) => ({
    ...openModule(visible.require(name), `/${section}/${name}`),
    source: rules[name],
    explanation: await explained(`select id from ${name}`, context),
  }))
  const seen = new Set(visible.names)
  return {
    contact: {
      entity: contact.entity,
      id: contact.id,
      account: contact.accountId ?? null,
      user: contact.user.id,
      level: contact.level,
      admission,
    },
    policy: {
      source: file ?? 'built-in',
      hash: state.hash,
      loadedAt: new Date(state.loadedAt).toISOString(),
    },
    open,
    closed: Object.keys(rules)
      .filter((name) => !seen.has(name))
      .map((name) => ({ name, reason: reasonOf(name, `/${section}/`, state) })),
  }
}

function openModule(view: ModuleView, rule: string) {
  const { module, readable, decision } = view
  return {
    name: module.name,
    rule,
    level: decision.level,
    isOpen: decision.rule.ties === undefined,
    readable: [...readable.keys()],
    hidden: [...module.fields.keys()].filter((field) => !readable.has(field)),
    create: writeView(view, 'create'),
    update: writeView(view, 'update'),
    delete: writeView(view, 'delete'),
    relate: [...decision.rule.relate],
    actions: [...decision.rule.actions],
  }
}

function writeView(view: ModuleView, writing: Writing): WriteView | null {
  if (!isOpen(view, writing)) return null
  const { rule, level } = view.decision
  const { create, update } = rule
  const writingRule = rule[writing]
  const written = writing === 'create' ? create : writing === 'update' ? update : undefined
  return {
    level: writingRule?.level ?? (writing === 'create' ? level : 'own'),
    where: writingRule?.where === undefined ? null : printCondition(writingRule.where),
    fields: [...(written?.fields ?? [])],
    force: written?.force ?? {},
  }
}

function reasonOf(name: string, section: string, { faults }: PolicyState): string {
  const fault = faults.find(({ path }) => path.startsWith(`${section}${name}`))
  return fault === undefined
    ? 'coreBOS does not show the module, or a field that the rule needs, to the service user'
    : `${fault.path}: ${fault.message}`
}
