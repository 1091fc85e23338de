/** Operations on the installation: coreBOS allows them in every session. */
import { createHash } from 'node:crypto'
import { textParameter } from '../parameters.ts'
import type { Handler, UserCall } from '../call.ts'
import { denied } from '../errors.ts'
import { findModule, planBasic } from '../query/basic.ts'
import { chooseDialect, normalize } from '../query/choose.ts'
import { evaluateQuery } from '../query/evaluate.ts'
import { planExtended } from '../query/extended.ts'
import type { Plan } from '../query/plan.ts'
import { Schemas } from '../query/schema.ts'
import { DatabaseError } from '../query/sql/values.ts'
import { planWorkflow } from '../query/workflow.ts'

/** A new key for the session's own user, which all contacts mapped to it share. */
export const changeAccessKey: Handler = (call) => {
  const id = textParameter(call, 'id')
  const number = Number(id.split('x').pop())
  const user = call.database.row('Users', number)
  const { user: self, isAdmin } = call.caller
  if (user === undefined || (user !== self && !isAdmin)) {
    throw denied('You do not have permission to change the Access Key.')
  }
  const accesskey = createHash('sha256')
    .update(`${user.values.get('accesskey') ?? ''} ${call.now()} ${call.session.name}`)
    .digest('base64url')
    .slice(0, 16)
  user.values.set('accesskey', accesskey)
  const message = 'Changed password successfully. Save your new Access Key, you will not see it again.'
  return { message, accesskey }
}

export const getSetting: Handler = (call) =>
  call.database.settings.get(textParameter(call, 'key')) ?? textParameter(call, 'default')

export const setSetting: Handler = (call) => {
  call.database.settings.set(textParameter(call, 'key'), textParameter(call, 'value'))
  return null
}

export const delSetting: Handler = (call) => {
  call.database.settings.delete(textParameter(call, 'key'))
  return null
}

export const getQueuedOperationResult: Handler = (call) =>
  call.queue.takeResult(textParameter(call, 'operationTrackingID')) ??
  'Operation not queued or not finished yet'

const planOf = (call: UserCall, schemas: Schemas, text: string): Plan | undefined => {
  switch (chooseDialect(text)) {
    case 'basic':
      return planBasic(call.database, schemas, text)
    case 'extended':
      return planExtended(call.database, schemas, text)
    case 'workflow':
      return planWorkflow(call.database, schemas, text, call.today())
    case 'related':
      return undefined
  }
}

const sqlOf = ({ schema, columns, where, tail }: Plan): string => {
  const { table, key } = schema
  const selected = columns.map(({ column }) => `${table}.${column}`).join(', ')
  const join = `INNER JOIN vtiger_crmentity ON vtiger_crmentity.crmid=${table}.${key}`
  const conditions = where === '' ? 'vtiger_crmentity.deleted=0' : `vtiger_crmentity.deleted=0 AND ${where}`
  return `SELECT ${selected} FROM ${table} ${join} WHERE ${conditions}${tail}`
}

/** The SQL that a statement becomes, and whether the database takes it. */
export const showqueryfromwsdoquery: Handler = (call) => {
  const statement = textParameter(call, 'query')
  const schemas = new Schemas(call.database)
  const text = normalize(statement)
  findModule(schemas, text)
  const plan = planOf(call, schemas, text)
  const sql = plan === undefined ? '' : sqlOf(plan)
  try {
    evaluateQuery(call.database, call.caller, statement, { url: call.url(), today: call.today })
    return { sql, status: 'OK', msg: 'SQL Query is correct' }
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    return { sql, status: 'NOK', msg: `SQL Query is incorrect ${error.reason}` }
  }
}
