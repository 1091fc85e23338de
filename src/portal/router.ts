/** Addresses of pages: the part behind `#`, so that the portal works below any path of a host. */
import { useEffect, useState } from 'preact/hooks'

export interface Route {
  /** `['tickets', '17x8625']` for `#/tickets/17x8625`. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
}

export function routeOf(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?')
  return {
    path: path
      .split('/')
      .filter((part) => part !== '')
      .map(decoded),
    query: new URLSearchParams(query),
  }
}

/** A part that is not valid stays as it is, and no page has such an address. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

export function hrefTo(path: readonly string[], query: Readonly<Record<string, string>> = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== '')
  const search = new URLSearchParams(given).toString()
  return `#/${path.map(encodeURIComponent).join('/')}${search && `?${search}`}`
}

export function navigate(href: string): void {
  location.hash = href
}

/** Changes the address without a step in the history, for filters that follow each key. */
export function replaceRoute(href: string): void {
  history.replaceState(history.state, '', href)
  dispatchEvent(new HashChangeEvent('hashchange'))
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const follow = (): void => setHash(location.hash)
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  return routeOf(hash)
}

/** Modules with a name of their own in addresses; any other module has its own name there. */
const slugs: Readonly<Record<string, string>> = {
  HelpDesk: 'tickets',
  Invoice: 'invoices',
  Quotes: 'quotes',
  SalesOrder: 'orders',
  Project: 'projects',
  Documents: 'documents',
  Faq: 'help',
}
const modules = new Map(Object.entries(slugs).map(([module, slug]) => [slug, module]))

export const slugOf = (module: string): string => slugs[module] ?? module

export const moduleOf = (slug: string): string => modules.get(slug) ?? slug

/** The module of a record by the part of its id before the `x`. */
export function recordHref(
  id: string,
  known: readonly { name: string; idPrefix: string }[],
): string | undefined {
  const prefix = id.slice(0, id.indexOf('x'))
  const module = known.find(({ idPrefix }) => idPrefix === prefix)
  return module && hrefTo([slugOf(module.name), id])
}
