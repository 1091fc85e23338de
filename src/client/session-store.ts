/** Where the client keeps its session: in memory, or in a database that the tabs of a browser share. */
import { platform, type Database } from './platform.ts'

export interface SessionState {
  /** Grows with each refresh: a tab sees by it that another tab has refreshed already. */
  readonly generation: number
  /** Milliseconds since 1970, by the clock of this device. */
  readonly expiresAt: number
  /** Missing where the gateway keeps the tokens in cookies. */
  readonly accessToken?: string
  readonly refreshToken?: string
}

/** A store holds one session. The state is a secret unless the gateway keeps the tokens in cookies. */
export interface SessionStore {
  read(): Promise<SessionState | undefined>
  write(state: SessionState | undefined): Promise<void>
  /** Calls the listener when another tab has changed the state. */
  subscribe?(changed: () => void): void
}

export function memoryStore(): SessionStore {
  let state: SessionState | undefined
  return {
    read: async () => state,
    write: async (next) => {
      state = next
    },
  }
}

const table = 'state'
const key = 'session'

async function open(name: string): Promise<Database> {
  return new Promise((resolve, reject) => {
    const request = platform.indexedDB?.open(name)
    if (request === undefined) {
      reject(new Error('this platform has no database'))
      return
    }
    request.onupgradeneeded = () => request.result.createObjectStore(table)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(new Error('the session store cannot be opened', { cause: request.error }))
  })
}

/**
 * Shared by the tabs of one origin and kept when they close. Any script of the origin can read it. A write is seen by
 * all tabs once it is done, which `localStorage` does not promise.
 */
export function sharedStore(name = 'corebos-portal-gateway'): SessionStore {
  if (platform.indexedDB === undefined) return memoryStore()
  const database = open(name)
  const channel = new BroadcastChannel(name)
  return {
    read: async () => {
      const request = (await database).transaction(table, 'readonly').objectStore(table).get(key)
      return new Promise((resolve, reject) => {
        // Only `write` below puts values there.
        request.onsuccess = () => resolve(request.result as SessionState | undefined)
        request.onerror = () =>
          reject(new Error('the session store cannot be read', { cause: request.error }))
      })
    },
    write: async (state) => {
      const transaction = (await database).transaction(table, 'readwrite')
      const objects = transaction.objectStore(table)
      if (state === undefined) objects.delete(key)
      else objects.put(state, key)
      return new Promise((resolve, reject) => {
        transaction.oncomplete = () => {
          channel.postMessage('changed')
          resolve()
        }
        transaction.onerror = () =>
          reject(new Error('the session store cannot be written', { cause: transaction.error }))
      })
    },
    subscribe: (changed) => {
      channel.onmessage = changed
    },
  }
}
