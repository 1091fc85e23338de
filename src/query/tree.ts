/**
 * The one tree that every form of the language is read into, and the only thing that is ever printed.
 *
 *     query ── where ── and ──┬── compare  ticketstatus = 'Open'
 *                             ├── or ──┬── like  ticket_title '%printer%'
 *                             │        └── null  product_id
 *                             └── in  parent_id ('12x8549', '11x8546')
 *
 * Its meaning is that of SQL, with coreBOS's collation and three-valued logic. Nodes are frozen: combining is always
 * a constructor call, never an assignment into an existing node.
 */

/** Where in the text something stands; both count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A field of the module of the query, or (`via`) of the record that a reference to that module points to. */
export interface FieldPath {
  readonly via: string | undefined
  /** The field that holds the reference; if absent, the first field that can point to the module. */
  readonly reference: string | undefined
  readonly field: string
  readonly at: Position
}

/** A literal: a quoted text without its escapes, or a number as written. */
export interface Value {
  readonly kind: 'text' | 'number'
  readonly text: string
}

export const comparisons = ['=', '!=', '<', '<=', '>', '>='] as const
export type Comparison = (typeof comparisons)[number]

export interface Compare {
  readonly kind: 'compare'
  readonly path: FieldPath
  readonly operator: Comparison
  readonly value: Value
}

/** `pattern` as in SQL's `like`: `%` and `_` are wildcards, `\%`, `\_` and `\\` the characters themselves. */
export interface Like {
  readonly kind: 'like'
  readonly path: FieldPath
  readonly pattern: string
  readonly negated: boolean
}

export interface In {
  readonly kind: 'in'
  readonly path: FieldPath
  readonly values: readonly Value[]
  readonly negated: boolean
}

/** Null or empty: coreBOS returns both as `''`. */
export interface Null {
  readonly kind: 'null'
  readonly path: FieldPath
  readonly negated: boolean
  /** Zeros may be among the empty values, because they meet another term of the same `or`. */
  readonly orZero?: true
}

export interface Related {
  readonly kind: 'related'
  readonly module: string
  readonly id: string
  readonly at: Position
}

export interface Not {
  readonly kind: 'not'
  readonly term: Condition
}

export interface Junction {
  readonly kind: 'and' | 'or'
  readonly terms: readonly Condition[]
}

/**
 * Ties a record to the contact; only the gateway inserts it: the reference `field` points to one of `ids`. Explain
 * shows `label` in place of the ids.
 */
export interface Tie {
  readonly kind: 'tie'
  readonly field: string
  readonly ids: readonly string[]
  readonly label: string
}

/**
 * The reference `field` points to one of the records that `query` (which selects ids) finds under its own rule. A
 * look-up resolves it to a {@link Tie} before the statement is printed.
 */
export interface Lookup {
  readonly kind: 'lookup'
  readonly field: string
  readonly query: Query
  readonly label: string
  /** The dialect of the statement that finds the ids. */
  readonly dialect: 'basic' | 'extended'
  /** The reference points to none of them; an empty reference does not match. */
  readonly negated: boolean
  /**
   * Part of the policy's own condition on the module of the query, so it may name hidden fields. `untied`: the ids only
   * narrow records that other ties have assigned to the contact, and the dialect cannot express these ties. `ties`: only
   * they apply, because the other terms of the rule's condition may need look-ups themselves.
   */
  readonly ofRule: 'tied' | 'untied' | 'ties' | undefined
  /** A further condition on the records that `query` finds, which the gateway evaluates. */
  readonly exact?: Compare | Like | Null
  /** The same look-up in another way, for scopes that the dialect cannot express: it accepts few ids. */
  readonly otherwise?: Lookup
}

/**
 * The record is related, many to many, to one of `parents`: ids, or a query that finds them under their own rule. A
 * look-up resolves it to a {@link Tie} on `id`.
 */
export interface Relation {
  readonly kind: 'relation'
  readonly parentModule: string
  readonly parents: readonly string[] | Query
  readonly module: string
  readonly label: string
}

/** A condition that explain hides, with `label` in its place. It is never sent. */
export interface Hidden {
  readonly kind: 'hidden'
  readonly label: string
}

/** `or` of nothing (false) and `and` of nothing (true). */
export interface Constant {
  readonly kind: 'constant'
  readonly holds: boolean
}

export type Atom = Compare | Like | In | Null
export type Condition = Atom | Related | Not | Junction | Tie | Lookup | Relation | Hidden | Constant

export interface Order {
  readonly path: FieldPath
  readonly direction: 'asc' | 'desc'
}

export type Selection =
  | { readonly kind: 'all' }
  | { readonly kind: 'count' }
  | { readonly kind: 'fields'; readonly paths: readonly FieldPath[]; readonly distinct: boolean }

export interface Limit {
  readonly offset: number
  readonly count: number
}

export interface Query {
  readonly selection: Selection
  readonly module: string
  readonly moduleAt: Position
  readonly where: Condition | undefined
  readonly orderBy: readonly Order[]
  readonly limit: Limit | undefined
}

/** The position of conditions that the gateway inserts. */
export const nowhere: Position = Object.freeze({ line: 0, column: 0 })

export function field(name: string, at: Position = nowhere, via?: string, reference?: string): FieldPath {
  return Object.freeze({ via, reference, field: name, at })
}

export function text(value: string): Value {
  return Object.freeze({ kind: 'text', text: value })
}

export function number(value: string): Value {
  return Object.freeze({ kind: 'number', text: value })
}

export function compare(path: FieldPath, operator: Comparison, value: Value): Compare {
  return Object.freeze({ kind: 'compare', path, operator, value })
}

export function like(path: FieldPath, pattern: string, negated = false): Like {
  return Object.freeze({ kind: 'like', path, pattern, negated })
}

export function inList(path: FieldPath, values: readonly Value[], negated = false): In {
  return Object.freeze({ kind: 'in', path, values: Object.freeze([...values]), negated })
}

/** The field holds one of these texts. */
export function among(name: string, texts: readonly string[], negated = false): In {
  return inList(field(name), texts.map(text), negated)
}

export function isNull(path: FieldPath, negated = false): Null {
  return Object.freeze({ kind: 'null', path, negated })
}

/** Of a column of numbers, in which coreBOS finds zeros as well. */
export function isNullOrZero(path: FieldPath): Null {
  return Object.freeze({ kind: 'null', path, negated: false, orZero: true })
}

export function related(module: string, id: string, at: Position): Related {
  return Object.freeze({ kind: 'related', module, id, at })
}

export function not(term: Condition): Not {
  return Object.freeze({ kind: 'not', term })
}

export function tie(name: string, ids: readonly string[], label: string): Tie {
  return Object.freeze({ kind: 'tie', field: name, ids: Object.freeze([...ids]), label })
}

export function lookup(parts: Pick<Lookup, 'field' | 'query' | 'label'> & Partial<Lookup>): Lookup {
  return Object.freeze({ dialect: 'basic', negated: false, ofRule: undefined, ...parts, kind: 'lookup' })
}

export function relation(parts: Omit<Relation, 'kind'>): Relation {
  return Object.freeze({ kind: 'relation', ...parts })
}

export function hidden(label: string): Hidden {
  return Object.freeze({ kind: 'hidden', label })
}

export function constant(holds: boolean): Constant {
  return Object.freeze({ kind: 'constant', holds })
}

/**
 * Flattens nested junctions of the same kind and folds constants, so that equal conditions have equal trees: `and`
 * drops true terms and is false with a false one, `or` the reverse.
 */
function junction(kind: 'and' | 'or', terms: readonly Condition[]): Condition {
  const neutral = kind === 'and'
  const flat: Condition[] = []
  for (const term of terms) {
    if (term.kind === kind) for (const each of term.terms) flat.push(each)
    else if (term.kind !== 'constant') flat.push(term)
    else if (term.holds !== neutral) return term
  }
  const [only] = flat
  if (only === undefined) return constant(neutral)
  return flat.length === 1 ? only : Object.freeze({ kind, terms: Object.freeze(flat) })
}

/** Applies `change` to each term; returns the same junction if no term changes. */
export function mapTerms(whole: Junction, change: (term: Condition) => Condition): Condition {
  const terms = whole.terms.map(change)
  return terms.every((term, i) => term === whole.terms[i]) ? whole : junction(whole.kind, terms)
}

export function and(...terms: readonly Condition[]): Condition {
  return junction('and', terms)
}

export function or(...terms: readonly Condition[]): Condition {
  return junction('or', terms)
}

/**
 * As {@link and}, for any number of terms that a caller chooses: arguments of a function are limited, lists are not.
 */
export function allOf(terms: readonly Condition[]): Condition {
  return junction('and', terms)
}

/** As {@link or}, for any number of terms that a caller chooses. */
export function anyOf(terms: readonly Condition[]): Condition {
  return junction('or', terms)
}

export function query({ selection, module, moduleAt, where, orderBy, limit }: Query): Query {
  return Object.freeze({ selection, module, moduleAt, where, orderBy, limit })
}

/** A query of the gateway itself, which has no text. @param fields default: all fields */
export function select(
  module: string,
  fields: readonly string[] | undefined,
  where: Condition | undefined,
  { limit, orderBy = [] }: { readonly limit: Limit | undefined; readonly orderBy?: readonly Order[] },
): Query {
  return query({
    selection:
      fields === undefined
        ? { kind: 'all' }
        : { kind: 'fields', paths: fields.map((name) => field(name)), distinct: false },
    module,
    moduleAt: nowhere,
    where,
    orderBy,
    limit,
  })
}
