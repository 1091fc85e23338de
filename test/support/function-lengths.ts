/** Measures how long the functions of a source file are. */
import ts from 'typescript'

export interface FunctionLength {
  /** File and line. */
  readonly at: string
  readonly lines: number
}

/** @returns the longest first; a group of tests counts without the tests in it */
export function functionLengths(path: string, text: string): FunctionLength[] {
  const kind = path.endsWith('.tsx') ? ts.ScriptKind.TSX : ts.ScriptKind.TS
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, kind)
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line
  const linesOf = (node: ts.Node): number => lineOf(node.end) - lineOf(node.getStart(source)) + 1
  const linesOfTests = (node: ts.Node): number => {
    let lines = 0
    ts.forEachChild(node, (child) => {
      lines += isTest(child) ? linesOf(child) : linesOfTests(child)
    })
    return lines
  }
  const found: FunctionLength[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const at = `${path}:${lineOf(node.getStart(source)) + 1}`
      found.push({ at, lines: linesOf(node) - linesOfTests(node.body) })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found.toSorted((a, b) => b.lines - a.lines)
}

/** A call such as `t.test('…', …)`. */
function isTest(node: ts.Node): boolean {
  return (
    ts.isCallExpression(node) &&
    ts.isPropertyAccessExpression(node.expression) &&
    node.expression.name.text === 'test'
  )
}
