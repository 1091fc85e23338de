/** Headers that are the same in every response: made for the first one, and set from then on as they are. */
import type { ServerResponse } from 'node:http'

export class FixedHeaders {
  #made: readonly (readonly [string, string])[] | undefined

  /** @param make sets the headers on a response, before it returns */
  set(response: ServerResponse, make: () => void): void {
    if (this.#made === undefined) this.#made = this.#makeOn(response, make)
    else for (const [name, value] of this.#made) response.setHeader(name, value)
  }

  #makeOn(response: ServerResponse, make: () => void): readonly (readonly [string, string])[] {
    const before = new Set(response.getHeaderNames())
    make()
    const names = response.getHeaderNames().filter((name) => !before.has(name))
    return names.map((name) => [name, String(response.getHeader(name))])
  }
}
