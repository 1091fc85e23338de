/** The same work by a well-kept parser of SQL: read the statement, conjoin the scope, print it. */
import { parse, parseFirst, toSql, type Expr } from 'pgsql-ast-parser'

export type Rival = (statement: string) => string

/** @param scope read once: an application would keep it */
export function withPgsqlAstParser(scope: string): Rival {
  const tie: Expr = parse(scope, 'expr')
  return (statement) => {
    const ast = parseFirst(statement)
    if (ast.type !== 'select') throw new Error('a select is expected')
    const where: Expr =
      ast.where == null ? tie : { type: 'binary', op: 'AND', left: tie, right: ast.where }
    return toSql.statement({ ...ast, where })
  }
}
