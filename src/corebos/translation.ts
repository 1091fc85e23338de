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

/**
 * The texts among these that have a translation, by the text itself. The name of a module is translated by its own
 * words, also where `module` is another one or empty.
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
  // PHP writes a map as a list where its keys are 0, 1, 2 …
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
