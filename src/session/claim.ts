/** What a credential says before the session store has confirmed it. */

/** Says which session a request belongs to; whether it runs, and is that contact's, is still to be looked up. */
export interface SessionClaim {
  readonly sessionId: string
  readonly contactId: string
}
