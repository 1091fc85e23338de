/** What the browser keeps: drafts of one contact until the tab is closed, and the chosen language. */

const prefix = 'portal.draft '
const owner = 'portal.drafts-of'
const languageKey = 'portal.language'

/** Storage can be switched off or full: then nothing is kept, and the page works all the same. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch {
    return undefined
  }
}

/** Removes the drafts of any other contact. */
export function openDrafts(contactId: string): void {
  attempt(() => {
    if (sessionStorage.getItem(owner) !== contactId) clearDrafts()
    sessionStorage.setItem(owner, contactId)
  })
}

export function clearDrafts(): void {
  attempt(() => {
    for (const key of Object.keys(sessionStorage))
      if (key.startsWith(prefix) || key === owner) sessionStorage.removeItem(key)
  })
}

export function readDraft(name: string): Readonly<Record<string, unknown>> | undefined {
  return attempt(() => {
    const value: unknown = JSON.parse(sessionStorage.getItem(prefix + name) ?? 'null')
    // `writeDraft` wrote it.
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  })
}

export function writeDraft(name: string, values: Readonly<Record<string, unknown>> | undefined): void {
  attempt(() => {
    if (values === undefined) sessionStorage.removeItem(prefix + name)
    else sessionStorage.setItem(prefix + name, JSON.stringify(values))
  })
}

export const readLanguage = (): string | undefined =>
  attempt(() => localStorage.getItem(languageKey)) ?? undefined

export function writeLanguage(language: string): void {
  attempt(() => localStorage.setItem(languageKey, language))
}
