/** Links to the files of documents, for uses without headers: `<a>` and `<img>`. */
import type { SessionClaim } from '../../session/claim.ts'
import { randomBytes } from 'node:crypto'
import type { SharedState } from '../../session/contract.ts'

/** The content of a link. Whether the contact still sees the document is checked when it is used. */
export interface LinkTarget extends SessionClaim {
  readonly documentId: string
}

/** Seconds. */
export const linkLife = 60

export class DocumentLinks {
  readonly #state: Pick<SharedState, 'put' | 'pull'>

  constructor(state: Pick<SharedState, 'put' | 'pull'>) {
    this.#state = state
  }

  /** @returns the secret part of a link that works once, on any instance, within {@link linkLife} */
  async issue({ sessionId, contactId, documentId }: LinkTarget): Promise<string> {
    const secret = randomBytes(32).toString('base64url')
    await this.#state.put(key(secret), [sessionId, contactId, documentId].join(' '), linkLife * 1000)
    return secret
  }

  /** @returns undefined if the link does not exist, has been used or has expired */
  async redeem(secret: string): Promise<LinkTarget | undefined> {
    const [sessionId, contactId, documentId] = (await this.#state.pull(key(secret)))?.split(' ') ?? []
    if (sessionId === undefined || contactId === undefined || documentId === undefined) return undefined
    return { sessionId, contactId, documentId }
  }
}

function key(secret: string): string {
  return `document-link:${secret}`
}
