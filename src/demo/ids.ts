/** Web service ids as callers give them: `17x8625`, or a bare number or a cbuuid where the record is known. */
import type { CrmRecord, Database } from './database.ts'
import { denied, invalidId } from './errors.ts'
import type { Module } from './metadata.ts'

export interface ResolvedId {
  readonly module: Module
  readonly number: number
  /** The entity of this number if it is not deleted and is of this module. */
  readonly record: CrmRecord | undefined
  /** The entity of this number in any module, if it is not deleted. */
  readonly any: CrmRecord | undefined
}

const CBUUID = /^[0-9a-f]{40}$/

/** Takes an id apart. An empty id is incorrect, one whose prefix names no module is denied. */
export const resolveId = (database: Database, id: string): ResolvedId => {
  if (id === '') throw invalidId()
  const named = CBUUID.test(id) ? database.byCbuuid(id) : undefined
  if (named !== undefined) return resolveId(database, database.webserviceId(named))
  const [head = '', tail] = id.split('x')
  if (tail === undefined && /^\d+$/.test(id)) {
    const entity = database.entity(Number(id))
    const module = database.module(entity?.module ?? '')
    if (module === undefined) throw denied('Permission to perform the operation is denied for id: 0')
    return resolved(database, module, Number(id))
  }
  const module = /^\d+$/.test(head) ? database.moduleByPrefix(head) : undefined
  if (module === undefined) {
    const prefix = /^\d+$/.test(head) ? head : '0'
    throw denied(`Permission to perform the operation is denied for id: ${prefix}`)
  }
  return resolved(database, module, Number.parseInt(tail ?? '', 10) || 0)
}

const alive = (record: CrmRecord | undefined): CrmRecord | undefined =>
  record?.deleted === false ? record : undefined

const resolved = (database: Database, module: Module, number: number): ResolvedId => {
  const record = alive(database.row(module.name, number))
  return { module, number, record, any: alive(database.entity(number)) ?? record }
}
