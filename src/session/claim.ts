/** The content of a credential before the session store has confirmed it. */

/** Names the session of a request; whether it runs and belongs to that contact is still to be looked up. */
export interface SessionClaim {
  readonly sessionId: string
  readonly contactId: string
}
