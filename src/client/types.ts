/** Types of the client: modules as `npm run types` writes them, filters, and the answers of the gateway. */

export type Value = string | number | boolean | null | readonly string[]

/** What `npm run types` writes for one module. */
export interface ModuleTypes {
  /** A record as it is read. */
  readonly record: object
  /** The values of a new record. */
  readonly create: object
  /** The values that can be changed. */
  readonly update: object
}

/** Modules by name. Without the types of an installation, every module has any fields. */
export type AnyModules = Readonly<
  Record<
    string,
    {
      readonly record: { readonly id: string } & Readonly<Record<string, Value>>
      readonly create: Readonly<Record<string, Value>>
      readonly update: Readonly<Record<string, Value>>
    }
  >
>

type Scalar<V> = NonNullable<V> extends readonly (infer Item)[] ? Item : NonNullable<V>

export interface Operators<V> {
  readonly gt?: Scalar<V>
  readonly gte?: Scalar<V>
  readonly lt?: Scalar<V>
  readonly lte?: Scalar<V>
  readonly ne?: Scalar<V>
  readonly in?: readonly Scalar<V>[]
  readonly nin?: readonly Scalar<V>[]
  readonly contains?: string
  readonly startsWith?: string
  /** True finds records in which the field is empty, false the others. */
  readonly empty?: boolean
}

/** Conditions by field. All of them apply. `null` finds empty fields. */
export type Filter<R> = { readonly [F in keyof R]?: Scalar<R[F]> | null | Operators<R[F]> }

export type FieldOf<R> = Extract<keyof R, string>

export interface Shown<R, F extends FieldOf<R> = FieldOf<R>> {
  /** Default: all readable fields. */
  readonly fields?: readonly F[]
  /** References to follow, such as `parent_id(firstname,lastname)`, and `comments`. */
  readonly expand?: string | readonly string[]
  /** Adds texts for people: names of referenced records and owners, labels, currency codes. */
  readonly display?: boolean
  /** A language code such as `es` or `de_de` for labels; default: that of the browser or of the contact. */
  readonly lang?: string
}

export interface ListOptions<R, F extends FieldOf<R> = FieldOf<R>> extends Shown<R, F> {
  readonly filter?: Filter<R>
  /** A condition of the query language, besides `filter`. */
  readonly where?: string
  /** Fields in order of weight; `-` before a name sorts downwards. */
  readonly sort?: readonly (FieldOf<R> | `-${FieldOf<R>}`)[]
  readonly limit?: number
  readonly offset?: number
  /** Adds `total`, the number of records without the limit. */
  readonly count?: boolean
}

export interface Extras {
  /** Texts by field, with `display`; missing for empty fields and for what the contact does not see. */
  readonly display?: Readonly<Record<string, string>>
  /** Records and lists by reference, with `expand`. */
  readonly expanded?: Readonly<Record<string, unknown>>
}

export type Shape<R, F extends FieldOf<R>> = Pick<R, F> & { readonly id: string } & Extras

export interface Page<T> {
  readonly records: readonly T[]
  readonly total?: number
  /** Reads the next page; missing on the last one. */
  readonly nextPage?: () => Promise<Page<T>>
  /** Reads the page before; missing on the first one. */
  readonly previousPage?: () => Promise<Page<T>>
}

export interface RequestOptions {
  readonly signal?: AbortSignal
}

export interface WriteOptions extends RequestOptions {
  /** The `ETag` that the record had when it was read: the write is rejected if the record has changed since. */
  readonly ifMatch?: string
}

export interface CreateOptions extends RequestOptions {
  /** Makes the request safe to repeat. Default: a random key. */
  readonly idempotencyKey?: string
}

export interface AggregateOptions<R, G extends FieldOf<R> = FieldOf<R>>
  extends RequestOptions, Pick<Shown<R>, 'display' | 'lang'> {
  readonly groupBy?: readonly G[]
  readonly count?: boolean
  readonly sum?: readonly FieldOf<R>[]
  readonly min?: readonly FieldOf<R>[]
  readonly max?: readonly FieldOf<R>[]
  readonly avg?: readonly FieldOf<R>[]
  readonly filter?: Filter<R>
  readonly where?: string
}

/** By field: a number or a time; null where all values are empty, text where a number has too many digits. */
export type Measured<R> = { readonly [F in FieldOf<R>]?: number | string | null }

export type Group<R, G extends FieldOf<R>> = Pick<R, G> & {
  readonly count?: number
  readonly sum?: Measured<R>
  readonly min?: Measured<R>
  readonly max?: Measured<R>
  readonly avg?: Measured<R>
} & Pick<Extras, 'display'>

export interface Login {
  readonly username: string
  readonly password: string
  readonly entity?: 'Contacts' | 'Employee'
}

export interface SessionContact {
  readonly id: string
  readonly accountId: string | null
  readonly language: string
  readonly level: string
}

export interface Comment {
  readonly id?: string
  readonly author: {
    readonly kind: 'contact' | 'user' | 'unknown'
    readonly id?: string
    readonly name: string
  }
  readonly time: string
  readonly text: string
}

export interface SearchOptions extends RequestOptions {
  /** Default: all readable modules. */
  readonly modules?: readonly string[]
  /** Records of each module. */
  readonly limit?: number
  readonly display?: boolean
  readonly lang?: string
}

export interface SearchResult {
  readonly module: string
  readonly label: string
  readonly total?: number
  readonly records: readonly ({ readonly id: string } & Readonly<Record<string, unknown>>)[]
}

export interface SessionInfo {
  readonly id: string
  readonly current: boolean
  readonly userAgent: string
  readonly address: string
  readonly createdAt: string
  readonly lastSeenAt: string
  readonly expiresAt: string
}

export interface UploadOptions extends CreateOptions {
  /** Name of the file; default: that of the `File`. */
  readonly name?: string
  /** Further fields of the document, such as `notes_title`. */
  readonly fields?: Readonly<Record<string, string>>
  /** Ids of the records that the document is related to. */
  readonly relatedTo?: readonly string[]
  /** Called with the number of bytes sent so far and the size of the whole form. */
  readonly onProgress?: (sent: number, total: number) => void
}
