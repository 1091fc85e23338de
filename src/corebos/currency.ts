/** The currencies of a coreBOS installation. */
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

/** coreBOS's mark of the currency that all conversion rates refer to. */
const base = '-11'

/** The currencies that the session of `caller` sees. */
async function read(caller: Caller): Promise<readonly (Currency & { readonly isBase: boolean })[]> {
  const { result } = await ask(caller, {
    operation: 'query',
    params: { query: 'select * from Currency;' },
  })
  return array(result, 'currencies').map((each) => {
    const {
      id = '',
      currency_code: code = '',
      currency_symbol: symbol = '',
      currency_name: name = '',
      defaultid,
    } = row(each, 'currency')
    return { id, code, symbol, name, isBase: defaultid === base }
  })
}

/** @returns undefined if the session of `caller` sees no active base currency */
export async function baseCurrency(caller: Caller): Promise<Currency | undefined> {
  const found = (await read(caller)).find(({ isBase }) => isBase)
  if (found === undefined) return undefined
  const { id, code, symbol, name } = found
  return { id, code, symbol, name }
}

/** Codes (ISO 4217) by webservice id. */
export async function currencyCodes(caller: Caller): Promise<ReadonlyMap<string, string>> {
  return new Map((await read(caller)).map(({ id, code }) => [id, code]))
}
