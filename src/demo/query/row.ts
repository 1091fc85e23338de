/** A row of a query's answer: texts by column name, in the order of the columns. */
export type Row = Map<string, string>
