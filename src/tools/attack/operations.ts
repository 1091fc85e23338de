/** Requests in coreBOS's own protocol. */
import type { Attempt } from './attempt.ts'
import { attempt, known as facts, pickId, say, type Said } from './interfaces.ts'
import * as hostile from './hostile.ts'
import type { Random } from './random.ts'
import { openModules } from './scope.ts'
import { pickModule, type Maker } from './pick.ts'
import type { Parameters } from './webservice.ts'

export interface Call {
  readonly label: string
  readonly parameters: Parameters
  readonly known?: Partial<Attempt>
}

/** @param session of the contact */
export function webserviceAttempt(
  { label, parameters, known }: Call,
  path: string,
  session: string,
): Attempt {
  return attempt({
    ...known,
    answerKind: 'webservice',
    label,
    method: 'POST',
    path,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'attack' },
    body: new URLSearchParams({ ...parameters, sessionName: session }).toString(),
    text: Object.values(parameters).join(' '),
    modules: known?.modules ?? openModules,
  })
}

const related = (id: string, module: string, relatedModule: string, orderby: string): Parameters => ({
  operation: 'getRelatedRecords',
  id,
  module,
  relatedModule,
  queryParameters: JSON.stringify({ columns: '*', orderby }),
})

const readings = [
  'retrieve',
  'retrieve',
  'getRelatedRecords',
  'MassRetrieve',
  'getReferenceValue',
  'retrievedocattachment',
  'getRecordImages',
  'getpdfdata',
] as const

/**
 * Any reading, as the generator likes.
 *
 * @param known calls that are put now and then as they are
 */
export function makeCall(maker: Maker, known: readonly Call[]): Call {
  const { random } = maker
  return random.weighted<() => Call>([
    [10, () => statementCall(say(maker))],
    [4, () => random.pick(known)],
    [4, () => reading(maker, random.pick(readings))],
    [1, () => ({ label: 'describe', parameters: { operation: 'describe', elementType: pickModule(maker) } })],
  ])()
}

function statementCall(said: Said): Call {
  const { form, selection } = said.statement
  return {
    label: `query: ${said.spoiled ? 'a broken' : 'a'} ${form} statement (${selection})`,
    parameters: { operation: 'query', query: said.text },
    known: facts(said),
  }
}

function reading(maker: Maker, operation: (typeof readings)[number]): Call {
  const { random, world } = maker
  const id = pickId(maker)
  const ids = [id, pickId(maker), pickId(maker)]
  const label = operation
  switch (operation) {
    case 'MassRetrieve':
      return { label, parameters: { operation, ids: ids.join(',') } }
    case 'getReferenceValue':
      return {
        label,
        parameters: { operation, id: random.chance(0.5) ? serialized(ids) : JSON.stringify(ids) },
      }
    case 'getRelatedRecords': {
      const module = world.records.get(id)?.module ?? pickModule(maker)
      const order = orderOf(maker.random)
      return { label, parameters: related(id, module, pickModule(maker), order) }
    }
    case 'retrievedocattachment':
      return { label, parameters: { operation, id: ids.join(','), returnfile: random.pick(['0', '1']) } }
    default:
      return { label, parameters: { operation, id } }
  }
}

function orderOf(random: Random): string {
  return random.chance(0.5) ? '' : random.pick(hostile.fragments).replaceAll('\ud800', '')
}

/** An array as PHP writes it. */
function serialized(ids: readonly string[]): string {
  return `a:${ids.length}:{${ids.map((id, i) => `i:${i};s:${id.length}:"${id}";`).join('')}}`
}
