/** Converts the filters of a request to one condition, and checks every value against its field. */
import { Type } from '@sinclair/typebox'
import { GatewayError } from '../model/errors.ts'
import { corebosTime } from '../model/corebos-time.ts'
import { isNumberColumn, valueKind, type FieldShape, type ValueKind } from '../model/module.ts'
import { choiceCondition, filterCondition, type EmptyValues } from '../query/filter-condition.ts'
import { namedOperators, splitValues, type Filter, type FilterOperator } from '../query/filters.ts'
import * as tree from '../query/tree.ts'
import type { Condition } from '../query/tree.ts'
import { checkCondition } from '../scope/check.ts'
import { fitProblem } from '../scope/value.ts'
import { requireField, type ModuleView, type VisibleModules } from '../scope/view.ts'
import { readParameter } from './parameter.ts'

/** The described parameter; the plugin for query strings has parsed it already. */
export const FilterParameter = Type.Unsafe<readonly Filter[]>(
  Type.Any({
    type: 'object',
    style: 'deepObject',
    explode: true,
    additionalProperties: {
      anyOf: [
        { type: 'string' },
        {
          type: 'object',
          properties: Object.fromEntries(namedOperators.map((name) => [name, { type: 'string' }])),
          additionalProperties: false,
        },
      ],
    },
    // A page that tries the route out sends it.
    examples: [{ ticketstatus: 'Open' }],
    description:
      'Conditions on fields, all of which hold: `filter[ticketstatus]=Open`, `filter[hours][gt]=5`. Operators are ' +
      `${namedOperators.map((name) => `\`${name}\``).join(', ')}. Values have the types of the API: \`true\`, \`1.5\`, ` +
      '`2026-11-30`, `2026-11-30T07:35:26Z`. `in` and `nin` take comma-separated values; one with a comma or quotation mark ' +
      'is put in double quotes, with inner ones doubled: `"a, b","say ""x"""`. `empty` takes `true` or `false`. An empty ' +
      'field meets `ne` and `nin`',
  }),
)

/** @throws GatewayError with the rejected parameter, and what it accepts */
export function conditionOf(
  filters: readonly Filter[],
  view: ModuleView,
  visible: VisibleModules,
): Condition {
  return tree.allOf(
    filters.map((filter) =>
      readParameter(filter.parameter, () => {
        const condition = conditionOfOne(filter, requireField(view, filter.field))
        // Checked here for the name of the parameter; the whole query is checked again.
        checkCondition(condition, view, visible)
        return condition
      }),
    ),
  )
}

const equality: readonly FilterOperator[] = ['eq', 'ne', 'in', 'nin']
const order: readonly FilterOperator[] = [...equality, 'gt', 'gte', 'lt', 'lte', 'empty']

const accepted: Readonly<Record<ValueKind, readonly FilterOperator[]>> = {
  boolean: equality,
  id: [...equality, 'empty'],
  number: order,
  date: order,
  datetime: order,
  time: order,
  text: [...order, 'contains', 'startsWith'],
}

/** coreBOS has no condition that one of several choices is absent. */
const ofChoices: readonly FilterOperator[] = ['eq', 'in', 'empty']

function conditionOfOne(filter: Filter, field: FieldShape): Condition {
  const { operator, text } = filter
  const { name } = field
  const kinds = field.type === 'multipicklist' ? ofChoices : accepted[valueKind(field)]
  if (!kinds.includes(operator)) {
    const operators = kinds.map((each) => (each === 'eq' ? `filter[${name}]` : `[${each}]`))
    throw invalid(`'${name}' is of type ${field.type}; accepted operators: ${operators.join(', ')}`)
  }
  const path = tree.field(name)
  if (operator === 'empty') {
    if (text !== 'true' && text !== 'false') throw invalid("'empty' accepts true or false")
    return filterCondition(path, operator, [tree.text(text)], 'told')
  }
  const texts = operator === 'in' || operator === 'nin' ? splitValues(filter) : [text]
  if (texts.includes('')) {
    const instead = kinds.includes('empty') ? `; filter[${name}][empty]=true finds empty fields` : ''
    throw invalid(`the value is missing${instead}`)
  }
  const values = texts.map((each) => tree.text(columnText(each, field, operator)))
  if (field.type === 'multipicklist') return tree.anyOf(values.map((value) => choiceCondition(path, value)))
  return filterCondition(path, operator, values, emptyValuesOf(field))
}

function emptyValuesOf(field: FieldShape): EmptyValues {
  if (field.name === 'id' || valueKind(field) === 'boolean') return 'none'
  return isNumberColumn(field) ? 'as zero' : 'told'
}

/** The value of a filter, with the types of JSON, in the format of the column. */
function columnText(text: string, field: FieldShape, operator: FilterOperator): string {
  const kind = valueKind(field)
  const isChoice = field.picklist !== undefined && equality.includes(operator)
  const value =
    kind === 'boolean'
      ? booleanText(text, field.name)
      : kind === 'datetime'
        ? timeText(text, field.name)
        : text
  const problem = fitProblem(value, isChoice ? field : { ...field, picklist: undefined })
  if (problem !== undefined) throw invalid(problem)
  return kind === 'datetime' ? inUtc(text, value) : value
}

function booleanText(text: string, name: string): string {
  if (text !== 'true' && text !== 'false') throw invalid(`'${name}' accepts true or false`)
  return text === 'true' ? '1' : '0'
}

/** ISO 8601 with a zone; seconds and a fraction of zeros may be missing. */
const zoned =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:\.0{1,9})?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])$/
const day = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/

/** In the zone that it names. A date alone is its beginning in UTC. */
function timeText(text: string, name: string): string {
  const [, date, minutes, seconds = ':00'] = zoned.exec(text) ?? []
  if (date !== undefined && minutes !== undefined) return `${date} ${minutes}${seconds}`
  if (day.test(text)) return text
  throw invalid(
    `'${name}' accepts a date, or a time in ISO 8601 with whole seconds and its zone (2026-11-24T07:35:26Z)`,
  )
}

function inUtc(text: string, local: string): string {
  if (!text.includes('T') || text.endsWith('Z')) return local
  return corebosTime(Date.parse(text))
}

function invalid(problem: string): GatewayError {
  return new GatewayError('INVALID_VALUE', problem)
}
