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

/** A field of the module asked for, or (`via`) of the record that a reference to that module points to. */
export interface FieldPath {
  readonly via: string | undefined
  /** The field that holds the reference; where it is not said, the first that can point to the module. */
  readonly reference: string | undefined
  readonly field: string
  readonly at: Position
}

/** A literal: quoted text with its escapes undone, or a number as it was written. */
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

/** `pattern` is what SQL's `like` reads: `%` and `_` are wildcards, `\%`, `\_` and `\\` the characters themselves. */
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

/** Null and empty alike: coreBOS answers both as `''`. */
export interface Null {
  readonly kind: 'null'
  readonly path: FieldPath
  readonly negated: boolean
  /** Zeros may be among the empty ones, since they meet another term of the same `or`. */
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
 * What ties a record to the contact, put in by the gateway and by nothing else: the reference `field` points to one
 * of `ids`. Explain shows `label` in the place of the ids.
 */
export interface Tie {
  readonly kind: 'tie'
  readonly field: string
  readonly ids: readonly string[]
  readonly label: string
}

/**
 * The reference `field` points to one of the records that `query` (which selects ids) finds under its own rule.
 * A look-up resolves it to a {@link Tie} before anything is printed.
 */
export interface Lookup {
  readonly kind: 'lookup'
  readonly field: string
  readonly query: Query
  readonly label: string
  /** Which of coreBOS's dialects the ids are asked for in. */
  readonly dialect: 'basic' | 'extended'
  /** The reference points to none of them; one that points nowhere does not count. */
  readonly negated: boolean
  /**
   * Of the policy's own condition on the module of the query, so that it may name hidden fields. `untied`: the ids only
   * narrow what other ties have tied to the contact, and the dialect has no room for these ties.
   */
  readonly ofRule: 'tied' | 'untied' | undefined
  /** Of the records that `query` finds, those count that meet this as well, which coreBOS cannot be asked for. */
  readonly exact?: Compare | Like
}

/**
 * The record is related, many to many, to one of `parents`: ids, or a query that finds them under their own rule. The
 * door resolves it to a {@link Tie} on `id`.
 */
export interface Relation {
  readonly kind: 'relation'
  readonly parentModule: string
  readonly parents: readonly string[] | Query
  readonly module: string
  readonly label: string
}

/** A condition that explain does not show, with `label` in its place. It is never sent. */
export interface Hidden {
  readonly kind: 'hidden'
  readonly label: string
}

/** `or` of nothing and `and` of nothing. */
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

/** The place of what the gateway itself put in. */
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
 * Nested junctions of the same kind become one and constants are folded, so that equal conditions have equal trees:
 * `and` drops what holds and falls with what does not, `or` the other way round.
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

/** What `change` makes of each term; the same junction where that is nothing new. */
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

/** As {@link and}, for as many terms as a caller chooses: arguments have a bound, and lists have none. */
export function allOf(terms: readonly Condition[]): Condition {
  return junction('and', terms)
}

/** As {@link or}, for as many terms as a caller chooses. */
export function anyOf(terms: readonly Condition[]): Condition {
  return junction('or', terms)
}

export function query({ selection, module, moduleAt, where, orderBy, limit }: Query): Query {
  return Object.freeze({ selection, module, moduleAt, where, orderBy, limit })
}

/** A query of the gateway's own, without a text. @param fields all of them unless they are named */
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
