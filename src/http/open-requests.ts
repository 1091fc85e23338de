/** The scopes of the requests that are being answered. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { RequestScope } from './request-scope.ts'

export class OpenRequests {
  readonly #scopes = new WeakMap<IncomingMessage, RequestScope>()
  /** Of each connection. Several requests may come before the first response. */
  readonly #open = new WeakMap<Socket, Set<RequestScope>>()
  #count = 0

  get count(): number {
    return this.#count
  }

  /** To be told of every connection. */
  connected(socket: Socket): void {
    const waiting = new Set<RequestScope>()
    this.#open.set(socket, waiting)
    // Node notifies the response that is being sent, but none of those that wait behind it.
    socket.once('close', () => {
      for (const scope of waiting) scope.close({ sent: false })
    })
  }

  /** Begins the scope of a request, which ends with the response or the connection. */
  begin(message: IncomingMessage, response: ServerResponse): void {
    const others = this.#open.get(message.socket)
    const scope = new RequestScope(() => {
      this.#count -= 1
      others?.delete(scope)
    })
    this.#count += 1
    others?.add(scope)
    this.#scopes.set(message, scope)
    response.once('close', () => scope.close({ sent: response.writableFinished }))
  }

  /** The scope that {@link begin} has begun. */
  scopeOf(message: IncomingMessage): RequestScope {
    const scope = this.#scopes.get(message)
    if (scope === undefined) throw new Error('a request has a scope from its first hook on')
    return scope
  }
}
