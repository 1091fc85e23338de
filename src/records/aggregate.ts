/** Counts and sums over the visible records of a module: the gateway computes them from verified rows. */
import { Type, type Static } from '@sinclair/typebox'
import type { ReadContext } from '../access/context.ts'
import { GatewayError } from '../model/errors.ts'
import { jsonValueSchema, type JsonValue } from '../model/json-value.ts'
import { limits } from '../model/limits.ts'
import { valueKind, type FieldShape, type ValueKind } from '../model/module.ts'
import { toGuide } from '../query/guide.ts'
import { parseFields } from '../query/parse.ts'
import * as tree from '../query/tree.ts'
import { everyRow } from '../read/every-row.ts'
import { checkPath } from '../scope/check.ts'
import type { ModuleView } from '../scope/view.ts'
import { conditionOf, FilterParameter } from './filters.ts'
import { displayOf, prepareDisplay } from './display.ts'
import { groupsOf, measures, type Group, type Measure } from './groups.ts'
import { readWhere } from './list-parameters.ts'
import { readParameter } from './parameter.ts'
import { Display, LanguageParameter } from './presentation.ts'

function names(description: string, example: string) {
  return Type.Optional(Type.String({ maxLength: limits.text, examples: [example], description }))
}

export const AggregateQuery = Type.Object({
  groupBy: names(
    'Comma-separated fields. Records with the same values are one group; default: all are one',
    'ticketstatus',
  ),
  count: Type.Optional(
    Type.Boolean({ default: false, description: 'Whether to count the records of each group' }),
  ),
  sum: names('Comma-separated fields that hold numbers', 'hours'),
  min: names('Comma-separated fields that hold numbers, dates or times', 'createdtime'),
  max: names('Comma-separated fields that hold numbers, dates or times', 'createdtime'),
  avg: names('Comma-separated fields that hold numbers', 'hours'),
  where: names(`A condition of the ${toGuide}`, "ticketstatus='Open'"),
  filter: Type.Optional(FilterParameter),
  display: Type.Optional(
    Type.Boolean({
      default: false,
      description:
        'Whether each group has `display`: of the fields of `groupBy`, names of referenced records and of users, labels of ' +
        'picklist values, and codes of currencies',
    }),
  ),
  lang: LanguageParameter,
})

const Value = Type.Unsafe<JsonValue>(Type.Any(jsonValueSchema))
const Measured = Type.Optional(
  Type.Record(Type.String(), Value, {
    description: 'By field; null if no record of the group has a value',
  }),
)

export const Groups = Type.Object(
  {
    groups: Type.Array(
      Type.Object(
        {
          count: Type.Optional(Type.Integer()),
          sum: Measured,
          min: Measured,
          max: Measured,
          avg: Measured,
          display: Type.Optional(Display),
        },
        {
          additionalProperties: Value,
          description: 'A group, with the values that its records have in common by field',
        },
      ),
    ),
  },
  {
    description: 'The groups, sorted by the fields of `groupBy`',
    examples: [
      {
        groups: [
          { ticketstatus: 'Closed', count: 2, sum: { hours: 3.5 } },
          { ticketstatus: 'Open', count: 4, sum: { hours: 12 } },
        ],
      },
    ],
  },
)

const numbers: readonly ValueKind[] = ['number']
const ordered: readonly ValueKind[] = ['number', 'date', 'datetime', 'time']
const accepted: Readonly<Record<Measure, readonly ValueKind[]>> = {
  sum: numbers,
  avg: numbers,
  min: ordered,
  max: ordered,
}

/** @throws GatewayError for the rejected parameter, or the error of coreBOS */
export async function aggregate(
  module: string,
  asked: Static<typeof AggregateQuery>,
  context: ReadContext,
): Promise<{ groups: Group[] }> {
  const { groupBy, count = false, where, filter = [], display = false } = asked
  const view = context.visible.require(module)
  const measured = {
    sum: measuredFields('sum', asked.sum, view),
    min: measuredFields('min', asked.min, view),
    max: measuredFields('max', asked.max, view),
    avg: measuredFields('avg', asked.avg, view),
  }
  const grouping = { groupBy: groupFields(groupBy, view), count, measured }
  const fields = [...grouping.groupBy, ...Object.values(measured).flat()].map(({ name }) => name)
  if (fields.length === 0 && !count) {
    const message = `no measure is requested; accepted are groupBy, count=true, ${measures.join(', ')}`
    throw new GatewayError('VALIDATION_FAILED', message, { errors: [{ parameter: 'groupBy', message }] })
  }
  const conditions = [
    ...(where === undefined ? [] : [readWhere(where, view, context.visible)]),
    conditionOf(filter, view, context.visible),
  ]
  const wanted = { module: view.module.name, fields: [...new Set(fields)], where: tree.allOf(conditions) }
  if (display) prepareDisplay(grouping.groupBy, context)
  const { rows } = await everyRow(wanted, 'aggregate', context)
  const groups = groupsOf(rows, grouping)
  if (!display) return { groups: groups.map(({ group }) => group) }
  const grouped = new Map(grouping.groupBy.map((field) => [field.name, field]))
  const displays = await displayOf(
    groups.map(({ first }) => ({ row: first, fields: grouped })),
    context,
  )
  return { groups: groups.map(({ group }, i) => ({ ...group, display: { ...displays[i] } })) }
}

function readNames(parameter: string, text: string | undefined, view: ModuleView): FieldShape[] {
  if (text === undefined) return []
  return readParameter(parameter, () => [...new Set(parseFields(text).map((path) => checkPath(path, view)))])
}

function groupFields(text: string | undefined, view: ModuleView): FieldShape[] {
  const fields = readNames('groupBy', text, view)
  const reserved = fields.find(({ name }) => ['count', 'display', ...measures].includes(name))
  if (reserved !== undefined) {
    const message = `'${reserved.name}' has a meaning of its own in a group, and is not accepted as a field`
    throw new GatewayError('INVALID_VALUE', message, { errors: [{ parameter: 'groupBy', message }] })
  }
  return fields
}

function measuredFields(measure: Measure, text: string | undefined, view: ModuleView): FieldShape[] {
  const fields = readNames(measure, text, view)
  const wrong = fields.find((field) => !accepted[measure].includes(valueKind(field)))
  if (wrong !== undefined) {
    const kinds = accepted[measure].join(', ')
    const message = `'${wrong.name}' is of type ${wrong.type}; '${measure}' accepts fields of the types ${kinds}`
    throw new GatewayError('INVALID_VALUE', message, { errors: [{ parameter: measure, message }] })
  }
  return fields
}
