/** The currency of a coreBOS installation. */
import { ask, type Caller } from './caller.ts'
import { array, row } from './shape.ts'

export interface Currency {
  /** Webservice id. */
  readonly id: string
  /** ISO 4217. */
  readonly code: string
  readonly symbol: string
  readonly name: string
}

/** What coreBOS notes on the currency that all conversion rates refer to. */
const base = '-11'

/** @returns undefined where the session of `caller` sees no active base currency */
export async function baseCurrency(caller: Caller): Promise<Currency | undefined> {
  const { result } = await ask(caller, {
    operation: 'query',
    params: { query: 'select * from Currency;' },
  })
  const found = array(result, 'currencies')
    .map((each) => row(each, 'currency'))
    .find(({ defaultid }) => defaultid === base)
  if (found === undefined) return undefined
  const { id = '', currency_code: code = '', currency_symbol: symbol = '', currency_name: name = '' } = found
  return { id, code, symbol, name }
}
