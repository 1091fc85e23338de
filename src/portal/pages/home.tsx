/** The first page: open tickets, unpaid invoices, running projects and news. */
import type { JSX } from 'preact'
import { Badge } from '../components/badge.tsx'
import { Bars } from '../components/bars.tsx'
import { Empty } from '../components/empty.tsx'
import { HomeCard } from '../components/home-card.tsx'
import { Icon, iconOf } from '../components/icon.tsx'
import { useModuleName } from '../components/module-name.ts'
import { PageFrame } from '../components/page-frame.tsx'
import { Skeleton } from '../components/skeleton.tsx'
import { useAccount, useShell } from '../context.ts'
import { Loading, useLoad } from '../load.tsx'
import { finishedValues } from '../meaning.ts'
import { currencyField, currencyOf, fieldOf, labelOf, textIn } from '../metadata.ts'
import type { ListRequest } from '../records.ts'
import { hrefTo, slugOf } from '../router.ts'
import { textOf } from '../texts/index.ts'
import type { Item, Module } from '../types.ts'

export function HomePage(): JSX.Element {
  const { t, settings, language } = useShell()
  const { me, catalogue } = useAccount()
  const name = me.contact.firstName ?? me.contact.name
  return (
    <PageFrame
      title={name === null ? t('home') : t('home.hello', { name })}
      actions={
        catalogue.shows('HelpDesk') &&
        catalogue.find('HelpDesk')?.rights.create === true && (
          <a class="button primary" href={hrefTo(['tickets', 'new'])}>
            <Icon name="plus" />
            {t('ticket.new')}
          </a>
        )
      }
    >
      {settings.welcome !== undefined && <p class="welcome">{textOf(settings.welcome, language)}</p>}
      <div class="grid">
        {catalogue.shows('HelpDesk') && <OpenTickets />}
        {catalogue.shows('HelpDesk') && <TicketCounts />}
        {catalogue.shows('Invoice') && <UnpaidInvoices />}
        {catalogue.shows('Project') && <RunningProjects />}
        {catalogue.shows('Documents') && <LatestDocuments />}
      </div>
      {!cards.some((module) => catalogue.shows(module)) && <Entries />}
    </PageFrame>
  )
}

/** Modules with a card of their own. */
const cards = ['HelpDesk', 'Invoice', 'Project', 'Documents']

/** Links to the open modules, if none of these cards has one. */
function Entries(): JSX.Element {
  const { t } = useShell()
  const { catalogue } = useAccount()
  const moduleName = useModuleName()
  if (catalogue.entries.length === 0) return <Empty title={t('list.empty')} />
  return (
    <ul class="grid">
      {catalogue.entries.map((module) => (
        <li key={module.name}>
          <a class="card entry" href={hrefTo([slugOf(module.name)])}>
            <Icon name={iconOf(module.name)} />
            {moduleName(module)}
          </a>
        </li>
      ))}
    </ul>
  )
}

/** Records whose status says that something is left to do. */
function unfinished(
  module: Module,
  status: string,
  fields: readonly string[],
  sort: string,
): ListRequest | undefined {
  const field = fieldOf(module, status)
  const known = (names: readonly string[]): string[] =>
    names.filter((name) => fieldOf(module, name.replace(/^-/, '')) !== undefined)
  const done = finishedValues(field?.values)
  return {
    fields: known([...module.nameFields, status, ...fields]),
    ...(done.length > 0 && { filter: { [status]: { nin: done } } }),
    sort: known([sort]),
  }
}

function statusNote(item: Item, module: Module, status: string): JSX.Element | null {
  const value = item[status]
  return typeof value === 'string' ? (
    <Badge value={value} label={labelOf(fieldOf(module, status), value)} />
  ) : null
}

function OpenTickets(): JSX.Element {
  const { t } = useShell()
  return (
    <HomeCard
      module="HelpDesk"
      title={t('home.tickets')}
      empty={t('home.tickets.none')}
      request={(module) => unfinished(module, 'ticketstatus', [], '-modifiedtime')}
      note={(item, module) => statusNote(item, module, 'ticketstatus')}
    />
  )
}

function TicketCounts(): JSX.Element {
  const { t, gateway } = useShell()
  const { catalogue } = useAccount()
  const loaded = useLoad('counts', async (signal) => {
    const [module, groups] = await Promise.all([
      catalogue.describe('HelpDesk'),
      gateway.records('HelpDesk').aggregate({ groupBy: ['ticketstatus'], count: true, signal }),
    ])
    return { field: fieldOf(module, 'ticketstatus'), groups }
  })
  return (
    <section class="card" aria-labelledby="home-counts">
      <h2 id="home-counts">{t('home.counts')}</h2>
      <Loading of={loaded} meanwhile={<Skeleton lines={3} />}>
        {({ field, groups }) =>
          groups.length === 0 ? (
            <p class="quiet">{t('home.counts.none')}</p>
          ) : (
            <Bars
              bars={groups.map((group) => {
                const value = textIn(group, 'ticketstatus') ?? ''
                return {
                  value,
                  label: value === '' ? t('none') : labelOf(field, value),
                  count: Number(group['count']),
                  ...(value !== '' && { href: hrefTo(['tickets'], { ticketstatus: value }) }),
                }
              })}
            />
          )
        }
      </Loading>
    </section>
  )
}

function UnpaidInvoices(): JSX.Element {
  const { t } = useShell()
  return (
    <HomeCard
      module="Invoice"
      title={t('home.invoices')}
      empty={t('home.invoices.none')}
      request={(module) => ({
        display: true,
        ...unfinished(module, 'invoicestatus', ['duedate', 'hdnGrandTotal', currencyField], 'duedate'),
      })}
      note={(item) => <InvoiceNote item={item} />}
    />
  )
}

function InvoiceNote({ item }: { readonly item: Item }): JSX.Element {
  const { t, format } = useShell()
  const { me } = useAccount()
  const { duedate, hdnGrandTotal: total } = item
  return (
    <>
      {typeof duedate === 'string' && (
        <span class="quiet">{t('invoice.due', { date: format.date(duedate) })}</span>
      )}
      {typeof total === 'number' && <strong>{format.money(total, currencyOf(item, me.currency))}</strong>}
    </>
  )
}

function RunningProjects(): JSX.Element {
  const { t, format } = useShell()
  return (
    <HomeCard
      module="Project"
      title={t('home.projects')}
      empty={t('home.projects.none')}
      request={(module) => unfinished(module, 'projectstatus', ['targetenddate'], 'targetenddate')}
      note={({ targetenddate }) =>
        typeof targetenddate === 'string' && (
          <span class="quiet">{t('project.until', { date: format.date(targetenddate) })}</span>
        )
      }
    />
  )
}

function LatestDocuments(): JSX.Element {
  const { t, format } = useShell()
  return (
    <HomeCard
      module="Documents"
      title={t('home.documents')}
      empty={t('home.documents.none')}
      request={(module) => ({ fields: [...module.nameFields, 'createdtime'], sort: ['-createdtime'] })}
      note={({ createdtime }) =>
        typeof createdtime === 'string' && <span class="quiet">{format.ago(createdtime, Date.now())}</span>
      }
    />
  )
}
