/** `corebos-portal-gateway/client`: a client for browsers and Node, without dependencies. */
export { Gateway, sessionEnded, type GatewayOptions } from './gateway.ts'
export { ConnectionError, GatewayError, type Problem, type ProblemPlace } from './problem.ts'
export type { Read, Records } from './records.ts'
export type { GatewayRequest } from './requests.ts'
export { memoryStore, sharedStore, type SessionState, type SessionStore } from './session-store.ts'
export type * from './types.ts'
