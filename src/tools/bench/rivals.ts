/** The same work by two well-kept parsers of SQL: read the statement, conjoin the scope, print it. */
import nodeSqlParser from 'node-sql-parser'
import { parse, parseFirst, toSql, type Expr } from 'pgsql-ast-parser'

export type Rival = (statement: string) => string

const dialect = { database: 'MariaDB' }

/** @param scope read once: an application would keep it */
export function withNodeSqlParser(scope: string): Rival {
  const parser = new nodeSqlParser.Parser()
  const scopeOf = parser.astify(`select 1 from a where ${scope}`, dialect)
  if (Array.isArray(scopeOf) || scopeOf.type !== 'select') throw new Error('the scope is a condition')
  const { where: tie } = scopeOf
  return (statement) => {
    const ast = parser.astify(statement, dialect)
    if (Array.isArray(ast) || ast.type !== 'select') throw new Error('one select is expected')
    const asked = ast.where
    const where = asked === null ? tie : { type: 'binary_expr', operator: 'AND', left: tie, right: asked }
    if (asked !== null) Object.assign(asked, { parentheses: true })
    return parser.sqlify(Object.assign(ast, { where }), dialect)
  }
}

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
