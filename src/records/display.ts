/** Display texts beside the values of records: names of records and users, labels of picklists, codes of currencies. */
import type { ReadContext } from '../access/context.ts'
import type { Words } from '../access/wording.ts'
import { mapLimited } from '../model/map-limited.ts'
import { holdsUsers, type FieldShape, type ModuleShape } from '../model/module.ts'
import { parseId } from '../model/webservice-id.ts'
import * as tree from '../query/tree.ts'
import { run } from '../read/run.ts'
import { bounded } from '../read/look-up.ts'
import type { FoundRecord } from '../read/send.ts'
import { allIds } from '../scope/check.ts'
import { ofGateway } from '../scope/plan.ts'
import { separator } from '../scope/value.ts'
import type { Row } from '../scope/verify.ts'
import type { ModuleView } from '../scope/view.ts'

/** By field. A field has no text if it is empty, or points to a record that the contact does not see. */
export type Display = Readonly<Record<string, string>>

/** A verified row, with the fields of its values. */
export interface DisplayedRow {
  readonly row: Row
  readonly fields: ReadonlyMap<string, FieldShape>
}

type Kind = 'user' | 'currency' | 'record' | 'label'

function kindOf(field: FieldShape): Kind | undefined {
  if (field.type === 'reference' || field.type === 'owner') {
    if (field.refersTo.includes('Currency')) return 'currency'
    return holdsUsers(field) ? 'user' : 'record'
  }
  return field.picklist === undefined ? undefined : 'label'
}

/**
 * Called before the records are read: the modules that their references may point to are described by one call, and no
 * record is read twice for lack of a description.
 *
 * @throws NotDescribed
 */
export function prepareDisplay(fields: Iterable<FieldShape | undefined>, { visible }: ReadContext): void {
  visible.modules.requireEach?.([...fields].flatMap((field) => field?.refersTo ?? []))
}

/**
 * At most one call of coreBOS for each module of the references. The names of the contact and its account are cached
 * with the scope; users, currencies and labels as long as modules and fields.
 *
 * @param found whole records that have been read for the same request
 * @returns in the order of the rows
 * @throws GatewayError `QUERY_TOO_LARGE`, or the error of coreBOS
 */
export async function displayOf(
  rows: readonly DisplayedRow[],
  context: ReadContext,
  found: ReadonlyMap<string, FoundRecord | null> = new Map(),
): Promise<readonly Display[]> {
  const cells = rows.map(({ row, fields }) => cellsOf(row, fields, context))
  const all = cells.flat()
  const valuesOf = (kind: Kind) => new Set(all.filter((cell) => cell.kind === kind).map(({ value }) => value))
  const [users, currencies] = [valuesOf('user'), valuesOf('currency')]
  const [userNames, codes, names, labels] = await Promise.all([
    users.size === 0 ? none : context.wording.userNames(users),
    currencies.size === 0 ? none : context.wording.currencyCodes(),
    recordNames(all, found, context),
    labelsOf(all, context),
  ])
  const textOf = ({ kind, value, field, module }: Cell): string | undefined => {
    switch (kind) {
      case 'user':
        return userNames.get(value)
      case 'currency':
        return codes.get(value)
      case 'record':
        return names.get(value)
      case 'label':
        return labelOf(value, field, module === undefined ? none : (labels.get(module) ?? none))
    }
  }
  return cells.map((those) =>
    Object.fromEntries(
      those.flatMap((cell) => {
        const text = textOf(cell) ?? ''
        return text === '' ? [] : [[cell.name, text]]
      }),
    ),
  )
}

const none: Words = new Map()

/** A value with a display text. */
interface Cell {
  readonly name: string
  readonly value: string
  readonly kind: Kind
  readonly field: FieldShape
  /** Of the field, for its labels; undefined if the contact cannot read it. */
  readonly module: ModuleShape | undefined
  /** The view of the record that the value points to. */
  readonly view: ModuleView | undefined
}

function cellsOf(row: Row, fields: DisplayedRow['fields'], context: ReadContext): Cell[] {
  return Object.entries(row).flatMap(([name, value]) => {
    const field = fields.get(name)
    const kind = field === undefined || value === '' ? undefined : kindOf(field)
    if (field === undefined || kind === undefined) return []
    const module = kind === 'label' ? context.visible.find(field.module ?? '')?.module : undefined
    const view = kind === 'user' || kind === 'record' ? referredView(value, field, context) : undefined
    // Some references point to users and to records.
    return [{ name, value, kind: view === undefined ? kind : ('record' as const), field, module, view }]
  })
}

/** By the modules that the field refers to: they are described, so that no other module needs to be. */
function referredView(
  value: string,
  { refersTo }: FieldShape,
  { visible }: ReadContext,
): ModuleView | undefined {
  const prefix = parseId(value)?.prefix
  return refersTo
    .map((name) => visible.find(name))
    .find((view) => view !== undefined && view.module.idPrefix === prefix)
}

async function labelsOf(
  cells: readonly Cell[],
  { wording, language }: ReadContext,
): Promise<ReadonlyMap<ModuleShape, Words>> {
  if (language === undefined) return new Map()
  const modules = new Set(cells.flatMap(({ module }) => module ?? []))
  return new Map(
    await mapLimited(modules, async (module) => [module, await wording.labels(module, language)] as const),
  )
}

/** A value that is not in a picklist, or no longer, is its own text. */
function labelOf(value: string, { type, picklist = [] }: FieldShape, labels: Words): string {
  const one = (each: string): string =>
    labels.get(each) ?? picklist.find((option) => option.value === each)?.label ?? each
  return type === 'multipicklist' ? value.split(separator).map(one).join(', ') : one(value)
}

/** The name fields of a module, as far as the contact can read them. */
function nameFields({ module: { labelFields = [] }, readable }: ModuleView): string[] {
  return labelFields.filter((name) => readable.has(name))
}

/** By webservice id; without records that the contact does not see. */
async function recordNames(
  cells: readonly Cell[],
  found: ReadonlyMap<string, FoundRecord | null>,
  context: ReadContext,
): Promise<Words> {
  const modules = new Map<ModuleView, Set<string>>()
  for (const { value, view } of cells)
    if (view !== undefined) modules.set(view, (modules.get(view) ?? new Set<string>()).add(value))
  const names = await mapLimited(modules, async ([view, referred]) => {
    const those = [...referred]
    const read = those.map((id) => found.get(id)?.row).filter((row) => row !== undefined)
    const unread = those.filter((id) => !found.has(id))
    return [...namesOf(read, nameFields(view)), ...(await unreadNames(view, unread, context))]
  })
  return new Map(names.flat())
}

/**
 * The contact and its account are in most answers: their names are cached as long as their scope, and read together
 * with the others where they are not.
 */
async function unreadNames(view: ModuleView, ids: readonly string[], context: ReadContext): Promise<Named[]> {
  const { contact } = context.visible
  const fields = nameFields(view)
  const own = ids.find((id) => id === contact.id || id === contact.accountId)
  const others = ids.filter((id) => id !== own)
  const read = async (some: readonly string[]) => namesOf(await rowsOf(view, fields, some, context), fields)
  if (own === undefined) return read(others)

  let all: Named[] | undefined
  const ownNames = await context.remember(JSON.stringify(['name', own]), [view.module.name], async () => {
    all = await read(ids)
    return all.filter(([id]) => id === own).map(([, name]) => name)
  })
  return all ?? [...ownNames.map((name) => [own, name] as const), ...(await read(others))]
}

type Named = readonly [id: string, name: string]

function namesOf(rows: readonly Row[], fields: readonly string[]): Named[] {
  const nameOf = (row: Row): string =>
    fields
      .map((name) => row[name] ?? '')
      .join(' ')
      .trim()
  return rows.map((row) => [row['id'] ?? '', nameOf(row)])
}

async function rowsOf(
  { module }: ModuleView,
  fields: readonly string[],
  ids: readonly string[],
  context: ReadContext,
): Promise<readonly Row[]> {
  if (fields.length === 0 || ids.length === 0) return []
  const where = tree.among('id', bounded([...ids], module.name))
  const { records } = await run(
    tree.select(module.name, [...fields, 'id'], where, allIds),
    context,
    ofGateway(),
  )
  const wanted = new Set(ids)
  return records.filter(({ id = '' }) => wanted.has(id))
}
