/** One line in the log when Redis is lost and one when it is back, however often it is tried in between. */
import type { OnState } from './connection.ts'

export interface Log {
  error(details: object, message: string): void
  info(message: string): void
}

export function reported(log: Log): OnState {
  let last: 'ready' | 'lost' = 'ready'
  return (state, why) => {
    if (state === last) return
    last = state
    if (state === 'lost') log.error({ why }, 'Redis is lost')
    else log.info('Redis is back')
  }
}
