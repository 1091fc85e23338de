/** The list of any module: search, filters, sorting and paging, all of them in its address. */
import type { ComponentChildren, JSX } from 'preact'
import { Empty } from '../components/empty.tsx'
import { Icon } from '../components/icon.tsx'
import { ListFilters } from '../components/list-filters.tsx'
import { useModuleName } from '../components/module-name.ts'
import { PageFrame } from '../components/page-frame.tsx'
import { Pager } from '../components/pager.tsx'
import { RecordTable } from '../components/record-table.tsx'
import { useAccount, useShell } from '../context.ts'
import { columnsOf, filterOf, filtersOf, listStateOf, queryOf, type ListState } from '../listing.ts'
import { Loading, useLoad } from '../load.tsx'
import { currencyField, fieldOf } from '../metadata.ts'
import { listRecords } from '../records.ts'
import { hrefTo, replaceRoute, slugOf } from '../router.ts'
import type { Module, ModulePageProps } from '../types.ts'

const pageSize = 20

interface ListPageProps extends ModulePageProps {
  /** Instead of the button for a new record. */
  readonly actions?: ComponentChildren
  /** Above the list. */
  readonly before?: ComponentChildren
  /** Another number loads the list again. */
  readonly round?: number
}

export function ListPage({ module: name, query, actions, before, round = 0 }: ListPageProps): JSX.Element {
  const { t, language } = useShell()
  const { catalogue } = useAccount()
  const nameOf = useModuleName()
  const summary = catalogue.find(name)
  const described = useLoad(`${name} ${language}`, async () => catalogue.describe(name))
  const slug = slugOf(name)
  return (
    <PageFrame
      title={summary === undefined ? '' : nameOf(summary)}
      actions={
        actions ??
        (summary?.rights.create === true && (
          <a class="button primary" href={hrefTo([slug, 'new'])}>
            <Icon name="plus" />
            {t(name === 'HelpDesk' ? 'ticket.new' : 'record.new')}
          </a>
        ))
      }
    >
      {before}
      <Loading of={described}>{(module) => <List module={module} query={query} round={round} />}</Loading>
    </PageFrame>
  )
}

interface ListProps {
  readonly module: Module
  readonly query: URLSearchParams
  readonly round: number
}

function List({ module, query, round }: ListProps): JSX.Element {
  const { t, gateway, language } = useShell()
  const state = listStateOf(query, module)
  const columns = columnsOf(module)
  const hasAmounts = columns.some(({ widget }) => widget === 'currency')
  const currencies = hasAmounts && fieldOf(module, currencyField) !== undefined ? [currencyField] : []
  // Names cost the gateway more calls: they are asked for where a column shows them.
  const hasNames = currencies.length > 0 || columns.some(({ widget }) => widget === 'reference')
  const request = {
    fields: [...new Set([...columns.map((field) => field.name), ...module.nameFields, ...currencies])],
    ...(hasNames && { display: true }),
    filter: filterOf(state, module),
    ...(state.sort !== '' && { sort: [state.sort] }),
    limit: pageSize,
    offset: (state.page - 1) * pageSize,
    count: true,
  }
  const loaded = useLoad(`${round} ${language} ${JSON.stringify(request)}`, async (signal) =>
    listRecords(gateway, module.name, request, signal),
  )
  const change = (next: Partial<ListState>): void =>
    replaceRoute(hrefTo([slugOf(module.name)], queryOf({ ...state, ...next }, module)))
  const isFiltered = Object.keys(request.filter).length > 0
  return (
    <>
      <ListFilters
        state={state}
        fields={filtersOf(module)}
        columns={columns}
        canSearch={module.nameFields.length > 0}
        change={change}
      />
      <Loading of={loaded}>
        {({ records, total, nextPage }) =>
          records.length === 0 ? (
            <Empty
              title={t(isFiltered ? 'list.none-found' : 'list.empty')}
              hint={t(isFiltered ? 'list.none-found.hint' : 'list.empty.hint')}
            />
          ) : (
            <div class="card flush">
              <RecordTable
                module={module}
                columns={columns}
                items={records}
                caption={module.label}
                sort={state.sort}
                sortBy={(sort) => change({ sort, page: 1 })}
              />
              <Pager
                page={state.page}
                size={pageSize}
                shown={records.length}
                total={total}
                hasNext={nextPage !== undefined}
                goTo={(page) => change({ page })}
              />
            </div>
          )
        }
      </Loading>
    </>
  )
}
