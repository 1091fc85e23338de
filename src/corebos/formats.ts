/** The formats of the CRM user of a session, and the currency of the installation. */
import { baseCurrency, type Currency } from './currency.ts'
import type { Caller } from './caller.ts'
import { userSettings } from './presentation.ts'

export interface Formats {
  /** `yyyy-mm-dd`, `dd-mm-yyyy` or `mm-dd-yyyy`. */
  readonly date: string
  readonly decimalSeparator: string
  readonly groupSeparator: string
  readonly currency: Currency | undefined
}

/** @param service the service user, who sees the currencies even if the contact does not */
export async function formatsOf(caller: Caller, service: Caller | undefined): Promise<Formats> {
  const [settings, currency] = await Promise.all([userSettings(caller), baseCurrency(service ?? caller)])
  return {
    date: settings['date_format'] ?? '',
    decimalSeparator: settings['currency_decimal_separator'] ?? '',
    groupSeparator: settings['currency_grouping_separator'] ?? '',
    currency,
  }
}
