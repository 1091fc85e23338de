/** Where the contact is logged in, and the way to end a session. */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { SessionInfo } from '../../client/index.ts'
import { useShell } from '../context.ts'
import { forgetAllDrafts } from '../draft.ts'
import { useFailureNotice } from '../errors.ts'
import { Loading, useLoad } from '../load.tsx'
import { Confirm } from './confirm.tsx'
import { WorkButton } from './work-button.tsx'

const browsers: readonly (readonly [RegExp, string])[] = [
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\//, 'Firefox'],
  [/Chrom(e|ium)\//, 'Chrome'],
  [/Safari\//, 'Safari'],
]
const systems: readonly (readonly [RegExp, string])[] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS/, 'macOS'],
  [/Linux|X11/, 'Linux'],
]

const nameIn = (text: string, names: readonly (readonly [RegExp, string])[]): string | undefined =>
  names.find(([pattern]) => pattern.test(text))?.[1]

export function Sessions(): JSX.Element {
  const { t, gateway, notify } = useShell()
  const loaded = useLoad('sessions', async (signal) => gateway.sessions({ signal }))
  const [isAsking, setAsking] = useState(false)
  const failed = useFailureNotice()
  const end = async (id: string): Promise<void> => {
    await gateway.endSession(id)
    notify({ text: t('session.ended'), tone: 'good' })
    loaded.reload()
  }
  return (
    <section class="card">
      <h2>{t('sessions')}</h2>
      <p class="quiet">{t('sessions.hint')}</p>
      <Loading of={loaded}>
        {(sessions) => (
          <ul class="lines">
            {sessions.map((session) => (
              <Entry key={session.id} session={session} end={end} />
            ))}
          </ul>
        )}
      </Loading>
      <div class="form-end">
        <button type="button" class="button danger" onClick={() => setAsking(true)}>
          {t('session.end-all')}
        </button>
      </div>
      {isAsking && (
        <Confirm
          question={t('session.end-all-sure')}
          action={t('session.end-all')}
          cancel={() => setAsking(false)}
          confirm={() => {
            forgetAllDrafts()
            gateway.logoutAll().catch(failed)
          }}
        />
      )}
    </section>
  )
}

interface EntryProps {
  readonly session: SessionInfo
  readonly end: (id: string) => Promise<void>
}

function Entry({ session, end }: EntryProps): JSX.Element {
  const { t, format } = useShell()
  const { id, current, userAgent, address, lastSeenAt, createdAt } = session
  const [browser, system] = [nameIn(userAgent, browsers), nameIn(userAgent, systems)]
  const name =
    browser !== undefined && system !== undefined
      ? t('session.on', { browser, system })
      : (browser ?? system ?? t('session.unknown'))
  return (
    <li>
      <div>
        <strong>{name}</strong> {current && <span class="badge good">{t('session.this')}</span>}
        <div class="quiet small">
          {t('session.since', { time: format.dateTime(createdAt) })} ·{' '}
          {t('session.seen', { time: format.ago(lastSeenAt, Date.now()) })} · {address}
        </div>
      </div>
      {!current && (
        <WorkButton class="small" work={async () => end(id)}>
          {() => (
            <>
              {t('session.end')}
              <span class="for-readers"> {name}</span>
            </>
          )}
        </WorkButton>
      )}
    </li>
  )
}
