/** All that there is in a coreBOS, read as its administrator. */
import { isObject, type Webservice } from './webservice.ts'

export interface Field {
  readonly name: string
  readonly type: string
  readonly uitype: string
  /** The modules that a reference may point to. */
  readonly refersTo: readonly string[]
}

export interface Module {
  readonly name: string
  readonly idPrefix: string
  /** The fields whose values, joined by blanks, are a record's name. */
  readonly labelFields: readonly string[]
  readonly fields: ReadonlyMap<string, Field>
}

export interface CrmRecord {
  /** Webservice id. */
  readonly id: string
  readonly module: string
  readonly values: ReadonlyMap<string, string>
}

export interface World {
  readonly modules: ReadonlyMap<string, Module>
  readonly records: ReadonlyMap<string, CrmRecord>
  readonly byModule: ReadonlyMap<string, readonly CrmRecord[]>
  /** By the id of a document or an e-mail, the ids of the records that it is related to. */
  readonly relations: ReadonlyMap<string, ReadonlySet<string>>
  /** Texts of comments on tickets, by the ticket's id; they are no records. */
  readonly comments: ReadonlyMap<string, readonly string[]>
  /** Webservice ids of deleted records. */
  readonly deleted: readonly string[]
  /** Access keys of CRM users. */
  readonly secrets: readonly string[]
  /** Every text of the descriptions: labels, picklists, names. */
  readonly vocabulary: ReadonlySet<string>
}

const pageSize = 1000

/** @throws Error where the user is rejected what an administrator may do */
export async function loadWorld(admin: Webservice): Promise<World> {
  const listed = await admin.result({ operation: 'listtypes' })
  const types = isObject(listed) && Array.isArray(listed['types']) ? listed['types'].map(String) : []
  const modules = new Map<string, Module>()
  const byModule = new Map<string, CrmRecord[]>()
  const vocabulary = new Set<string>(types)
  for (const name of new Set([...types, 'Users'])) {
    const { success, result } = await admin.call({ operation: 'describe', elementType: name })
    if (!success) continue
    collectTexts(result, vocabulary)
    const module = readModule(name, result)
    modules.set(name, module)
    byModule.set(name, await loadRecords(admin, module))
  }
  const records = new Map([...byModule.values()].flat().map((record) => [record.id, record]))
  const of = (name: string): CrmRecord[] => byModule.get(name) ?? []
  return {
    modules,
    records,
    byModule,
    relations: new Map([
      ...(await documentRelations(admin, of('Documents'))),
      ...(await emailRelations(admin, [...of('Contacts'), ...of('Accounts')])),
    ]),
    comments: await ticketComments(admin, of('HelpDesk')),
    deleted: await deletedIds(admin, modules),
    secrets: await accessKeys(admin),
    vocabulary,
  }
}

function collectTexts(value: unknown, into: Set<string>): void {
  if (typeof value === 'string') into.add(value)
  else if (Array.isArray(value)) for (const each of value) collectTexts(each, into)
  else if (isObject(value)) {
    for (const [key, each] of Object.entries(value)) {
      // Names of staff: coreBOS's own description lists them, and they are no words of the language.
      if (key === 'assignto') continue
      into.add(key)
      collectTexts(each, into)
    }
  }
}

function readModule(name: string, description: unknown): Module {
  const described = isObject(description) ? description : {}
  const fields = Array.isArray(described['fields']) ? described['fields'].filter(isObject) : []
  return {
    name,
    idPrefix: typeof described['idPrefix'] === 'string' ? described['idPrefix'] : '',
    labelFields: typeof described['labelFields'] === 'string' ? described['labelFields'].split(',') : [],
    fields: new Map(
      fields.map((field) => {
        const type = isObject(field['type']) ? field['type'] : {}
        const refersTo = Array.isArray(type['refersTo']) ? type['refersTo'].map(String) : []
        const fieldName = String(field['name'])
        return [
          fieldName,
          { name: fieldName, type: String(type['name']), uitype: String(field['uitype']), refersTo },
        ]
      }),
    ),
  }
}

async function loadRecords(admin: Webservice, { name }: Module): Promise<CrmRecord[]> {
  const records: CrmRecord[] = []
  for (;;) {
    const { success, result } = await admin.call({
      operation: 'query',
      query: `select * from ${name} limit ${records.length},${pageSize};`,
    })
    const rows = success && Array.isArray(result) ? result.filter(isObject) : []
    for (const row of rows) {
      const values = new Map(
        Object.entries(row).map(([key, value]) => [key, typeof value === 'string' ? value : '']),
      )
      records.push({ id: values.get('id') ?? '', module: name, values })
    }
    if (rows.length < pageSize) return records
  }
}

/** Of a document coreBOS itself says what it is related to. */
async function documentRelations(
  admin: Webservice,
  documents: readonly CrmRecord[],
): Promise<[string, Set<string>][]> {
  const relations: [string, Set<string>][] = []
  for (const { id } of documents) {
    const { result } = await admin.call({ operation: 'retrieve', id })
    const related = isObject(result) && Array.isArray(result['relations']) ? result['relations'] : []
    relations.push([id, new Set(related.map(String))])
  }
  return relations
}

async function emailRelations(
  admin: Webservice,
  parties: readonly CrmRecord[],
): Promise<Map<string, Set<string>>> {
  const relations = new Map<string, Set<string>>()
  for (const { id, module } of parties) {
    for (const row of await relatedRows(admin, id, module, 'Emails')) {
      const email = String(row['id'])
      relations.set(email, (relations.get(email) ?? new Set<string>()).add(id))
    }
  }
  return relations
}

async function ticketComments(
  admin: Webservice,
  tickets: readonly CrmRecord[],
): Promise<Map<string, string[]>> {
  const comments = new Map<string, string[]>()
  for (const { id, values } of tickets) {
    if (values.get('commentadded') !== '1') continue
    const rows = await relatedRows(admin, id, 'HelpDesk', 'ModComments')
    comments.set(
      id,
      rows.map((row) => String(row['commentcontent'])),
    )
  }
  return comments
}

async function relatedRows(
  admin: Webservice,
  id: string,
  module: string,
  relatedModule: string,
): Promise<Record<string, unknown>[]> {
  const { result } = await admin.call({
    operation: 'getRelatedRecords',
    id,
    module,
    relatedModule,
    queryParameters: '{}',
  })
  return isObject(result) && Array.isArray(result['records']) ? result['records'].filter(isObject) : []
}

async function deletedIds(admin: Webservice, modules: ReadonlyMap<string, Module>): Promise<string[]> {
  const found = new Set<string>()
  for (const elementType of modules.keys()) {
    const { result } = await admin.call({ operation: 'sync', modifiedTime: '1', elementType })
    const ids = isObject(result) && Array.isArray(result['deleted']) ? result['deleted'] : []
    for (const id of ids) found.add(String(id))
  }
  return [...found]
}

/** As the administrator reads them: through the hole that any contact has as well. */
async function accessKeys(admin: Webservice): Promise<string[]> {
  const keys = new Set<string>()
  for (const path of ['Users.accesskey', 'Users.user_hash', 'Users.user_password']) {
    const query = `select ${path} from HelpDesk limit ${pageSize};`
    const { success, result } = await admin.call({ operation: 'query', query })
    if (!success || !Array.isArray(result)) continue
    for (const row of result.filter(isObject)) {
      for (const [key, value] of Object.entries(row)) if (key !== 'id') keys.add(String(value))
    }
  }
  keys.delete('')
  return [...keys]
}
