/** Prints queries in the gateway's own language. */
import type { Condition, FieldPath, Query, Value } from './tree.ts'

/** A query in the gateway's own language: parsing the text gives the same tree. It is never sent to coreBOS. */
export function printQuery({ selection, module, where, orderBy, limit }: Query): string {
  const selected =
    selection.kind === 'all'
      ? '*'
      : selection.kind === 'count'
        ? 'count(*)'
        : `${selection.distinct ? 'distinct ' : ''}${selection.paths.map(printPath).join(', ')}`
  return [
    `select ${selected} from ${module}`,
    where && `where ${printCondition(where)}`,
    orderBy.length > 0 &&
      `order by ${orderBy.map(({ path, direction }) => `${printPath(path)} ${direction}`).join(', ')}`,
    limit && `limit ${limit.offset}, ${limit.count}`,
  ]
    .filter(Boolean)
    .join(' ')
}

export function printCondition(condition: Condition): string {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.terms.map(grouped).join(` ${condition.kind} `)
    case 'not':
      return `not ${grouped(condition.term)}`
    case 'compare':
      return `${printPath(condition.path)} ${condition.operator} ${printValue(condition.value)}`
    case 'like':
      return `${printPath(condition.path)} ${condition.negated ? 'not ' : ''}like ${quote(condition.pattern)}`
    case 'in':
      if (condition.values.length === 0) return `${printPath(condition.path)} = null`
      return `${printPath(condition.path)} ${condition.negated ? 'not ' : ''}in (${condition.values.map(printValue).join(', ')})`
    case 'null':
      return `${printPath(condition.path)} is ${condition.negated ? 'not ' : ''}null`
    case 'related':
      return `related.${condition.module} = ${quote(condition.id)}`
    case 'tie':
    case 'lookup':
      return `${condition.field} in (${condition.label})`
    case 'relation':
      return `id in (${condition.label})`
    case 'hidden':
      return condition.label
    case 'constant':
      return condition.holds ? 'true' : 'false'
  }
}

function grouped(condition: Condition): string {
  const text = printCondition(condition)
  return condition.kind === 'and' || condition.kind === 'or' ? `(${text})` : text
}

function printPath({ via, field }: FieldPath): string {
  return via === undefined ? field : `${via}.${field}`
}

function printValue(value: Value): string {
  return value.kind === 'number' ? value.text : quote(value.text)
}

/** `\%` and `\_` keep their backslash when read, so it is not doubled. */
function quote(text: string): string {
  return `'${text.replace(/\\(?![%_])|'/g, '$&$&')}'`
}
