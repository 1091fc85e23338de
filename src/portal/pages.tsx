/** Which page belongs to an address. A page of its own for a module stands in `own`; any other module gets the generic ones. */
import type { JSX } from 'preact'
import type { ComponentType } from 'preact'
import { Empty } from './components/empty.tsx'
import { PageFrame } from './components/page-frame.tsx'
import { useAccount, useShell } from './context.ts'
import { DocumentPage, DocumentsPage } from './pages/documents.tsx'
import { CreatePage, EditPage } from './pages/edit.tsx'
import { ArticlePage, HelpPage } from './pages/help.tsx'
import { HomePage } from './pages/home.tsx'
import { InventoryPage } from './pages/inventory.tsx'
import { ListPage } from './pages/list.tsx'
import { NewTicketPage } from './pages/new-ticket.tsx'
import { ProfilePage } from './pages/profile.tsx'
import { ProjectPage } from './pages/project.tsx'
import { RecordPage } from './pages/record.tsx'
import { SearchPage } from './pages/search.tsx'
import { TicketPage } from './pages/ticket.tsx'
import { moduleOf, type Route } from './router.ts'
import type { ModulePageProps, RecordPageProps } from './types.ts'

interface ModulePages {
  readonly list?: ComponentType<ModulePageProps>
  readonly record?: ComponentType<RecordPageProps>
  readonly create?: ComponentType<ModulePageProps>
}

const own: Readonly<Record<string, ModulePages>> = {
  HelpDesk: { record: TicketPage, create: NewTicketPage },
  Documents: { list: DocumentsPage, record: DocumentPage },
  Invoice: { record: InventoryPage },
  Quotes: { record: InventoryPage },
  SalesOrder: { record: InventoryPage },
  Project: { record: ProjectPage },
  Faq: { list: HelpPage, record: ArticlePage },
}

const idPattern = /^\d+x\d+$/

export function Page({ route: { path, query } }: { readonly route: Route }): JSX.Element {
  const { catalogue } = useAccount()
  const [first, second, third, ...rest] = path
  if (first === undefined) return <HomePage />
  if (first === 'search' && second === undefined) return <SearchPage query={query} />
  if (first === 'profile' && second === undefined) return <ProfilePage />
  const module = moduleOf(first)
  if (!catalogue.shows(module) || rest.length > 0) return <Missing />
  const pages = own[module] ?? {}
  // The address is the key: another record is another page, with a state of its own.
  const key = path.join('/')
  if (second === undefined) {
    const List = pages.list ?? ListPage
    return <List key={key} module={module} query={query} />
  }
  if (second === 'new' && third === undefined) {
    const Create = pages.create ?? CreatePage
    const isOpen = catalogue.find(module)?.rights.create === true
    return isOpen ? <Create key={key} module={module} query={query} /> : <Missing />
  }
  if (!idPattern.test(second)) return <Missing />
  if (third === undefined) {
    const Record = pages.record ?? RecordPage
    return <Record key={key} module={module} id={second} />
  }
  if (third === 'edit' && catalogue.find(module)?.rights.update === true)
    return <EditPage key={key} module={module} id={second} />
  return <Missing />
}

function Missing(): JSX.Element {
  const { t } = useShell()
  return (
    <PageFrame title={t('error.missing')}>
      <Empty title={t('error.missing')} hint={t('error.missing.hint')}>
        <a class="button" href="#/">
          {t('home')}
        </a>
      </Empty>
    </PageFrame>
  )
}
