/** The languages of coreBOS's screens, and how requests name them. */

/** The languages that coreBOS ships, by its own names. */
export const shippedLanguages = [
  'de_de',
  'en_gb',
  'en_us',
  'es_es',
  'es_mx',
  'fr_fr',
  'hu_hu',
  'it_it',
  'nl_nl',
  'pt_br',
  'ro_ro',
] as const

/** The country of a language that a request names without one (`de-DE` for `de`, but `en-US` for `en`). */
const usual: Readonly<Record<string, string>> = { en: 'en_us', pt: 'pt_br' }

/** `es_es` as HTTP names it: `es-ES`. */
export function languageTag(language: string): string {
  const [name = '', country = ''] = language.split('_')
  return country === '' ? name : `${name}-${country.toUpperCase()}`
}

/**
 * The accepted language that a text names, in any letter case, with `-` or `_`: the same one, otherwise that of its
 * language without the country.
 *
 * @returns undefined if no accepted language matches
 */
export function languageNamed(text: string, accepted: readonly string[]): string | undefined {
  const wanted = text.trim().toLowerCase().replaceAll('-', '_')
  if (accepted.includes(wanted)) return wanted
  const [name = ''] = wanted.split('_')
  if (!/^[a-z]{2,3}$/.test(name)) return undefined
  const common = usual[name] ?? `${name}_${name}`
  return accepted.includes(common) ? common : accepted.find((each) => each.startsWith(`${name}_`))
}

/**
 * The accepted language that the caller prefers.
 *
 * @param header `Accept-Language`: `es-MX,es;q=0.9,*;q=0.1`
 * @returns undefined if the header names no accepted language
 */
export function preferredLanguage(header: string, accepted: readonly string[]): string | undefined {
  return header
    .split(',')
    .map((range) => {
      const [tag = '', ...parameters] = range.split(';').map((part) => part.trim())
      const quality = parameters.find((each) => /^q=/i.test(each))?.slice(2)
      return { tag, quality: quality === undefined ? 1 : Number(quality) }
    })
    .filter(({ quality }) => quality > 0)
    .toSorted((one, other) => other.quality - one.quality)
    .map(({ tag }) => languageNamed(tag, accepted))
    .find((language) => language !== undefined)
}
