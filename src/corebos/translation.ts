import { ask, type Caller } from './caller.ts'
import { array, isObject, object, text } from './shape.ts'

/**
 * Texts of coreBOS's own screens in a language; what it has no translation for comes back as it is.
 *
 * @param language such as `es_es`; coreBOS makes the name of a file of it
 * @param module exact in case, or empty
 */
export async function translate(
  caller: Caller,
  texts: readonly string[],
  language: string,
  module: string,
): Promise<readonly string[]> {
  const params = { totranslate: texts, language, module }
  const { result } = await ask(caller, { operation: 'gettranslation', params })
  const what = 'translation'
  const translated = isObject(result) ? Object.values(object(result, what)) : array(result, what)
  return texts.map((_, index) => text(translated[index], what))
}
