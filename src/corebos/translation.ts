/** Translations of coreBOS's own texts. */
import { ask, type Caller } from './caller.ts'
import { array, isObject, object, text } from './shape.ts'

/**
 * Translates texts of coreBOS's own screens; a text without a translation is returned unchanged.
 *
 * @param language such as `es_es`; coreBOS makes the name of a file of it
 * @param module case-sensitive, or empty
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

/**
 * Those of the texts that have a translation, by the text itself. The name of a module is translated even if `module`
 * is another one or empty.
 *
 * @param texts raw: fields as `label_raw`, values of picklists, names of modules and blocks
 */
export async function translated(
  caller: Caller,
  texts: readonly string[],
  language: string,
  module: string,
): Promise<ReadonlyMap<string, string>> {
  const totranslate = Object.fromEntries(texts.map((each) => [each, each]))
  const { result } = await ask(caller, {
    operation: 'gettranslation',
    params: { totranslate, language, module },
  })
  // PHP writes a map as a list if its keys are 0, 1, 2 …
  const answer = Array.isArray(result)
    ? Object.fromEntries(array(result, 'translation').map((each, key) => [String(key), each]))
    : object(result, 'translation')
  return new Map(
    texts.flatMap((each) => {
      const found = answer[each]
      const words = typeof found === 'string' ? found.trim() : ''
      return words === '' || words === each ? [] : [[each, words] as const]
    }),
  )
}
