/** How the source files are written: how they open, and words in comments that make sentences hard to read. */
import { readdirSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import t from 'tap'

const counted = /\b(?:whoever|whatever|nobody|somebody|anybody|everybody)\b/gi
const word = /[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu

/** The comments of a source file: what looks like one and stands in no text, template or regular expression. */
function commentsOf(text: string): string[] {
  const source = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest)
  const literals: [start: number, end: number][] = []
  const visit = (node: ts.Node): void => {
    if (ts.isLiteralExpression(node) || ts.isTemplateMiddleOrTemplateTail(node) || ts.isTemplateHead(node))
      literals.push([node.getStart(source), node.end])
    ts.forEachChild(node, visit)
  }
  visit(source)

  const comments: string[] = []
  const pieces = /\/\/.*|\/\*[^]*?\*\//g
  for (let found = pieces.exec(text); found !== null; found = pieces.exec(text)) {
    const { index } = found
    while (literals[0] !== undefined && literals[0][1] <= index) literals.shift()
    const [literal] = literals
    if (literal !== undefined && literal[0] <= index) pieces.lastIndex = literal[1]
    else comments.push(found[0])
  }
  return comments
}

const filesOf = (root: string): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !path.includes('node_modules/'))
    .map((path) => `${root}/${path}`)

t.test('a comment is found wherever it stands, and nothing else is', async (t) => {
  const text = [
    '/** one */',
    "const a = 'not // a comment' // two",
    'const b = `${/* three */ a} // not either`',
    'const c = /[/]/ // four',
    'function d() {',
    '  // five',
    '}',
  ].join('\n')
  t.strictSame(commentsOf(text), ['/** one */', '// two', '/* three */', '// four', '// five'])
})

t.test('comments of src, plugins, routes and test', async (t) => {
  const comments = ['src', 'plugins', 'routes', 'test']
    .flatMap(filesOf)
    .flatMap((path) => commentsOf(readFileSync(path, 'utf8')))
    .join('\n')
  const words = comments.match(word)?.length ?? 0
  const hits = comments.match(counted)?.length ?? 0
  t.ok(words > 10_000, 'there are comments to count in')
  t.ok((hits / words) * 1000 < 0.5, 'comments name their subject')
  t.comment(
    `whoever-words per 1,000 words of comments: ${((hits / words) * 1000).toFixed(1)} (${hits} of ${words})`,
  )
})

t.test('every source file opens with a sentence that says what it does', (t) => {
  const opening = /^(?:#!.*\n)?\/\*\*[^]*?\*\//
  const files = ['src', 'plugins', 'routes', 'test'].flatMap(filesOf)
  t.ok(files.length > 300, 'there are files')
  const silent = files.filter(
    (path) => !/[.:]\s*\*\/$|[.:]\n/.test(opening.exec(readFileSync(path, 'utf8'))?.[0] ?? ''),
  )
  t.strictSame(silent, [])
  t.end()
})
