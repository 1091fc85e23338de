/** One card of the home page: records of a module, and the way to all of them. */
import type { JSX } from 'preact'
import type { ComponentChildren } from 'preact'
import { useAccount, useShell } from '../context.ts'
import { Loading, useLoad } from '../load.tsx'
import { nameOf } from '../metadata.ts'
import { listRecords, type ListRequest } from '../records.ts'
import { hrefTo, slugOf } from '../router.ts'
import type { Item, Module } from '../types.ts'
import { Icon, iconOf } from './icon.tsx'
import { Skeleton } from './skeleton.tsx'

interface HomeCardProps {
  readonly module: string
  readonly title: string
  readonly empty: string
  /** What to read, by the description of the module; undefined: nothing of it can be asked for. */
  readonly request: (module: Module) => ListRequest | undefined
  /** At the end of each line. */
  readonly note: (item: Item, module: Module) => ComponentChildren
}

const most = 5

export function HomeCard({ module: name, title, empty, request, note }: HomeCardProps): JSX.Element | null {
  const { t, gateway, language, format } = useShell()
  const { catalogue } = useAccount()
  const loaded = useLoad(`${name} ${language}`, async (signal) => {
    const module = await catalogue.describe(name)
    const asked = request(module)
    const page =
      asked === undefined
        ? { records: [], total: 0 }
        : await listRecords(gateway, name, { limit: most, count: true, ...asked }, signal)
    return { module, records: page.records, total: page.total }
  })
  const id = `home-${name}`
  return (
    <section class="card" aria-labelledby={id}>
      <h2 id={id}>
        <Icon name={iconOf(name)} />
        {title}
        {loaded.value?.total !== undefined && loaded.value.total > 0 && (
          <span class="count">{format.number(loaded.value.total)}</span>
        )}
      </h2>
      <Loading of={loaded} meanwhile={<Skeleton lines={3} />}>
        {({ module, records }) => (
          <>
            {records.length === 0 && <p class="quiet">{empty}</p>}
            <ul class="lines">
              {records.map((item) => (
                <li key={item.id}>
                  <a href={hrefTo([slugOf(name), item.id])}>{nameOf(item, module)}</a>
                  <span class="line-note">{note(item, module)}</span>
                </li>
              ))}
            </ul>
          </>
        )}
      </Loading>
      <a class="card-link" href={hrefTo([slugOf(name)])}>
        {t('home.all')} <Icon name="next" />
        <span class="for-readers">{title}</span>
      </a>
    </section>
  )
}
