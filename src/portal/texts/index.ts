/** The texts of the portal in the language of the reader, with values in place of `{name}`. */
import { de } from './de.ts'
import { en, type TextKey, type Texts } from './en.ts'
import { es } from './es.ts'
import type { SettingText } from '../types.ts'

export type { TextKey }

/** A new language is a file beside this one, and a line in these two tables. */
const languages = { en, es, de } satisfies Readonly<Record<string, Texts>>
export const languageNames = { en: 'English', es: 'Español', de: 'Deutsch' } as const
export type Language = keyof typeof languages

export type Say = (key: TextKey, values?: Readonly<Record<string, string>>) => string

/** Texts that depend on a number: `waiting.one` and `waiting.other`. */
type CountKey = { [K in TextKey]: K extends `${infer Name}.other` ? Name : never }[TextKey]
export type SayCount = (key: CountKey, count: number) => string

export const isLanguage = (text: string): text is Language => Object.hasOwn(languages, text)

export function textsFor(language: Language): Say {
  const texts: Texts = languages[language]
  return (key, values = {}) => texts[key].replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
}

export function countsFor(language: Language): SayCount {
  const say = textsFor(language)
  const rules = new Intl.PluralRules(language)
  const numbers = new Intl.NumberFormat(language)
  return (key, count) =>
    say(rules.select(count) === 'one' ? `${key}.one` : `${key}.other`, { count: numbers.format(count) })
}

const partOf = (tag: string): string => tag.split(/[-_]/)[0]?.toLowerCase() ?? ''

/** @param chosen by the reader, earlier */
export function languageFor(chosen: string | undefined, preferred: readonly string[]): Language {
  const found = [chosen ?? '', ...preferred].map(partOf).find(isLanguage)
  return found ?? 'en'
}

/** The region of the browser, where it speaks the language: `es-AR` writes numbers in another way than `es`. */
export function localeFor(language: Language, preferred: readonly string[]): string {
  return preferred.find((tag) => partOf(tag) === language) ?? language
}

/** A text of the settings file in the language of the reader, or the first that there is. */
export function textOf(text: SettingText, language: Language): string {
  if (typeof text === 'string') return text
  return text[language] ?? text.en ?? text.es ?? text.de ?? ''
}
