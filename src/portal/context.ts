/** What every page and component can use: texts, formats, notices; and, after the log-in, the contact and the modules. */
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Gateway } from '../client/index.ts'
import type { Format } from './format.ts'
import type { Catalogue } from './metadata.ts'
import type { Language, Say, SayCount } from './texts/index.ts'
import type { Me, Settings } from './types.ts'

export interface Notice {
  readonly text: string
  readonly tone: 'good' | 'bad' | 'info'
  /** What the button of the notice does, such as undoing a change. */
  readonly action?: { readonly label: string; readonly run: () => void }
}

export interface Shell {
  readonly settings: Settings
  readonly gateway: Gateway
  readonly language: Language
  readonly setLanguage: (language: Language) => void
  readonly t: Say
  readonly count: SayCount
  readonly format: Format
  /** Shown for a while, and read aloud by screen readers. */
  readonly notify: (notice: Notice) => void
  /** Only read aloud. */
  readonly announce: (text: string) => void
  readonly portalName: string
}

export interface Account {
  readonly me: Me
  readonly catalogue: Catalogue
  readonly logOut: () => Promise<void>
}

export const ShellContext = createContext<Shell | undefined>(undefined)
export const AccountContext = createContext<Account | undefined>(undefined)

export function useShell(): Shell {
  const shell = useContext(ShellContext)
  if (shell === undefined) throw new Error('a component is used outside of the shell')
  return shell
}

export function useAccount(): Account {
  const account = useContext(AccountContext)
  if (account === undefined) throw new Error('a component is used before the log-in')
  return account
}
