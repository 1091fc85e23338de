/** Prints queries in coreBOS's extended dialect. */
import { GatewayError } from '../model/errors.ts'
import type { Columns, Printable } from './basic.ts'
import type { Compare, Condition, In, Like, Null, Tie, Value } from './tree.ts'

/** coreBOS needs seconds for more. */
const mostConditions = 50
const mostIds = 500

/**
 * Prints a query in coreBOS's extended dialect, where parentheses nest. It is used for conditions that the basic
 * dialect lacks (`is null`, `not like`), because it is slow, compares references by name, and drops a condition that it
 * cannot parse. Therefore a text that coreBOS could read in another way is rejected here, character by character.
 *
 * @throws GatewayError `QUERY_NOT_EXPRESSIBLE`
 */
export function printExtended(query: Printable, columns: Columns, showTies = true): string {
  const printer = new Printer(columns, showTies)
  const where = printer.group(query.where)
  const { offset, count } = query.limit
  if (query.orderBy.length > 0 || query.fields === undefined) {
    throw new Error('only ids are looked up in the extended dialect')
  }
  return `select ${query.fields.join(',')} from ${query.module} where ${where} limit ${offset},${count};`
}

class Printer {
  readonly #columns: Columns
  readonly #showTies: boolean
  #conditions = 0

  constructor(columns: Columns, showTies: boolean) {
    this.#columns = columns
    this.#showTies = showTies
  }

  /** Every part has its own parentheses. */
  group(node: Condition): string {
    if (node.kind === 'and' || node.kind === 'or') {
      return `(${node.terms.map((term) => this.group(term)).join(` ${node.kind} `)})`
    }
    if (node.kind === 'tie') return this.#tie(node)
    if (node.kind === 'hidden' && !this.#showTies) return `(${node.label})`
    this.#count(1)
    switch (node.kind) {
      case 'compare':
        return `(${this.#compare(node)})`
      case 'in':
        return `(${this.#in(node)})`
      case 'like':
        return `(${this.#like(node)})`
      case 'null':
        return `(${this.#null(node)})`
      default:
        throw new Error(`a '${node.kind}' is not printed`)
    }
  }

  #count(conditions: number): void {
    this.#conditions += conditions
    if (this.#conditions > mostConditions) throw inexpressible(`more than ${mostConditions} conditions`)
  }

  #tie({ field, ids, label }: Tie): string {
    if (!this.#showTies) return `(${field} in (${label}))`
    if (field === 'id') {
      if (ids.length > mostIds) throw inexpressible(`more than ${mostIds} ids`)
      return `(id in (${ids.map((id) => `'${id}'`).join(',')}))`
    }
    this.#count(ids.length)
    return `(${ids.map((id) => this.#pointsTo(field, id)).join(' or ')})`
  }

  /** This dialect compares a reference with names; its id is written as the id of the referenced module. */
  #pointsTo(field: string, id: string): string {
    const module = this.#columns.moduleOf(field, id)
    if (module === undefined)
      throw inexpressible(`'${field}' is not the first field that points to such a record`)
    return `${module}.id='${id}'`
  }

  #compare({ path: { field }, operator, value }: Compare): string {
    if (field === 'id') return `id${operator}'${value.text}'`
    if (this.#columns.isReference(field)) {
      if (operator !== '=') throw inexpressible(`'${field}' is a reference`)
      return this.#pointsTo(field, value.text)
    }
    return `${field}${operator}${this.#literal(field, value, operator === '=' ? undefined : /,/)}`
  }

  #in({ path: { field }, values, negated }: In): string {
    if (field === 'id')
      return `id ${negated ? 'not in' : 'in'} (${values.map(({ text }) => `'${text}'`).join(',')})`
    if (this.#columns.isReference(field)) {
      if (negated) throw inexpressible(`'${field}' is a reference`)
      this.#count(values.length - 1)
      return values.map(({ text }) => this.#pointsTo(field, text)).join(' or ')
    }
    return `${field} ${negated ? 'not in' : 'in'} (${values.map((value) => this.#literal(field, value, /[,=<]/)).join(',')})`
  }

  #like({ path: { field }, pattern, negated }: Like): string {
    const [, before = '', inner = '', behind = ''] = /^(%?)((?:[^%_\\]|\\[_])+)(%?)$/.exec(pattern) ?? []
    if (inner === '' || before + behind === '')
      throw inexpressible(`the pattern '${pattern}' is read otherwise`)
    // 'not like' always means "does not contain".
    if (negated && before + behind !== '%%')
      throw inexpressible("only 'not like' with % at both ends is read as it stands")
    const text = this.#literal(field, { kind: 'text', text: inner.replaceAll('\\_', '_') }, /[,=<]/).slice(
      1,
      -1,
    )
    return `${field} ${negated ? 'not like' : 'like'} '${before}${text}${behind}'`
  }

  #null({ path: { field }, negated }: Null): string {
    if (field === 'id') throw inexpressible("'id' is never null")
    if (!negated && this.#columns.isReference(field) && this.#columns.refersTo(field) > 1)
      return `${field}=''`
    return `${field} is ${negated ? 'not ' : ''}null`
  }

  /** @param splitting characters at which this dialect splits a value here */
  #literal(field: string, value: Value, splitting?: RegExp): string {
    const { text } = value
    if (value.kind === 'number') return text
    if (!isExtendedText(text) || splitting?.test(text) === true)
      throw inexpressible(`coreBOS would read the value of '${field}' in another way in this dialect`)
    return `'${text.replaceAll("'", "\\'")}'`
  }
}

/** Whether this dialect reads a text in quotes as it stands. */
export function isExtendedText(text: string): boolean {
  const readOtherwise =
    /^\s|\s$|\s\s|[\n\r\t\\]|'$|^'|^null$/i.test(text) ||
    /[\u{10000}-\u{10ffff}]/u.test(text) ||
    /related\.|[&]/i.test(text)
  return text !== '' && !readOtherwise
}

function inexpressible(why: string): GatewayError {
  return new GatewayError('QUERY_NOT_EXPRESSIBLE', `the condition cannot be expressed in coreBOS: ${why}`)
}
