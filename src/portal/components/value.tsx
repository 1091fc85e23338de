/** One value of a record as text for people: dates and amounts in their formats, references as links, states as badges. */
import type { JSX } from 'preact'
import { useAccount, useShell } from '../context.ts'
import { labelOf } from '../metadata.ts'
import { recordHref } from '../router.ts'
import type { Field, Item } from '../types.ts'
import { Badge } from './badge.tsx'

interface ValueProps {
  readonly field: Field
  readonly item: Item
  /** Of amounts; undefined: unknown. */
  readonly currency?: string | undefined
}

const isStatus = (name: string): boolean => /status|stage|priorit|severit|progress/i.test(name)

export function ValueOf({ field, item, currency }: ValueProps): JSX.Element | null {
  const { t, format } = useShell()
  const { catalogue } = useAccount()
  const value = item[field.name]
  const text = item.display?.[field.name]
  if (value === null || value === undefined || value === '') return <span class="quiet">–</span>
  if (typeof value === 'boolean') return <>{t(value ? 'yes' : 'no')}</>
  if (Array.isArray(value))
    return <>{text ?? format.list(value.map((each) => labelOf(field, String(each))))}</>
  if (typeof value === 'number') return <span class="number">{numberText(value)}</span>
  if (typeof value !== 'string') return null
  switch (field.widget) {
    case 'date':
      return <time dateTime={value}>{format.date(value)}</time>
    case 'time':
      return <>{format.time(value)}</>
    case 'datetime':
      return <time dateTime={value}>{format.dateTime(value)}</time>
    case 'select': {
      const known = labelOf(field, value)
      const label = known === value ? (text ?? value) : known
      return isStatus(field.name) ? <Badge value={value} label={label} /> : <>{label}</>
    }
    case 'reference': {
      const module = catalogue.modules.find(({ idPrefix }) => value.startsWith(`${idPrefix}x`))
      const href = module && catalogue.shows(module.name) ? recordHref(value, catalogue.modules) : undefined
      const label = text ?? labelOf(field, value)
      // Without a name there is nothing to say to a reader.
      if (label === value) return <span class="quiet">–</span>
      return href === undefined ? <>{label}</> : <a href={href}>{label}</a>
    }
    case 'email':
      return <a href={`mailto:${value}`}>{value}</a>
    case 'phone':
      return <a href={`tel:${value.replace(/[^\d+]/g, '')}`}>{value}</a>
    case 'url':
      return /^https?:\/\//i.test(value) ? (
        <a href={value} rel="noopener noreferrer">
          {value}
        </a>
      ) : (
        <>{value}</>
      )
    case 'textarea':
      return <div class="text">{value}</div>
    default:
      return <>{value}</>
  }

  function numberText(number: number): string {
    if (field.widget === 'currency') return format.money(number, currency)
    if (field.widget === 'percent') return format.percent(number)
    if (field.name === 'filesize') return format.bytes(number)
    return format.number(number, field.decimals)
  }
}
