/** Chooses the language of the labels in a response. */
import { GatewayError } from '../model/errors.ts'
import { languageNamed, languageTag, preferredLanguage } from '../model/language.ts'

export interface LanguageChoice {
  /** The parameter. */
  readonly lang: string | undefined
  /** `Accept-Language`. */
  readonly header: string | undefined
  /** The language of the contact in coreBOS; empty if unknown. */
  readonly own: string | undefined
}

/**
 * @param accepted as coreBOS names them (`es_es`)
 * @returns undefined if neither the caller nor the contact names an accepted one
 * @throws GatewayError `INVALID_VALUE` for a `lang` that is not accepted
 */
export function chosenLanguage(
  { lang, header = '', own = '' }: LanguageChoice,
  accepted: readonly string[],
): string | undefined {
  if (lang === undefined) return preferredLanguage(header, accepted) ?? languageNamed(own, accepted)
  const language = languageNamed(lang, accepted)
  if (language !== undefined) return language
  const message = `'lang' does not accept '${lang}'; accepted are ${accepted.map(languageTag).join(', ')}`
  throw new GatewayError('INVALID_VALUE', message, { errors: [{ parameter: 'lang', message }] })
}
