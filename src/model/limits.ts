/** Bounds on what is read, before anything is looked up or sent. */
export const limits = {
  /** UTF-16 units of a statement. */
  text: 128 * 1024,
  /** Nested parentheses and `not`. */
  depth: 32,
  /** Conditions in one statement. */
  conditions: 500,
  /** Values in one in-list. */
  list: 2_000,
  /** Terms that an `and` of `or`s may be distributed into. */
  terms: 1_000,
  /** Conditions in all of these terms, those of the policy included. coreBOS needs more than a second for more. */
  printed: 2_000,
  /** UTF-16 units of a statement for coreBOS: several lists of as many ids as a tie may have. */
  statement: 2_000_000,
  /** Fields that a statement may select, and names or values in a parameter that takes a list of them. */
  fields: 500,
  /** Fields that a statement may sort by. */
  orders: 50,
  /** UTF-16 units of a text that is searched for. */
  term: 1_000,
  /** Rows that one answer may hold. */
  rows: 10_000,
  /** Ids that one tie may be compared with; a longer list is rejected, never split. */
  ids: 20_000,
  /** Records whose relations are followed to find those of a module that is tied by relation. */
  parents: 500,
  /** References that may be followed one after the other from a record. */
  hops: 4,
  /** Records that one answer may hold below those that were asked for; what many point to counts each time. */
  expanded: 50_000,
  /** Calls of coreBOS that one request may have under way or waiting at once, all its parts together. */
  atOnce: 4,
  /** Calls of coreBOS that one request may take in all. */
  calls: 1_000,
  /** Rows of an answer that names no limit. */
  defaultRows: 100,
} as const
