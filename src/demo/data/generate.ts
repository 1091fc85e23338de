/**
 * Makes the data files beside this one from the recordings of a real coreBOS: `modules.json`, the description
 * of every module (metadata.json); `views.json`, saved views, actions and translations (search.json); and
 * `dataset.json`, the records (dataset-records.json) without what a retrieve derives from others.
 *
 *     node dist/src/demo/data/generate.js RECORDINGS_DIRECTORY TARGET_DIRECTORY
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

interface Described {
  [name: string]: unknown
  name: string
  fields: Record<string, unknown>[]
}

interface Exchange {
  name: string
  session: string
  request: { params: Record<string, unknown> }
  response: { body: { success: boolean; result?: unknown } }
}

const read = async <T>(path: string): Promise<T> => {
  const parsed: unknown = JSON.parse(await readFile(path, 'utf8'))
  return parsed as T // the recordings are this project's own files; a wrong one fails loudly below
}

const RIGHTS = ['createable', 'updateable', 'deleteable']

/** Options of an owner field and rights depend on who asks: the demo works them out. */
const described = (module: Described): Described => {
  const rest = Object.fromEntries(Object.entries(module).filter(([key]) => !RIGHTS.includes(key)))
  const blocks: Record<string, unknown> = {}
  const fields = module.fields.map((field) => {
    const kept: Record<string, unknown> = { ...field }
    const block = field['block'] as { blockid?: string } | undefined // as describe gives it
    if (block?.blockid !== undefined) {
      blocks[block.blockid] = block
      kept['block'] = block.blockid
    }
    const type = field['type'] as { name: string }
    if (type.name === 'owner') kept['type'] = { name: 'owner' }
    return kept
  })
  return { ...rest, name: module.name, blocks, fields }
}

/** What search.json (and metadata.json) say about modules besides describe. */
const lists = async (directory: string): Promise<Record<string, unknown>> => {
  const typesOfField: Record<string, string[]> = {}
  const manyToOne: Record<string, unknown> = {}
  const uitypes: Record<string, unknown> = {}
  const picklists: Record<string, unknown> = {}
  const exchanges = [
    ...(await read<Exchange[]>(join(directory, 'search.json'))),
    ...(await read<Exchange[]>(join(directory, 'metadata.json'))),
  ]
  for (const { session, request, response } of exchanges) {
    if (session !== 'service' || !response.body.success) continue
    const { operation, module, fieldTypeList } = request.params
    const result = response.body.result
    if (operation === 'listtypes' && fieldTypeList !== undefined) {
      const wanted: unknown = typeof fieldTypeList === 'string' ? parsed(fieldTypeList) : fieldTypeList
      const [only, ...more] = Array.isArray(wanted) ? (wanted as string[]) : []
      if (only !== undefined && more.length === 0) typesOfField[only] = (result as { types: string[] }).types
    }
    if (typeof module !== 'string') continue
    if (operation === 'getRelatedModulesManytoOne') manyToOne[module] = result
    if (operation === 'getUItype') uitypes[module] = result
    if (operation === 'getPicklistValues') {
      const found = [...String(result).matchAll(/s:\d+:"(\w+)";a:\d+:\{([^}]*)\}/g)]
      if (found.length > 0) picklists[module] = Object.fromEntries(found.map(([, name, list]) => [name, values(list)]))
    }
  }
  return { typesOfField, manyToOne, uitypes, picklists }
}

/** The keys of a serialized PHP array whose keys and values are the same. */
const values = (list = ''): string[] =>
  [...list.matchAll(/s:\d+:"([^"]*)";s:\d+:"[^"]*";/g)].map(([, value]) => value ?? '')

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const modules = async (directory: string): Promise<unknown> => {
  const exchanges = await read<Exchange[]>(join(directory, 'metadata.json'))
  const found: Record<string, Described> = {}
  let types: unknown
  let employee: unknown
  for (const { name, session, request, response } of exchanges) {
    if (session !== 'service' || !response.body.success) continue
    if (name === 'listtypes') types = response.body.result
    const elementType = request.params['elementType']
    if (request.params['operation'] !== 'describe' || typeof elementType !== 'string') continue
    if (!elementType.includes(',')) found[elementType] = described(response.body.result as Described)
  }
  for (const { request, response } of await read<Exchange[]>(join(directory, 'employee.json'))) {
    if (request.params['operation'] === 'describe') employee = described(response.body.result as Described)
  }
  const listed = types as { types: string[]; information: unknown }
  return {
    types: listed.types,
    ...(await lists(directory)),
    information: listed.information,
    described: found,
    employee,
  }
}

const dataset = async (directory: string): Promise<unknown> => {
  const source = await read<{ records: Record<string, Record<string, unknown>> }>(
    join(directory, 'dataset-records.json'),
  )
  // What a retrieve adds to the values is no text, but for the address of a file.
  const records = Object.fromEntries(
    Object.entries(source.records).map(([id, record]) => [
      id,
      Object.fromEntries(
        Object.entries(record).filter(
          ([name, value]) => typeof value === 'string' && name !== 'id' && name !== '_downloadurl',
        ),
      ),
    ]),
  )
  return { ...source, records }
}

const [from, to] = process.argv.slice(2)
if (from === undefined || to === undefined) throw new Error('usage: generate RECORDINGS_DIRECTORY TARGET_DIRECTORY')
/** Saved views, business actions and translations, as search.json and clients.json have them for the service user. */
const views = async (directory: string): Promise<unknown> => {
  const filters: Record<string, unknown> = {}
  const saved: Record<string, unknown> = {}
  const actions: Record<string, unknown> = {}
  const translations: Record<string, Record<string, string>> = {}
  const exchanges = [
    ...(await read<Exchange[]>(join(directory, 'search.json'))),
    ...(await read<Exchange[]>(join(directory, 'clients.json'))),
  ]
  for (const { session, request, response } of exchanges) {
    if (session !== 'service' || !response.body.success) continue
    const { operation, module, linktype, id, language, totranslate } = request.params
    const result = response.body.result
    if (operation === 'getfiltersbymodule') filters[String(module)] = (result as { filters: unknown }).filters
    if (operation === 'getViewsByModule') saved[String(module)] = (result as { filters: unknown }).filters
    if (operation === 'getBusinessActions' && typeof id === 'string' && id !== '') {
      const number = id.split('x')[1] ?? ''
      const text = JSON.stringify((result as Record<string, unknown>)[String(linktype)])
      actions[`${String(module)} ${String(linktype)}`] = JSON.parse(text.replaceAll(number, '$RECORD'))
    }
    if (String(operation).toLowerCase() === 'gettranslation' && !Array.isArray(totranslate)) {
      for (const [key, text] of Object.entries(result as Record<string, string>)) {
        const asked = (totranslate as Record<string, string>)[key]
        if (asked !== text) (translations[`${String(language)} ${String(module)}`] ??= {})[String(asked)] = text
      }
    }
  }
  return { filters, saved, actions, translations }
}

const byLine = (value: unknown): string =>
  JSON.stringify(value)
    .replaceAll('},"', '},\n"')
    .replaceAll('},{', '},\n{') + '\n'
await writeFile(join(to, 'modules.json'), byLine(await modules(from)))
await writeFile(join(to, 'views.json'), byLine(await views(from)))
await writeFile(join(to, 'dataset.json'), byLine(await dataset(from)))
