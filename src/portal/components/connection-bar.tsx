/** A line above the page while the network is lost, or while the gateway has asked to wait. */
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useShell } from '../context.ts'
import { Waiting, waits } from '../gateway.ts'
import { Icon } from './icon.tsx'

export function ConnectionBar(): JSX.Element {
  const { t, count } = useShell()
  const [isOnline, setOnline] = useState(navigator.onLine)
  const [until, setUntil] = useState(0)
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const follow = (): void => setOnline(navigator.onLine)
    const wait = (event: Event): void => {
      if (!(event instanceof Waiting)) return
      setNow(Date.now())
      setUntil(event.milliseconds === 0 ? 0 : Date.now() + event.milliseconds)
    }
    addEventListener('online', follow)
    addEventListener('offline', follow)
    waits.addEventListener('waiting', wait)
    return () => {
      removeEventListener('online', follow)
      removeEventListener('offline', follow)
      waits.removeEventListener('waiting', wait)
    }
  }, [])
  useEffect(() => {
    if (until === 0) return undefined
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [until])
  const seconds = Math.max(1, Math.ceil((until - now) / 1000))
  return (
    <div role="status">
      {!isOnline && (
        <p class="connection-bar">
          <Icon name="cloud" />
          {t('offline')}
        </p>
      )}
      {isOnline && until > 0 && (
        <p class="connection-bar">
          <Icon name="cloud" />
          {count('waiting', seconds)}
        </p>
      )}
    </div>
  )
}
