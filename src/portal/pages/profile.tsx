/** The contact's own data, password and sessions. */
import type { JSX } from 'preact'
import { LanguageChoice } from '../components/language-choice.tsx'
import { PageFrame } from '../components/page-frame.tsx'
import { PasswordForm } from '../components/password-form.tsx'
import { Sessions } from '../components/sessions.tsx'
import { useAccount, useShell } from '../context.ts'
import { EditForm, useEditable } from '../editable.tsx'

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
  const { t } = useShell()
  const { me } = useAccount()
  const loaded = useEditable('Contacts', me.contact.id)
  return (
    <section class="own-data" aria-labelledby="own-data">
      <h2 id="own-data">{t('profile.data')}</h2>
      <EditForm of={loaded} saved={loaded.reload} undone={loaded.reload} />
    </section>
  )
}
