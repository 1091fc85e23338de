/** The contact's own data, password and sessions. */
import type { JSX } from 'preact'
import { LanguageChoice } from '../components/language-choice.tsx'
import { PageFrame } from '../components/page-frame.tsx'
import { PasswordForm } from '../components/password-form.tsx'
import { RecordForm } from '../components/record-form.tsx'
import { Sessions } from '../components/sessions.tsx'
import { useAccount, useShell } from '../context.ts'
import { Loading, useLoad } from '../load.tsx'
import { useSave } from '../save.ts'
import type { Item, Module } from '../types.ts'

interface Own {
  readonly module: Module
  readonly item: Item
  readonly etag: string | undefined
}

export function ProfilePage(): JSX.Element {
  const { t, settings } = useShell()
  const { me, catalogue } = useAccount()
  const isContact = me.contact.entity === 'Contacts'
  return (
    <PageFrame title={t('profile')}>
      <section class="card">
        <h2>{me.contact.name ?? t('profile.data')}</h2>
        <dl class="details">
          {me.contact.email !== null && (
            <div>
              <dt>{t('email')}</dt>
              <dd>{me.contact.email}</dd>
            </div>
          )}
          {me.account?.name != null && (
            <div>
              <dt>{t('profile.company')}</dt>
              <dd>{me.account.name}</dd>
            </div>
          )}
          <div>
            <dt>{t('language')}</dt>
            <dd>
              <LanguageChoice />
            </dd>
          </div>
        </dl>
      </section>
      {isContact && catalogue.find('Contacts')?.rights.update === true && <OwnData />}
      {isContact && settings.login.portalPasswords && <PasswordForm />}
      <Sessions />
    </PageFrame>
  )
}

function OwnData(): JSX.Element {
  const { t, gateway } = useShell()
  const { me, catalogue } = useAccount()
  const { id } = me.contact
  const save = useSave()
  const loaded = useLoad<Own>(id, async (signal) => {
    const [module, { record, etag }] = await Promise.all([
      catalogue.describe('Contacts'),
      gateway.records('Contacts').read(id, { signal }),
    ])
    return { module, item: record, etag }
  })
  return (
    <section class="own-data" aria-labelledby="own-data">
      <h2 id="own-data">{t('profile.data')}</h2>
      <Loading of={loaded}>
        {({ module, item, etag }) => (
          <RecordForm
            module={module}
            item={item}
            draftName={`edit ${id}`}
            saveLabel={t('save')}
            takeStored={(changed) => loaded.set({ module, item: changed.record, etag: changed.etag })}
            save={async (values) => {
              await save({ module: 'Contacts', item, values, etag, undone: loaded.reload })
              loaded.reload()
            }}
          />
        )}
      </Loading>
    </section>
  )
}
