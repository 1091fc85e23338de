/** What the profile of a caller's role allows. */
import type { Caller, Database } from './database.ts'
import type { Module } from './metadata.ts'
import { isStandard, listedTypes } from './metadata.ts'

/** Rights on modules without entities, and on users, for all but administrators. */
const FIXED: Readonly<Record<string, readonly [boolean, boolean, boolean, boolean]>> = {
  Users: [true, true, false, false],
}

export interface Rights {
  readonly create: boolean
  readonly update: boolean
  readonly delete: boolean
  readonly retrieve: boolean
}

export const rightsOf = (database: Database, caller: Caller, module: Module): Rights => {
  if (!module.isEntity) return { create: false, update: false, delete: false, retrieve: true }
  if (caller.isAdmin) return { create: true, update: true, delete: true, retrieve: true }
  const [create, update, remove, retrieve] = FIXED[module.name] ?? [true, true, true, true]
  const role = caller.user.values.get('roleid') ?? ''
  const allowed = database.writeDenied.get(role)?.has(module.name) !== true
  return { create: create && allowed, update: update && allowed, delete: remove && allowed, retrieve }
}

/** The modules that listtypes names. */
export const typesOf = (database: Database): string[] => {
  const custom = [...database.modules.keys()].filter((name) => !isStandard(name))
  const firstOther = listedTypes.indexOf('Groups')
  return [...listedTypes.slice(0, firstOther), ...custom, ...listedTypes.slice(firstOther)]
}

export const isListed = (database: Database, name: string): boolean =>
  listedTypes.includes(name) || (!isStandard(name) && database.module(name) !== undefined)
