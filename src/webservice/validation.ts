/** Operations that validate values, by field, before or instead of writing them. */
import { GatewayError } from '../model/errors.ts'
import type { Input, WebserviceWriteContext } from './call.ts'
import { elementOf, idOf, valuesOf } from './element.ts'
import { failed, result, WebserviceRejection, type Result } from './envelope.ts'
import { isObject } from './php.ts'
import { rehearse } from './rehearsal.ts'
import {
  type Change,
  creation,
  revision,
  revisionBy,
  carryOut,
  completeRevision,
  MissingFields,
  complete,
} from './write.ts'

/** The problems of the values, by field; undefined if there are none. @throws GatewayError any other rejection */
async function problemsWith(
  { write }: Change,
  client: WebserviceWriteContext,
): Promise<Record<string, string[]> | undefined> {
  try {
    await rehearse(write, client.context, complete(client))
    return undefined
  } catch (error) {
    if (error instanceof MissingFields) return error.byField
    if (!(error instanceof GatewayError) || error.code !== 'INVALID_VALUE' || error.errors === undefined)
      throw error
    return Object.fromEntries(
      error.errors.flatMap((each) => ('field' in each ? [[each.field, [each.message]] as const] : [])),
    )
  }
}

async function validated(change: Change, client: WebserviceWriteContext): Promise<Result> {
  const problems = await problemsWith(change, client)
  return problems === undefined ? result(await carryOut(change, client)) : failed(problems)
}

export async function createWithValidation(input: Input, client: WebserviceWriteContext): Promise<Result> {
  return validated(await creation(input.text('elementType'), elementOf(input), client), client)
}

export async function reviseWithValidation(input: Input, client: WebserviceWriteContext): Promise<Result> {
  const element = elementOf(input)
  return validated(await revisionBy(requireParameter(idOf(element)), element, client), client)
}

export async function updateWithValidation(input: Input, client: WebserviceWriteContext): Promise<Result> {
  const element = elementOf(input)
  const change = await completeRevision(requireParameter(idOf(element)), element, client)
  return change instanceof MissingFields ? failed(change.byField) : validated(change, client)
}

function requireParameter(text: string): string {
  if (text === '') throw new WebserviceRejection('INVALID_PARAMETER', 'Invalid parameter')
  return text
}

/** Whether the values of a form could be written; writes nothing. */
export async function validateInformation(input: Input, client: WebserviceWriteContext): Promise<Result> {
  const context = input.json('context')
  if (!isObject(context)) {
    const message = context === undefined ? 'Invalid parameter' : "'context' is an object"
    throw new WebserviceRejection('INVALID_PARAMETER', message)
  }
  const { module = '', record: id = '', ...fields } = context
  if (typeof id !== 'string' || typeof module !== 'string') {
    throw new WebserviceRejection('INVALID_PARAMETER', 'Invalid parameter')
  }
  const change = id === '' ? await creation(module, fields, client) : revision(id, valuesOf(fields), client)
  const silent = { ...client.context, audit: () => undefined }
  const problems = await problemsWith(change, { ...client, context: silent })
  return problems === undefined ? result(true) : failed(problems)
}
