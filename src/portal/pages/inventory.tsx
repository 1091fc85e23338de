/** One invoice, quote or order: its lines, its sums, its PDF. */
import type { JSX } from 'preact'
import { Badge } from '../components/badge.tsx'
import { Details } from '../components/details.tsx'
import { Icon } from '../components/icon.tsx'
import { useModuleName } from '../components/module-name.ts'
import { PageFrame } from '../components/page-frame.tsx'
import { Skeleton } from '../components/skeleton.tsx'
import { WorkButton } from '../components/work-button.tsx'
import { useAccount, useShell } from '../context.ts'
import { saveBlob } from '../files.ts'
import { amountOf, discountOf, linesFrom, type Line } from '../lines.ts'
import { Loading, useLoad } from '../load.tsx'
import { currencyOf, labelOf, nameOf, textIn } from '../metadata.ts'
import { relatedRecords } from '../records.ts'
import { hrefTo, slugOf } from '../router.ts'
import type { Item, RecordPageProps } from '../types.ts'
import { useRecord, useTitle, type ShownRecord } from './record.tsx'

/** What the page shows in its own way. */
const sums = /^(hdn|txt|pl_|sum_)|^(conversion_rate|exciseduty|currency_id)$/

export function InventoryPage({ module: name, id }: RecordPageProps): JSX.Element {
  const { catalogue, me } = useAccount()
  const moduleName = useModuleName()
  const loaded = useRecord(name, id)
  const shown = loaded.value
  const currency = currencyOf(shown?.item, me.currency)
  const summary = catalogue.find(name)
  const status = shown?.module.fields.find(
    ({ name: field, widget }) => widget === 'select' && /status|stage/.test(field),
  )
  const value = shown === undefined || status === undefined ? undefined : textIn(shown.item, status.name)
  return (
    <PageFrame
      title={useTitle(loaded)}
      badge={value !== undefined && <Badge value={value} label={labelOf(status, value)} />}
      back={summary && { href: hrefTo([slugOf(name)]), label: moduleName(summary) }}
      actions={shown !== undefined && <PdfButton {...shown} />}
    >
      <Loading of={loaded}>
        {({ module, item }) => (
          <>
            <Lines item={item} currency={currency} />
            <Details
              module={module}
              item={item}
              currency={currency}
              without={[
                ...module.nameFields,
                ...(status === undefined ? [] : [status.name]),
                ...module.fields.map((field) => field.name).filter((field) => sums.test(field)),
              ]}
            />
          </>
        )}
      </Loading>
    </PageFrame>
  )
}

function PdfButton({ module, item }: ShownRecord): JSX.Element {
  const { t, gateway } = useShell()
  const name = nameOf(item, module).replace(/[^\p{L}\p{N} ._-]+/gu, '')
  return (
    <WorkButton work={async () => saveBlob(await gateway.pdf(item.id), `${name}.pdf`)}>
      {(isBusy) => (
        <>
          <Icon name="download" />
          {t(isBusy ? 'loading' : 'record.pdf')}
        </>
      )}
    </WorkButton>
  )
}

function Lines({
  item,
  currency,
}: {
  readonly item: Item
  readonly currency: string | undefined
}): JSX.Element {
  const { t, gateway } = useShell()
  const { catalogue } = useAccount()
  const loaded = useLoad(item.id, async (signal) => {
    const kinds = ['Products', 'Services'].filter((name) => catalogue.find(name) !== undefined)
    const lists = await Promise.all(kinds.map(async (kind) => relatedRecords(gateway, item.id, kind, signal)))
    return linesFrom(lists.flat())
  })
  return (
    <section class="card">
      <h2>{t('invoice.lines')}</h2>
      <Loading of={loaded} meanwhile={<Skeleton lines={3} />}>
        {(lines) =>
          lines.length === 0 ? (
            <p class="quiet">{t('invoice.lines.none')}</p>
          ) : (
            <LineTable lines={lines} item={item} currency={currency} />
          )
        }
      </Loading>
    </section>
  )
}

function LineTable({
  lines,
  item,
  currency,
}: {
  readonly lines: readonly Line[]
  readonly item: Item
  readonly currency: string | undefined
}): JSX.Element {
  const { t, format } = useShell()
  const totals = [
    [t('invoice.subtotal'), item['pl_net_total'] ?? item['hdnSubTotal']],
    [t('invoice.tax'), item['sum_taxtotal']],
    [t('invoice.total'), item['hdnGrandTotal'] ?? item['pl_grand_total']],
  ] as const
  const isReduced = lines.some((line) => discountOf(line) !== 0)
  const discount = (line: Line): string =>
    line.discountPercent === 0
      ? format.money(line.discountAmount, currency)
      : format.percent(line.discountPercent)
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t('invoice.lines')}>
      <table class="line-table">
        <thead>
          <tr>
            <th scope="col">{t('invoice.item')}</th>
            <th scope="col" class="numeric">
              {t('invoice.quantity')}
            </th>
            <th scope="col" class="numeric">
              {t('invoice.price')}
            </th>
            {isReduced && (
              <th scope="col" class="numeric">
                {t('invoice.discount')}
              </th>
            )}
            <th scope="col" class="numeric">
              {t('invoice.amount')}
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.sequence}>
              <td>
                {line.name}
                {line.comment !== '' && <small class="quiet text line-comment">{line.comment}</small>}
              </td>
              <td class="numeric">{format.number(line.quantity)}</td>
              <td class="numeric">{format.money(line.price, currency)}</td>
              {isReduced && <td class="numeric">{discountOf(line) === 0 ? '–' : discount(line)}</td>}
              <td class="numeric">{format.money(amountOf(line), currency)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          {totals.map(([label, value]) =>
            typeof value === 'number' ? (
              <tr key={label}>
                <th scope="row" colSpan={isReduced ? 4 : 3} class="numeric">
                  {label}
                </th>
                <td class="numeric">{format.money(value, currency)}</td>
              </tr>
            ) : null,
          )}
        </tfoot>
      </table>
    </div>
  )
}
