/** What one request holds (slots, files, locks): each is released exactly once, however the request ends. */
import { GatewayError } from '../model/errors.ts'

export type Release = () => void

/**
 * Ends when the connection of the request has closed, or its response was sent, and no handler works on it any longer.
 * A handler goes on after its client has left until it answers, and what it works with stays in use until then.
 */
export class RequestScope {
  readonly #releases = new Set<Release>()
  readonly #onEnd: Release
  #abort: AbortController | undefined
  #left: GatewayError | undefined
  #isClosed = false
  #isHandling = false
  #isEnded = false

  /** @param onEnd called once, after everything was released */
  constructor(onEnd: Release = () => undefined) {
    this.#onEnd = onEnd
  }

  /**
   * Owns a resource from now on.
   *
   * @returns releases it early; more than once does no harm
   * @throws GatewayError `CLIENT_CLOSED_REQUEST` where the request is over: the resource is released at once
   */
  hold(release: Release): Release {
    if (this.#isEnded) {
      release()
      throw clientClosed()
    }
    const once = () => {
      if (this.#releases.delete(once)) release()
    }
    this.#releases.add(once)
    return once
  }

  /** Aborted when the client leaves before it has the whole response. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#left !== undefined) this.#abort.abort(this.#left)
    return this.#abort.signal
  }

  /**
   * For what reads from the client, and may never end once that has left.
   *
   * @throws GatewayError `CLIENT_CLOSED_REQUEST` as soon as the client leaves; what `work` throws
   */
  async whileConnected<T>(work: Promise<T>): Promise<T> {
    const { signal } = this
    return new Promise<T>((resolve, reject) => {
      const leave = () => reject(clientClosed())
      if (signal.aborted) leave()
      signal.addEventListener('abort', leave, { once: true })
      void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
    })
  }

  /** To be called as a handler begins. @throws GatewayError `CLIENT_CLOSED_REQUEST` where the client has left */
  handling(): void {
    if (this.#isClosed) throw clientClosed()
    this.#isHandling = true
  }

  /** To be called when the handler has given its answer; a file may be on its way after that. */
  answered(): void {
    this.#isHandling = false
    this.#endIfOver()
  }

  /** To be called when the response was sent, or its connection is gone. */
  close({ sent }: { readonly sent: boolean }): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (!sent) {
      this.#left = clientClosed()
      this.#abort?.abort(this.#left)
    }
    this.#endIfOver()
  }

  #endIfOver(): void {
    if (!this.#isClosed || this.#isHandling || this.#isEnded) return
    this.#isEnded = true
    for (const release of [...this.#releases]) release()
    this.#onEnd()
  }
}

function clientClosed(): GatewayError {
  return new GatewayError('CLIENT_CLOSED_REQUEST')
}
