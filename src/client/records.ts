/** The records of one module: list, read, create, change, delete. */
import { queryString } from './query-string.ts'
import type { Requests } from './requests.ts'
import type {
  AggregateOptions,
  CreateOptions,
  FieldOf,
  Group,
  ListOptions,
  ModuleTypes,
  Page,
  RequestOptions,
  Shape,
  Shown,
  WriteOptions,
} from './types.ts'

interface PageAnswer<T> {
  readonly records: readonly T[]
  readonly total?: number
  readonly next?: string
  readonly prev?: string
}

/** A record with the `ETag` that a conditional write wants. */
export interface Read<T> {
  readonly record: T
  readonly etag: string | undefined
}

/** Records of a page that `all` reads, unless the options name a limit. */
const pageSize = 200

export class Records<M extends ModuleTypes> {
  readonly #requests: Requests
  readonly #path: string

  constructor(requests: Requests, module: string) {
    this.#requests = requests
    this.#path = `/modules/${encodeURIComponent(module)}`
  }

  async list<F extends FieldOf<M['record']> = FieldOf<M['record']>>({
    signal,
    ...options
  }: ListOptions<M['record'], F> & RequestOptions = {}): Promise<Page<Shape<M['record'], F>>> {
    return this.#page(`${this.#path}/records${queryString(options)}`, signal)
  }

  /** Every record that the options find, page by page. */
  async *all<F extends FieldOf<M['record']> = FieldOf<M['record']>>(
    options: ListOptions<M['record'], F> & RequestOptions = {},
  ): AsyncGenerator<Shape<M['record'], F>, void, undefined> {
    let page: Page<Shape<M['record'], F>> | undefined = await this.list({ limit: pageSize, ...options })
    while (page !== undefined) {
      yield* page.records
      page = await page.nextPage?.()
    }
  }

  async get<F extends FieldOf<M['record']> = FieldOf<M['record']>>(
    id: string,
    { signal, ...shown }: Shown<M['record'], F> & RequestOptions = {},
  ): Promise<Shape<M['record'], F>> {
    return this.#requests.json({ path: `${recordPath(id)}${queryString(shown)}`, signal })
  }

  /** The whole record and its `ETag`, for a change that must not overwrite another one. */
  async read(
    id: string,
    { signal }: RequestOptions = {},
  ): Promise<Read<Shape<M['record'], FieldOf<M['record']>>>> {
    const response = await this.#requests.send({ path: recordPath(id), signal })
    return {
      // The schema of the route.
      record: (await response.json()) as Shape<M['record'], FieldOf<M['record']>>,
      etag: response.headers.get('etag') ?? undefined,
    }
  }

  /** Sent with an `Idempotency-Key`: a lost answer does not create the record twice. */
  async create(
    values: M['create'],
    { idempotencyKey = crypto.randomUUID(), signal }: CreateOptions = {},
  ): Promise<Shape<M['record'], FieldOf<M['record']>>> {
    return this.#requests.json({
      method: 'POST',
      path: `${this.#path}/records`,
      body: values,
      headers: { 'idempotency-key': idempotencyKey },
      signal,
    })
  }

  async update(
    id: string,
    changes: M['update'],
    { ifMatch, signal }: WriteOptions = {},
  ): Promise<Shape<M['record'], FieldOf<M['record']>>> {
    return this.#requests.json({
      method: 'PATCH',
      path: recordPath(id),
      body: changes,
      headers: { ...(ifMatch !== undefined && { 'if-match': ifMatch }) },
      signal,
    })
  }

  async delete(id: string, { ifMatch, signal }: WriteOptions = {}): Promise<void> {
    await this.#requests.send({
      method: 'DELETE',
      path: recordPath(id),
      headers: { ...(ifMatch !== undefined && { 'if-match': ifMatch }) },
      signal,
    })
  }

  /** Groups with their counts, sums and extremes. */
  async aggregate<G extends FieldOf<M['record']> = never>({
    signal,
    ...options
  }: AggregateOptions<M['record'], G>): Promise<readonly Group<M['record'], G>[]> {
    const { groups } = await this.#requests.json<{ groups: readonly Group<M['record'], G>[] }>({
      path: `${this.#path}/aggregate${queryString(options)}`,
      signal,
    })
    return groups
  }

  async #page<T>(path: string, signal: AbortSignal | undefined): Promise<Page<T>> {
    const { records, total, next, prev } = await this.#requests.json<PageAnswer<T>>({ path, signal })
    return {
      records,
      ...(total !== undefined && { total }),
      ...(next !== undefined && { nextPage: async () => this.#page<T>(this.#within(next), signal) }),
      ...(prev !== undefined && { previousPage: async () => this.#page<T>(this.#within(prev), signal) }),
    }
  }

  /** Links are paths from the root of the host; requests are paths behind the gateway's own prefix. */
  #within(link: string): string {
    return link.slice(link.indexOf(this.#path))
  }
}

export const recordPath = (id: string): string => `/records/${encodeURIComponent(id)}`
