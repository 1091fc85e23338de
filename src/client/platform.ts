/** What browsers have and Node may lack: locks between tabs, a database, uploads with progress. Each is optional. */

interface Locks {
  request<T>(name: string, run: () => Promise<T>): Promise<T>
}

/** The part of IndexedDB that the session store needs. */
interface Request<T> {
  readonly result: T
  readonly error: unknown
  onsuccess: (() => void) | null
  onerror: (() => void) | null
}

interface Transaction {
  readonly error: unknown
  oncomplete: (() => void) | null
  onerror: (() => void) | null
  objectStore(name: string): {
    get(key: string): Request<unknown>
    put(value: unknown, key: string): void
    delete(key: string): void
  }
}

export interface Database {
  createObjectStore(name: string): void
  transaction(name: string, mode: 'readonly' | 'readwrite'): Transaction
}

interface Databases {
  open(name: string): Request<Database> & { onupgradeneeded: (() => void) | null }
}

/** The part of `XMLHttpRequest` that an upload needs: `fetch` of browsers does not tell how much was sent. */
export interface Upload {
  readonly upload: { onprogress: ((event: { loaded: number; total: number }) => void) | null }
  onload: (() => void) | null
  onerror: (() => void) | null
  onabort: (() => void) | null
  withCredentials: boolean
  responseType: string
  readonly response: unknown
  readonly status: number
  readonly statusText: string
  open(method: string, url: string): void
  setRequestHeader(name: string, value: string): void
  getAllResponseHeaders(): string
  send(body: FormData): void
  abort(): void
}

interface Platform {
  readonly navigator?: { readonly locks?: Locks }
  readonly indexedDB?: Databases
  readonly location?: { readonly origin: string }
  readonly XMLHttpRequest?: new () => Upload
}

// The types of Node do not describe what only browsers have; each use checks that it is there.
export const platform: Platform = globalThis as Platform
