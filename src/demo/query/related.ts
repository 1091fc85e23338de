/** The related dialect: one related list, behind whose SQL the rest of the condition is hung word by word. */
import { lower, trim } from '../php-text.ts'
import type { Caller, CrmRecord, Database } from '../database.ts'
import { CorebosError, denied, internalError, invalidId } from '../errors.ts'
import { resolveId } from '../ids.ts'
import { relatedRecords } from '../relations.ts'
import { isRestricted, mayAccess } from '../restriction.ts'
import { isListed } from '../rights.ts'
import { INVENTORY } from '../rows.ts'
import { moduleNamed } from './condition.ts'
import { joinedResolver, referenceTo } from './joins.ts'
import { PLAIN } from './plan.ts'
import type { Plan, ShownColumn } from './plan.ts'
import type { QueryResult } from './run.ts'
import { productLines } from './product-lines.ts'
import type { Schema, Schemas } from './schema.ts'
import { mainColumn } from './show.ts'
import { node } from './sql/operators.ts'
import { databaseError } from './sql/values.ts'

const RELATION = /[ \f\v]+\(*[ \f\v]*related\.([^ \f\v;]+)[ \f\v]*=[ \f\v]*([^ \f\v;]+)/i
const RELATION_ANYWHERE = /\(*related\.([^ \f\v;]+)[ \f\v]*=[ \f\v]*([^ \f\v;]+)\)*[ \f\v]*(and|or[ \f\v])*/i

/** Hides a column of this name from statements by a blank in it. */
const RELATION_COLUMN = 'related list'
const RELATION_SQL = `\`${RELATION_COLUMN}\``

interface Relation {
  readonly main: Schema
  readonly record: CrmRecord
  readonly id: string
}

/** The record that `related.Module='id'` names, if the caller may read it. */
const readRelation = (database: Database, schemas: Schemas, caller: Caller, text: string): Relation => {
  const [, name = '', written = ''] = RELATION.exec(text) ?? []
  const main = moduleNamed(schemas, trim(name))
  const id = trim(written, "(')")
  if (!id.includes('x')) throw denied(`Permission to perform the operation is denied for id: ${id}`)
  const { module, any } = resolveId(database, id)
  if (any === undefined || !isListed(database, any.module)) {
    throw denied(`Permission to perform the operation on module (${main.module.name}) is denied`)
  }
  if (any.module !== module.name) throw invalidId()
  if (!mayAccess(database, caller, any)) throw denied('Permission to read given object is denied')
  return { main, record: any, id }
}

/** Parentheses without a partner become blanks. */
const balanced = (text: string): string => {
  const open: { at: number; letter: string }[] = []
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charAt(at)
    if (letter === '(') open.push({ at, letter })
    if (letter !== ')') continue
    if (open.at(-1)?.letter === '(') open.pop()
    else open.push({ at, letter })
  }
  const blank = new Set(open.map(({ at }) => at))
  return Array.from(text, (letter, at) => (blank.has(at) ? ' ' : letter)).join('')
}

const trimEnds = (text: string): string => trim(text, ' ;')

interface Rest {
  readonly glue: string
  readonly text: string
  /** The text begins with an order or a limit. */
  readonly isTail: boolean
}

/** `relation` stands in for `related.X = …` where the list of documents keeps its place. */
const readRest = (schema: Schema, text: string, relation: string | undefined): Rest => {
  const start = lower(text).indexOf(' where ')
  let rest = text.slice(Math.max(start, 0) + (start < 0 ? 0 : 6))
  const glue = trim(RELATION_ANYWHERE.exec(rest)?.[3] ?? 'and')
  rest =
    relation === undefined
      ? rest.replaceAll(new RegExp(RELATION_ANYWHERE, 'gi'), '')
      : rest.replaceAll(/related\.[^ \f\v;=]+[ \f\v]*=[ \f\v]*[^ \f\v;)]+/gi, relation)
  rest = trimEnds(rest)
  rest = trimEnds(rest.replaceAll(/[ \f\v]+(?:and|or)+[ \f\v]+(?:order)+/gi, ' order '))
  rest = trimEnds(rest.replaceAll(/[ \f\v]+(?:and|or)+[ \f\v]+(?:limit)+/gi, ' limit '))
  rest = rest.replace(/and$/i, '').replace(/or$/i, '')
  rest = balanced(rest.replaceAll(/=[ \f\v]*'*\d+x(\d+)'*/g, ' = $1 '))
  const words = rest
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => schema.qualified(word) ?? word)
  const isTail = /^(?:limit|order)/i.test(words[0] ?? '')
  return { glue, text: words.join(' '), isTail }
}

const shownColumns = (
  database: Database,
  schemas: Schemas,
  schema: Schema,
  selected: string,
): ShownColumn[] => {
  const names = new Set(selected.split(',').map((name) => trim(name)))
  const all = trim(selected) === '*'
  const columns = [...schema.module.fields.map(({ name }) => name), 'id']
    .filter((name) => all || names.has(name))
    .map((name) => mainColumn(database, schemas, schema, name))
    .filter((column) => column !== undefined)
  const uuid = node('text', ({ cbuuid }) => cbuuid)
  return [...columns, { key: 'cbuuid', column: 'cbuuid', node: uuid, show: ({ cbuuid }) => cbuuid }]
}

/** Comments of tickets and FAQs are no records, so that their rows cannot be shown. */
const commentRows = (database: Database, caller: Caller, parent: number): QueryResult => {
  if (isRestricted(caller)) throw databaseError()
  if (database.comments.some((comment) => comment.parent === parent)) {
    throw new CorebosError('INVALID_ID_ATTRIBUTE', 'Invalid owner of the record')
  }
  return { rows: [], totalrows: '0' }
}

/** Lists that are made by a field leave out records whose field points to another module. */
const joinedBy = (database: Database, schema: Schema, module: string): Plan['joined'] => {
  const name = referenceTo(schema, module)
  const field = name === undefined ? undefined : schema.module.field(name)
  if (field === undefined || (field.type.refersTo ?? []).length < 2) return PLAIN.joined
  // Its list shows the opportunities of a contact's account as well.
  if (module === 'Contacts' && schema.module.name === 'Potentials') return PLAIN.joined
  return ({ values }) => database.target(field, values.get(field.name))?.module === module
}

const isParty = ({ contact }: Caller, { number }: CrmRecord): boolean =>
  contact !== undefined && (number === contact.number || number === contact.account)

export const planRelated = (
  database: Database,
  schemas: Schemas,
  caller: Caller,
  text: string,
): Plan | QueryResult => {
  const schema = moduleNamed(schemas, /from[ \f\v]+([^ \f\v;]+)/i.exec(text)?.[1] ?? '')
  const { main, record } = readRelation(database, schemas, caller, text)
  const [related, module] = [schema.module.name, main.module.name]
  const selected = trim(text.slice(6, Math.max(lower(text).indexOf(' from '), 6)))
  if (related === 'ModComments' && (module === 'HelpDesk' || module === 'Faq')) {
    return commentRows(database, caller, record.number)
  }
  if (related === 'Products' && INVENTORY.has(module)) {
    return productLines(database, schemas, record, selected, readRest(schema, text, undefined))
  }
  if (INVENTORY.has(related) && module === 'Accounts') throw internalError()
  // Its SQL and coreBOS's restriction of it name the same table twice.
  if (INVENTORY.has(related) && isRestricted(caller)) throw databaseError()
  const listed = relatedRecords(database, main.module, record.number, schema.module)
  const isDocuments = related === 'Documents'
  // The list joins the main record by its own module, so that one of another module has none; the restriction
  // of documents asks the same row of the relation for the contact or the account.
  const hasList =
    record.module === module && !(isDocuments && isRestricted(caller) && !isParty(caller, record))
  const numbers = new Set(hasList ? listed.map(({ number }) => number) : [])
  const rest = readRest(schema, text, isDocuments ? RELATION_SQL : undefined)
  const glue = rest.text === '' || rest.isTail ? '' : rest.glue
  const relation = node('number', ({ number }) => (numbers.has(number) ? 1 : 0))
  const resolve = joinedResolver(database, schemas, schema)
  const columns = shownColumns(database, schemas, schema, selected)
  const count = lower(text).indexOf('count(*)') > 0
  return {
    ...PLAIN,
    schema,
    columns,
    resolve: (column, table) => (column === RELATION_COLUMN ? relation : resolve(column, table)),
    where: isDocuments ? rest.text : RELATION_SQL,
    tail: isDocuments ? '' : ` ${glue} ${rest.text}`,
    deleted: isDocuments ? 'joined' : 'before',
    joined: joinedBy(database, schema, module),
    count,
    total: count ? 0 : undefined,
    relatedModules: [],
    holdsId: !count && columns.some(({ key }) => key === 'id'),
  }
}
