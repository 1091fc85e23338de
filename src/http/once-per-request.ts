/** Work that a request does once, even if its handler starts again because the description of a module was missing. */

export class OncePerRequest<T> {
  readonly #done = new WeakMap<object, Promise<T>>()

  /** @returns the result of the work when the request first did it */
  async of(request: object, work: () => Promise<T>): Promise<T> {
    const done = this.#done.get(request) ?? work()
    this.#done.set(request, done)
    return done
  }
}
