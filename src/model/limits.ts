/** Limits that are checked before a look-up or a call of coreBOS. */
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
  /** Conditions in all of these terms, including those of the policy. coreBOS needs more than a second for more. */
  printed: 2_000,
  /** UTF-16 units of a statement for coreBOS: several lists with the most ids of a tie. */
  statement: 2_000_000,
  /** Fields that a statement may select, and names or values in a parameter that takes a list of them. */
  fields: 500,
  /** Fields that a statement may sort by. */
  orders: 50,
  /** UTF-16 units of a search text. */
  term: 1_000,
  /** Rows of one answer. */
  rows: 10_000,
  /** Ids that one tie may be compared with; a longer list is rejected, never split. */
  ids: 20_000,
  /** Records whose relations are read to find the records of a module that is tied by relation. */
  parents: 500,
  /** Look-ups that the caller's conditions of one statement may need, each a statement of its own. */
  lookUps: 100,
  /** References that may be followed in a row from a record. */
  hops: 4,
  /** Expanded records of one answer; a record counts for each reference to it. */
  expanded: 50_000,
  /** Concurrent calls of coreBOS of one request, running or waiting. */
  atOnce: 4,
  /** Calls of coreBOS of one request in total. */
  calls: 1_000,
  /** Rows of an answer to a request without a limit. */
  defaultRows: 100,
} as const
