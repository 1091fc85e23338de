/** Business actions that coreBOS offers for a module or a record. */
import type { BusinessAction } from '../model/business-action.ts'
import { ask, type Caller } from './caller.ts'
import type { ClearedId } from '../model/cleared-id.ts'
import { array, object, text } from './shape.ts'

const propertyNames = [
  'tabid',
  'linkid',
  'linktype',
  'linklabel',
  'linkurl',
  'linkicon',
  'sequence',
  'status',
  'onlyonmymodule',
  'widget_header',
  'widget_width',
  'widget_height',
  'errormsg',
  'successmsg',
]

/** @param type such as `DETAILVIEWBASIC`, one alone */
export async function businessActions(
  caller: Caller,
  id: ClearedId,
  { module, view, type }: { readonly module: string; readonly view: string; readonly type: string },
): Promise<readonly BusinessAction[]> {
  const what = 'list of actions'
  const params = { view, module, id: id.text, linktype: type }
  const { result } = await ask(caller, { operation: 'getBusinessActions', params })
  return array(object(result, what)[type], what).map((each) => {
    const source = object(each, what)
    const properties = propertyNames.flatMap((name) => {
      const value = source[name]
      return typeof value === 'string' || typeof value === 'boolean' ? [[name, value] as const] : []
    })
    return { name: text(source['linklabel'], what), properties: Object.fromEntries(properties) }
  })
}

/**
 * The types of actions that belong to one record; coreBOS can run those of the second type without its user interface.
 */
const detailTypes = ['DETAILVIEWBASIC', 'DETAILVIEWWIDGET']

export async function detailViewActions(
  caller: Caller,
  id: ClearedId,
  module: string,
): Promise<readonly BusinessAction[]> {
  const lists = await Promise.all(
    detailTypes.map((type) => businessActions(caller, id, { module, view: 'DetailView', type })),
  )
  return lists.flat()
}
