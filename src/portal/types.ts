/** The answers of the gateway that the portal reads, as `docs/api.md` describes them. */

export interface Rights {
  readonly create: boolean
  readonly update: boolean
  readonly delete: boolean
  readonly comment: boolean
  readonly relate: readonly string[]
  readonly actions: readonly string[]
}

export interface Me {
  readonly contact: {
    readonly id: string
    readonly entity: 'Contacts' | 'Employee'
    readonly name: string | null
    readonly firstName: string | null
    readonly lastName: string | null
    readonly email: string | null
  }
  readonly account: { readonly id: string; readonly name: string | null } | null
  readonly language: string
  readonly currency: { readonly id: string; readonly code: string } | null
  readonly limits: {
    readonly uploads: { readonly maxBytes: number; readonly types: readonly string[] }
  }
}

export interface ModuleSummary {
  readonly name: string
  readonly label: string
  readonly idPrefix: string
  readonly rights: Rights
}

export interface Choice {
  readonly value: string
  readonly label: string
}

export type Widget =
  | 'text'
  | 'textarea'
  | 'select'
  | 'multiselect'
  | 'date'
  | 'datetime'
  | 'time'
  | 'checkbox'
  | 'number'
  | 'currency'
  | 'percent'
  | 'email'
  | 'phone'
  | 'url'
  | 'reference'
  | 'file'

export interface Field {
  readonly name: string
  readonly label: string
  readonly type: string
  readonly widget: Widget
  readonly decimals?: number
  readonly maxLength?: number
  readonly default: unknown
  readonly help: string | null
  readonly block: number | null
  readonly mandatory: boolean
  readonly createable: boolean
  readonly updateable: boolean
  readonly refersTo?: readonly string[]
  readonly values?: readonly Choice[]
}

export interface Module extends ModuleSummary {
  readonly blocks: readonly { readonly label: string; readonly fields: readonly string[] }[]
  readonly nameFields: readonly string[]
  readonly listColumns: readonly string[]
  readonly pageSize: number
  readonly fields: readonly Field[]
}

export type Value = string | number | boolean | null | readonly string[]

/** A record with the texts for people that `display=true` adds. */
export interface Item {
  readonly id: string
  readonly display?: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

/** A text of the settings file, one or one for each language. */
export type SettingText = string | { readonly en?: string; readonly es?: string; readonly de?: string }

/** `portal/settings.json`: the settings file, and the settings that the log-in page needs. */
export interface Settings {
  readonly name?: string
  readonly logo: string | null
  readonly colors?: { readonly accent?: string }
  readonly welcome?: SettingText
  readonly links?: readonly { readonly label: SettingText; readonly url: string }[]
  readonly modules?: readonly string[]
  readonly login: {
    /** Whether names are e-mail addresses, and contacts change and recover their passwords themselves. */
    readonly portalPasswords: boolean
    readonly employees: boolean
    /** Whether tokens are in cookies, or else in the memory of the tab. */
    readonly cookies: boolean
    readonly offered: readonly {
      readonly label: string
      readonly username: string
      readonly password: string
      readonly entity?: 'Employee'
    }[]
  }
}

/** Why the log-in page is shown. */
export type LoginReason = 'new' | 'ended' | 'out'

/** Of a session that has ended, for the log-in after it. */
export interface KnownLogin {
  readonly username: string
  readonly isEmployee: boolean
}

/** Of a page for all records of a module. */
export interface ModulePageProps {
  readonly module: string
  readonly query: URLSearchParams
}

/** Of a page for one record. */
export interface RecordPageProps {
  readonly module: string
  readonly id: string
}
