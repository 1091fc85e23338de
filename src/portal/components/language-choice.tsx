/** Chooses the language of the portal. */
import type { JSX } from 'preact'
import { useShell } from '../context.ts'
import { isLanguage, languageNames } from '../texts/index.ts'

export function LanguageChoice(): JSX.Element {
  const { t, language, setLanguage } = useShell()
  return (
    <label class="language">
      <span class="for-readers">{t('language')}</span>
      <select
        value={language}
        onChange={({ currentTarget: { value } }) => {
          if (isLanguage(value)) setLanguage(value)
        }}
      >
        {Object.entries(languageNames).map(([code, name]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}
