/** Allows one conditional write of a record at a time on all instances, so that none comes between its read and its write. */
import { GatewayError } from '../model/errors.ts'
import { UnderWay } from '../model/under-way.ts'
import type { SharedState } from '../session/contract.ts'

/** Longer than any wait for coreBOS: a lock that is older was left by a dead process. Milliseconds. */
const longestLock = 120_000

export class RecordLocks {
  readonly #state: Pick<SharedState, 'claim' | 'pull'>
  readonly #held = new UnderWay()

  constructor(state: Pick<SharedState, 'claim' | 'pull'>) {
    this.#state = state
  }

  /** Locks that this instance holds. */
  get count(): number {
    return this.#held.count
  }

  /** @throws GatewayError what the work throws; `PRECONDITION_FAILED` while another request holds the lock */
  async take<T>(recordId: string, work: () => Promise<T>): Promise<T> {
    const key = JSON.stringify(['turn', recordId])
    if ((await this.#state.claim(key, '', longestLock)) !== undefined) {
      throw new GatewayError('PRECONDITION_FAILED', 'Another request is changing the record; try again')
    }
    return this.#held.run(async () => {
      try {
        return await work()
      } finally {
        await this.#state.pull(key).catch(() => undefined)
      }
    })
  }
}
