/** The two dialects that the gateway prints. coreBOS has more, and selects one by the text of the statement. */
export type Dialect = 'basic' | 'extended'

let construct: (text: string, dialect: Dialect) => SendableQuery

/**
 * A statement that may be sent to coreBOS. Neither a string nor a look-alike is accepted in its place: the
 * constructor is private, and the architecture test pins who calls {@link sealQuery}.
 */
export class SendableQuery {
  readonly #text: string
  readonly dialect: Dialect

  private constructor(text: string, dialect: Dialect) {
    this.#text = text
    this.dialect = dialect
  }

  get text(): string {
    return this.#text
  }

  static {
    construct = (text, dialect) => new SendableQuery(text, dialect)
  }
}

/** Only the rewriter (for contacts) and the list of the gateway's own statements call this. */
export function sealQuery(text: string, dialect: Dialect): SendableQuery {
  return construct(text, dialect)
}
