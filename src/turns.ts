/** One conditional write of a record at a time, on whichever instance: between its look and its write nobody else's may fit. */
import { GatewayError } from './errors.ts'
import type { SharedState } from './session/contract.ts'

/** Nobody waits for coreBOS longer than this, so that whoever holds a turn after it is gone. Milliseconds. */
const longestTurn = 120_000

export class Turns {
  readonly #state: Pick<SharedState, 'claim' | 'pull'>

  constructor(state: Pick<SharedState, 'claim' | 'pull'>) {
    this.#state = state
  }

  /** @throws GatewayError what the work throws; `PRECONDITION_FAILED` while somebody else has the turn */
  async take<T>(recordId: string, work: () => Promise<T>): Promise<T> {
    const place = JSON.stringify(['turn', recordId])
    if ((await this.#state.claim(place, '', longestTurn)) !== undefined) {
      throw new GatewayError('PRECONDITION_FAILED', 'the record is being changed')
    }
    try {
      return await work()
    } finally {
      await this.#state.pull(place).catch(() => undefined)
    }
  }
}
