/** Faults that are put into the code that decides on rights, each of which must be noticed. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { join as joined } from 'node:path/posix'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import t from 'tap'
import { firstFault, loadCopy, World, type Copy } from './kill-suite.ts'

interface Mutant {
  readonly what: string
  readonly file: string
  readonly from: string
  readonly to: string
}

/** Each is a fault that a developer could make in the code that decides on rights. */
const mutants: readonly Mutant[] = Object.entries<
  readonly (readonly [what: string, from: string, to: string])[]
>({
  'src/scope/rewrite.ts': [
    ['the scope is not conjoined', 'tree.and(absorbed(scope, asked), asked)', 'asked'],
    [
      'the scope is an alternative',
      'tree.and(absorbed(scope, asked), asked)',
      'tree.or(absorbed(scope, asked), asked)',
    ],
    ["the caller's condition is lost", 'tree.and(absorbed(scope, asked), asked)', 'scope'],
    [
      'rows come without their ties',
      'const frame = { view, ownerIds, scope, tying: fieldsIn(scope) }',
      'const frame = { view, ownerIds, scope, tying: [] as string[] }',
    ],
    [
      'a contact keeps the reach that it had',
      'if (known !== undefined && isSame(known.ownerIds, ownerIds)) return known',
      'if (known !== undefined) return known',
    ],
    [
      'every order is ascending',
      'field: checkPath(path, view).name, direction',
      "field: checkPath(path, view).name, direction: 'asc' as const",
    ],
    ['orders by hidden fields', 'checkPath(path, view).name', 'path.field'],
  ],
  'src/scope/rule-condition.ts': [
    ['every tie must hold', 'tree.and(tree.anyOf(ties), own)', 'tree.and(tree.allOf(ties), own)'],
    [
      "the rule's condition is an alternative",
      'tree.and(tree.anyOf(ties), own)',
      'tree.or(tree.anyOf(ties), own)',
    ],
    ["the rule's condition is lost beside ties", 'tree.and(tree.anyOf(ties), own)', 'tree.anyOf(ties)'],
    [
      'an open rule has no condition',
      'return ties === undefined ? own : tree.and(',
      'return ties === undefined ? tree.constant(true) : tree.and(',
    ],
    [
      'no anchor means everything',
      'ids.length === 0 ? tree.constant(false) : tree.tie(',
      'ids.length === 0 ? tree.constant(true) : tree.tie(',
    ],
    ['ties to the account are forgotten', '...(account.includes(field) ? ownerIds.accounts : [])', '...[]'],
    ['ties to the contact are forgotten', '...(contact.includes(field) ? ownerIds.contacts : [])', '...[]'],
    [
      'relations of nobody are those of all',
      "if ('length' in parents && parents.length === 0) return tree.constant(false)",
      "if ('length' in parents && parents.length === 0) return tree.constant(true)",
    ],
  ],
  'src/scope/resolve.ts': [
    [
      'a lookup that finds nothing holds for all',
      'if (ids.length === 0) return tree.constant(false)',
      'if (ids.length === 0) return tree.constant(true)',
    ],
  ],
  'src/scope/check.ts': [
    [
      'hidden fields are filtered by',
      'requireField(view, condition.path.field, condition.path.at),',
      '(view.module.fields.get(condition.path.field) ?? requireField(view, condition.path.field, condition.path.at)),',
    ],
    [
      'any id of a referenced record is compared directly',
      '[id, accountId].includes(fitted.value.text)',
      '(id !== accountId || fitted.value.text !== id)',
    ],
    ["an id of another module's", 'if (prefix !== view.module.idPrefix) {', 'if (prefix === undefined) {'],
    [
      'a reference to a module that it cannot point to',
      '!targetsOf(field).includes(owner.name)',
      'targetsOf(field).length < 0',
    ],
    [
      'numbers are asked for what they cannot say',
      "if (atom.orZero === true || (!isNumberColumn(field) && kind !== 'boolean')) return atom",
      'return atom',
    ],
    [
      'an empty value in a list',
      'atom.negated ? tree.and(list, empty) : tree.or(list, empty)',
      'atom.negated ? tree.or(list, empty) : tree.and(list, empty)',
    ],
    [
      "an empty value's comparison turns round",
      "tree.isNull(path, operator === '!=')",
      "tree.isNull(path, operator === '=')",
    ],
    [
      'what is empty behind a reference',
      "if (atom.kind !== 'null' || atom.negated) {",
      "if (atom.kind !== 'like' || atom.negated) {",
    ],
  ],
  'src/scope/view.ts': [
    ['hidden fields are shown', '        !hide.has(field) &&\n', ''],
    ['addresses of files are shown', '        !fileAddress.test(field) &&\n', ''],
    [
      'what only a service user reads is open without one',
      "decision.rule.readBy === 'service' && !this.#hasServiceUser",
      "decision.rule.readBy === 'service' && this.#hasServiceUser === undefined",
    ],
    [
      'a rule with a tie that there is not is open',
      'if (!tieFields.every((field) => module.fields.has(field))) return undefined',
      '',
    ],
  ],
  'src/scope/verify.ts': [
    [
      'the second look is skipped',
      'if (meets(row, scope, view.module)) verified.push(row)',
      'if (row) verified.push(row)',
    ],
    ['the second look is content with a part', 'scope.terms.every((term)', 'scope.terms.some((term)'],
    [
      'the second look wants every tie',
      'return scope.terms.some((term) => meets(row, term, module))',
      'return scope.terms.every((term) => meets(row, term, module))',
    ],
    ['the second look takes any tie', "value !== '' && idSet(scope).has(value)", "value !== ''"],
    ['the second look does not compare', "if (value === '') return false", 'return true'],
  ],
  'src/scope/print.ts': [
    ['the dialect rule is skipped', 'if (readingOf(text) !== dialect) {', "if (text === '') {"],
    [
      'what coreBOS counts otherwise than meant is counted',
      'if (query.columns !== undefined || isCountedAsMeant(text)) return',
      "if (text !== '') return",
    ],
    ['explain shows ids', 'columnsOf(seen, modules), false)', 'columnsOf(seen, modules), true)'],
  ],
  'src/scope/shape.ts': [
    [
      'what a reference points to is shown where it is hidden',
      "?.[hop.field] ?? '')",
      '?.[hop.field] ?? own)',
    ],
    ['distinct rows are not', 'return seen.size < seen.add(key).size', 'seen.add(key)\n    return true'],
  ],
  'src/query/dialect.ts': [
    [
      'conditions in JSON are not noticed',
      "if (text.includes('[') && / where\\s*\\[|select\\s*\\[/.test(text)) return 'workflow'",
      '',
    ],
    [
      'dots and parentheses are not noticed',
      "clean.includes('.', 1) || clean.includes('(', 1) ?",
      'clean.length === 0 ?',
    ],
  ],
  'src/query/basic.ts': [
    [
      'or becomes and',
      'joined(multiplied(query.where), joins.or,',
      'joined(multiplied(query.where), joins.and,',
    ],
    ['and becomes or', 'joined(term, joins.and,', 'joined(term, joins.or,'],
    ['a list of what not becomes a list', '`${node.path.field}!=${value}`', '`${node.path.field}=${value}`'],
    ['the offset is lost', '` limit ${offset},${count}`', '` limit ${count}`'],
    ['every direction is upwards', "=== 'desc' ? ' desc' : ''", "=== 'desc' ? '' : ''"],
    ['quotes are not doubled', "text.replace(/['\\\\]/g, '$&$&')", 'text'],
    [
      'directions that SQL reads otherwise',
      'if (orderBy.slice(0, -1).some(',
      'if (orderBy.slice(0, -1).every(',
    ],
  ],
  'src/query/extended.ts': [
    [
      'parentheses are dropped',
      'return `(${node.terms.map((term) => this.group(term)).join(` ${node.kind} `)})`',
      'return node.terms.map((term) => this.group(term)).join(` ${node.kind} `)',
    ],
    ['values that are read otherwise', "return text !== '' && !readOtherwise", "return text !== ''"],
    [
      "'not like' with less than two %",
      "if (negated && before + behind !== '%%')",
      "if (negated && before + behind === '%%%')",
    ],
    ["'not' is lost", "negated ? 'not like' : 'like'", "negated ? 'like' : 'like'"],
  ],
  'src/query/normal-form.ts': [
    ["the opposite of '>='", "'>=': '<',", "'>=': '>',"],
    [
      "de Morgan's law is half",
      "condition.kind === 'and' ? tree.anyOf(terms) : tree.allOf(terms)",
      "condition.kind === 'and' ? tree.allOf(terms) : tree.anyOf(terms)",
    ],
    ['a conjunct is lost', '[...left, ...each]', 'each.length > 0 ? each : left'],
    [
      "'not' before a relation is lost",
      'if (!negate) return condition\n      throw',
      'if (negate || !negate) return condition\n      throw',
    ],
  ],
  'src/policy/policy.ts': [
    ["the rule's level does not count", 'level: rule.level ?? contact.level', 'level: contact.level'],
    ['$user stays as it is', "each.text === '$user' ? tree.text(contact.user.id) : each", 'each'],
    [
      'employees see what contacts see',
      "contact.entity === 'Employee' ? this.#employees : this.#contacts",
      "contact.entity === 'Employee' ? this.#contacts : this.#contacts",
    ],
  ],
  'src/read/send.ts': [
    ['a total tells of withheld rows', 'const isTrue = withheld.length === 0 &&', 'const isTrue ='],
    [
      'the total of another statement is told',
      'const isTrue = withheld.length === 0 && isCountedAsMeant(statement.text)',
      'const isTrue = withheld.length === 0',
    ],
    ['withheld rows are not counted', 'context.withheld(withheld, view.decision.rule.name)', 'void 0'],
  ],
  'src/read/run.ts': [['distinct has no limit', 'page(different, limit)', 'different']],
  'src/read/look-up.ts': [
    [
      'what a caller asks for is remembered',
      'if (node.label !== scopeLabel) return',
      "if (node.label === '') return",
    ],
  ],
  'src/read/records-by-id.ts': [
    ['any row is the record', "foundRecords(rows.filter((row) => row['id'] === id))", 'foundRecords(rows)'],
  ],
  'src/scope/plan.ts': [
    [
      'a limit comes before distinct',
      'resolved.distinct ? { ...resolved, limit: { offset: 0, count: limits.rows + 1 } } : resolved',
      'resolved',
    ],
  ],
  'src/scope/signature.ts': [
    ['whoever signs first is believed', 'known.contact === id ? known.text : text', 'known.text'],
  ],
  'src/scope/write.ts': [
    [
      "a comment of the staff on a contact's project is the contact's",
      "return readSignature(row[sign] ?? '').contact !== contact.id",
      'return false',
    ],
    [
      'a contact signs for itself',
      "text?.trim() && isSigned(name) ? signed(text, contact) : (text ?? '')",
      "text ?? ''",
    ],
    [
      'every field can be written',
      'if (fixed !== undefined || !rule.fields.has(name)) {',
      'if (fixed !== undefined) {',
    ],
    [
      'forced values can be chosen',
      'if (fixed !== undefined || !rule.fields.has(name)) {',
      "if (!rule.fields.has(name) && name !== 'parent_id') {",
    ],
    [
      'hidden fields are written',
      'const field = view.readable.get(name)',
      'const field = view.module.fields.get(name)',
    ],
    ['references lead anywhere', 'visible.has(id) && ', ''],
    [
      'what is visible is a tie',
      '(!ties.has(field) || scopes.every((scope) => isTied(scope, field, id)))',
      'ties.size >= 0',
    ],
    [
      'a tie can be emptied',
      "if (value === '' && current !== undefined && ties.has(name)) {",
      "if (value === '' && current === undefined && ties.has(name)) {",
    ],
    ['nothing is forced', '{ ...values, ...Object.fromEntries(forced) }', '{ ...values }'],
    ['what can be seen can be written', "(writing === 'create' ? decision.level : 'own')", 'decision.level'],
  ],
  'src/write/records.ts': [
    [
      'a record within visible is within reach',
      'if (meets(row, await resolvedScope(writing, author), view.module)) return',
      'return',
    ],
  ],
  'src/write/relations.ts': [
    ["relations of what is nobody's own", 'if (!own.includes(true)) throw', 'if (own.length === 0) throw'],
    [
      'relations that no rule opens',
      "throw new GatewayError('NOT_WRITABLE', 'the policy does not let records of these modules be related')",
      ';',
    ],
  ],
}).flatMap(([file, faults]) => faults.map(([what, from, to]) => ({ what, file, from, to })))

/** A file of the project in JavaScript, without its types. */
function compiled(text: string): string {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  })
  return outputText
}

/** What the copies consist of: everything that is reached from the check of writes, the parser and the rules. */
const sources = new Map<string, string>()
const scripts = new Map<string, string>()
function collect(path: string): void {
  if (sources.has(path)) return
  const text = readFileSync(path, 'utf8')
  const script = compiled(text)
  sources.set(path, text)
  scripts.set(path, script)
  for (const [, specifier = ''] of script.matchAll(/from "(\.[^"]+)\.js"/g)) {
    collect(joined(dirname(path), `${specifier}.ts`))
  }
}
for (const entrance of [
  'src/write/comments.ts',
  'src/read/explain.ts',
  'src/query/parse.ts',
  'src/policy/policy.ts',
  'src/scope/view.ts',
]) {
  collect(entrance)
}

async function copyWith(folder: string, mutant?: Mutant): Promise<Copy> {
  for (const [path, script] of scripts) {
    const target = join(folder, path.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(target), { recursive: true })
    const text = sources.get(path) ?? ''
    writeFileSync(
      target,
      path === mutant?.file ? compiled(text.replace(mutant.from, () => mutant.to)) : script,
    )
  }
  return loadCopy(async (path) => import(pathToFileURL(join(folder, `${path}.js`)).href))
}

t.test('every fault in what decides who sees and writes what is noticed', async (t) => {
  const folder = t.testdir({ 'package.json': '{ "type": "module" }' })
  const world = await World.begin()
  t.teardown(world.close)
  t.equal(
    await firstFault(await copyWith(join(folder, 'unchanged')), world),
    undefined,
    'there is none as it stands',
  )
  let killed = 0
  for (const [i, mutant] of mutants.entries()) {
    const { what, file, from } = mutant
    const places = (sources.get(file) ?? '').split(from).length - 1
    if (places !== 1) {
      t.fail(`${file}: ${what}: ${places} places to make this fault in`)
      continue
    }
    const fault = await copyWith(join(folder, String(i)), mutant)
      .then(async (copy) => firstFault(copy, world))
      .catch((error: unknown) => {
        // What is no program any more has not been noticed by anything.
        if (error instanceof SyntaxError) throw error
        return String(error)
      })
    if (fault !== undefined) killed++
    t.ok(fault, `${file}: ${what}: ${String(fault).slice(0, 160)}`)
  }
  t.comment(`mutants ${mutants.length} killed ${killed}`)
  t.ok(mutants.length >= 30)
})
