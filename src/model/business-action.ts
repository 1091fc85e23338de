/** A business action of coreBOS: a link or button beside a record. */

/** A link or button that coreBOS shows beside a record. */
export interface BusinessAction {
  readonly name: string
  /** By coreBOS's names, without the location of its code. */
  readonly properties: Readonly<Record<string, string | boolean>>
}
