/** The resources of one request (slots, files, locks): each is released exactly once, however the request ends. */
import { GatewayError } from '../model/errors.ts'

export type Release = () => void

/**
 * Ends when the connection of the request has closed, or its response was sent, and no handler works on it any longer.
 * A handler continues after its client has disconnected until it answers, and its resources stay in use until then.
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
   * @returns a function that releases it early; calling it again has no effect
   * @throws GatewayError `CLIENT_CLOSED_REQUEST` if the request has ended: the resource is released at once
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
   * For reading from the client, which may never end once the client has disconnected.
   *
   * @throws GatewayError `CLIENT_CLOSED_REQUEST` as soon as the client disconnects; what `work` throws
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

  /**
   * Must be called when a handler begins.
   *
   * @throws GatewayError `CLIENT_CLOSED_REQUEST` if the client has disconnected
   */
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
