/** Searches everything that the contact sees. */
import type { JSX } from 'preact'
import { Empty } from '../components/empty.tsx'
import { Icon, iconOf } from '../components/icon.tsx'
import { useModuleName } from '../components/module-name.ts'
import { PageFrame } from '../components/page-frame.tsx'
import { useAccount, useShell } from '../context.ts'
import { Loading, useLoad } from '../load.tsx'
import { nameOf } from '../metadata.ts'
import { hrefTo, slugOf } from '../router.ts'
import type { Item, Module } from '../types.ts'

/** Results of each module; its list shows the others. */
const most = 8

export function SearchPage({ query }: { readonly query: URLSearchParams }): JSX.Element {
  const { t, gateway, count } = useShell()
  const { catalogue } = useAccount()
  const text = query.get('q')?.trim() ?? ''
  const loaded = useLoad(text === '' ? undefined : text, async (signal) => {
    const results = await gateway.search(text, { limit: most, signal })
    return Promise.all(
      results
        .filter(({ module }) => catalogue.shows(module))
        .map(async ({ module, records, total }) => ({
          module: await catalogue.describe(module),
          items: records,
          total: total ?? records.length,
        })),
    )
  })
  return (
    <PageFrame title={text === '' ? t('search') : t('search.for', { text })}>
      {text === '' ? (
        <Empty title={t('search.hint')} />
      ) : (
        <Loading of={loaded}>
          {(found) =>
            found.length === 0 ? (
              <Empty title={t('search.none', { text })} hint={t('search.none.hint')} />
            ) : (
              <>
                <p class="quiet" role="status">
                  {count(
                    'search.found',
                    found.reduce((sum, { total }) => sum + total, 0),
                  )}
                </p>
                {found.map(({ module, items, total }) => (
                  <Results key={module.name} module={module} items={items} total={total} text={text} />
                ))}
              </>
            )
          }
        </Loading>
      )}
    </PageFrame>
  )
}

interface ResultsProps {
  readonly module: Module
  readonly items: readonly Item[]
  readonly total: number
  readonly text: string
}

function Results({ module, items, total, text }: ResultsProps): JSX.Element {
  const { t, format } = useShell()
  const moduleName = useModuleName()
  const name = moduleName(module)
  return (
    <section class="card">
      <h2>
        <Icon name={iconOf(module.name)} />
        {name}
        <span class="count">{format.number(total)}</span>
      </h2>
      <ul class="lines">
        {items.map((item) => (
          <li key={item.id}>
            <a href={hrefTo([slugOf(module.name), item.id])}>{nameOf(item, module)}</a>
            <Where item={item} module={module} text={text} />
          </li>
        ))}
      </ul>
      {total > items.length && (
        <a class="card-link" href={hrefTo([slugOf(module.name)], { q: text })}>
          {t('search.more', { module: name })} <Icon name="next" />
        </a>
      )}
    </section>
  )
}

/** Characters around what was found. */
const around = 40

/** The field in which the text was found, unless it is the name. */
function Where({
  item,
  module,
  text,
}: {
  readonly item: Item
  readonly module: Module
  readonly text: string
}): JSX.Element | null {
  const wanted = text.toLowerCase()
  for (const field of module.fields) {
    const value = item[field.name]
    if (typeof value !== 'string' || field.widget === 'reference') continue
    const at = value.toLowerCase().indexOf(wanted)
    if (at < 0) continue
    if (module.nameFields.includes(field.name)) return null
    const start = Math.max(0, at - around)
    const part = value.slice(start, at + text.length + around)
    return (
      <span class="quiet small found-in">
        {field.label}: {start > 0 && '…'}
        {part.slice(0, at - start)}
        <mark>{part.slice(at - start, at - start + text.length)}</mark>
        {part.slice(at - start + text.length)}
        {start + part.length < value.length && '…'}
      </span>
    )
  }
  return null
}
