/** The capability to read or write a record: its id has been proven visible to the contact. */
import type { WebserviceId } from './webservice-id.ts'

let construct: (id: WebserviceId) => ClearedId

/**
 * A webservice id that may be read or written by: it has been proven visible to the contact. Neither a string
 * nor a look-alike is accepted in its place: the constructor is private, and the architecture test pins who calls
 * {@link clearId}.
 */
export class ClearedId {
  readonly #id: WebserviceId

  private constructor(id: WebserviceId) {
    this.#id = id
  }

  get text(): string {
    return this.#id.text
  }

  get prefix(): string {
    return this.#id.prefix
  }

  static {
    construct = (id) => new ClearedId(id)
  }
}

/** Only `src/read/` calls this: for verified records, owner ids, and the contact's own id. */
export function clearId(id: WebserviceId): ClearedId {
  return construct(id)
}
