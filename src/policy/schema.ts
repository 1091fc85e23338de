/** The schema of the policy file. */
import { ActionName } from '../model/action-name.ts'
import { Type, type Static } from '@sinclair/typebox'
import { levels } from '../model/contact.ts'

const strict = { additionalProperties: false }
const Name = Type.String({
  pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
  maxLength: 100,
  description: 'a name of letters, digits and _ that does not begin with a digit',
})
const Names = Type.Array(Name, { uniqueItems: true, description: 'a list of names without duplicates' })
const LevelSchema = Type.Union(
  levels.map((level) => Type.Literal(level)),
  { description: `one of ${levels.join(', ')}` },
)

/** What assigns a record to the contact. One matching entry is enough. */
const Ties = Type.Object(
  {
    contact: Type.Optional(Names),
    account: Type.Optional(Names),
    through: Type.Optional(
      Type.Array(
        Type.Object(
          { field: Name, module: Name },
          { ...strict, description: "an object with 'field' and 'module'" },
        ),
        { description: "a list of objects with 'field' and 'module'" },
      ),
    ),
    relation: Type.Optional(Names),
  },
  { ...strict, minProperties: 1, description: 'an object with contact, account, through or relation' },
)

const Where = Type.String({ maxLength: 4096, description: 'a condition in the query language, as a text' })

/** Which of the visible records may be written: `level` (default `own`), and `where` as a further condition. */
const reach = { level: Type.Optional(LevelSchema), where: Type.Optional(Where) }

const Write = Type.Object(
  {
    fields: Names,
    /** Values that are always written, independent of the request: `$contact`, `$account`, `$user` or a text. */
    force: Type.Optional(
      Type.Record(
        Name,
        Type.String({
          pattern: '^(?!\\$)|^\\$(contact|account|user)$',
          description: "a text, or one of '$contact', '$account' and '$user'",
        }),
        { ...strict, description: 'an object with a value for each field' },
      ),
    ),
    ...reach,
  },
  { ...strict, description: 'an object with the fields that may be written' },
)

const fieldRules = {
  /** Fields that cannot be selected, filtered, sorted, counted, searched, expanded or named. */
  hide: Type.Optional(Names),
  /** The only readable fields; if absent, all fields are readable. */
  only: Type.Optional(Names),
  /** A condition in the query language that every record must meet as well. */
  where: Type.Optional(Where),
  create: Type.Optional(Write),
  update: Type.Optional(Write),
  delete: Type.Optional(
    Type.Union([Type.Boolean(), Type.Object(reach, strict)], {
      description: "true, false, or an object with 'level' and 'where'",
    }),
  ),
  /** Modules whose visible records may be related to, or unrelated from, a record of this module. */
  relate: Type.Optional(Names),
  /** The field in which every write stores the id of the contact. */
  actor: Type.Optional(Name),
  /**
   * A text field that ends with the id of the contact that wrote it, used where coreBOS has no field for the author.
   */
  sign: Type.Optional(Name),
  /** Names of the business actions that may be run on a visible record. */
  actions: Type.Optional(
    Type.Array(ActionName, { uniqueItems: true, description: 'a list of labels without duplicates' }),
  ),
}

const ModuleRule = Type.Object(
  {
    ...fieldRules,
    /** Every contact can see every record that meets `where`. */
    open: Type.Optional(Type.Literal(true, { description: 'true' })),
    ties: Type.Optional(Ties),
    level: Type.Optional(LevelSchema),
    /** Fields that are hidden from contacts unless a rule names them: see `internalFields`. */
    show: Type.Optional(Names),
    /**
     * `service`: the service user reads in every log-in mode, since a contact's own coreBOS session cannot; closed
     * without one. `service-preferred`: it reads where there is one, since the contact's own session shows less.
     */
    readBy: Type.Optional(
      Type.Union([Type.Literal('service'), Type.Literal('service-preferred')], {
        description: "'service' or 'service-preferred'",
      }),
    ),
  },
  { ...strict, description: 'an object, the rule of the module' },
)

const EmployeeRule = Type.Object(fieldRules, { ...strict, description: 'an object, the rule of the module' })

const rules = { ...strict, description: 'an object with a rule for each module' }

/** The policy file. Modules that it does not name are closed. */
export const PolicySchema = Type.Object(
  {
    level: LevelSchema,
    /** A field of the contact that names its level; if it is empty or not a level, `level` applies. */
    levelField: Type.Optional(Name),
    /** In `user` mode: which contact a CRM user is. Default: the contact that is mapped to the user. */
    matchUsersBy: Type.Optional(
      Type.Union([Type.Literal('portalloginuser'), Type.Literal('email')], {
        description: "'portalloginuser' or 'email'",
      }),
    ),
    modules: Type.Record(Name, ModuleRule, rules),
    /** Per module a condition with `$self` (the employee's id) and `$user` (the CRM user's id). */
    employees: Type.Optional(Type.Record(Name, EmployeeRule, rules)),
  },
  { ...strict, description: 'an object with the level and the rules' },
)

export type PolicySource = Static<typeof PolicySchema>
export type ModuleRuleSource = Static<typeof ModuleRule>
export type WriteSource = Static<typeof Write>
export type EmployeeRuleSource = Static<typeof EmployeeRule>
