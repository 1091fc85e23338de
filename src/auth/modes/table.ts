/** The log-in modes, by their name in `LOGIN_MODE`. */
import type { LoginMode } from './mode.ts'
import { portal } from './portal.ts'
import { service } from './service.ts'
import { user } from './user.ts'

export const loginModes = { portal, service, user } as const satisfies Readonly<Record<string, LoginMode>>
