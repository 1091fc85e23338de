/** Reads the parameters of a request to `/webservice.php` from its URL, headers and body, as coreBOS does. */
import type { IncomingMessage } from 'node:http'
import { unknownOperation, WebserviceRejection } from './envelope.ts'
import { glimpse, isForm } from './glimpse.ts'
import { multipartPairs } from './multipart.ts'
import { operationNamed, type Operation } from './operations.ts'
import { formParameters, jsonParameters, urlencodedPairs, type Pair, type Parameters } from './php.ts'

/** What the parameters are read from, besides the body. */
export type RequestHead = Pick<IncomingMessage, 'url' | 'headers'>

function queryOf({ url = '' }: RequestHead): Pair[] {
  const mark = url.indexOf('?')
  // Node reads each byte of a URL as one character.
  return urlencodedPairs(Buffer.from(mark < 0 ? '' : url.slice(mark + 1), 'latin1'))
}

/** The parameters of the URL; none if it is malformed, which is rejected later. */
export function parametersOfUrl(head: RequestHead): Parameters {
  try {
    return formParameters(queryOf(head), [])
  } catch {
    return new Map()
  }
}

/** The parameters of the URL and of the beginning of a body. */
export function parametersSoFar(head: RequestHead, start: Buffer): Parameters {
  return new Map([...parametersOfUrl(head), ...glimpse(head.headers['content-type'] ?? '', start)])
}

/** @throws GatewayError `BAD_REQUEST` for a form that cannot be read */
export async function parametersOf(head: RequestHead, body: Buffer): Promise<Parameters> {
  const query = queryOf(head)
  const type = head.headers['content-type'] ?? ''
  const form = /^multipart\/form-data\b/i.test(type)
    ? await multipartPairs(type, body)
    : isForm(type)
      ? urlencodedPairs(body)
      : []
  return query.length === 0 && form.length === 0 ? jsonParameters(body) : formParameters(query, form)
}

/** A header counts over the parameter, as at coreBOS. */
export function sessionNameOf({ headers }: RequestHead, parameters: Parameters): string {
  const { 'corebos-authorization': dashed, corebos_authorization: underscored } = headers
  const header = [dashed, underscored].flat().find((each) => each !== undefined && each !== '')
  const parameter = parameters.get('sessionName')
  return header ?? (typeof parameter === 'string' ? parameter : '')
}

/** @throws WebserviceRejection for parameters that would change how coreBOS reads the others, and have no meaning here */
export function rejectParameters(parameters: Parameters): void {
  const present = (name: string): boolean => (parameters.get(name) ?? '') !== ''
  const rejected = ['cbwsOptions', 'mode'].find(present)
  if (rejected !== undefined) {
    throw new WebserviceRejection(
      'ACCESS_DENIED',
      `Permission to perform the operation is denied: ${rejected}`,
    )
  }
  if (formatOf(parameters) === 'streamraw') {
    throw new WebserviceRejection('ACCESS_DENIED', 'Permission to perform the operation is denied: format')
  }
}

/** In lower case; empty if it is missing. */
export function formatOf(parameters: Parameters): string {
  const format = parameters.get('format')
  return typeof format === 'string' ? format.toLowerCase() : ''
}

/** Undefined for an unknown operation. */
export function operationIn(parameters: Parameters): Operation | undefined {
  const name = parameters.get('operation')
  return typeof name === 'string' ? operationNamed(name) : undefined
}

/** @throws WebserviceRejection for an unknown operation */
export function operationOf(parameters: Parameters): Operation {
  const operation = operationIn(parameters)
  if (operation === undefined) throw unknownOperation()
  return operation
}

/** Whether a file may be sent with it: unless the operation says otherwise, a record may be a document. */
export function carriesFile(parameters: Parameters): boolean {
  const module = parameters.get('elementType')
  return operationIn(parameters)?.carriesFile === true && (module === undefined || module === 'Documents')
}
