/** The knowledge base: questions by category, each with its answer. */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Empty } from '../components/empty.tsx'
import { Icon } from '../components/icon.tsx'
import { PageFrame } from '../components/page-frame.tsx'
import { useAccount, useShell } from '../context.ts'
import { Loading, useLoad } from '../load.tsx'
import { fieldOf, labelOf, textIn } from '../metadata.ts'
import { listRecords } from '../records.ts'
import { hrefTo } from '../router.ts'
import type { Item, Module, ModulePageProps, RecordPageProps } from '../types.ts'
import { useRecord, useTitle } from './record.tsx'

/** Articles; more of them are found by the search over everything. */
const most = 500

export function HelpPage({ module: name, query }: ModulePageProps): JSX.Element {
  const { t, gateway, language } = useShell()
  const { catalogue } = useAccount()
  const [text, setText] = useState(query.get('q') ?? '')
  const loaded = useLoad(language, async (signal) => {
    const module = await catalogue.describe(name)
    const fields = ['question', 'faq_answer', 'faqcategories'].filter(
      (each) => fieldOf(module, each) !== undefined,
    )
    const { records } = await listRecords(gateway, name, { fields, limit: most }, signal)
    return { module, records }
  })
  const canAsk = catalogue.shows('HelpDesk') && catalogue.find('HelpDesk')?.rights.create === true
  return (
    <PageFrame title={t('module.Faq')}>
      <Loading of={loaded}>
        {({ module, records }) =>
          records.length === 0 ? (
            <Empty title={t('help.empty')} />
          ) : (
            <>
              <div class="filters">
                <label class="with-icon">
                  <span>{t('help.search')}</span>
                  <Icon name="search" />
                  <input
                    type="search"
                    value={text}
                    onInput={({ currentTarget }) => setText(currentTarget.value)}
                  />
                </label>
              </div>
              <Articles module={module} records={records} text={text} />
            </>
          )
        }
      </Loading>
      {canAsk && (
        <p class="quiet">
          {t('help.not-found')} <a href={hrefTo(['tickets', 'new'])}>{t('ticket.new')}</a>
        </p>
      )}
    </PageFrame>
  )
}

interface ArticlesProps {
  readonly module: Module
  readonly records: readonly Item[]
  readonly text: string
}

function Articles({ module, records, text }: ArticlesProps): JSX.Element {
  const { t } = useShell()
  const wanted = text.trim().toLowerCase()
  const found = records.filter((item) =>
    [textIn(item, 'question'), textIn(item, 'faq_answer')].some(
      (part) => part?.toLowerCase().includes(wanted) === true,
    ),
  )
  const byCategory = new Map<string, Item[]>()
  for (const item of found) {
    const category = textIn(item, 'faqcategories') ?? ''
    byCategory.set(category, [...(byCategory.get(category) ?? []), item])
  }
  if (found.length === 0)
    return (
      <p class="quiet" role="status">
        {t('help.none')}
      </p>
    )
  return (
    <>
      {[...byCategory].map(([category, items]) => (
        <section key={category} class="card">
          <h2>
            {category === '' ? t('help.uncategorised') : labelOf(fieldOf(module, 'faqcategories'), category)}
          </h2>
          <div class="articles">
            {items.map((item) => (
              <details key={item.id}>
                <summary>{textIn(item, 'question') ?? item.id}</summary>
                <p class="text">{textIn(item, 'faq_answer') ?? '–'}</p>
              </details>
            ))}
          </div>
        </section>
      ))}
    </>
  )
}

export function ArticlePage({ module, id }: RecordPageProps): JSX.Element {
  const { t } = useShell()
  const loaded = useRecord(module, id)
  return (
    <PageFrame title={useTitle(loaded)} back={{ href: hrefTo(['help']), label: t('module.Faq') }}>
      <Loading of={loaded}>
        {({ item }) => (
          <section class="card">
            <h2>{t('help.answer')}</h2>
            <p class="text">{textIn(item, 'faq_answer') ?? '–'}</p>
          </section>
        )}
      </Loading>
    </PageFrame>
  )
}
