/** The connection to the gateway: the client library, and the state of requests that a page waits for. */
import { Gateway } from '../client/index.ts'
import type { Settings } from './types.ts'

/** The gateway that served this page, with the path that it is behind. */
const base = new URL('.', location.href)
export const gatewayUrl = `${base.origin}${base.pathname.replace(/\/$/, '')}`

/** Dispatched with the milliseconds that the gateway asked to wait, and with 0 when the waiting is over. */
export class Waiting extends Event {
  readonly milliseconds: number

  constructor(milliseconds: number) {
    super('waiting')
    this.milliseconds = milliseconds
  }
}

export const waits = new EventTarget()

/** A shorter wait is not worth a word. */
const worthSaying = 1500

async function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  const isSaid = milliseconds >= worthSaying
  if (isSaid) waits.dispatchEvent(new Waiting(milliseconds))
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, milliseconds)
      signal?.addEventListener(
        'abort',
        () => {
          clearTimeout(timer)
          reject(new DOMException('aborted', 'AbortError'))
        },
        { once: true },
      )
    })
  } finally {
    if (isSaid) waits.dispatchEvent(new Waiting(0))
  }
}

let language = 'en'

/** The language of labels in the answers from now on. The gateway ignores one that it does not have. */
export function speak(next: string): void {
  language = next
}

/** Without cookie sessions the tokens stay in the memory of the tab, and a reload asks for the log-in again. */
export function startGateway(settings: Settings): Gateway {
  return new Gateway({
    url: gatewayUrl,
    session: settings.login.cookies ? 'cookie' : 'token',
    wait,
    fetch: async (input, init) => {
      const headers = new Headers(init?.headers)
      headers.set('accept-language', language)
      return fetch(input, { ...init, headers })
    },
  })
}
