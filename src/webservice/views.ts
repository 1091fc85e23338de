/** Operations that show how coreBOS presents its modules: custom views, actions, translations. */
import { businessActions } from '../corebos/actions.ts'
import { translate } from '../corebos/translation.ts'
import { savedViews, type SavedView, type SavedViews } from '../corebos/views.ts'
import { GatewayError } from '../model/errors.ts'
import { mapLimited } from '../model/map-limited.ts'
import { explain } from '../read/explain.ts'
import { find } from '../read/records-by-id.ts'
import { readBy } from '../read/send.ts'
import { parseCondition } from '../query/parse.ts'
import type { ModuleView } from '../scope/view.ts'
import type { Input, WebserviceContext } from './call.ts'
import { openModule } from './describe.ts'
import { closedModule, result, type Result } from './envelope.ts'
import { requireLength } from './lists.ts'
import { escaped } from './markup.ts'
import { isObject, type Parameter } from './php.ts'
import { recordsOf } from './read.ts'

export async function getfiltersbymodule(input: Input, client: WebserviceContext): Promise<Result> {
  const view = openModule(input.text('module'), client)
  const saved = await savedViews(client.caller, 'getfiltersbymodule', view.module.name)
  const shown = await readableViews(saved.views, view, client)
  const html = shown.map(({ id, name }) => `<option value='${escaped(id)}'>${escaped(name)}</option>`)
  const filters = shown.map((each) => [each.id, shownView(each, view, { stdcriteria: '' })] as const)
  return result({ html: html.join(''), filters: Object.fromEntries(filters), ...listing(saved, view) })
}

export async function getViewsByModule(input: Input, client: WebserviceContext): Promise<Result> {
  const view = openModule(input.text('module'), client)
  const saved = await savedViews(client.caller, 'getViewsByModule', view.module.name)
  const shown = await readableViews(saved.views, view, client)
  const filters = shown.map(
    (each) => [each.id, shownView(each, view, { raw_name: each.name, stdcriteria: '[]' })] as const,
  )
  return result({
    // PHP writes an empty object as a list.
    filters: filters.length === 0 ? [] : Object.fromEntries(filters),
    ...listing(saved, view),
  })
}

/** Those whose whole condition the contact could put itself: one without it would promise rows that it does not mean. */
async function readableViews(
  views: readonly SavedView[],
  view: ModuleView,
  client: WebserviceContext,
): Promise<SavedView[]> {
  const readable = await mapLimited(views, async (each) => canBeAsked(each, view, client))
  return views.filter((_, index) => readable[index])
}

async function canBeAsked(
  { condition, datesInSql }: SavedView,
  view: ModuleView,
  { context }: WebserviceContext,
): Promise<boolean> {
  if (datesInSql) return false
  if (condition === '') return true
  try {
    await explain(recordsOf(view, parseCondition(condition)), context)
    return true
  } catch (error) {
    if (error instanceof GatewayError) return false
    throw error
  }
}

function shownView(
  saved: SavedView,
  { readable }: ModuleView,
  more: Readonly<Record<string, string>>,
): Parameter {
  const { name, status, condition, criteria, fields, isDefault } = saved
  return {
    name,
    status,
    advcriteria: criteria.byColumn,
    advcriteriaWQL: condition,
    advcriteriaEVQL: criteria.byField,
    stdcriteriaWQL: '',
    stdcriteriaEVQL: '',
    ...more,
    fields: fields.filter((field) => readable.has(field)),
    default: isDefault,
  }
}

function listing({ linkfields, pagesize }: SavedViews, { readable }: ModuleView) {
  return { linkfields: linkfields.filter((name) => readable.has(name)), pagesize }
}

const word = /^[A-Za-z_]{1,50}$/

/** Only actions that the policy names, and only beside a record that can be seen. */
export async function getBusinessActions(input: Input, client: WebserviceContext): Promise<Result> {
  const view = openModule(input.text('module'), client)
  const [id, type, screen] = [input.text('id'), input.text('linktype'), input.text('view')]
  const { actions } = view.decision.rule
  if (id === '') return result({ [type]: [] })
  const found = await find(id, client.context)
  if (found.view !== view) throw closedModule(view.module.name)
  if (actions.size === 0 || !word.test(type) || !word.test(screen)) return result({ [type]: [] })
  const shown = await businessActions(client.callerFor(readBy(view)), found.id, {
    module: view.module.name,
    view: screen,
    type,
  })
  return result({
    [type]: shown.filter(({ name }) => actions.has(name)).map(({ properties }) => properties),
  })
}

/** Texts in one translation. */
const mostTexts = 500

/** Of no module, or of an open one; other texts are returned unchanged. */
export async function gettranslation(input: Input, { context, caller }: WebserviceContext): Promise<Result> {
  const given = input.json('totranslate')
  const list: readonly Parameter[] = Array.isArray(given) ? given : []
  const texts = isObject(given) ? Object.values(given) : list
  requireLength('totranslate', texts.length, mostTexts, 'texts')
  const isList = Array.isArray(given) || isObject(given) || given === undefined
  if (!isList || !texts.every((each) => typeof each === 'string')) {
    throw new GatewayError('BAD_REQUEST', "'totranslate' is a list of texts")
  }
  const [language, module] = [input.text('language'), input.text('module')]
  // coreBOS makes names of files of both.
  const known =
    /^[a-z]{2}_[a-z]{2}$/i.test(language) && (module === '' || context.visible.find(module) !== undefined)
  const translated = known && texts.length > 0 ? await translate(caller, texts, language, module) : texts
  return result(
    isObject(given)
      ? Object.fromEntries(Object.keys(given).map((key, index) => [key, translated[index] ?? '']))
      : translated,
  )
}
