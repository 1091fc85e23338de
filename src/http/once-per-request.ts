/** Work that a request does once, though its handler begins again where the description of a module was missing. */

export class OncePerRequest<T> {
  readonly #done = new WeakMap<object, Promise<T>>()

  /** @returns what came of the work when the request first did it */
  async of(request: object, work: () => Promise<T>): Promise<T> {
    const done = this.#done.get(request) ?? work()
    this.#done.set(request, done)
    return done
  }
}
